//! Codes and PINs: what they open, whose they are, and how they are kept (SERVICE 3, 5).
//!
//! A code is kept as HMAC-SHA256 under the server's key, never itself, and so is a PIN. A slow
//! hash would add nothing: so few digits are searched through in any case by whoever has the
//! database; the key is not in it. Whoever guesses by telephone is stopped by `routing::Guard`.
//!
//! | code | digits | valid | opens |
//! | --- | --- | --- | --- |
//! | bound to the requester's numbers | 4, the first no 9 | 10 minutes | one call |
//! | bound to none | 6, the first a 9 | 10 minutes | one call |
//! | a patient call's PIN | 8 | days | a few calls |

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rotaline_model::{Digit, ErrandId, Keyed, OrganisationId, PersonId, PhoneNumber, Seed};
use rotaline_record::{CallerId, Errand, ErrandKind};
use sha2::Sha256;

use crate::{Backend, StoreError};

/// How long a call-back code is valid.
pub const CODE_LASTS: Duration = Duration::from_secs(600);
/// How long a patient call's PIN is valid where nothing else is said, and at most.
pub const PIN_LASTS: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Codes of one organisation that are live at once; more are refused.
pub const LIVE_CODES: i64 = 100;
/// PINs of one organisation that are live at once; more are refused.
pub const LIVE_PINS: i64 = 10_000;
/// How often a PIN places its call: the patient may not have answered the first time.
const PIN_USES: i64 = 5;
/// Codes that are drawn before it is given up: one in a hundred is taken, at the bound.
const DRAWS: u8 = 16;
/// Shortest PIN of a person.
const SHORTEST_PIN: usize = 4;

type HmacSha256 = Hmac<Sha256>;

/// A code as it is kept.
pub type CodeMac = [u8; 32];

/// An errand as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrandRow {
    /// Its id.
    pub id: ErrandId,
    /// What kind.
    pub kind: String,
    /// Whose.
    pub organisation: OrganisationId,
    /// Its code.
    pub mac: CodeMac,
    /// Numbers from which it may be keyed; none: any.
    pub bound: Option<Vec<String>>,
    /// When it was made, in microseconds since 1970.
    pub made_us: i64,
    /// It opens nothing from then on.
    pub expires_us: i64,
    /// How often it may still be claimed.
    pub uses_left: i64,
    /// When it was last claimed.
    pub claimed_us: Option<i64>,
    /// The errand as JSON.
    pub body: String,
}

/// What became of an errand that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there.
    Added,
    /// A live one of this organisation has the same code.
    Taken,
    /// As many of its kind are live as may be.
    Full,
}

/// A code is keyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose line it is.
    pub organisation: OrganisationId,
    /// The code.
    pub mac: CodeMac,
    /// Who keys it; none: withheld.
    pub caller: Option<String>,
    /// When, in microseconds since 1970.
    pub now_us: i64,
}

/// Why no code was made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// As many are live as may be.
    #[error("too many codes of this organisation are live")]
    Full,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A code, to be shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Its digits: for whoever asked for it, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// An errand that a list shows; its code is not known any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptErrand {
    /// What it is.
    pub errand: Errand,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How often its code may still be keyed.
    pub uses_left: i64,
    /// When it was last claimed.
    pub claimed_at: Option<Timestamp>,
}

/// Makes codes, and says what they open.
#[derive(Clone)]
pub struct Codes(Arc<Inner>);

struct Inner {
    backend: Backend,
    key: [u8; 32],
    random: Mutex<ChaCha8Rng>,
}

impl Codes {
    /// Over a database, under the server's key.
    pub fn new(backend: impl Into<Backend>, key: [u8; 32], seed: &Seed) -> Self {
        Codes(Arc::new(Inner {
            backend: backend.into(),
            key,
            random: Mutex::new(seed.generator(0)),
        }))
    }

    /// A new id.
    pub fn new_id(&self, now: Timestamp) -> ErrandId {
        ErrandId::new(now, &mut *self.random())
    }

