//! `rotaline user`: the first administrator, and whoever has lost what they log in with.
//!
//! It works in the database that the service has, running or not. Passwords are made and shown
//! once; they are never chosen, and never asked for here.

use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Subcommand;
use jiff::Timestamp;
use rotaline_api::{new_credential, otpauth};
use rotaline_model::{OrganisationId, PersonId, SpecialtyId};
use rotaline_store::{
    Action, AuditEntry, Grant, Reach, Role, Storage, TotpSalt, USERS_BOUND, User, UserQuery,
    UserStorage,
};

use crate::plan_files::print;
use crate::serve::runtime;
use crate::service::{private_folder, secrets};
use crate::settings::Settings;

/// Who a change is by.
const BY: &str = "rotaline user";
/// Characters of a name.
const LONGEST: usize = 64;

/// What is to be done with users.
#[derive(Subcommand)]
pub enum What {
    /// Adds a user, and shows the password that is made for them.
    Add {
        /// The name: letters, digits, dots, dashes; never given twice.
        name: String,
        /// A role and its organisation, e.g. secretary@northfield; for one team of it
        /// clinical-lead@northfield/cardiology. As often as needed.
        #[arg(long = "role")]
        roles: Vec<Granted>,
        /// Who they are in the plan.
        #[arg(long)]
        person: Option<String>,
        /// An administrator of every organisation.
        #[arg(long)]
        everywhere: bool,
    },
    /// Makes a new password, and ends their sessions.
    Reset {
        /// The user's name.
        name: String,
    },
    /// Makes a new second factor, and shows the link that an authenticator app reads.
    Totp {
        /// The user's name.
        name: String,
    },
    /// Lists users and their roles.
    List,
    /// Lets a user log in no more, and ends their sessions.
    Disable {
        /// The user's name.
        name: String,
    },
}

/// A role as it is written.
#[derive(Clone)]
pub struct Granted(Grant);

/// Why a text is no role.
#[derive(Debug, thiserror::Error)]
pub enum BadGrant {
    /// It has another form.
    #[error("write it as secretary@northfield, or clinical-lead@northfield/cardiology")]
    Form,
    /// There is no such role.
    #[error("no such role; there are: {0}")]
    Role(String),
}

impl FromStr for Granted {
    type Err = BadGrant;

    fn from_str(text: &str) -> Result<Granted, BadGrant> {
        let (role, of) = text.split_once('@').ok_or(BadGrant::Form)?;
        let names = || Role::ALL.map(Role::name).join(", ");
        let role = Role::parse(role).ok_or_else(|| BadGrant::Role(names()))?;
        let (organisation, specialty) = match of.split_once('/') {
            Some((organisation, specialty)) => (organisation, Some(specialty)),
            None => (of, None),
        };
        let organisation = OrganisationId::parse(organisation).map_err(|_| BadGrant::Form)?;
        let specialty = specialty.map(SpecialtyId::parse).transpose();
        Ok(Granted(Grant {
            organisation,
            role,
            specialty: specialty.map_err(|_| BadGrant::Form)?,
        }))
    }
}

/// Does it.
pub fn run(settings: &Settings, what: What) -> Result<()> {
    runtime()?.block_on(async {
        private_folder(&settings.data)?;
        let storage = settings.database().open().await?;
        Desk { settings, storage }.carry_out(what).await
    })
}

struct Desk<'a> {
    settings: &'a Settings,
    storage: Arc<dyn Storage>,
}

