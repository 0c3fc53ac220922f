//! What is said, composed of rendered announcements: greetings, menus, times, whispers.

use jiff::civil::Weekday;
use rotaline_model::{Digit, MenuKey, OrganisationId, PromptId, Sound, SpecialtyId};
use rotaline_record::CallerId;
use rotaline_routing::{Opening, Outcome, Phrase, Plan, Recording, Specialty};

use crate::cx::{Cx, WhoCalls};

/// SERVICE 1.1, 1.7: speech begins 300-600 ms after the 200.
const AFTER_ANSWER: Sound = Sound::Silence { ms: 400 };

/// Between the lines of a menu.
const BETWEEN_LINES: Sound = Sound::Silence { ms: 150 };

fn prompt(id: &PromptId) -> Sound {
    Sound::Prompt(id.clone())
}

/// A fixed announcement.
pub(crate) fn phrase(plan: &Plan, phrase: Phrase) -> Sound {
    prompt(plan.phrase(phrase))
}

/// Fixed announcements, one after another.
pub(crate) fn phrases(plan: &Plan, phrases: &[Phrase]) -> Vec<Sound> {
    phrases.iter().map(|it| phrase(plan, *it)).collect()
}

/// "The NHS number is 9 4 3 4 ...": a fixed announcement and digits, one by one.
pub(crate) fn digits(plan: &Plan, before: Phrase, digits: impl Iterator<Item = u8>) -> Vec<Sound> {
    let mut sounds = vec![phrase(plan, before)];
    sounds.extend(digits.map(|digit| prompt(plan.number_prompt(digit))));
    sounds
}

/// A fixed announcement to somebody who has just answered.
pub(crate) fn after_answer(plan: &Plan, fixed: Phrase) -> Vec<Sound> {
    vec![AFTER_ANSWER, phrase(plan, fixed)]
}

/// "Northfield Hospitals. Calls are recorded."
pub(crate) fn greeting(plan: &Plan, organisation: &OrganisationId) -> Vec<Sound> {
    let mut sounds = vec![AFTER_ANSWER];
    sounds.extend(plan.organisation(organisation).map(|it| prompt(&it.prompt)));
    sounds.push(phrase(plan, Phrase::CallsAreRecorded));
    sounds
}

/// "Cardiology, 1. Dermatology, 2.": those that are open now.
pub(crate) fn menu(cx: &Cx, lines: &[(MenuKey, SpecialtyId)]) -> Vec<Sound> {
    let plan = cx.plan();
    let mut sounds = Vec::with_capacity(lines.len() * 3);
    for (key, id) in lines {
        let Some(specialty) = plan.specialty(id) else {
            continue;
        };
        if !plan.open_at(specialty, cx.wall()) {
            continue;
        }
        sounds.push(prompt(&specialty.prompt));
        let digits = std::iter::once(key.first()).chain(key.second());
        let numbers = digits.filter_map(Digit::number);
        sounds.extend(numbers.map(|number| prompt(plan.number_prompt(number))));
        sounds.push(BETWEEN_LINES);
    }
    if sounds.is_empty() {
        sounds.push(phrase(&plan, Phrase::AllClosed));
    }
    sounds
}

/// "Trying Cardiology."
pub(crate) fn trying(plan: &Plan, specialty: &SpecialtyId) -> Vec<Sound> {
    let mut sounds = vec![phrase(plan, Phrase::Trying)];
    sounds.extend(plan.specialty(specialty).map(|it| prompt(&it.prompt)));
    sounds
}

/// "Dermatology is closed now. It opens tomorrow at nine a.m."; none if it is open.
pub(crate) fn if_closed(cx: &Cx, specialty: &SpecialtyId) -> Option<Vec<Sound>> {
    let plan = cx.plan();
    let Some(specialty) = plan.specialty(specialty) else {
        return Some(vec![phrase(&plan, Phrase::NotAChoice)]);
    };
    if plan.open_at(specialty, cx.wall()) {
        return None;
    }
    let mut sounds = vec![prompt(&specialty.prompt), phrase(&plan, Phrase::IsClosed)];
    sounds.extend(opening(&plan, specialty, cx));
    Some(sounds)
}

fn opening(plan: &Plan, specialty: &Specialty, cx: &Cx) -> Vec<Sound> {
    match plan.next_opening(specialty, cx.wall()) {
        None => vec![phrase(plan, Phrase::NoHours)],
        // A weekday alone would name the wrong one: that it is closed has to do.
        Some(opening) if opening.days_ahead > MAX_DAYS_AHEAD => Vec::new(),
        Some(opening) => {
            let mut sounds = phrases(plan, &[Phrase::ItOpens, day(opening)]);
            sounds.extend(clock(plan, opening));
            sounds
        }
    }
}

/// "On Monday", said on a Monday, is the next one; no weekday says more than that.
const MAX_DAYS_AHEAD: u8 = 7;

fn day(opening: Opening) -> Phrase {
    match (opening.days_ahead, opening.local.date().weekday()) {
        (0, _) => Phrase::Today,
        (1, _) => Phrase::Tomorrow,
        (_, Weekday::Monday) => Phrase::OnMonday,
        (_, Weekday::Tuesday) => Phrase::OnTuesday,
        (_, Weekday::Wednesday) => Phrase::OnWednesday,
        (_, Weekday::Thursday) => Phrase::OnThursday,
        (_, Weekday::Friday) => Phrase::OnFriday,
        (_, Weekday::Saturday) => Phrase::OnSaturday,
        (_, Weekday::Sunday) => Phrase::OnSunday,
    }
}

