//! The version of a description (`o=`), for descriptions that we printed ourselves.
//!
//! RFC 3264 section 8: it grows by one when the description changes, and not otherwise; a session
//! refresh is answered with the same one.

use std::ops::Range;

use bytes::Bytes;

/// Whether two descriptions of ours differ in nothing but their version.
pub fn same_but_for_version(one: &[u8], other: &[u8]) -> bool {
    match (around_version(one), around_version(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one == other,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// A description of ours, with another version.
pub fn with_version(description: &[u8], version: u64) -> Bytes {
    match around_version(description) {
        Some((before, after)) => [before, version.to_string().as_bytes(), after]
            .concat()
            .into(),
        None => Bytes::copy_from_slice(description),
    }
}

/// What is before and after the version; none if there is no version.
fn around_version(description: &[u8]) -> Option<(&[u8], &[u8])> {
    let Range { start, end } = version_range(description)?;
    Some((description.get(..start)?, description.get(end..)?))
}

/// `o=- 20518 3 IN IP4 192.0.2.1`: the version is the third word.
fn version_range(description: &[u8]) -> Option<Range<usize>> {
    let origin = description.windows(3).position(|three| three == b"\no=")? + 3;
    let mut blanks = (origin..)
        .zip(description.get(origin..)?)
        .take_while(|(_, byte)| **byte != b'\n')
        .filter(|(_, byte)| **byte == b' ')
        .map(|(place, _)| place);
    let start = blanks.nth(1)? + 1;
    Some(start..blanks.next()?)
}
