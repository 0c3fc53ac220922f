//! HTTP API: health, metrics, calls, recordings, outcomes, OpenAPI.
//!
//! | path | who | what |
//! | --- | --- | --- |
//! | `GET /healthz` | anyone | alive, and what is degraded |
//! | `GET /metrics` | anyone | Prometheus text |
//! | `GET /api/v1/openapi.json` | anyone | this API, described |
//! | `GET /directory/{organisation}`, `/api/v1/directory/...` | anyone | numbers, teams, hours |
//! | `POST`, `GET`, `DELETE /api/v1/session`, `.../renewal` | who logs in | a token |
//! | `POST /api/v1/session/second-factor` | who is logged in | what patients' data takes |
//! | `GET /api/v1/audit` | bearer | who read or changed what, and why |
//! | `GET /api/v1/calls` | bearer | calls, newest first, filtered, in pages |
//! | `POST /api/v1/calls` | bearer | starts one from a screen, the caller's own phone first |
//! | `GET /api/v1/live-calls`, `POST .../{id}/hang-up` | bearer | who is in a call now; ends it |
//! | `GET /api/v1/events` | bearer | live calls, changes of calls and of the plan, as they come |
//! | `GET /api/v1/calls/{id}` | bearer | all that is known of one |
//! | `GET /api/v1/calls/{id}/recording.wav`, `.mp3` | bearer | a recording; each fetch is audited |
//! | `PUT /api/v1/calls/{id}/outcome` | bearer | what came of it, durable before the answer |
//! | `PUT /api/v1/calls/{id}/nhs-number`, `gender`, `practice` | bearer | what is added later |
//! | `GET /api/v1/calls/{id}/practices` | bearer | practices that an unknown caller may be of |
//! | `GET /api/v1/pifu-requests`, `PUT .../{id}` | bearer | what patients asked of secretaries |
//! | `GET`, `POST /api/v1/call-backs`, `DELETE .../{id}` | bearer | call-back codes, shown once |
//! | `GET`, `POST /api/v1/patient-calls`, `DELETE .../{id}` | bearer | booked calls, by PIN |
//! | `PUT /api/v1/people/{id}/pin` | bearer | a person's own PIN |
//! | `GET`, `POST /api/v1/pauses`, `DELETE .../{person}` | bearer | who takes no calls |
//! | `GET /api/v1/people[/id]`, `PUT`, `DELETE` | bearer | the plan, item by item (`plan::items`) |
//! | `GET /api/v1/rotas/{specialty}`, `.../explain` | bearer | a week; who is rung, and why |
//! | `PUT /api/v1/rotas/{specialty}/...` | bearer | a session, a day, a week; swaps; copies |
//! | `GET /api/v1/plan/findings` | bearer | what is amiss with the rotas of some dates |
//! | `GET /api/v1/reports/calls`, `.csv`, `.xlsx` | bearer | the calls report, and its exports |
//! | `GET /api/v1/reports/people/{id}/calls` | bearer | a person's own calls |
//! | `GET /api/v1/reports/statistics`, `outcomes`, `chase` | bearer | figures; what is missing |
//! | `GET /api/v1/reports/connection`, `attempts`, `activity` | bearer | rates; reasons; return |
//! | `GET /api/v1/plan/history` | bearer | revisions of the plan, and what an item was |
//! | `POST /api/v1/plan/undo` | bearer | takes a revision of the plan back |
//!
//! Who may ask for what is in `access`, for each route a row.
//! Errors are problems (RFC 9457), with a message for whoever asked; causes go to the log only.
//! It reads calls by way of the store, changes them by commands that become records in the
//! journal, and knows neither SQL nor SIP.

// Real time is this crate's business: when somebody did something.
#![allow(clippy::disallowed_methods)]

mod access;
mod assign;
mod auth;
mod calls;
mod commands;
mod directory;
mod errands;
mod events;
mod health;
mod json;
mod live;
mod once;
mod outcome;
mod pauses;
mod plan;
mod problem;
mod recording;
mod refusals;
mod reports;
mod requests;
mod router;
mod screen;
mod state;
mod token;

#[cfg(test)]
mod tests;

pub use access::{Credential, Peer, TotpKey, hashed, new_credential, otpauth};
pub use errands::Lines;
pub use events::Events;
pub use health::{Degraded, HealthSource};
pub use outcome::OutcomeMenus;
pub use pauses::{PauseKept, Pauses, Pausing};
pub use plan::{Changing, Edition, NotChanged, PlanDesk, Wish};
pub use recording::{EncodeError, Encoded, Mp3Encoder};
pub use router::router;
pub use screen::CallStarter;
pub use state::{ApiParts, ApiState};
pub use token::{BadToken, Token};
