//! A store with a projector that runs, a journal that can refuse, and requests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;
use rotaline_model::{
    Acceptance, AnswerphoneSign, CallId, CaseId, Dialled, Digit, EndCause, LegId, MenuKey, NodeId,
    OrganisationId, PersonId, PhoneNumber, Pii, PracticeId, PromptId, Seed, SpecialtyId,
};
use rotaline_record::{
    AnswerphoneEvidence, AttemptResult, CallKind, CallerId, CommandSink, EndedBy, ErrandKind,
    Evidence, Fact, Heard, Intent, LadderDirection, LadderEntry, LiveCalls, Origin, OutcomeHow,
    PhoneKind, Quality, Record, RecordingPart, SubmitError, Submitted,
};
use rotaline_store::{AuditEntry, Batch, Codes, Limits, Projector, SqliteStorage, Storage, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;
use uuid::Uuid;

use super::plan::Desk;
use crate::{
    ApiParts, ApiState, CallStarter, Degraded, EncodeError, Encoded, Events, HealthSource, Lines,
    Mp3Encoder, OutcomeMenus, PauseKept, Pauses, Pausing, PlanDesk, Token, router,
};

pub(crate) const OPENED_MS: i64 = 1_790_000_000_000;
const NODE: NodeId = NodeId(1);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) journal: Arc<Journal>,
    pub(crate) encoder: Arc<Encoder>,
    pub(crate) health: Arc<Health>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) pauses: Arc<Paused>,
    pub(crate) storage: SqliteStorage,
    pub(crate) store: Store,
    pub(crate) token: Token,
    pub(crate) events: Events,
    folder: TempDir,
}

/// An organisation with every line, and two people.
struct AllLines;

impl Lines for AllLines {
    fn to_ring(&self, _: ErrandKind, organisation: &OrganisationId) -> Option<String> {
        (organisation.as_str() == "northfield").then(|| "+442079460010".to_owned())
    }
    fn has_person(&self, person: &PersonId) -> bool {
        ["ann", "ben"].contains(&person.as_str())
    }
    fn has_practice(&self, practice: &PracticeId) -> bool {
        practice.as_str() == "elm-street-surgery"
    }
    fn has_specialty(&self, specialty: &SpecialtyId, _: &OrganisationId) -> bool {
        specialty.as_str() == "cardiology"
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }

    /// The code of a problem, after a look at its form.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header(header::CONTENT_TYPE),
            "application/problem+json"
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(problem["detail"].as_str().unwrap().len() > 10);
        problem["code"].as_str().unwrap().to_owned()
    }
}

impl World {
    pub(crate) async fn new() -> World {
        Self::with_patience(PATIENCE).await
    }

