//! What many operations refuse in the same words, for their description.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};

type Responses = BTreeMap<String, RefOr<Response>>;

/// Refusals of everything that changes the plan.
pub(crate) struct PlanNotChanged;

impl IntoResponses for PlanNotChanged {
    fn responses() -> Responses {
        problems(&[
            ("400", "What was sent is not what it should be"),
            ("401", "No token, or a wrong one"),
            ("404", "There is none"),
            ("412", "Somebody else was first"),
            ("422", "The plan would be faulty; `errors` says how"),
            ("503", "Could not be kept; nothing was changed"),
        ])
    }
}

/// Refusals of everything that reads what the plan comes to.
pub(crate) struct PlanNotShown;

impl IntoResponses for PlanNotShown {
    fn responses() -> Responses {
        problems(&[
            ("400", "What was asked is not what it should be"),
            ("401", "No token, or a wrong one"),
            ("404", "There is none"),
        ])
    }
}

/// Refusals of everything that changes a call.
pub(crate) struct CallNotChanged;

impl IntoResponses for CallNotChanged {
    fn responses() -> Responses {
        problems(&[
            ("400", "The body is not what it should be"),
            ("401", "No token, or a wrong one"),
            ("404", "There is none"),
            ("422", "It cannot be; `errors` says why"),
            ("503", "Could not be kept; nothing was changed"),
        ])
    }
}

/// Refusals of everything that reads calls.
pub(crate) struct CallNotShown;

impl IntoResponses for CallNotShown {
    fn responses() -> Responses {
        problems(&[
            ("400", "What was asked is not what it should be"),
            ("401", "No token, or a wrong one"),
            ("404", "There is none"),
            ("503", "Not in memory, and the database is away"),
        ])
    }
}

/// Refusals of every report.
pub(crate) struct ReportNotShown;

impl IntoResponses for ReportNotShown {
    fn responses() -> Responses {
        problems(&[
            ("400", "A field is not what it should be; `errors` has each"),
            ("401", "No token, or a wrong one"),
            ("503", "The database is away"),
        ])
    }
}

/// Refusals of what only a session has.
pub(crate) struct NoSession;

impl IntoResponses for NoSession {
    fn responses() -> Responses {
        problems(&[("403", "The token of the first start has no session")])
    }
}

/// Refusals of the service directory, which is open to anybody.
pub(crate) struct DirectoryNotShown;

impl IntoResponses for DirectoryNotShown {
    fn responses() -> Responses {
        problems(&[("404", "No such organisation")])
    }
}

/// Adds what is refused wherever a body is read, before anybody looks at it.
pub(crate) fn describe_bodies(openapi: &mut OpenApi) {
    let refused = problems(&[
        ("413", "The body is too large"),
        ("415", "The body is not JSON"),
    ]);
    let paths = openapi.paths.paths.values_mut();
    for operation in paths
        .flat_map(|path| [&mut path.put, &mut path.post])
        .flatten()
    {
        if operation.request_body.is_some() {
            operation.responses.responses.extend(refused.clone());
        }
    }
}

/// Refusals of whoever logs in.
pub(crate) struct NotLetIn;

impl IntoResponses for NotLetIn {
    fn responses() -> Responses {
        problems(&[
            ("400", "The body is not what it should be"),
            (
                "401",
                "Not let in: the name, the password or the code is wrong",
            ),
            ("413", "The body is too large"),
            ("415", "The body is not JSON"),
            (
                "429",
                "Too many failures: `Retry-After` says how long to wait",
            ),
            ("503", "The database is away"),
        ])
    }
}

/// One refusal.
pub(crate) fn problem(description: &str) -> RefOr<Response> {
    let content = Content::builder()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
        .into()
}

fn problems(of: &[(&str, &str)]) -> Responses {
    let each = of.iter();
    each.map(|(status, description)| ((*status).to_owned(), problem(description)))
        .collect()
}
