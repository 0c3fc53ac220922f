//! The normal call as a table: what happened when, what SERVICE.md asks of it, what was measured.
//!
//! `cargo test -p rotaline-tests --test sipp -- second-by-second` prints it.

use std::fmt::Write;

use crate::scenario::Scenario;

use super::{Delays, Trace, Traces};

/// From answer to first ring, for one who knows the key (SERVICE 1.3).
const ANSWER_TO_RING: f64 = 5_000.0;
/// Silence while the caller waits (SERVICE 1.5), and two frames by which ears may be off.
const SILENCE: f64 = 2_200.0 + 40.0;

/// One moment of the call.
struct Moment {
    at: f64,
    what: &'static str,
    /// In SERVICE's words, and where they stand.
    bound: &'static str,
    /// Since what it is counted from.
    measured_ms: Option<f64>,
}

/// The table, and whatever of it was too late.
pub fn table(
    scenario: &Scenario,
    traces: &Traces,
    delays: &Delays,
) -> Option<(String, Vec<String>)> {
    let moments = moments(scenario, traces, delays)?;
    let began = moments.first()?.at;
    let mut table = String::from(
        "  at s  the normal call                          measured  bound (SERVICE)\n",
    );
    for moment in &moments {
        let at = (moment.at - began) / 1e3;
        let measured = moment.measured_ms.map(|ms| format!("{ms:.1} ms"));
        let measured = measured.unwrap_or_default();
        let (what, bound) = (moment.what, moment.bound);
        let _ = writeln!(table, "{at:6.3}  {what:<42} {measured:>10}  {bound}");
    }
    Some((table, too_late(&moments)))
}

/// Delays have their ceilings where they are measured; these two are not measured elsewhere.
fn too_late(moments: &[Moment]) -> Vec<String> {
    let ceilings = [(RINGS, ANSWER_TO_RING), (RING_TONE, SILENCE)];
    let late = ceilings.iter().filter_map(|(what, ceiling)| {
        let moment = moments.iter().find(|moment| moment.what == *what)?;
        let ms = moment.measured_ms?;
        (ms > *ceiling).then(|| format!("{what}: {ms:.0} ms, at most {ceiling:.0}"))
    });
    late.collect()
}

const RINGS: &str = "the specialist's phone rings";
const RING_TONE: &str = "the caller hears ring tone; longest silence";

/// Who is in it, and the instants from which others are counted.
struct Call<'a> {
    caller: &'a Trace,
    phone: &'a Trace,
    delays: &'a Delays,
    /// The phone is sent an INVITE, and rings.
    rung: f64,
    /// The caller's key has ended.
    chose: f64,
    joined: f64,
    /// The caller has hung up.
    left: f64,
}

fn moments(scenario: &Scenario, traces: &Traces, delays: &Delays) -> Option<Vec<Moment>> {
    let caller = traces.of("caller")?;
    let (_, phone, rung) = *traces.rung().first()?;
    let call = Call {
        caller,
        phone,
        delays,
        rung,
        chose: caller.last_key(|key| key.start < rung)?.end,
        joined: phone.first_tone(scenario.is.caller.tone_hz)?,
        left: caller.at("BYE")?,
    };
    let parts = [
        call.greeted()?,
        call.rings()?,
        call.whispers()?,
        call.ends()?,
    ];
    Some(parts.into_iter().flatten().collect())
}

