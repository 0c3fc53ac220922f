//! How well a leg was heard: the E-model of ITU-T G.107, cut down to what is known here.
//!
//! R = 93.2 - Id - Ie,eff, with G.711's packet-loss figures (ITU-T G.113: Ie = 0, Bpl = 25.1 with
//! concealment at the listener). Where no round trip was measured, the way to us is taken as
//! [`ASSUMED_WAY_MS`]. Echo, sidetone and noise are left at their defaults.

/// One-way network delay where RTCP has not told it.
const ASSUMED_WAY_MS: f32 = 30.0;
/// A packet, and the phone's own buffer and converters.
const PACKETISATION_MS: f32 = 40.0;
const LOSS_ROBUSTNESS: f32 = 25.1;

/// What a leg's stream suffered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suffered {
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) jitter_ms: f32,
    pub(crate) round_trip_ms: Option<u32>,
}

/// The estimated mean opinion score, 1.0 to 4.5; 0 where nothing was heard to judge.
pub(crate) fn mos(suffered: Suffered) -> f32 {
    let sent = suffered.received + suffered.lost;
    if sent == 0 {
        return 0.0;
    }
    let loss_percent = 100.0 * suffered.lost as f32 / sent as f32;
    let way_ms = suffered
        .round_trip_ms
        .map_or(ASSUMED_WAY_MS, |round_trip| round_trip as f32 / 2.0);
    // A buffer that hides jitter is about twice as long as it.
    let delay_ms = way_ms + PACKETISATION_MS + 2.0 * suffered.jitter_ms;
    let delay_impairment = 0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0);
    let loss_impairment = 95.0 * loss_percent / (loss_percent + LOSS_ROBUSTNESS);
    let r = (93.2 - delay_impairment - loss_impairment).clamp(0.0, 100.0);
    let mos = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
    mos.clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(received: u64, lost: u64, jitter_ms: f32, round_trip_ms: u32) -> f32 {
        mos(Suffered {
            received,
            lost,
            jitter_ms,
            round_trip_ms: Some(round_trip_ms),
        })
    }

    #[test]
    fn a_clean_g711_line_is_as_good_as_it_gets() {
        assert!((4.3..4.5).contains(&with(1000, 0, 1.0, 20)));
    }

    #[test]
    fn loss_jitter_and_delay_each_cost() {
        let clean = with(1000, 0, 1.0, 20);
        let five_percent_lost = with(950, 50, 1.0, 20);
        assert!(
            (3.2..3.9).contains(&five_percent_lost),
            "{five_percent_lost}"
        );
        assert!(with(1000, 0, 150.0, 20) < clean - 0.2);
        assert!(with(1000, 0, 1.0, 800) < clean - 0.9);
        assert!(with(10, 990, 1.0, 800) < 1.2);
    }

    #[test]
    fn nothing_heard_is_no_score() {
        assert_eq!(with(0, 0, 0.0, 0), 0.0);
    }
}
