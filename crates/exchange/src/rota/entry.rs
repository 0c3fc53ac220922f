//! An entry of a rota as a row: which list it belongs to, and which columns it fills.

use toml::{Table, Value};

use crate::place::Found;
use crate::sheets::{Column, Form, Row, table};

const WEEKLY: &str = "weekly: session, times, people";
const TIMES: &str = "mon-fri 09:00-13:00; sat 10:00-12:00";
const DAY_TIMES: &str = "09:00-13:00; 14:00-17:00";
const DATES: &str = "2026-10-26; 2026-10-28..2026-10-30; week 2026-11-02";
const PEOPLE: &str = "ann; ben, in the order of ringing; - for nobody";
const SESSION_ON: &str = "2026-10-26 AM";

/// The columns of `rotas/<specialty>.csv`; which of them an entry fills, its kind says.
pub(crate) const COLUMNS: &[Column] = &[
    Column::required("entry", "entry", Form::Text, WEEKLY),
    Column::optional("session", "session", Form::Text, "AM"),
    Column::optional("dates", "dates", Form::List, DATES),
    Column::optional("times", "times", Form::List, TIMES),
    Column::optional("people", "people", Form::List, PEOPLE),
    Column::optional("gives", "gives", Form::Text, SESSION_ON),
    Column::optional("takes", "takes", Form::Text, SESSION_ON),
];

const SESSION: &[Column] = &[
    Column::optional("session", "name", Form::Text, "AM"),
    Column::required("times", "times", Form::List, TIMES),
    Column::required("people", "people", Form::List, PEOPLE),
];
const OVERRIDE: &[Column] = &[
    Column::optional("session", "session", Form::Text, "AM"),
    Column::required("dates", "dates", Form::List, DATES),
    Column::optional("times", "times", Form::List, DAY_TIMES),
    Column::required("people", "people", Form::List, PEOPLE),
];
const HOURS: &[Column] = &[
    Column::required("dates", "dates", Form::List, DATES),
    Column::required("times", "hours", Form::List, "09:00-12:00; - for closed"),
];
const BANK_HOLIDAY: &[Column] = &[
    Column::optional("session", "name", Form::Text, "AM"),
    Column::required("times", "times", Form::List, DAY_TIMES),
    Column::required("people", "people", Form::List, PEOPLE),
];
const SWAP: &[Column] = &[
    Column::required("people", "people", Form::List, "ben; dev (the first gives)"),
    Column::required("gives", "gives", Form::Text, SESSION_ON),
    Column::required("takes", "takes", Form::Text, SESSION_ON),
];

/// What a row of a rota is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A session of every week.
    Weekly,
    /// Other people or times on some dates.
    Override,
    /// Other opening hours on some dates.
    Hours,
    /// Two people exchange two sessions.
    Swap,
    /// A session of bank holidays.
    BankHoliday,
}

impl Entry {
    pub(crate) const ALL: [(&'static str, Entry); 5] = [
        ("weekly", Entry::Weekly),
        ("override", Entry::Override),
        ("hours", Entry::Hours),
        ("swap", Entry::Swap),
        ("bank-holiday", Entry::BankHoliday),
    ];

    /// The entry of a row; columns that it does not fill must be empty.
    pub(crate) fn of(found: &mut Found, row: &Row) -> Option<Entry> {
        let word = row.cell("entry").unwrap_or_default();
        let Some((name, entry)) = Entry::ALL.into_iter().find(|(name, _)| *name == word) else {
            if row.has("entry") {
                let words: Vec<&str> = Entry::ALL.iter().map(|(name, _)| *name).collect();
                let remedy = format!("use one of {}", words.join(", "));
                let problem = format!("{word:?} is no entry of a rota");
                found.add(&row.place("entry", COLUMNS), &problem, &remedy);
            }
            return None;
        };
        let fills = |column: &Column| {
            let mut columns = entry.columns().iter();
            column.name == "entry" || columns.any(|it| it.name == column.name)
        };
        for column in COLUMNS.iter().filter(|column| !fills(column)) {
            if row.cell(column.name).is_some() {
                let problem = format!("does nothing for {name}");
                let remedy = "leave the cell empty";
                found.add(&row.place(column.name, COLUMNS), &problem, remedy);
            }
        }
        Some(entry)
    }

    /// The list that it stands in.
    pub(crate) const fn list(self) -> &'static str {
        match self {
            Entry::Weekly => "session",
            Entry::Override => "override",
            Entry::Hours => "hours_on",
            Entry::Swap => "swap",
            Entry::BankHoliday => "bank_holiday_session",
        }
    }

    pub(crate) const fn columns(self) -> &'static [Column] {
        match self {
            Entry::Weekly => SESSION,
            Entry::Override => OVERRIDE,
            Entry::Hours => HOURS,
            Entry::Swap => SWAP,
            Entry::BankHoliday => BANK_HOLIDAY,
        }
    }

    /// The entry of the list.
    pub(crate) fn table(self, found: &mut Found, row: &Row) -> Table {
        let mut table = table(found, row, self.columns());
        if self != Entry::Swap {
            return table;
        }
        let Some(Value::Array(people)) = table.remove("people") else {
            return table;
        };
        if people.len() != 2 {
            let problem = format!("a swap has two people, not {}", people.len());
            found.add(&row.place("people", SWAP), &problem, "e.g. ben; dev");
        }
        for (key, person) in ["first", "second"].into_iter().zip(people) {
            table.insert(key.to_owned(), person);
        }
        table
    }
}

/// An entry of a list as the cells of [`COLUMNS`]; none if they do not hold it exactly.
pub(crate) fn cells(name: &'static str, entry: Entry, of: &Table) -> Option<Vec<String>> {
    let mut filled = of.clone();
    if entry == Entry::Swap {
        let people = Value::Array(vec![filled.remove("first")?, filled.remove("second")?]);
        filled.insert("people".to_owned(), people);
    }
    let own = crate::sheets::cells(&filled, entry.columns())?;
    let cells: Vec<String> = COLUMNS
        .iter()
        .map(|column| {
            let mut columns = entry.columns().iter().zip(&own);
            let cell = columns.find(|(it, _)| it.name == column.name);
            match cell {
                Some((_, cell)) => cell.clone(),
                None if column.name == "entry" => name.to_owned(),
                None => String::new(),
            }
        })
        .collect();
    let mut found = Found::default();
    let row = Row::of(&cells, COLUMNS);
    (entry.table(&mut found, &row) == *of).then_some(cells)
}
