//! How whoever has the token of the first start is called: in outcomes' histories and in the audit.

/// Whoever has the API's token.
pub(crate) const TOKEN_HOLDER: &str = "API token";
