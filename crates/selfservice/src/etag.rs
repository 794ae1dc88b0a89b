//! Entity tags: the version of a resource as its own answer states it (RFC 9110 §8.8.3, §13).

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::problem::{Object, Problem};

/// The tag of a body: equal bodies have equal tags.
pub(crate) fn of(body: &[u8]) -> String {
    let digest = digest(&SHA256, body);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..18]))
}

/// Whether the caller wrote with the present version in mind, if it said which one it means.
pub(crate) fn check(headers: &HeaderMap, present: &str, object: Object) -> Result<(), Problem> {
    let values = headers.get_all(IF_MATCH).into_iter();
    // A value that is no text is a tag that nothing has.
    let tags = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    let mut tags = tags.map(str::trim).peekable();
    // A weak tag never matches a write (RFC 9110 §13.1.1).
    if tags.peek().is_none() || tags.any(|tag| tag == "*" || tag == present) {
        Ok(())
    } else {
        Err(Problem::precondition_failed(object))
    }
}

/// As [`check`], of a resource that is answered as `present`; one that is not there is in no
/// version.
pub(crate) fn check_resource(
    headers: &HeaderMap,
    present: Option<&impl serde::Serialize>,
    object: Object,
) -> Result<(), Problem> {
    match present {
        _ if !is_conditional(headers) => Ok(()),
        Some(present) => check(headers, &of(&crate::reply::bytes(present)), object),
        None => Err(Problem::precondition_failed(object)),
    }
}

/// Whether `If-Match` is sent at all, so that the present version has to be known.
pub(crate) fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_MATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn if_match(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, value.parse().unwrap());
        check(&headers, "\"a\"", Object::Client).is_ok()
    }

    #[test]
    fn one_of_the_tags_has_to_be_the_present_one() {
        assert!(check(&HeaderMap::new(), "\"a\"", Object::Client).is_ok());
        for value in ["\"a\"", "\"b\", \"a\"", "*"] {
            assert!(if_match(value), "{value}");
        }
        for value in ["\"b\"", "a", "W/\"a\"", "", "\u{fc}"] {
            assert!(!if_match(value), "{value}");
        }
    }
}
