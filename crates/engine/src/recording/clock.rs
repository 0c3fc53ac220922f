//! The recorder's own clock: only intervals matter here, so its origin is its making.

use std::time::Instant;

use rotaline_model::Mono;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Clock {
            origin: Instant::now(),
        }
    }

    pub(crate) fn now(self) -> Mono {
        let nanoseconds = u64::try_from(self.origin.elapsed().as_nanos());
        Mono::from_nanos(nanoseconds.unwrap_or(u64::MAX))
    }
}
