//! What only this machine knows: the API's token, and randomness from the operating system.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use rotaline_api::{Token, TotpKey};
use rotaline_model::Seed;

/// Where the operating system gives randomness.
const RANDOM: &str = "/dev/urandom";

/// The API's token: from its file, or made and written there (0600) at the first start.
pub fn token(file: &Path) -> Result<Token> {
    match std::fs::read_to_string(file) {
        Ok(text) => Token::parse(&text).with_context(|| file.display().to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let token = Token::generate(random()?);
            let made = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(file);
            let written = made.and_then(|mut open| writeln!(open, "{}", token.text()));
            written.with_context(|| format!("cannot write {}", file.display()))?;
            Ok(token)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// The key under which codes and PINs are kept: from its file, or made and written there (0600)
/// at the first start. It is never in the database.
pub fn code_key(file: &Path) -> Result<[u8; 32]> {
    match std::fs::read(file) {
        Ok(bytes) => <[u8; 32]>::try_from(bytes.as_slice())
            .with_context(|| format!("{} is not 32 bytes long", file.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = random()?;
            let made = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(file);
            let written = made.and_then(|mut open| {
                open.write_all(&key)?;
                open.sync_all()
            });
            written.with_context(|| format!("cannot write {}", file.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// The key that signs webhooks, as text that a receiver is given: from its file, or made and
/// written there (0600) at the first start with a destination.
pub fn webhook_key(file: &Path) -> Result<Vec<u8>> {
    Ok(token(file)?.text().as_bytes().to_vec())
}

/// The key of second factors, in the data folder: likewise.
pub fn totp_key(data: &Path) -> Result<TotpKey> {
    Ok(TotpKey(code_key(&data.join("totp-key"))?))
}

/// The seed of everything random in this process.
pub fn seed() -> Result<Seed> {
    Ok(Seed::from_bytes(random()?))
}

/// Bytes that nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    std::fs::File::open(RANDOM)
        .and_then(|mut random| random.read_exact(&mut bytes))
        .with_context(|| format!("cannot read {RANDOM}"))?;
    Ok(bytes)
}
