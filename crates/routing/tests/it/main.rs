//! The plan, as people write it and as calls read it.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod hours;
#[cfg(test)]
mod order;
