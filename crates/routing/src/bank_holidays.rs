//! Bank holidays of the four nations. The delivered ones are compiled in; a plan may bring its own.

use std::collections::BTreeMap;

use jiff::civil::Date;

/// A nation of the United Kingdom, by its bank holidays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nation {
    /// England.
    England,
    /// Wales.
    Wales,
    /// Scotland.
    Scotland,
    /// Northern Ireland.
    NorthernIreland,
}

impl Nation {
    /// Every nation, as it is written in a plan.
    pub(crate) const ALL: [(&'static str, Nation); 4] = [
        ("england", Nation::England),
        ("wales", Nation::Wales),
        ("scotland", Nation::Scotland),
        ("northern-ireland", Nation::NorthernIreland),
    ];

    /// The delivered file of its bank holidays.
    pub(crate) const fn delivered(self) -> &'static str {
        match self {
            Nation::England => include_str!("../../../config/bank-holidays/england.toml"),
            Nation::Wales => include_str!("../../../config/bank-holidays/wales.toml"),
            Nation::Scotland => include_str!("../../../config/bank-holidays/scotland.toml"),
            Nation::NorthernIreland => {
                include_str!("../../../config/bank-holidays/northern-ireland.toml")
            }
        }
    }
}

/// Bank holidays by nation and date, each with its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct BankHolidays(pub(crate) BTreeMap<Nation, BTreeMap<Date, String>>);

impl BankHolidays {
    pub(crate) fn name(&self, nation: Nation, date: Date) -> Option<&str> {
        Some(self.0.get(&nation)?.get(&date)?.as_str())
    }
}
