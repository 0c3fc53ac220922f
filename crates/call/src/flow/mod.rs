//! The flows, one file for each paragraph or two of SERVICE.md.

mod accept;
mod arrive;
mod dial_in;
mod direct;
mod hunt;
mod outcome;
mod reach;
mod talk;

pub(crate) use arrive::arrive;

#[cfg(test)]
mod tests;
