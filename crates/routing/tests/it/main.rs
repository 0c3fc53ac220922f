//! The plan, as people write it and as calls read it.

#[cfg(test)]
mod bank_holidays;
#[cfg(test)]
mod check;
#[cfg(test)]
mod edit;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod hours;
#[cfg(test)]
mod order;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod rota;
