//! Who may ask for what (SERVICE 9): one layer before every route, and what handlers ask of it.
//!
//! ```text
//! request ─▶ layer: row of the route ─▶ who asks ─▶ right? ─▶ handler: in whose sight? ─▶ audit
//!              no row: nobody may        401          403        not in it: 404
//! ```
//!
//! A new route needs a row in [`routes`], with what it takes to ask for it; without one nobody may,
//! and a test names it. A handler takes an [`Asker`], and puts [`Asker::sight`] into what it asks
//! the store, or compares what it found with [`Asker::may`]; what is not in sight is told as if
//! there were none. Not here: passwords and sessions as they are kept (`store::users`).

mod asker;
pub(crate) mod audit;
mod layer;
mod password;
mod patient;
mod rights;
mod routes;
mod session;
mod source;
mod tenancy;
mod throttle;
mod totp;

pub(crate) use asker::Asker;
pub(crate) use layer::guard;
pub(crate) use password::Hasher;
pub(crate) use patient::Show;
pub(crate) use rights::Right;
pub(crate) use routes::described as describe;
#[cfg(test)]
pub(crate) use routes::{Need, ROUTES};
pub(crate) use session::routes as session_routes;
pub(crate) use tenancy::Tenancy;
pub(crate) use throttle::Throttle;

pub use password::{Credential, hashed, new_credential};
pub use source::Peer;
pub use totp::{TotpKey, otpauth};
