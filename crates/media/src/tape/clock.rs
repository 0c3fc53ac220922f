//! A source's clock, mapped to the engine's: RTP timestamps (RFC 3550 section 5.1) to `Mono`.
//!
//! Each packet gives one measurement, arrival minus timestamp: the source's offset plus a delay
//! that is never less than the path's own. The least of the last [`WINDOW_S`] seconds is the
//! estimate; it sees through jitter and follows drift (200 ppm moves it by 1.6 ms in the window).
//! What is applied to packets changes only where it is not heard (in silence), or when it is off
//! by more than [`FORCED_NS`].
//!
//! A packet that is off by more than [`JUMP_NS`] may be a burst after a stall, a stray, or a source
//! that began a new count: only if nothing else comes for [`CONFIRM`] does the clock follow.
//! A new SSRC gets a new `SourceClock`. Playing audio out is not done here.

use std::time::Duration;

use rotaline_model::Mono;

/// Nanoseconds of one timestamp step at 8000 Hz.
const STEP_NS: i64 = 125_000;
/// Length of the minimum-delay filter, in buckets of one second.
const WINDOW_S: usize = 8;
const BUCKET_NS: u64 = 1_000_000_000;
/// Less than this is left alone, even in silence.
const WORTHWHILE_NS: i64 = 2_000_000;
/// More than this is corrected at once, heard or not: half of the 20 ms that recordings may be off.
const FORCED_NS: i64 = 10_000_000;
/// More than this is no jitter.
const JUMP_NS: i64 = 500_000_000;
/// How long (by arrival) nothing but jumped packets come before the clock follows them.
const CONFIRM: Duration = Duration::from_millis(60);

/// Maps the RTP timestamps of one SSRC to the engine's clock.
#[derive(Clone, Debug, Default)]
pub struct SourceClock {
    anchor: Option<Anchor>,
}

#[derive(Clone, Debug)]
struct Anchor {
    /// The last timestamp taken, as it came and as steps since the anchor (without wrap).
    last: u32,
    last_steps: i64,
    /// What is added to a packet's time since the anchor to get the engine's time.
    applied_ns: i64,
    /// Least measurement of each of the last seconds, by arrival second modulo the window.
    least_ns: [i64; WINDOW_S],
    newest_bucket: u64,
    /// When jumped packets began to come, if nothing else has come since.
    jumped_since: Option<Mono>,
}

impl SourceClock {
    /// A clock that takes its anchor from the first packet.
    pub fn new() -> Self {
        SourceClock::default()
    }

    /// When the first sample of a packet belongs on the engine's clock.
    ///
    /// `silent` tells whether the packet may be shifted unheard; it is asked only when a shift is
    /// due. The answer is later than the arrival by at most [`FORCED_NS`]. Reordered packets and
    /// the timestamp's wrap are understood; a stream that pauses for longer than the window, or
    /// whose timestamps jump, is anchored anew.
    pub fn map(
        &mut self,
        rtp_timestamp: u32,
        arrival: Mono,
        silent: impl FnOnce() -> bool,
    ) -> Mono {
        if let Some(anchor) = &mut self.anchor
            && let Some(at) = anchor.map(rtp_timestamp, arrival, silent)
        {
            return at;
        }
        self.anchor = Some(Anchor::new(rtp_timestamp, arrival));
        arrival
    }

    /// Forgets the source: the next packet is the anchor.
    pub fn reset(&mut self) {
        self.anchor = None;
    }
}

impl Anchor {
    fn new(rtp_timestamp: u32, arrival: Mono) -> Self {
        let offset = nanos(arrival);
        let newest_bucket = arrival.as_nanos() / BUCKET_NS;
        let mut anchor = Anchor {
            last: rtp_timestamp,
            last_steps: 0,
            applied_ns: offset,
            least_ns: [i64::MAX; WINDOW_S],
            newest_bucket,
            jumped_since: None,
        };
        anchor.measure(newest_bucket, offset);
        anchor
    }

    /// None: the source must be anchored anew, at this packet.
    fn map(
        &mut self,
        rtp_timestamp: u32,
        arrival: Mono,
        silent: impl FnOnce() -> bool,
    ) -> Option<Mono> {
        let ahead = rtp_timestamp.wrapping_sub(self.last).cast_signed();
        let steps = self.last_steps + i64::from(ahead);
        let since_anchor = steps * STEP_NS;
        let measured = nanos(arrival) - since_anchor;

        if (measured - self.applied_ns).abs() > JUMP_NS {
            let since = *self.jumped_since.get_or_insert(arrival);
            if arrival.since(since) >= CONFIRM {
                return None;
            }
            return Some(mono(self.applied_ns + since_anchor).min(arrival));
        }
        self.jumped_since = None;

        let bucket = arrival.as_nanos() / BUCKET_NS;
        if bucket >= self.newest_bucket + WINDOW_S as u64 {
            return None;
        }
        self.measure(bucket, measured);
        if ahead > 0 {
            self.last = rtp_timestamp;
            self.last_steps = steps;
        }

        let estimate = self.least_ns.iter().copied().min().unwrap_or(measured);
        let off = (estimate - self.applied_ns).abs();
        if off > FORCED_NS || (off >= WORTHWHILE_NS && silent()) {
            self.applied_ns = estimate;
        }
        Some(mono(self.applied_ns + since_anchor))
    }

    fn measure(&mut self, bucket: u64, measured: i64) {
        while self.newest_bucket < bucket {
            self.newest_bucket += 1;
            self.least_ns[self.newest_bucket as usize % WINDOW_S] = i64::MAX;
        }
        let least = &mut self.least_ns[self.newest_bucket as usize % WINDOW_S];
        *least = measured.min(*least);
    }
}

fn nanos(at: Mono) -> i64 {
    i64::try_from(at.as_nanos()).unwrap_or(i64::MAX)
}

fn mono(nanoseconds: i64) -> Mono {
    Mono::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}
