//! The real binary on loopback: what happens when it is killed, told to stop, short of something,
//! or attacked; and flows that the API takes a hand in while they go on.
//!
//! ```text
//!  Caller ──SIP, RTP──▶ rotaline serve ──SIP, RTP──▶ Phone
//!  the test ───HTTP───▶                 (each test has a process, ports and a folder of its own)
//! ```
//!
//! Both parties are written by hand here, on plain sockets, and share no code with the service.
//! Not here: what every other call sounds like and reads like (`sipp`), every order of
//! events (`sim`).

#![allow(clippy::disallowed_methods)] // a real program on real time
#![allow(clippy::unwrap_used)] // every line of it is a test

mod away;
mod bounds;
mod codes;
mod crash;
mod demo;
mod described;
mod edits;
mod full_disk;
mod hostile;
#[path = "../sipp/http.rs"]
mod http;
mod keep_trying;
mod live;
mod lock;
mod log;
mod long;
mod missed;
mod operator;
mod orders;
mod party;
mod patients;
mod pauses;
mod pifu;
mod plan_files;
#[path = "../sipp/ports.rs"]
mod ports;
mod privacy;
mod recordings;
mod reload;
mod reports;
mod screen;
mod server;
mod speech;
mod spellings;
mod stop;
mod tape;
mod trunks;
mod voice;
mod webhooks;
