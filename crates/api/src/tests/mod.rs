//! The API as a client meets it: requests in, answers out, over a real store.

mod calls;
mod errands;
mod outcomes;
mod pauses;
mod plain;
mod plan;
mod recordings;
mod rotas;
mod screen;
mod world;
