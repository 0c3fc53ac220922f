//! Who may ask for what: sessions, the matrix of routes and roles, ids of others, what is left out.

mod matrix;
mod patients;
mod sessions;

use axum::body::Body;
use axum::http::{Method, Request, header};
use jiff::Timestamp;
use rotaline_model::{OrganisationId, PersonId};
use rotaline_store::{Grant, Reach, Role, Session, Strength, User, UserStorage};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::world::{Answer, World};

/// Somebody with one role in one organisation, logged in.
pub(super) struct Who<'a> {
    pub(super) role: Role,
    pub(super) organisation: &'a str,
    pub(super) person: Option<&'a str>,
    pub(super) strength: Strength,
}

impl Who<'_> {
    /// The plan's organisation is Northfield; the calls' is the trust that it belongs to.
    fn organisations(&self) -> impl Iterator<Item = &str> {
        let of_calls = (self.organisation == "northfield").then_some("north-trust");
        [self.organisation].into_iter().chain(of_calls)
    }

    fn grant(&self, organisation: &str) -> Grant {
        Grant {
            organisation: OrganisationId::parse(organisation).unwrap(),
            role: self.role,
            specialty: None,
        }
    }

    pub(super) fn user(&self) -> User {
        User {
            name: format!(
                "{}-{}-{:?}",
                self.role.name(),
                self.organisation,
                self.strength
            ),
            person: self.person.map(|id| PersonId::parse(id).unwrap()),
            reach: Reach::Granted,
            grants: self.organisations().map(|id| self.grant(id)).collect(),
            password: "none".to_owned(),
            totp: None,
            made_at: Timestamp::now(),
            disabled_at: None,
        }
    }

    /// Their token.
    pub(super) async fn log_in(&self, world: &World) -> String {
        let (user, now) = (self.user(), Timestamp::now());
        let token = format!("rs_{}", user.name);
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let id: [u8; 16] = hash[..16].try_into().unwrap();
        let session = Session {
            id: Uuid::from_bytes(id),
            user: user.name.clone(),
            hash,
            before: None,
            strength: self.strength,
            made_at: now,
            renewed_at: now,
            used_at: now,
        };
        world.storage.add_user(user).await.unwrap();
        world
            .storage
            .add_session(session, Timestamp::MIN)
            .await
            .unwrap();
        token
    }
}

/// A request, with a reason or without.
pub(super) struct Ask<'a> {
    pub(super) token: &'a str,
    pub(super) reason: Option<&'a str>,
    pub(super) body: Option<&'a str>,
}

pub(super) async fn ask(world: &World, method: &str, path: &str, ask: Ask<'_>) -> Answer {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", ask.token));
    if let Some(reason) = ask.reason {
        request = request.header("Audit-Reason", reason);
    }
    if ask.body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = Body::from(ask.body.unwrap_or_default().to_owned());
    world.send(request.body(body).unwrap()).await
}
