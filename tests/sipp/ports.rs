//! Free ports for scenarios that run side by side.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::Mutex;

use anyhow::{Result, bail};

/// Below Linux's ephemeral ports, so that nobody is given one of these by chance.
const FIRST: u16 = 12_000;
const LAST: u16 = 31_900;

static NEXT: Mutex<Option<u16>> = Mutex::new(None);

/// The first of `count` ports in a row, even, all free for UDP and TCP. Each is given once in the
/// life of this process; another process begins elsewhere.
pub fn block(count: u16) -> Result<u16> {
    let mut next = NEXT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let spread = u16::try_from(std::process::id() % 90).unwrap_or(0) * 200;
    let mut first = next.unwrap_or(FIRST + spread);
    for _ in 0..LAST - FIRST {
        if first.checked_add(count).is_none_or(|end| end > LAST) {
            first = FIRST;
        }
        match (first..first + count).rev().find(|&port| !is_free(port)) {
            Some(taken) => first = (taken + 2) & !1,
            None => {
                *next = Some((first + count + 1) & !1);
                return Ok(first);
            }
        }
    }
    bail!("no {count} free ports in a row between {FIRST} and {LAST}")
}

fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port);
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

/// Whether somebody receives UDP there. Read from the kernel's table: binding it for a trial could
/// take the port away from a program that is just about to.
pub fn is_bound(port: u16) -> bool {
    let table = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let wanted = format!(":{port:04X}");
    let locals = table
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1));
    locals.into_iter().any(|local| local.ends_with(&wanted))
}