    pub(crate) async fn with_patience(visible_within: Duration) -> World {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("recordings")).unwrap();
        let storage = SqliteStorage::open(&folder.path().join("rotaline.db"))
            .await
            .unwrap();
        let as_storage: Arc<dyn Storage> = Arc::new(storage.clone());
        let (projector, _) = Projector::begin(as_storage, NODE, Limits::default())
            .await
            .unwrap();
        let store = projector.store();
        let (sender, batches) = mpsc::channel(16);
        tokio::spawn(projector.run(batches, watch::channel(None).0));
        let journal = Arc::new(Journal {
            sender,
            mode: Mutex::new(Mode::Works),
        });
        let engine = Arc::new(Engine::new(journal.sender.clone()));
        let pauses = Arc::new(Paused::default());
        let recordings = folder.path().join("recordings");
        let encoder = Arc::new(Encoder {
            folder: recordings.clone(),
            asked: AtomicU32::new(0),
        });
        let health = Arc::new(Health::default());
        let token = Token::generate([7; 32]);
        let plan: Arc<dyn PlanDesk> = Arc::new(Desk::demo());
        let events = Events::new(store.clone(), Arc::clone(&plan));
        let state = ApiState::with_patience(
            ApiParts {
                store: store.clone(),
                commands: Arc::clone(&journal) as _,
                starter: Arc::clone(&engine) as _,
                live: Arc::clone(&engine) as _,
                events: events.clone(),
                menus: Arc::new(Menus),
                codes: Codes::new(Arc::new(storage.clone()), [7; 32], &Seed::from_number(1)),
                pauses: Arc::clone(&pauses) as _,
                lines: Arc::new(AllLines),
                plan,
                encoder: Arc::clone(&encoder) as _,
                health: Arc::clone(&health) as _,
                recordings,
                token: token.clone(),
                totp: crate::TotpKey([9; 32]),
                metrics: PrometheusBuilder::new().build_recorder().handle(),
                node: NODE,
            },
            visible_within,
        );
        let router = router(state);
        World {
            router,
            journal,
            encoder,
            health,
            engine,
            pauses,
            storage,
            store,
            token,
            events,
            folder,
        }
    }

    pub(crate) fn recordings(&self) -> PathBuf {
        self.folder.path().join("recordings")
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let bearer = format!("Bearer {}", self.token.text());
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, bearer)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.request("GET", path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    pub(crate) async fn put_outcome(&self, call: CaseId, body: &str) -> Answer {
        let request = self
            .request("PUT", &format!("/api/v1/calls/{call}/outcome"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        self.send(request).await
    }

    /// Journals records, and waits until they are seen.
    pub(crate) async fn journalled(&self, records: Vec<Record>) {
        let last = records.last().unwrap().clone();
        self.journal_only(records).await;
        self.store
            .applied(last.case, last.origin, last.sequence, PATIENCE)
            .await
            .unwrap();
    }

    /// Journals records that nobody will see.
    pub(crate) async fn journal_only(&self, records: Vec<Record>) {
        let batch = Batch {
            records,
            resume_at: "x".into(),
        };
        self.journal.sender.send(batch).await.unwrap();
    }

    /// A call that was accepted by the first specialist and is over.
    pub(crate) async fn call(&self, number: u32) -> CaseId {
        self.journalled(story(number)).await;
        case_id(number)
    }

    /// Puts a recording on disk and on the case.
    pub(crate) async fn recorded(&self, number: u32, part: RecordingPart, file: &str, wav: &[u8]) {
        std::fs::write(self.recordings().join(file), wav).unwrap();
        self.journalled(vec![stored(number, part, file)]).await;
    }

    pub(crate) async fn audited(&self, case: CaseId) -> Vec<AuditEntry> {
        self.storage.audited(case).await.unwrap()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Works,
    /// Refuses, as a full disk makes it.
    Full,
    /// Keeps, but the store hears of it later.
    Slow,
}

pub(crate) struct Journal {
    sender: mpsc::Sender<Batch>,
    mode: Mutex<Mode>,
}

impl Journal {
    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }
}

impl CommandSink for Journal {
    fn submit(&self, record: Record) -> Submitted<'_> {
        let mode = *self.mode.lock().unwrap();
        Box::pin(async move {
            match mode {
                Mode::Works => {
                    let batch = Batch {
                        records: vec![record],
                        resume_at: "y".into(),
                    };
                    self.sender.send(batch).await.unwrap();
                    Ok(())
                }
                Mode::Full => Err(SubmitError::Full),
                Mode::Slow => Ok(()),
            }
        })
    }
}

/// Begins calls as it is told to, and journals how they begin.
pub(crate) struct Engine {
    sender: mpsc::Sender<Batch>,
    pub(crate) started: Mutex<Vec<Intent>>,
    /// What becomes of the next one at once; none: the own phone rings.
    pub(crate) refuses: Mutex<Option<EndCause>>,
    /// Whose calls it was told to end.
    pub(crate) hung_up: Mutex<Vec<CaseId>>,
}

impl Engine {
    fn new(sender: mpsc::Sender<Batch>) -> Self {
        Engine {
            sender,
            started: Mutex::default(),
            refuses: Mutex::default(),
            hung_up: Mutex::default(),
        }
    }
}

impl LiveCalls for Engine {
    fn hang_up(&self, case: CaseId) {
        self.hung_up.lock().unwrap().push(case);
    }
}

impl CallStarter for Engine {
    fn start(&self, intent: Intent) {
        let (case, call) = (intent.case, intent.call);
        let opening = intent.opening.clone().unwrap();
        let mut facts = vec![
            Fact::CaseOpened {
                dialled: None,
                caller: intent.caller.clone(),
                organisation: opening.organisation,
                practice: None,
                area: None,
            },
            Fact::CallStarted {
                call,
                sip_call_id: None,
                kind: CallKind::OnScreen,
            },
        ];
        facts.extend(opening.nhs_number.map(|nhs_number| Fact::NhsNumberGiven {
            nhs_number,
            by: opening.by,
            how: OutcomeHow::Screen,
        }));
        match *self.refuses.lock().unwrap() {
            None => facts.push(attempt_started(call)),
            Some(cause) => {
                facts.extend([Fact::CallEnded { call, cause }, Fact::CaseClosed { cause }])
            }
        }
        let records = (1..).zip(facts).map(|(sequence, fact)| Record {
            case,
            ..record(1, Origin::Call, sequence, fact)
        });
        let batch = Batch {
            records: records.collect(),
            resume_at: "z".into(),
        };
        self.started.lock().unwrap().push(intent);
        self.sender.try_send(batch).unwrap();
    }
}

/// Remembers pauses, and may have no database.
#[derive(Default)]
pub(crate) struct Paused {
    until: Mutex<BTreeMap<PersonId, Timestamp>>,
    pub(crate) is_away: AtomicBool,
}

impl Pauses for Paused {
    fn now(&self) -> Vec<(PersonId, Timestamp)> {
        let until = self.until.lock().unwrap();
        until.iter().map(|(who, at)| (who.clone(), *at)).collect()
    }

    fn set(&self, person: PersonId, until: Option<Timestamp>) -> Pausing<'_> {
        let mut pauses = self.until.lock().unwrap();
        match until {
            Some(until) => pauses.insert(person, until),
            None => pauses.remove(&person),
        };
        let kept = match self.is_away.load(Ordering::Relaxed) {
            true => PauseKept::NotYet,
            false => PauseKept::Kept,
        };
        Box::pin(async move { kept })
    }
}

