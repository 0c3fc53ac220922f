//! Who is rung: organisations, numbers, hours, rota, presence, hunt order.

mod address;

pub use address::PhoneAddress;
