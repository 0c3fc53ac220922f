//! The API as a client meets it: requests in, answers out, over a real store.

mod access;
mod assign;
mod calls;
mod directory;
mod errands;
mod events;
pub(crate) mod hostile;
mod live;
mod outcomes;
mod pauses;
mod plain;
mod plan;
mod recordings;
mod reports;
mod requests;
mod rotas;
mod screen;
pub(crate) mod sheets;
mod world;
