//! Every route, and what it takes to ask for it. Whoever adds a route adds its row here: the layer
//! lets nobody through to a route without one, and `tests::access` fails with its name.
//!
//! `Has` is for what is an organisation's: the right somewhere lets a request in, and the handler
//! limits it to where they have it. `HasOrOwn` is for what may be one's own too (a call that one
//! was in, one's rota, one's pause): the handler decides, and tells what is not in sight as if
//! there were none.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, RefOr, Response};

use super::Right;

/// What it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing.
    Anyone,
    /// To be somebody.
    LoggedIn,
    /// The right, somewhere.
    Has(Right),
    /// The right, or to be the one whom it is about.
    HasOrOwn(Right),
    /// The right in every organisation.
    Everywhere(Right),
}

/// A row: method, path, what it takes.
pub(crate) type Row = (&'static str, &'static str, Need);

use Need::{Anyone, Everywhere, Has, HasOrOwn, LoggedIn};

/// A session of a rota on a date.
const ROTA_SESSION: &str = "/api/v1/rotas/{specialty}/dates/{date}/sessions/{session}";

/// All of them.
#[rustfmt::skip]
pub(crate) const ROUTES: &[Row] = &[
    ("GET", "/healthz", Anyone),
    ("GET", "/readyz", Anyone),
    ("GET", "/metrics", Anyone),
    ("GET", "/directory/{organisation}", Anyone),
    ("GET", "/directory/{organisation}/contact.vcf", Anyone),
    ("GET", "/api/v1/directory/{organisation}", Anyone),
    ("POST", "/api/v1/session", Anyone),
    ("GET", "/api/v1/session", LoggedIn),
    ("DELETE", "/api/v1/session", LoggedIn),
    ("POST", "/api/v1/session/renewal", LoggedIn),
    ("POST", "/api/v1/session/second-factor", LoggedIn),
    ("GET", "/api/v1/audit", Has(Right::ReadAudit)),
    ("GET", "/api/v1/calls", HasOrOwn(Right::ReadCalls)),
    ("POST", "/api/v1/calls", Has(Right::PlaceCalls)),
    ("GET", "/api/v1/calls/{id}", HasOrOwn(Right::ReadCalls)),
    ("GET", "/api/v1/calls/{id}/recording.wav", HasOrOwn(Right::Recordings)),
    ("GET", "/api/v1/calls/{id}/recording.mp3", HasOrOwn(Right::Recordings)),
    ("PUT", "/api/v1/calls/{id}/outcome", HasOrOwn(Right::ChangeCalls)),
    ("PUT", "/api/v1/calls/{id}/nhs-number", HasOrOwn(Right::ChangeCalls)),
    ("PUT", "/api/v1/calls/{id}/gender", HasOrOwn(Right::ChangeCalls)),
    ("PUT", "/api/v1/calls/{id}/practice", HasOrOwn(Right::ChangeCalls)),
    ("GET", "/api/v1/calls/{id}/practices", HasOrOwn(Right::ChangeCalls)),
    ("GET", "/api/v1/live-calls", Has(Right::LiveCalls)),
    ("POST", "/api/v1/live-calls/{id}/hang-up", Has(Right::LiveCalls)),
    ("GET", "/api/v1/events", Everywhere(Right::LiveCalls)),
    ("GET", "/api/v1/pifu-requests", Has(Right::Requests)),
    ("PUT", "/api/v1/pifu-requests/{id}", Has(Right::Requests)),
    ("GET", "/api/v1/call-backs", Has(Right::PlaceCalls)),
    ("POST", "/api/v1/call-backs", Has(Right::PlaceCalls)),
    ("DELETE", "/api/v1/call-backs/{id}", Has(Right::PlaceCalls)),
    ("GET", "/api/v1/patient-calls", Has(Right::PatientCalls)),
    ("POST", "/api/v1/patient-calls", Has(Right::PatientCalls)),
    ("DELETE", "/api/v1/patient-calls/{id}", Has(Right::PatientCalls)),
    ("PUT", "/api/v1/people/{id}/pin", HasOrOwn(Right::EditPlan)),
    ("GET", "/api/v1/pauses", HasOrOwn(Right::Pauses)),
    ("POST", "/api/v1/pauses", HasOrOwn(Right::Pauses)),
    ("DELETE", "/api/v1/pauses/{person}", HasOrOwn(Right::Pauses)),
    ("GET", "/api/v1/organisations", Has(Right::ReadPlan)),
    ("GET", "/api/v1/organisations/{id}", Has(Right::ReadPlan)),
    ("PUT", "/api/v1/organisations/{id}", Has(Right::EditPlan)),
    ("DELETE", "/api/v1/organisations/{id}", Has(Right::EditPlan)),
    ("GET", "/api/v1/people", Has(Right::ReadPeople)),
    ("GET", "/api/v1/people/{id}", Has(Right::ReadPeople)),
    ("PUT", "/api/v1/people/{id}", Has(Right::EditPlan)),
    ("DELETE", "/api/v1/people/{id}", Has(Right::EditPlan)),
    ("GET", "/api/v1/practices", Has(Right::ReadPlan)),
    ("GET", "/api/v1/practices/{id}", Has(Right::ReadPlan)),
    ("PUT", "/api/v1/practices/{id}", Has(Right::EditPlan)),
    ("DELETE", "/api/v1/practices/{id}", Has(Right::EditPlan)),
    ("GET", "/api/v1/numbers", Has(Right::ReadPlan)),
    ("GET", "/api/v1/numbers/{id}", Has(Right::ReadPlan)),
    ("PUT", "/api/v1/numbers/{id}", Has(Right::EditPlan)),
    ("DELETE", "/api/v1/numbers/{id}", Has(Right::EditPlan)),
    ("GET", "/api/v1/specialties", Has(Right::ReadPlan)),
    ("GET", "/api/v1/specialties/{id}", Has(Right::ReadPlan)),
    ("PUT", "/api/v1/specialties/{id}", Has(Right::EditPlan)),
    ("DELETE", "/api/v1/specialties/{id}", Has(Right::EditPlan)),
    ("GET", "/api/v1/deployment", Everywhere(Right::EditPlan)),
    ("PUT", "/api/v1/deployment", Everywhere(Right::EditPlan)),
    ("GET", "/api/v1/bank-holidays", Has(Right::ReadPlan)),
    ("GET", "/api/v1/bank-holidays/{id}", Has(Right::ReadPlan)),
    ("PUT", "/api/v1/bank-holidays/{id}", Has(Right::EditPlan)),
    ("DELETE", "/api/v1/bank-holidays/{id}", Has(Right::EditPlan)),
    ("GET", "/api/v1/outcome-menus", Has(Right::ReadPlan)),
    ("GET", "/api/v1/outcome-menus/{id}", Has(Right::ReadPlan)),
    ("PUT", "/api/v1/outcome-menus/{id}", Has(Right::EditPlan)),
    ("DELETE", "/api/v1/outcome-menus/{id}", Has(Right::EditPlan)),
    ("GET", "/api/v1/rotas/{specialty}", HasOrOwn(Right::ReadRotas)),
    ("GET", "/api/v1/rotas/{specialty}/explain", HasOrOwn(Right::ReadRotas)),
    ("PUT", ROTA_SESSION, HasOrOwn(Right::EditRotas)),
    ("DELETE", ROTA_SESSION, HasOrOwn(Right::EditRotas)),
    ("PUT", "/api/v1/rotas/{specialty}/dates/{date}", HasOrOwn(Right::EditRotas)),
    ("DELETE", "/api/v1/rotas/{specialty}/dates/{date}", HasOrOwn(Right::EditRotas)),
    ("PUT", "/api/v1/rotas/{specialty}/weeks/{date}", HasOrOwn(Right::EditRotas)),
    ("DELETE", "/api/v1/rotas/{specialty}/weeks/{date}", HasOrOwn(Right::EditRotas)),
    ("POST", "/api/v1/rotas/{specialty}/swaps", HasOrOwn(Right::EditRotas)),
    ("POST", "/api/v1/rotas/{specialty}/copies", HasOrOwn(Right::EditRotas)),
    ("GET", "/api/v1/plan/findings", Everywhere(Right::ReadRotas)),
    ("GET", "/api/v1/plan/history", Everywhere(Right::EditPlan)),
    ("POST", "/api/v1/plan/undo", Everywhere(Right::EditPlan)),
    ("GET", "/api/v1/reports/calls", Has(Right::Reports)),
    ("GET", "/api/v1/reports/calls.csv", Has(Right::Reports)),
    ("GET", "/api/v1/reports/calls.xlsx", Has(Right::Reports)),
    ("GET", "/api/v1/reports/people/{id}/calls", HasOrOwn(Right::Reports)),
    ("GET", "/api/v1/reports/statistics", Has(Right::Reports)),
    ("GET", "/api/v1/reports/outcomes", Has(Right::Reports)),
    ("GET", "/api/v1/reports/chase", Has(Right::Reports)),
    ("GET", "/api/v1/reports/connection", Has(Right::Reports)),
    ("GET", "/api/v1/reports/attempts", Has(Right::Reports)),
    ("GET", "/api/v1/reports/activity", Has(Right::Reports)),
];

