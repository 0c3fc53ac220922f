//! Calls as the API shows them: plain names, times in RFC 3339 UTC, durations in seconds.

use jiff::Timestamp;
use rotaline_model::{Acceptance, AnswerphoneSign, EndCause, NotAsked};
use rotaline_record::{
    Attempt, AttemptResult, Call, CallKind, CallerId, Case, EndedBy, Gender, GivenGender, HangUp,
    LadderDirection, Outcome, OutcomeHow, PhoneKind, Recording, Request, RequestReason,
    RequestState,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Show;
use crate::recording::part_name;

/// How an outcome reads that was not given.
pub(crate) const NO_OUTCOME: &str = "-";
/// What stands for a number that is not shown to whoever asks.
pub(crate) const REDACTED: &str = "redacted";

/// A call, in a line of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallSummary {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// A short reference that people can read out.
    reference: String,
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// When it was over; null while it goes on.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
    /// The patient's NHS number, once somebody has given it.
    #[schema(example = "9434765919")]
    nhs_number: Option<String>,
    /// The patient's gender, once somebody has given it.
    #[schema(value_type = Option<String>, example = "female")]
    gender: Option<Gender>,
    /// The number dialled; null: the case was opened on a screen.
    dialled: Option<String>,
    /// The number that rang, or `withheld`.
    caller: String,
    /// The caller's practice; null: an unknown caller.
    practice: Option<String>,
    /// The practice's area.
    area: Option<String>,
    /// What was chosen.
    specialty: Option<String>,
    /// Who was joined.
    specialist: Option<String>,
    /// Whose number was dialled.
    organisation: Option<String>,
    /// How many phones were rung for the caller; their own is none of them.
    refs: usize,
    /// From the choice to the joining; not joined: until the caller left. Null: nothing chosen, or
    /// still waiting.
    wait_s: Option<f64>,
    /// Talk that is over.
    talk_s: f64,
    /// What came of it; `-`: not given yet.
    #[schema(example = "referral-avoided")]
    outcome: String,
    /// Why it is over; null while it goes on.
    #[schema(value_type = Option<String>, example = "specialist_hung_up")]
    end_cause: Option<EndCause>,
    /// The same in plain words.
    end_words: Option<&'static str>,
    /// Where its recording is; null: none, or not stored yet.
    recording: Option<RecordingLinks>,
}

/// Where a recording is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordingLinks {
    /// As it was stored.
    wav: String,
    /// Smaller; made now if it is not there yet.
    mp3: String,
}

/// All that is known of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallDetail {
    #[serde(flatten)]
    summary: CallSummary,
    /// The key that chose the specialty.
    key: Option<String>,
    /// Who said which practice it is; null: the caller's number alone did.
    practice_assigned_by: Option<String>,
    /// Who ended the talk.
    #[schema(value_type = Option<String>, example = "specialist")]
    talk_ended_by: Option<EndedBy>,
    /// Phones rung, in order.
    attempts: Vec<AttemptJson>,
    /// Outcomes in the order of giving; the last counts.
    outcomes: Vec<OutcomeJson>,
    /// Genders in the order of giving; the last counts.
    genders: Vec<GenderJson>,
    /// Who asked that a call of it be ended while it was up.
    hang_ups: Vec<HangUpJson>,
    /// What the secretaries are asked.
    requests: Vec<RequestJson>,
    /// Its recordings.
    recordings: Vec<RecordingJson>,
    /// Calls under it: one, or more when it was rung back.
    calls: Vec<CallJson>,
    /// Announcements, and how much of each was heard, leg by leg.
    prompts: Vec<PromptJson>,
    /// How well each leg was heard.
    quality: Vec<QualityJson>,
    /// SIP messages, in order.
    ladder: Vec<LadderJson>,
    /// Facts left out because the call was too long to keep them all.
    left_out: u32,
}

