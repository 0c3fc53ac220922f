//! Reports: a line a call and a line an attempt, as the projection writes them, and what is asked
//! of them (SERVICE.md section 7).
//!
//! Lines are narrow tables of their own, in the order of the calls' openings, so that no question
//! reads a case. Names of people and practices are not in them: they come from the plan of the
//! day on which the report is read.

mod figures;
mod line;
mod lines;
mod query;

#[cfg(test)]
mod tests;

pub use figures::{
    AttemptFigure, FigureQuery, OutcomeFigure, OwedFigure, QuarterFigure, ReportStorage,
    WaitFigure, wait_bucket_ms,
};
pub use line::{AttemptLine, CallLine};
pub use lines::Lines;
pub use query::{
    AttemptPosition, AttemptQuery, Connected, Direction, LineOrder, LinePosition, LineQuery, SortBy,
};
