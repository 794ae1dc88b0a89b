//! `Portvakt-Min-Revision`: the caller wants to read what it, or somebody else, has written.

use std::fmt;

use http::{HeaderMap, HeaderName};

const MIN_REVISION: HeaderName = HeaderName::from_static("portvakt-min-revision");

/// The header is there, and is not the number of one revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedRevision;

impl fmt::Display for MalformedRevision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Portvakt-Min-Revision: send one number, as a write has answered it")
    }
}

impl std::error::Error for MalformedRevision {}

/// The revision that a request asks to be reached before it is answered: a number that a write
/// has answered in `Portvakt-Revision`.
pub fn min_revision(headers: &HeaderMap) -> Result<Option<u64>, MalformedRevision> {
    let mut values = headers.get_all(MIN_REVISION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let digits = value
        .to_str()
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match (digits.and_then(|text| text.parse().ok()), values.next()) {
        (Some(revision), None) => Ok(Some(revision)),
        _ => Err(MalformedRevision),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<u64>, MalformedRevision> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(MIN_REVISION, value.parse().unwrap());
        }
        min_revision(&headers)
    }

    #[test]
    fn one_number_is_meant() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["0"]), Ok(Some(0)));
        assert_eq!(read(&["18446744073709551615"]), Ok(Some(u64::MAX)));
        for values in [
            &[""][..],
            &["+1"],
            &["-1"],
            &["1.0"],
            &["0x1"],
            &["18446744073709551616"],
            &["1, 2"],
            &["\u{fc}"],
            &["1", "1"],
        ] {
            assert_eq!(read(values), Err(MalformedRevision), "{values:?}");
        }
    }
}
