//! `jsonb` as text: it was rendered before it comes here, and is read where it is wanted.
//!
//! On the wire it is a version byte, 1, and the text. It has no NUL: `\u0000` becomes `\ufffd`.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef, Postgres};
use sqlx::{Decode, Encode, Type};

const VERSION: u8 = 1;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Jsonb(String);

impl Jsonb {
    pub(super) fn new(text: String) -> Self {
        Jsonb(if text.contains("\\u0000") {
            without_nul(&text)
        } else {
            text
        })
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A backslash that is escaped itself begins no escape.
fn without_nul(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        clean.push_str(before);
        let (written, length) = if escape.starts_with("\\u0000") {
            ("\\ufffd", 6)
        } else {
            // What follows a backslash in JSON is one ASCII character, or more of them.
            (escape.get(..2).unwrap_or(escape), 2)
        };
        clean.push_str(written);
        rest = escape.get(length..).unwrap_or_default();
    }
    clean.push_str(rest);
    clean
}

impl Type<Postgres> for Jsonb {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("jsonb")
    }
}

impl Encode<'_, Postgres> for Jsonb {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.push(VERSION);
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Jsonb {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let text = match value.as_bytes()? {
            [VERSION, text @ ..] => text,
            _ => return Err("jsonb of an unknown version".into()),
        };
        Ok(Jsonb(str::from_utf8(text)?.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::without_nul;

    #[test]
    fn only_an_escaped_nul_is_replaced() {
        for (text, expected) in [
            (r#""a\u0000b""#, r#""a\ufffdb""#),
            (r#""a\\u0000b""#, r#""a\\u0000b""#),
            (r#""a\\\u0000""#, r#""a\\\ufffd""#),
            (r#""\n\u00e9\u0000\u0000é""#, r#""\n\u00e9\ufffd\ufffdé""#),
        ] {
            assert_eq!(without_nul(text), expected);
        }
    }
}
