//! A practice rung by its directory code: its bypass number if it has one, else its reception,
//! said as reception (SERVICE 1.2, 4). A trusted line: nobody has to accept.

use std::time::Duration;

use rotaline_model::{Acceptance, NotAsked, PhoneNumber, Sound};
use rotaline_record::{AttemptResult, PhoneKind};
use rotaline_routing::{Phrase, Plan, Practice};

use crate::attempt::{Attempt, Patience, Target};
use crate::boundary::PhoneAddress;
use crate::cx::Cx;
use crate::leg::Leg;
use crate::speech;

/// How long a practice's line rings.
const RING: Duration = Duration::from_secs(45);

/// Which of its lines a practice is rung on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Bypass,
    Reception,
}

/// Rings the practice and says which line it is; the attempt, or what the caller is to be told.
pub(super) async fn ring_practice(
    cx: &Cx,
    caller: &Leg,
    practice: &Practice,
) -> Result<Attempt, Phrase> {
    let (line, number) = line_of(practice).ok_or(Phrase::NoSuchPractice)?;
    let target = Target {
        to: PhoneAddress::Number(number.clone()),
        whose: None,
        kind: PhoneKind::Line,
        acceptance: Acceptance::NotAsked(NotAsked::Bypass),
        round: 1,
        reason: match line {
            Line::Bypass => format!("bypass number of {}", practice.id),
            Line::Reception => format!("reception of {}", practice.id),
        },
        patience: Patience::Line { ring_timeout: RING },
    };
    let mut attempt = Attempt::start(cx, target, None);
    caller.play_on(said(&cx.plan(), practice, line));
    let result = attempt.answered(|| {}).await;
    attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
    // What was keyed meanwhile chose nothing.
    caller.forget_keys();
    result.map(|()| attempt).map_err(|_| Phrase::CalledNoAnswer)
}

fn line_of(practice: &Practice) -> Option<(Line, &PhoneNumber)> {
    let bypass = practice.bypass.as_ref().map(|it| (Line::Bypass, it));
    bypass.or(practice.reception.as_ref().map(|it| (Line::Reception, it)))
}

fn said(plan: &Plan, practice: &Practice, line: Line) -> Vec<Sound> {
    let which = match line {
        Line::Bypass => Phrase::BypassNumberOf,
        Line::Reception => Phrase::ReceptionOf,
    };
    vec![
        speech::phrase(plan, which),
        Sound::Prompt(practice.prompt.clone()),
        Sound::RingTone,
    ]
}
