//! The case: what its facts fold into.
