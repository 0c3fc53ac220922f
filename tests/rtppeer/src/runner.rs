//! Takes the script forward, one look every 20 ms: acts, or waits for what the peer hears.

use std::io::{self, Write};

use crate::hearing::Hearing;
use crate::json;
use crate::script::{Step, Wait};
use crate::send::{FRAME_MS, Sender, Source};

const WAIT_TIMEOUT_MS: u64 = 20_000;
/// A sound that is present has a packet at most this old.
const FRESH_MS: f64 = 100.0;

struct StepLog {
    text: String,
    from_ms: f64,
    to_ms: Option<f64>,
}

/// The script and where it stands.
pub struct Runner {
    steps: Vec<(String, Step)>,
    next: usize,
    begun: bool,
    timeout_ms: u64,
    digits_used: usize,
    ended: bool,
    /// The step that went wrong; ends the run.
    pub failure: Option<String>,
    log: Vec<StepLog>,
}

impl Runner {
    pub fn new(steps: Vec<(String, Step)>) -> Runner {
        Runner {
            steps,
            next: 0,
            begun: false,
            timeout_ms: WAIT_TIMEOUT_MS,
            digits_used: 0,
            ended: false,
            failure: None,
            log: Vec::new(),
        }
    }

    /// Goes on as far as the next step that has to wait.
    pub fn advance(&mut self, now_ms: f64, hearing: &Hearing, sender: &mut Sender) {
        while let (Some((text, step)), false) = (self.steps.get(self.next).cloned(), self.over()) {
            if !self.begun {
                self.begun = true;
                self.log.push(StepLog {
                    text: text.clone(),
                    from_ms: now_ms,
                    to_ms: None,
                });
                self.begin(&text, &step, now_ms, hearing, sender);
            }
            let since_ms = now_ms - self.log.last().map_or(now_ms, |log| log.from_ms);
            if self.failure.is_some() || !self.is_done(&step, now_ms, since_ms, hearing, sender) {
                if matches!(step, Step::Wait(_)) && since_ms > self.timeout_ms as f64 {
                    let number = self.next + 1;
                    self.failure = Some(format!("step {number} \"{text}\" timed out"));
                }
                return;
            }
            if let Some(log) = self.log.last_mut() {
                log.to_ms = Some(now_ms);
            }
            self.next += 1;
            self.begun = false;
        }
    }

    pub fn over(&self) -> bool {
        self.ended || self.failure.is_some()
    }

    /// Time is up: a script that has not come to its end has failed.
    pub fn out_of_time(&mut self) {
        if let (Some((text, _)), false) = (self.steps.get(self.next), self.over()) {
            self.failure = Some(format!("out of time at step {} \"{text}\"", self.next + 1));
        }
    }

    fn begin(
        &mut self,
        text: &str,
        step: &Step,
        now_ms: f64,
        hearing: &Hearing,
        sender: &mut Sender,
    ) {
        match step {
            Step::TimeoutMs(ms) => self.timeout_ms = *ms,
            Step::Key(..) if hearing.far.is_none() || !sender.is_sending() => {
                let why = "far address not known yet, or sending stopped";
                self.failure = Some(format!("\"{text}\": {why}"));
            }
            Step::Key(digit, ms) => sender.press(*digit, *ms),
            Step::Inband(digit, ms) => sender.play_inband(*digit, *ms, now_ms),
            Step::Tone(hz) => sender.source = hz.map_or(Source::Silence, Source::Tone),
            Step::Wav { path, looped } => match Source::wav(path, *looped) {
                Ok(source) => sender.source = source,
                Err(why) => self.failure = Some(why),
            },
            Step::LossPercent(percent) => sender.loss_percent = *percent,
            Step::Noise(on) => sender.set_noise(*on),
            // Whoever runs the peer may not listen.
            Step::Cue => drop(writeln!(io::stdout(), "cue")),
            Step::Stop => sender.set_sending(false),
            Step::Start => sender.set_sending(true),
            Step::End => self.ended = true,
            Step::Wait(_) | Step::SleepMs(_) => {}
        }
    }

    fn is_done(
        &mut self,
        step: &Step,
        now_ms: f64,
        since_ms: f64,
        hearing: &Hearing,
        sender: &Sender,
    ) -> bool {
        let first_ms = hearing.continuity.first_ms;
        match step {
            // Ticks are not exact: what is due within half a tick is due now.
            Step::SleepMs(ms) => since_ms + FRAME_MS as f64 / 2.0 >= *ms as f64,
            Step::Key(..) | Step::Inband(..) => !sender.busy(),
            Step::Wait(Wait::Rtp) => first_ms.is_some(),
            Step::Wait(Wait::Played) => sender.wav_played(),
            Step::Wait(Wait::Sound(sound, ms)) => {
                let fresh = now_ms - hearing.continuity.last_ms < FRESH_MS;
                fresh && hearing.timeline.run_ms(sound) >= *ms as f64
            }
            Step::Wait(Wait::Quiet(ms)) => {
                first_ms.is_some_and(|first| now_ms - first.max(hearing.last_loud_ms) >= *ms as f64)
            }
            Step::Wait(Wait::Gone(ms)) => {
                first_ms.is_some() && now_ms - hearing.continuity.last_ms >= *ms as f64
            }
            Step::Wait(Wait::Digit(digit)) => {
                let unused = hearing.events.list.iter().skip(self.digits_used);
                let found = unused.map(|event| event.digit).position(|d| d == *digit);
                self.digits_used += found.map_or(0, |ahead| ahead + 1);
                found.is_some()
            }
            _ => true, // acts at once
        }
    }

    pub fn to_json(&self) -> String {
        json::array(self.log.iter().map(|log| {
            json::object(&[
                ("step", json::quote(&log.text)),
                ("from_ms", json::ms(log.from_ms)),
                ("to_ms", json::ms(log.to_ms)),
            ])
        }))
    }
}
