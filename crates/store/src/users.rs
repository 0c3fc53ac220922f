//! Who may ask: users, what they are to which organisation, their sessions, tokens of programs.
//!
//! Passwords come as they are kept (PHC strings), tokens as SHA-256: nothing here could be used to
//! log in. What a role may do is not known here.

use jiff::Timestamp;
use rotaline_model::{OrganisationId, PersonId, SpecialtyId};
use uuid::Uuid;

use crate::{AuditEntry, AuditQuery, Pending};

/// Users, sessions or tokens that one list has at most.
pub const USERS_BOUND: usize = 1_000;

/// What somebody may be to an organisation (SERVICE 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Rings for advice.
    Caller,
    /// Gives it; sees and edits the rotas that they are on.
    Specialist,
    /// Keeps rotas.
    RotaEditor,
    /// Keeps rotas, and books calls to patients.
    Secretary,
    /// Answers for the figures.
    ServiceManager,
    /// Hears the team's calls.
    ClinicalLead,
    /// Looks at who read what.
    PatientDataAuditor,
    /// Keeps the plan and its users.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 8] = [
        Role::Caller,
        Role::Specialist,
        Role::RotaEditor,
        Role::Secretary,
        Role::ServiceManager,
        Role::ClinicalLead,
        Role::PatientDataAuditor,
        Role::Administrator,
    ];

    /// As it is stored and written.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Caller => "caller",
            Role::Specialist => "specialist",
            Role::RotaEditor => "rota-editor",
            Role::Secretary => "secretary",
            Role::ServiceManager => "service-manager",
            Role::ClinicalLead => "clinical-lead",
            Role::PatientDataAuditor => "patient-data-auditor",
            Role::Administrator => "administrator",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// One thing that somebody is to an organisation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// To which.
    pub organisation: OrganisationId,
    /// What.
    pub role: Role,
    /// Only for this team of it; none: for all of it.
    pub specialty: Option<SpecialtyId>,
}

/// How far a user reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As far as the grants go.
    Granted,
    /// An administrator of every organisation.
    Everywhere,
}

/// Whether something was proved by the password alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// By the password.
    Password,
    /// By a second factor too.
    SecondFactor,
}

/// What a second factor's secret is derived from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotpSalt {
    /// Random.
    pub salt: [u8; 16],
    /// Whether a code has shown that the user has it.
    pub confirmed: bool,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What they log in with; never given twice.
    pub name: String,
    /// Who they are in the plan.
    pub person: Option<PersonId>,
    /// How far they reach.
    pub reach: Reach,
    /// What they are to which organisation.
    pub grants: Vec<Grant>,
    /// A PHC string.
    pub password: String,
    /// Their second factor.
    pub totp: Option<TotpSalt>,
    /// Since when there is this user.
    pub made_at: Timestamp,
    /// Since when they may not log in.
    pub disabled_at: Option<Timestamp>,
}

/// Which users, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Only members of one of these; none: all.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Only those after this name.
    pub after: Option<String>,
    /// At most so many; at most [`USERS_BOUND`].
    pub bound: usize,
}

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, which opens nothing.
    pub id: Uuid,
    /// Whose.
    pub user: String,
    /// Of its token.
    pub hash: TokenHash,
    /// Of the token before that.
    pub before: Option<TokenHash>,
    /// How they logged in.
    pub strength: Strength,
    /// When they did.
    pub made_at: Timestamp,
    /// When the token was made.
    pub renewed_at: Timestamp,
    /// When it was used last, roughly.
    pub used_at: Timestamp,
}

/// A program's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id, which opens nothing.
    pub id: Uuid,
    /// For whom it acts.
    pub user: String,
    /// What it is for.
    pub name: String,
    /// Of the token.
    pub hash: TokenHash,
    /// Names of the rights that it has of the user's.
    pub scopes: Vec<String>,
    /// How whoever made it had logged in.
    pub strength: Strength,
    /// When it was made.
    pub made_at: Timestamp,
    /// It opens nothing from then on.
    pub expires_at: Timestamp,
}

/// The part of a database that knows who may ask.
pub trait UserStorage: Send + Sync + 'static {
    /// Adds a user; false: the name is taken.
    fn add_user(&self, user: User) -> Pending<'_, bool>;

    /// The user with a name.
    fn user(&self, name: String) -> Pending<'_, Option<User>>;

    /// Users by name.
    fn users(&self, query: UserQuery) -> Pending<'_, Vec<User>>;

    /// Makes a user what is given, grants included; false: there is no such user.
    fn put_user(&self, user: User) -> Pending<'_, bool>;

    /// Uses a time step of a second factor; false: it or a later one was used. One step: of two
    /// who show the same code, one is let in.
    fn use_totp_step(&self, user: String, step: i64) -> Pending<'_, bool>;

    /// Adds a session, and forgets those that began before `oldest`.
    fn add_session(&self, session: Session, oldest: Timestamp) -> Pending<'_, ()>;

    /// The session whose token, or whose token before, has a hash.
    fn session(&self, hash: TokenHash) -> Pending<'_, Option<Session>>;

    /// Notes that a session was used.
    fn touch_session(&self, id: Uuid, at: Timestamp) -> Pending<'_, ()>;

    /// Makes a session's token, times and strength what is given, if its token is still `before`;
    /// false: it is not.
    fn renew_session(&self, session: Session) -> Pending<'_, bool>;

    /// Ends a session.
    fn end_session(&self, id: Uuid) -> Pending<'_, ()>;

    /// Ends all sessions of a user, and withdraws their tokens.
    fn end_all(&self, user: String) -> Pending<'_, ()>;

    /// Adds a token; false: the user has `bound` of them. Forgets those that ended before `now`.
    fn add_token(&self, token: ApiToken, bound: i64, now: Timestamp) -> Pending<'_, bool>;

    /// The token with a hash.
    fn token(&self, hash: TokenHash) -> Pending<'_, Option<ApiToken>>;

    /// A user's tokens, the newest first.
    fn tokens(&self, user: String) -> Pending<'_, Vec<ApiToken>>;

    /// Withdraws a user's token; false: there is none.
    fn withdraw_token(&self, user: String, id: Uuid) -> Pending<'_, bool>;

    /// What was read and changed, the newest first, each with its place in the log.
    fn audit_log(&self, query: AuditQuery) -> Pending<'_, Vec<(i64, AuditEntry)>>;
}
