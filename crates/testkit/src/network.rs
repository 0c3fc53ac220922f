//! A datagram network on virtual time: loss, duplication, delay and, by way of delay, reordering.
//!
//! Everything is drawn from the seed. Datagrams that are due at the same instant come in the order
//! of their sending.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rotaline_model::{Mono, Seed};

/// Most datagrams on the way; one beyond it is lost, as at a full router.
pub const MAX_ON_THE_WAY: usize = 1 << 20;

/// How bad the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Datagrams lost, in per cent.
    pub loss_percent: u8,
    /// Datagrams that come twice, in per cent.
    pub duplicate_percent: u8,
    /// The least delay.
    pub delay_min: Duration,
    /// The greatest delay.
    pub delay_max: Duration,
}

/// A datagram network.
#[derive(Debug)]
pub struct Network {
    weather: Weather,
    random: ChaCha8Rng,
    on_the_way: BTreeMap<(Mono, u64), Datagram>,
    sent: u64,
}

/// From, to, and what.
pub type Datagram = (SocketAddr, SocketAddr, Vec<u8>);

impl Network {
    /// A network with nothing on its way.
    pub fn new(weather: Weather, seed: Seed) -> Self {
        Network {
            weather,
            random: seed.generator(0),
            on_the_way: BTreeMap::new(),
            sent: 0,
        }
    }

    /// Sends a datagram.
    pub fn send(&mut self, now: Mono, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if self.percent(self.weather.loss_percent) {
            return;
        }
        if self.percent(self.weather.duplicate_percent) {
            self.post(now, (from, to, bytes.clone()));
        }
        self.post(now, (from, to, bytes));
    }

    /// When the next datagram arrives.
    pub fn deadline(&self) -> Option<Mono> {
        self.on_the_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next datagram that has arrived by now.
    pub fn poll(&mut self, now: Mono) -> Option<Datagram> {
        let first = self.on_the_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    fn post(&mut self, now: Mono, datagram: Datagram) {
        let Weather {
            delay_min,
            delay_max,
            ..
        } = self.weather;
        let range_us = delay_max.saturating_sub(delay_min).as_micros() as u64;
        let delay = delay_min + Duration::from_micros(self.random.next_u64() % (range_us + 1));
        if self.on_the_way.len() == MAX_ON_THE_WAY {
            return;
        }
        self.sent += 1;
        self.on_the_way.insert((now + delay, self.sent), datagram);
    }

    fn percent(&mut self, percent: u8) -> bool {
        self.random.next_u32() % 100 < u32::from(percent)
    }
}

#[cfg(test)]
mod tests;
