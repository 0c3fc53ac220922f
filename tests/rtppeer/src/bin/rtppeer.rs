//! The RTP phone: sends its own sound and keys, reports what it heard, when, and whether the stream
//! that it received was one unbroken stream.

#![allow(clippy::disallowed_methods)] // a program on real time: it has a clock

use std::env;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rtppeer::options::Options;
use rtppeer::peer;

fn main() -> ExitCode {
    let (start, wall) = (Instant::now(), SystemTime::now());
    let start_unix_us = wall
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros();
    let options = match Options::parse(env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    match peer::call(options, start, start_unix_us) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            eprintln!("rtppeer: {why}");
            ExitCode::from(2)
        }
    }
}