impl Desk<'_> {
    fn users(&self) -> Result<&dyn UserStorage> {
        Ok(self.storage.user_storage()?)
    }

    async fn carry_out(&self, what: What) -> Result<()> {
        match what {
            What::Add {
                name,
                roles,
                person,
                everywhere,
            } => {
                let person = person.as_deref().map(PersonId::parse).transpose()?;
                let reach = match everywhere {
                    true => Reach::Everywhere,
                    false => Reach::Granted,
                };
                let grants = roles.into_iter().map(|granted| granted.0).collect();
                self.add(&name, person, reach, grants).await
            }
            What::Reset { name } => self.reset(&name).await,
            What::Totp { name } => self.totp(&name).await,
            What::List => self.list().await,
            What::Disable { name } => self.disable(&name).await,
        }
    }

    async fn add(
        &self,
        name: &str,
        person: Option<PersonId>,
        reach: Reach,
        grants: Vec<Grant>,
    ) -> Result<()> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._@".contains(c);
        anyhow::ensure!(
            !name.is_empty() && name.len() <= LONGEST && name.chars().all(plain),
            "a name has 1 to {LONGEST} small letters, digits, dots, dashes"
        );
        anyhow::ensure!(
            reach == Reach::Everywhere || !grants.is_empty(),
            "say what they are: --role ROLE@ORGANISATION, or --everywhere"
        );
        let (text, kept) = credential()?;
        let user = User {
            name: name.to_owned(),
            person,
            reach,
            grants,
            password: kept,
            totp: None,
            made_at: Timestamp::now(),
            disabled_at: None,
        };
        let added = self.users()?.add_user(user).await?;
        anyhow::ensure!(
            added,
            "there is a user {name} already; names are never given twice"
        );
        self.audit(name, "added").await?;
        print(&format!("{name}\npassword, shown this once: {text}\n"))
    }

    async fn reset(&self, name: &str) -> Result<()> {
        let (text, kept) = credential()?;
        let mut user = self.user(name).await?;
        user.password = kept;
        self.put(user).await?;
        self.audit(name, "password reset").await?;
        print(&format!("{name}\npassword, shown this once: {text}\n"))
    }

    async fn totp(&self, name: &str) -> Result<()> {
        let mut user = self.user(name).await?;
        let salt = secrets::random()?;
        let key = secrets::totp_key(&self.settings.data)?;
        let link = otpauth(&key, name, &salt).context("the name makes no link")?;
        user.totp = Some(TotpSalt {
            salt,
            confirmed: true,
        });
        self.put(user).await?;
        self.audit(name, "second factor made").await?;
        print(&format!("{name}\nsecond factor, shown this once: {link}\n"))
    }

    async fn disable(&self, name: &str) -> Result<()> {
        let mut user = self.user(name).await?;
        user.disabled_at = Some(Timestamp::now());
        self.put(user).await?;
        self.audit(name, "disabled").await?;
        print(&format!("{name} may log in no more\n"))
    }

    async fn list(&self) -> Result<()> {
        let query = UserQuery {
            bound: USERS_BOUND,
            ..UserQuery::default()
        };
        let mut lines = String::new();
        for user in self.users()?.users(query).await? {
            lines.push_str(&line(&user));
        }
        print(&lines)
    }

    async fn user(&self, name: &str) -> Result<User> {
        let user = self.users()?.user(name.to_owned()).await?;
        user.with_context(|| format!("there is no user {name}"))
    }

    /// What they had logged in with opens nothing any more.
    async fn put(&self, user: User) -> Result<()> {
        let name = user.name.clone();
        self.users()?.put_user(user).await?;
        Ok(self.users()?.end_all(name).await?)
    }

    async fn audit(&self, name: &str, what: &str) -> Result<()> {
        let entry = AuditEntry {
            at: Timestamp::now(),
            who: BY.to_owned(),
            action: Action::Changed,
            case: None,
            organisation: None,
            object: format!("user {name}: {what}"),
            reason: None,
        };
        Ok(self.storage.audit(entry).await?)
    }
}

fn credential() -> Result<(String, String)> {
    let made = new_credential(secrets::random()?, secrets::random()?);
    let made = made.context("the password could not be hashed")?;
    Ok((made.text, made.kept))
}

fn line(user: &User) -> String {
    let role = |grant: &Grant| match &grant.specialty {
        Some(specialty) => format!("{}@{}/{specialty}", grant.role.name(), grant.organisation),
        None => format!("{}@{}", grant.role.name(), grant.organisation),
    };
    let mut words: Vec<String> = user.grants.iter().map(role).collect();
    if user.reach == Reach::Everywhere {
        words.insert(0, "everywhere".to_owned());
    }
    if user.totp.is_none() {
        words.push("(no second factor)".to_owned());
    }
    if user.disabled_at.is_some() {
        words.push("(disabled)".to_owned());
    }
    format!("{} {}\n", user.name, words.join(" "))
}
