//! The second factor: time-based one-time passwords (RFC 6238), six digits of thirty seconds. The
//! secret is derived under the server's key, so the database alone, or a copy of it, is no second
//! factor.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use totp_rs::{Builder, Totp};

/// Seconds of a step (RFC 6238 section 5.2: "We RECOMMEND a default time-step size of 30 seconds").
const STEP_S: u64 = 30;

/// The server's key for second factors.
#[derive(Clone)]
pub struct TotpKey(pub [u8; 32]);

impl TotpKey {
    /// The second factor of a user.
    fn of(&self, user: &str, salt: &[u8; 16]) -> Option<Totp> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(b"totp\0");
        mac.update(user.as_bytes());
        mac.update(b"\0");
        mac.update(salt);
        let secret = mac.finalize().into_bytes()[..20].to_vec();
        let builder = Builder::new()
            .with_secret(secret)
            .with_step_duration(STEP_S)
            .with_account_name(user)
            .with_issuer(Some("Rotaline"));
        builder.build().ok()
    }

    /// The code of a moment.
    #[cfg(test)]
    pub(crate) fn code(&self, user: &str, salt: &[u8; 16], now_s: u64) -> String {
        self.of(user, salt).unwrap().generate(now_s).to_string()
    }

    /// The step whose code this is, now or one step off: phones' clocks differ.
    pub(crate) fn step_of(
        &self,
        user: &str,
        salt: &[u8; 16],
        code: &str,
        now_s: u64,
    ) -> Option<i64> {
        let totp = self.of(user, salt)?;
        let now = now_s / STEP_S;
        let steps = [now, now.saturating_sub(1), now + 1];
        let step = steps
            .into_iter()
            .find(|step| totp.generate(step * STEP_S).to_string() == code);
        step.and_then(|step| i64::try_from(step).ok())
    }
}

/// What an authenticator app reads, as a link.
pub fn otpauth(key: &TotpKey, user: &str, salt: &[u8; 16]) -> Option<String> {
    key.of(user, salt)?.to_url().ok()
}