struct Menus;

impl OutcomeMenus for Menus {
    fn choices(&self, specialty: &SpecialtyId) -> Option<Vec<String>> {
        let menu = ["referral-avoided", "referral-made"];
        (specialty.as_str() == "cardiology").then(|| menu.map(str::to_owned).into())
    }
}

pub(crate) struct Encoder {
    folder: PathBuf,
    pub(crate) asked: AtomicU32,
}

impl Mp3Encoder for Encoder {
    fn encode(&self, case: CaseId, _part: RecordingPart, wav: PathBuf) -> Encoded<'_> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let wav = std::fs::read(wav).map_err(|error| EncodeError::Failed(error.into()))?;
            if wav.is_empty() {
                return Err(EncodeError::NoEncoder);
            }
            let name = format!("{case}.mp3");
            let mp3 = [b"mp3 of ".as_slice(), &wav].concat();
            std::fs::write(self.folder.join(&name), mp3).unwrap();
            Ok(name)
        })
    }
}

#[derive(Default)]
pub(crate) struct Health(pub(crate) Mutex<Vec<Degraded>>);

impl HealthSource for Health {
    fn degraded(&self) -> Vec<Degraded> {
        self.0.lock().unwrap().clone()
    }

    fn unready(&self) -> Vec<Degraded> {
        self.degraded()
    }
}

pub(crate) fn case_id(number: u32) -> CaseId {
    CaseId::from(Uuid::from_u128(
        0x0199_7000_0000_7000_8000_0000_0000_0000 + u128::from(number),
    ))
}

pub(crate) fn record(number: u32, origin: Origin, sequence: u64, fact: Fact) -> Record {
    let ms = OPENED_MS + i64::from(number) * 60_000 + (sequence as i64 - 1) * 500;
    let at = Timestamp::from_millisecond(ms).unwrap();
    Record {
        case: case_id(number),
        origin,
        sequence,
        at,
        node: NODE,
        fact,
    }
}