/// A phone that was rung.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptJson {
    /// From 1.
    number: u16,
    /// Who was rung; null on a direct line.
    person: Option<String>,
    /// On which kind of phone.
    #[schema(value_type = String, example = "mobile")]
    phone: PhoneKind,
    /// The leg, as in the ladder.
    leg: u32,
    /// The round of the hunt.
    round: u8,
    /// Why this one was tried now.
    reason: String,
    /// `required`, or why acceptance was not asked for, e.g. `direct_line`.
    #[schema(example = "required")]
    acceptance: &'static str,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ringing_at: Option<Timestamp>,
    /// The phone's answer: a person's, or a voicemail's.
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
    /// When caller and specialist first heard each other.
    #[schema(value_type = Option<String>, format = DateTime)]
    joined_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// From the first ring to the answer or the end.
    ring_s: Option<f64>,
    /// What became of it.
    #[schema(value_type = Option<String>, example = "accepted")]
    result: Option<AttemptResult>,
    /// Keys pressed on that phone: what the acceptance is proved by.
    evidence: Vec<EvidenceJson>,
    /// What made the phone look like an answerphone, and so its time to accept short.
    answerphone: Vec<SignJson>,
}

/// A sign of an answerphone.
#[derive(Debug, Serialize, ToSchema)]
struct SignJson {
    #[schema(value_type = String, example = "long_talk")]
    sign: AnswerphoneSign,
    /// From the phone's answer to the sign.
    after_answer_s: f64,
}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceJson {
    key: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// From the phone's answer to the key's end.
    after_answer_s: f64,
}