/// What a route takes; none: nobody may ask for it.
pub(super) fn need(method: &str, path: &str) -> Option<Need> {
    // What answers GET answers HEAD.
    let method = if method == "HEAD" { "GET" } else { method };
    let mut rows = ROUTES.iter();
    let row = rows.find(|(of, at, _)| *of == method && *at == path);
    row.map(|(_, _, need)| *need)
}

/// Says of each operation what the layer does: that it takes a token, and how it refuses.
pub(crate) fn described(mut api: OpenApi) -> OpenApi {
    for (path, item) in &mut api.paths.paths {
        let operations = [
            ("GET", &mut item.get),
            ("PUT", &mut item.put),
            ("POST", &mut item.post),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in operations {
            let needed = need(method, path).filter(|need| *need != Anyone);
            if let (Some(operation), Some(need)) = (operation.as_mut(), needed) {
                describe(operation, need);
            }
        }
    }
    api
}

fn describe(operation: &mut Operation, need: Need) {
    let scheme = |name: &str| SecurityRequirement::new::<_, [&str; 0], &str>(name, []);
    operation.security = Some(vec![scheme("token")]);
    let mut refusals = vec![
        ("401", "No token, or one that opens nothing (any more)"),
        (
            "503",
            "Who asks cannot be looked up, or what is asked cannot be audited, at present",
        ),
    ];
    if need != LoggedIn {
        refusals.push((
            "403",
            "Not theirs to ask; or a second factor, or a reason, is missing",
        ));
    }
    for (status, description) in refusals {
        let response: RefOr<Response> = crate::refusals::problem(description);
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert(response);
    }
}
