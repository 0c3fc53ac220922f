//! The plan as a folder of files that people keep in spreadsheets, calendars and editors.
//!
//! ```text
//! *.toml               sections of a plan file, in as many files as one likes
//! people.csv           a row a person             absences.csv   a row an absence
//! practices.csv        a row a practice
//! rotas/<id>.csv       a row an entry of the rota of a specialty
//! rotas/<id>.ics       its sessions and overrides as a calendar (RFC 5545)
//! ```
//!
//! [`Reading`] reads a folder: items of the plan, each with the file and line that it stands in, so
//! that what is wrong with the plan ([`rotaline_routing::Items::plan`] has the one set of rules) is
//! said where it was written. [`write`] is the way back: what it writes reads back equal, and a
//! thing that no row or event can hold exactly stands in TOML. Nothing here touches a disk, a
//! database or a clock.

mod calendar;
mod file;
mod lines;
mod place;
mod reading;
mod rota;
mod sheets;
mod toml_file;
mod writing;

pub use file::{MAX_FILE_BYTES, MAX_FILES, MAX_FOLDER_BYTES, PlanFile, is_read};
pub use reading::{Extent, MAX_FAULTS, Reading};
pub use writing::{Rotas, write};