pub(crate) fn stored(number: u32, part: RecordingPart, file: &str) -> Record {
    let sequence = match part {
        RecordingPart::Case => 10,
        RecordingPart::Whisper(attempt) => 20 + u64::from(attempt),
        RecordingPart::Later(calls_before) => 1_000 + u64::from(calls_before),
    };
    let fact = Fact::RecordingStored {
        part,
        file: file.into(),
        sha256: "0f".repeat(32),
        duration_ms: 61_500,
        bytes: 984_058,
        repaired: false,
        lost_ms: 0,
    };
    record(number, Origin::Recorder, sequence, fact)
}

pub(crate) fn opened() -> Fact {
    Fact::CaseOpened {
        dialled: Some(Dialled::parse("+442079460100").unwrap()),
        caller: CallerId::Number(Pii::new(PhoneNumber::parse("+442079460001").unwrap())),
        organisation: Some(OrganisationId::parse("north-trust").unwrap()),
        practice: Some(PracticeId::parse("elm-street").unwrap()),
        area: Some("North".into()),
    }
}

/// A record every half second.
pub(crate) fn story(number: u32) -> Vec<Record> {
    let call = CallId::from(Uuid::from_u128(u128::from(number)));
    let cause = EndCause::CallerHungUp;
    let sip_call_id = Some("abc@192.0.2.1".into());
    let specialty = SpecialtyId::parse("cardiology").unwrap();
    let key = MenuKey::from_number(1).ok();
    let (leg, attempt, by) = (LegId(1), 1, EndedBy::Caller);
    let facts = [
        opened(),
        Fact::CallStarted {
            call,
            sip_call_id,
            kind: CallKind::Inbound,
        },
        Fact::CallerAnswered { call },
        Fact::SpecialtyChosen { specialty, key },
        attempt_started(call),
        Fact::AttemptRinging { attempt },
        Fact::AttemptAnswered { attempt },
        attempt_accepted(),
        Fact::Joined { call, leg, attempt },
        Fact::TalkEnded { call, by },
        prompts_heard(call),
        leg_quality(call),
        ladder(call),
        Fact::CallEnded { call, cause },
        Fact::CaseClosed { cause },
    ];
    (1..)
        .zip(facts)
        .map(|(sequence, fact)| record(number, Origin::Call, sequence, fact))
        .collect()
}

fn key() -> Digit {
    Digit::parse('1').unwrap()
}

fn opened_at() -> Timestamp {
    Timestamp::from_millisecond(OPENED_MS).unwrap()
}

fn attempt_started(call: CallId) -> Fact {
    Fact::AttemptStarted {
        attempt: 1,
        call,
        leg: LegId(1),
        person: Some(PersonId::parse("ann").unwrap()),
        phone: PhoneKind::Mobile,
        acceptance: Acceptance::Required,
        round: 1,
        reason: "first on the rota".into(),
    }
}

fn attempt_accepted() -> Fact {
    let (key, at, after_answer_ms) = (key(), opened_at(), 900);
    Fact::AttemptEnded {
        attempt: 1,
        result: AttemptResult::Accepted,
        evidence: vec![Evidence {
            key,
            at,
            after_answer_ms,
        }],
        answerphone: vec![AnswerphoneEvidence {
            sign: AnswerphoneSign::AtOnce,
            after_answer_ms: 0,
        }],
        ring_ms: 500,
    }
}

fn prompts_heard(call: CallId) -> Fact {
    let prompt = PromptId::parse("greeting").unwrap();
    let heard = vec![Heard {
        prompt,
        ms: 1_200,
        version: 1,
    }];
    Fact::PromptsHeard {
        call,
        leg: LegId(0),
        heard,
    }
}

fn leg_quality(call: CallId) -> Fact {
    let quality = Quality {
        received: 50,
        ..Quality::default()
    };
    Fact::LegQuality {
        call,
        leg: LegId(1),
        quality,
    }
}

fn ladder(call: CallId) -> Fact {
    let invite = LadderEntry {
        at: opened_at(),
        leg: LegId(0),
        direction: LadderDirection::In,
        what: "INVITE".into(),
        again: false,
    };
    Fact::Ladder {
        call,
        entries: vec![invite],
    }
}
