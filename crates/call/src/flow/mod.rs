//! The flows, one file for each paragraph or two of SERVICE.md.

mod accept;
mod apologise;
mod arrive;
mod bypass;
mod call_back;
mod claim;
mod dial_in;
mod direct;
mod errand;
mod farewell;
mod hunt;
mod inbound;
mod keep_trying;
mod menu;
mod nhs;
mod outcome;
mod overflow;
mod party;
mod pifu;
mod reach;
mod request;
mod ring_back;
mod talk;
mod undertake;

pub(crate) use apologise::apologise;
pub(crate) use arrive::arrive;
pub(crate) use farewell::farewell;
pub(crate) use undertake::undertake;

#[cfg(test)]
mod tests;
