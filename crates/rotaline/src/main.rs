//! Rotaline.
fn main() {}