impl Call<'_> {
    fn greeted(&self) -> Option<Vec<Moment>> {
        let (caller, called) = (self.caller, self.caller.at("INVITE")?);
        let answered = caller.at("ANSWER")?;
        Some(vec![
            moment(called, "the practice calls"),
            moment(answered, "is answered").after(answered - called, "at once (1.1)"),
            moment(caller.heard.first()?.from, "first RTP after the 200")
                .took(self.measured("200 to RTP", 0), "<= 50 ms (1.1)"),
            moment(
                caller.first_from("speech", answered)?,
                "the greeting begins, after the 200",
            )
            .took(self.measured("200 to speech", 0), "300 to 600 ms (1.1)"),
            moment(self.chose, "the caller has keyed 1"),
        ])
    }

    fn rings(&self) -> Option<Vec<Moment>> {
        let (caller, rung) = (self.caller, self.rung);
        let trying = caller.first_from("speech", self.chose)?;
        let silence = caller.longest_silence(self.chose, self.joined);
        Some(vec![
            moment(rung, "INVITE to the specialist, after the key")
                .took(self.measured("key to INVITE", 0), "<= 100 ms (1.3)"),
            moment(rung, RINGS).after(rung - caller.at("ANSWER")?, "<= 5 s from the answer (1.3)"),
            moment(trying, "\"Trying Cardiology.\", after the INVITE")
                .after(trying - rung, "while it rings (1.3)"),
            moment(caller.first_from("ring", rung)?, RING_TONE).after(silence, "<= 2.2 s (1.5)"),
        ])
    }

    fn whispers(&self) -> Option<Vec<Moment>> {
        let phone = self.phone;
        let accepted = phone.last_key(|key| key.start < self.joined)?;
        Some(vec![
            moment(phone.at("ANSWER")?, "the specialist answers"),
            moment(phone.heard.first()?.from, "first RTP after the ACK")
                .took(self.measured("200 to RTP", 1), "<= 50 ms (1.7)"),
            moment(
                phone.first_from("speech", phone.at("ACK")?)?,
                "the whisper begins, after the ACK",
            )
            .took(self.measured("200 to speech", 1), "300 to 600 ms (1.7)"),
            moment(accepted.end, "the specialist has keyed 1"),
            moment(self.joined, "they hear each other, after the key")
                .took(self.measured("key to bridge", 0), "<= 40 ms (1.8)"),
        ])
    }

    fn ends(&self) -> Option<Vec<Moment>> {
        let (phone, left) = (self.phone, self.left);
        let asked = phone.first_from("speech", left)?;
        let outcome = phone.last_key(|key| key.start > asked)?.end;
        let confirmed = phone.first_from("speech", outcome)?;
        Some(vec![
            moment(left, "the caller hangs up").after(left - self.joined, "(talk)"),
            moment(asked, "the specialist is asked what came of it").after(asked - left, "(1.11)"),
            moment(outcome, "the specialist has keyed 1"),
            moment(confirmed, "\"Referral avoided.\", once it is stored")
                .after(confirmed - outcome, "stored before it is said (1.11)"),
        ])
    }

    /// The caller's comes first, then the phone's.
    fn measured(&self, name: &str, nth: usize) -> Option<f64> {
        self.delays.of(name).nth(nth)
    }
}

fn moment(at: f64, what: &'static str) -> Moment {
    Moment {
        at,
        what,
        bound: "",
        measured_ms: None,
    }
}

impl Moment {
    fn after(self, ms: f64, bound: &'static str) -> Moment {
        self.took(Some(ms), bound)
    }

    fn took(self, measured_ms: Option<f64>, bound: &'static str) -> Moment {
        Moment {
            bound,
            measured_ms,
            ..self
        }
    }
}

impl Trace {
    /// When a sound began that began at this time or later.
    fn first_from(&self, what: &str, from: f64) -> Option<f64> {
        let mut sounds = self.heard.iter();
        let sound = sounds.find(|sound| sound.what == what && sound.from >= from);
        sound.map(|sound| sound.from)
    }

    /// The longest silence that began between two instants.
    fn longest_silence(&self, from: f64, to: f64) -> f64 {
        let sounds = self.heard.iter();
        let silences = sounds.filter(|it| it.what == "silence" && it.from >= from && it.from < to);
        let lengths = silences.map(|it| it.to - it.from);
        lengths.fold(0.0, f64::max)
    }
}