/// "at nine a.m.", "at one thirty p.m.", "at ten oh five a.m.", "at midday."
fn clock(plan: &Plan, opening: Opening) -> Vec<Sound> {
    let hour = u8::try_from(opening.local.hour()).unwrap_or(0);
    let minute = u8::try_from(opening.local.minute()).unwrap_or(0);
    match (hour, minute) {
        (0, 0) => return vec![phrase(plan, Phrase::AtMidnight)],
        (12, 0) => return vec![phrase(plan, Phrase::AtMidday)],
        _ => {}
    }
    let twelve = if hour.is_multiple_of(12) {
        12
    } else {
        hour % 12
    };
    let mut sounds = vec![phrase(plan, Phrase::At), prompt(plan.number_prompt(twelve))];
    if (1..10).contains(&minute) {
        sounds.push(phrase(plan, Phrase::Oh));
    }
    if minute > 0 {
        sounds.push(prompt(plan.number_prompt(minute)));
    }
    sounds.push(phrase(
        plan,
        if hour < 12 { Phrase::Am } else { Phrase::Pm },
    ));
    sounds
}

/// "Recorded advice call. Cardiology. Press 1. Elm Street Surgery. 2 to pass on."
pub(crate) fn whisper(cx: &Cx, specialty: &SpecialtyId) -> Vec<Sound> {
    let plan = cx.plan();
    let (call, rest): (_, &[Sound]) = match cx.who_calls() {
        WhoCalls::Clinician => (Phrase::RecordedAdviceCall, &how_to_accept(cx, &plan)),
        WhoCalls::Patient => (
            Phrase::PifuPatient,
            &[Phrase::Press1, Phrase::TwoToPassOn].map(|it| phrase(&plan, it)),
        ),
    };
    let mut sounds = vec![AFTER_ANSWER, phrase(&plan, call)];
    sounds.extend(plan.specialty(specialty).map(|it| prompt(&it.prompt)));
    sounds.extend_from_slice(rest);
    sounds
}

/// "Recorded call. A call back. Elm Street Surgery. 1 to accept."
pub(crate) fn call_back_whisper(cx: &Cx) -> Vec<Sound> {
    let plan = cx.plan();
    vec![
        AFTER_ANSWER,
        phrase(&plan, Phrase::RecordedCall),
        phrase(&plan, Phrase::CallBack),
        who_calls(cx, &plan),
        phrase(&plan, Phrase::PressOneOnly),
    ]
}

/// "This call is recorded. A call from Northfield Hospitals.": the first that a patient hears.
pub(crate) fn to_patient(plan: &Plan, organisation: &OrganisationId) -> Vec<Sound> {
    let mut sounds = vec![AFTER_ANSWER, phrase(plan, Phrase::ThisCallIsRecorded)];
    if let Some(organisation) = plan.organisation(organisation) {
        sounds.extend([
            phrase(plan, Phrase::ACallFrom),
            prompt(&organisation.prompt),
        ]);
    }
    sounds
}

/// "Recorded call. Press 1. Elm Street Surgery. 2 to pass on."
pub(crate) fn line_whisper(cx: &Cx, recording: Recording) -> Vec<Sound> {
    let plan = cx.plan();
    let call = match recording {
        Recording::On => Phrase::RecordedCall,
        Recording::Off => Phrase::ACall,
    };
    let mut sounds = vec![AFTER_ANSWER, phrase(&plan, call)];
    sounds.extend(how_to_accept(cx, &plan));
    sounds
}

fn how_to_accept(cx: &Cx, plan: &Plan) -> [Sound; 3] {
    [
        phrase(plan, Phrase::Press1),
        who_calls(cx, plan),
        phrase(plan, Phrase::TwoToPassOn),
    ]
}

fn who_calls(cx: &Cx, plan: &Plan) -> Sound {
    let practice = match cx.caller() {
        CallerId::Number(number) => plan.practice_of(number.expose()),
        CallerId::Other(_) | CallerId::Withheld => None,
    };
    practice.map_or_else(
        || phrase(plan, Phrase::UnknownCaller),
        |practice| prompt(&practice.prompt),
    )
}

/// "Before you go. 1, referral avoided. 2, referral made."
pub(crate) fn outcomes(plan: &Plan, opening: Phrase, outcomes: &[Outcome]) -> Vec<Sound> {
    let mut sounds = vec![AFTER_ANSWER, phrase(plan, opening)];
    for outcome in outcomes {
        sounds.extend(
            outcome
                .key
                .number()
                .map(|number| prompt(plan.number_prompt(number))),
        );
        sounds.extend([prompt(&outcome.prompt), BETWEEN_LINES]);
    }
    sounds
}

/// "Referral avoided. Thank you. Star to change."
pub(crate) fn outcome_set(plan: &Plan, outcome: &Outcome) -> Vec<Sound> {
    vec![
        prompt(&outcome.prompt),
        phrase(plan, Phrase::ThankYou),
        phrase(plan, Phrase::StarToChange),
    ]
}