/// An outcome, as it was given.
#[derive(Debug, Serialize, ToSchema)]
struct OutcomeJson {
    outcome: String,
    by: String,
    #[schema(value_type = String, example = "key")]
    how: OutcomeHow,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A gender, as it was given.
#[derive(Debug, Serialize, ToSchema)]
struct GenderJson {
    #[schema(value_type = String, example = "female")]
    gender: Gender,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl GenderJson {
    fn of(given: &GivenGender) -> Self {
        GenderJson {
            gender: given.gender,
            by: given.by.clone(),
            at: given.at,
        }
    }
}

/// Somebody asked that a call be ended.
#[derive(Debug, Serialize, ToSchema)]
struct HangUpJson {
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Somebody asked to be rung back by the secretaries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestJson {
    #[schema(format = "uuid")]
    id: String,
    /// Which team it is for.
    specialty: String,
    /// Where to ring.
    #[schema(example = "+447700900123")]
    number: String,
    /// Why it was left.
    #[schema(value_type = String, example = "out_of_hours")]
    why: RequestReason,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// When the caller began to say their name; the case's recording holds it. Null: they did not.
    #[schema(value_type = Option<String>, format = DateTime)]
    name_spoken_at: Option<Timestamp>,
    /// How long they had for it.
    name_s: Option<f64>,
    /// How far it is.
    #[schema(value_type = String, example = "open")]
    state: RequestState,
    /// Who changed that last.
    by: Option<String>,
}

/// A recording.
#[derive(Debug, Serialize, ToSchema)]
struct RecordingJson {
    /// `case`: the caller left, what the caller heard right. `whisper-1`: what the phone of
    /// attempt 1 said and heard before it was let in.
    part: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// Null while it is being recorded.
    duration_s: Option<f64>,
    /// Of the WAV.
    bytes: Option<u64>,
    /// Of the WAV.
    sha256: Option<String>,
    /// Whether it was repaired after an interruption.
    repaired: bool,
    /// How much of it the disk did not take; silence stands in its place.
    lost_s: f64,
    /// Whether the MP3 is there; if not, it is made when it is asked for.
    mp3_ready: bool,
    /// Null while it is being recorded.
    links: Option<RecordingLinks>,
}

/// A set of legs.
#[derive(Debug, Serialize, ToSchema)]
struct CallJson {
    #[schema(format = "uuid")]
    id: String,
    /// Why there is a call at all.
    #[schema(value_type = String, example = "on_screen")]
    kind: CallKind,
    sip_call_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// Our answer to the caller, which is not yet a person's.
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    #[schema(value_type = Option<String>)]
    end_cause: Option<EndCause>,
}

/// An announcement, as it was heard.
#[derive(Debug, Serialize, ToSchema)]
struct PromptJson {
    leg: u32,
    prompt: String,
    heard_s: f64,
    /// Which wording it was; 0: not known.
    version: u32,
}

/// How well a leg was heard.
#[derive(Debug, Serialize, ToSchema)]
struct QualityJson {
    leg: u32,
    packets_received: u64,
    packets_sent: u64,
    packets_lost: u64,
    jitter_ms: f32,
    /// Mean opinion score, 1.0 to 4.5, estimated.
    mos: f32,
}

/// A SIP message.
#[derive(Debug, Serialize, ToSchema)]
struct LadderJson {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// 0: the caller's.
    leg: u32,
    /// `in`: to us; `out`: from us.
    #[schema(value_type = String, example = "in")]
    direction: LadderDirection,
    /// Method, or status and method.
    #[schema(example = "180 INVITE")]
    what: String,
    /// Whether it is a copy sent again.
    again: bool,
}

impl CallSummary {
    pub(crate) fn of(case: &Case, show: Show) -> Self {
        let recording = case
            .recordings
            .iter()
            .find(|recording| part_name(recording.part) == "case");
        CallSummary {
            id: case.id.to_string(),
            reference: case.reference(),
            opened_at: case.opened_at,
            closed_at: case.closed_at,
            nhs_number: match show {
                Show::All => case.nhs_number.map(|it| it.expose().to_string()),
                Show::Redacted => None,
            },
            gender: match show {
                Show::All => case.gender(),
                Show::Redacted => None,
            },
            dialled: case.dialled.as_ref().map(ToString::to_string),
            caller: shown_caller(case, show),
            practice: case.practice.as_ref().map(ToString::to_string),
            area: case.area.clone(),
            specialty: case.specialty.as_ref().map(ToString::to_string),
            specialist: case.specialist().map(ToString::to_string),
            organisation: case.organisation.as_ref().map(ToString::to_string),
            refs: case.refs(),
            wait_s: case.wait_ms.map(seconds),
            talk_s: seconds(case.talk_ms),
            outcome: case
                .outcome()
                .map_or_else(|| NO_OUTCOME.to_owned(), |given| given.outcome.clone()),
            end_cause: case.end_cause,
            end_words: case.end_words(),
            recording: recording.and_then(|recording| RecordingLinks::of(case, recording)),
        }
    }
}

/// A caller of no known practice may be a patient.
fn shown_caller(case: &Case, show: Show) -> String {
    match show {
        Show::Redacted if case.practice.is_none() => REDACTED.to_owned(),
        Show::Redacted | Show::All => caller(&case.caller),
    }
}

fn caller(caller: &CallerId) -> String {
    match caller {
        CallerId::Number(number) => number.expose().to_string(),
        CallerId::Other(text) => text.expose().clone(),
        CallerId::Withheld => "withheld".to_owned(),
    }
}

fn seconds(ms: impl Into<u64>) -> f64 {
    ms.into() as f64 / 1_000.0
}

impl RecordingLinks {
    fn of(case: &Case, recording: &Recording) -> Option<Self> {
        recording.wav.as_ref()?;
        let part = part_name(recording.part);
        let query = if part == "case" {
            String::new()
        } else {
            format!("?part={part}")
        };
        let link = |format| format!("/api/v1/calls/{}/recording.{format}{query}", case.id);
        Some(RecordingLinks {
            wav: link("wav"),
            mp3: link("mp3"),
        })
    }
}

impl CallDetail {
    pub(crate) fn of(case: &Case, show: Show) -> Self {
        CallDetail {
            summary: CallSummary::of(case, show),
            key: case.key.map(|key| key.to_string()),
            practice_assigned_by: case.assigned.as_ref().map(|it| it.by.clone()),
            talk_ended_by: case.talk_ended_by,
            attempts: case.attempts.iter().map(AttemptJson::of).collect(),
            outcomes: case.outcomes.iter().map(OutcomeJson::of).collect(),
            genders: match show {
                Show::All => case.genders.iter().map(GenderJson::of).collect(),
                Show::Redacted => Vec::new(),
            },
            hang_ups: case.hang_ups.iter().map(HangUpJson::of).collect(),
            requests: match show {
                Show::All => case.requests.iter().map(RequestJson::of).collect(),
                Show::Redacted => Vec::new(),
            },
            recordings: case
                .recordings
                .iter()
                .map(|recording| RecordingJson::of(case, recording))
                .collect(),
            calls: case.calls.iter().map(CallJson::of).collect(),
            prompts: prompts(case),
            quality: quality(case),
            ladder: ladder(case),
            left_out: case.left_out,
        }
    }
}

impl AttemptJson {
    fn of(attempt: &Attempt) -> Self {
        AttemptJson {
            number: attempt.number,
            person: attempt.person.as_ref().map(ToString::to_string),
            phone: attempt.phone,
            leg: attempt.leg.0,
            round: attempt.round,
            reason: attempt.reason.clone(),
            acceptance: acceptance(attempt.acceptance),
            started_at: attempt.started_at,
            ringing_at: attempt.ringing_at,
            answered_at: attempt.answered_at,
            joined_at: attempt.joined_at,
            ended_at: attempt.ended_at,
            ring_s: attempt.ring_ms.map(seconds),
            result: attempt.result,
            evidence: attempt
                .evidence
                .iter()
                .map(|evidence| EvidenceJson {
                    key: evidence.key.to_string(),
                    at: evidence.at,
                    after_answer_s: seconds(evidence.after_answer_ms),
                })
                .collect(),
            answerphone: attempt
                .answerphone
                .iter()
                .map(|evidence| SignJson {
                    sign: evidence.sign,
                    after_answer_s: seconds(evidence.after_answer_ms),
                })
                .collect(),
        }
    }
}

fn acceptance(acceptance: Acceptance) -> &'static str {
    match acceptance {
        Acceptance::Required => "required",
        Acceptance::NotAsked(NotAsked::DirectLine) => "direct_line",
        Acceptance::NotAsked(NotAsked::Secretary) => "secretary",
        Acceptance::NotAsked(NotAsked::Bypass) => "bypass",
        Acceptance::NotAsked(NotAsked::Help) => "help",
        Acceptance::NotAsked(NotAsked::Patient) => "patient",
        Acceptance::NotAsked(NotAsked::OwnApp) => "own-app",
    }
}

impl OutcomeJson {
    fn of(outcome: &Outcome) -> Self {
        OutcomeJson {
            outcome: outcome.outcome.clone(),
            by: outcome.by.clone(),
            how: outcome.how,
            at: outcome.at,
        }
    }
}

impl HangUpJson {
    fn of(hang_up: &HangUp) -> Self {
        HangUpJson {
            by: hang_up.by.clone(),
            at: hang_up.at,
        }
    }
}

impl RequestJson {
    pub(crate) fn of(request: &Request) -> Self {
        RequestJson {
            id: request.what.id.to_string(),
            specialty: request.what.specialty.to_string(),
            number: request.what.number.expose().to_string(),
            why: request.what.why,
            at: request.at,
            name_spoken_at: request.name.map(|name| name.from),
            name_s: request.name.map(|name| seconds(name.ms)),
            state: request.state,
            by: request.by.clone(),
        }
    }
}

impl RecordingJson {
    fn of(case: &Case, recording: &Recording) -> Self {
        let wav = recording.wav.as_ref();
        RecordingJson {
            part: part_name(recording.part),
            started_at: recording.started_at,
            duration_s: wav.map(|wav| seconds(wav.duration_ms)),
            bytes: wav.map(|wav| wav.bytes),
            sha256: wav.map(|wav| wav.sha256.clone()),
            repaired: wav.is_some_and(|wav| wav.repaired),
            lost_s: wav.map_or(0.0, |wav| seconds(wav.lost_ms)),
            mp3_ready: recording.mp3.is_some(),
            links: RecordingLinks::of(case, recording),
        }
    }
}

impl CallJson {
    fn of(call: &Call) -> Self {
        CallJson {
            id: call.id.to_string(),
            kind: call.kind,
            sip_call_id: call.sip_call_id.clone(),
            started_at: call.started_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            end_cause: call.end_cause,
        }
    }
}

fn prompts(case: &Case) -> Vec<PromptJson> {
    let mut prompts = Vec::new();
    for of_leg in &case.prompts {
        prompts.extend(of_leg.heard.iter().map(|heard| PromptJson {
            leg: of_leg.leg.0,
            prompt: heard.prompt.to_string(),
            heard_s: seconds(heard.ms),
            version: heard.version,
        }));
    }
    prompts
}

fn quality(case: &Case) -> Vec<QualityJson> {
    case.quality
        .iter()
        .map(|of_leg| QualityJson {
            leg: of_leg.leg.0,
            packets_received: of_leg.quality.received,
            packets_sent: of_leg.quality.sent,
            packets_lost: of_leg.quality.lost,
            jitter_ms: of_leg.quality.jitter_ms,
            mos: of_leg.quality.mos,
        })
        .collect()
}

fn ladder(case: &Case) -> Vec<LadderJson> {
    let entries = case.ladder.iter().flat_map(|of_call| &of_call.entries);
    entries
        .map(|entry| LadderJson {
            at: entry.at,
            leg: entry.leg.0,
            direction: entry.direction,
            what: entry.what.clone(),
            again: entry.again,
        })
        .collect()
}
