//! Passwords: made, never chosen, so that none is weak; kept as argon2id (RFC 9106).
//!
//! Hashing takes 19 MiB and tens of milliseconds, so it is done on threads of its own, few at a
//! time: a flood of guesses costs memory and time that are bounded, and no call.

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::problem::ApiError;

/// Hashes at a time; others wait.
const AT_ONCE: usize = 2;
/// Those that wait at most; beyond, they are told to try again.
const WAITING: usize = 64;
/// Letters that nobody takes for others.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789!";

/// A password in the clear, for whoever is to use it, and as it is kept.
pub struct Credential {
    /// To be shown once.
    pub text: String,
    /// A PHC string.
    pub kept: String,
}

/// A new password of 25 letters (125 bits), and its hash.
pub fn new_credential(random: [u8; 25], salt: [u8; 16]) -> Option<Credential> {
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let groups: Vec<String> = random
        .chunks(5)
        .map(|five| five.iter().map(letter).collect())
        .collect();
    let text = groups.join("-");
    let kept = hashed(&text, salt)?;
    Some(Credential { text, kept })
}

/// A password as it is kept.
pub fn hashed(password: &str, salt: [u8; 16]) -> Option<String> {
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.ok().map(|hash| hash.to_string())
}

/// Compares passwords, away from the threads that answer.
pub(crate) struct Hasher {
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// What is compared with where there is no such user, so that it takes as long.
    nobody: String,
}

impl Hasher {
    pub(crate) fn new() -> Hasher {
        Hasher {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            nobody: hashed("nobody has this password", [0; 16]).unwrap_or_default(),
        }
    }

    /// Whether a password is the one that is kept; none kept: it is not, after as long a time.
    pub(crate) async fn verify(
        &self,
        password: String,
        kept: Option<String>,
    ) -> Result<bool, ApiError> {
        let waits = self.waiting.try_acquire();
        let _waits = waits.map_err(|_| ApiError::TooManyLogins { retry_after_s: 1 })?;
        // Never closed.
        let _place = self.places.acquire().await;
        let is_somebody = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.nobody.clone());
        let compared = tokio::task::spawn_blocking(move || {
            let argon2 = Argon2::default();
            PasswordVerifier::<str>::verify_password(&argon2, password.as_bytes(), &kept).is_ok()
        });
        Ok(compared.await.unwrap_or(false) && is_somebody)
    }
}