    /// A new token, of 256 random bits.
    pub fn new_token(&self) -> String {
        let mut bytes = [0; 32];
        rand_chacha::rand_core::Rng::fill_bytes(&mut *self.random(), &mut bytes);
        bytes
            .iter()
            .fold("rs_".to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Keeps an errand, and draws its code; `bound`: the numbers that it may be keyed from, if the
    /// requester has known ones.
    pub async fn make(
        &self,
        errand: &Errand,
        bound: Option<Vec<PhoneNumber>>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Code, NotMade> {
        let bound = bound.filter(|numbers| !numbers.is_empty());
        let body = serde_json::to_string(errand).map_err(StoreError::unwritable)?;
        let mut row = ErrandRow {
            id: errand.id,
            kind: kind_name(errand.kind).to_owned(),
            organisation: errand.organisation.clone(),
            mac: [0; 32],
            bound: bound.map(|numbers| numbers.into_iter().map(String::from).collect()),
            made_us: now.as_microsecond(),
            expires_us: expires_at.as_microsecond(),
            uses_left: match errand.kind {
                ErrandKind::CallBack => 1,
                ErrandKind::PatientCall => PIN_USES,
            },
            claimed_us: None,
            body,
        };
        let live = match errand.kind {
            ErrandKind::CallBack => LIVE_CODES,
            ErrandKind::PatientCall => LIVE_PINS,
        };
        for _ in 0..DRAWS {
            let code = self.draw(errand.kind, row.bound.is_some());
            row.mac = self.mac(&of_line(&errand.organisation), code.expose().as_bytes());
            match self.0.backend.get()?.add_errand(row.clone(), live).await? {
                Added::Added => return Ok(code),
                Added::Taken => {}
                Added::Full => return Err(NotMade::Full),
            }
        }
        Err(NotMade::Full)
    }

    /// What a code opens; it opens it once less from now on. None: nothing.
    pub async fn claim(
        &self,
        organisation: &OrganisationId,
        code: &Keyed,
        caller: &CallerId,
        now: Timestamp,
    ) -> Result<Option<Errand>, StoreError> {
        let claim = Claim {
            organisation: organisation.clone(),
            mac: self.mac(&of_line(organisation), code.expose()),
            caller: match caller {
                CallerId::Number(number) => Some(number.expose().as_str().to_owned()),
                CallerId::Other(other) => Some(other.expose().clone()),
                CallerId::Withheld => None,
            },
            now_us: now.as_microsecond(),
        };
        let body = self.0.backend.get()?.claim_errand(claim).await?;
        let read = body.map(|body| serde_json::from_str(&body));
        read.transpose().map_err(StoreError::unwritable)
    }

    /// Errands of a kind that can still be claimed, the newest first.
    pub async fn live(
        &self,
        kind: ErrandKind,
        now: Timestamp,
    ) -> Result<Vec<KeptErrand>, StoreError> {
        let kind = kind_name(kind).to_owned();
        let backend = self.0.backend.get()?;
        let rows = backend.live_errands(kind, now.as_microsecond());
        rows.await?.into_iter().map(kept).collect()
    }

    /// Takes an errand of a kind back; false: there is no such live one.
    pub async fn withdraw(
        &self,
        kind: ErrandKind,
        id: ErrandId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (kind, now_us) = (kind_name(kind).to_owned(), now.as_microsecond());
        self.0
            .backend
            .get()?
            .withdraw_errand(kind, id, now_us)
            .await
    }

    /// Sets somebody's own PIN; false: it is too short, too long, or not all digits.
    pub async fn set_pin(&self, person: &PersonId, pin: &str) -> Result<bool, StoreError> {
        let mut keyed = Keyed::default();
        let digits = pin
            .chars()
            .all(|character| Digit::parse(character).is_ok_and(|digit| keyed.push(digit)));
        if !digits || keyed.len() < SHORTEST_PIN {
            return Ok(false);
        }
        let mac = self.mac(&of_person(person), keyed.expose());
        self.0.backend.get()?.set_pin(person.clone(), mac).await?;
        Ok(true)
    }

    /// Whether somebody's own PIN is this.
    pub async fn check_pin(&self, person: &PersonId, pin: &Keyed) -> Result<bool, StoreError> {
        let kept = self.0.backend.get()?.pin(person.clone()).await?;
        let mac = self.hmac(&of_person(person), pin.expose());
        // In a time that tells nothing of the digits.
        Ok(kept.is_some_and(|kept| mac.verify_slice(&kept).is_ok()))
    }

    fn draw(&self, kind: ErrandKind, bound: bool) -> Code {
        let mut random = self.random();
        let mut below = |bound: u64| random.next_u64() % bound;
        Code(match (kind, bound) {
            (ErrandKind::CallBack, true) => format!("{:04}", below(9_000)),
            (ErrandKind::CallBack, false) => format!("9{:05}", below(100_000)),
            (ErrandKind::PatientCall, _) => format!("{:08}", below(100_000_000)),
        })
    }

    fn mac(&self, whose: &str, digits: &[u8]) -> CodeMac {
        self.hmac(whose, digits).finalize().into_bytes().into()
    }

    fn hmac(&self, whose: &str, digits: &[u8]) -> HmacSha256 {
        let mut mac =
            HmacSha256::new_from_slice(&self.0.key).expect("HMAC takes a key of any length");
        mac.update(whose.as_bytes());
        mac.update(b"/");
        mac.update(digits);
        mac
    }

    fn random(&self) -> std::sync::MutexGuard<'_, ChaCha8Rng> {
        self.0.random.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codes(..)")
    }
}

/// What keeps the same digits of different lines and people apart.
fn of_line(organisation: &OrganisationId) -> String {
    format!("code/{organisation}")
}

fn of_person(person: &PersonId) -> String {
    format!("pin/{person}")
}

/// As it is stored.
fn kind_name(kind: ErrandKind) -> &'static str {
    match kind {
        ErrandKind::CallBack => "call-back",
        ErrandKind::PatientCall => "patient-call",
    }
}

fn kept(row: ErrandRow) -> Result<KeptErrand, StoreError> {
    let at = |us| Timestamp::from_microsecond(us).unwrap_or(Timestamp::MIN);
    Ok(KeptErrand {
        errand: serde_json::from_str(&row.body).map_err(StoreError::unwritable)?,
        made_at: at(row.made_us),
        expires_at: at(row.expires_us),
        uses_left: row.uses_left,
        claimed_at: row.claimed_us.map(at),
    })
}
