//! What a client has kept of an answer.

use http::HeaderMap;
use http::header::IF_NONE_MATCH;

/// Whether the client says that it has the answer with this entity tag, in quotation marks, or any
/// answer, with `*` (RFC 9110 §13.1.2). Tags are compared weakly.
pub fn is_kept(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| {
            tags.split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_of_the_tags_is_enough_and_weakness_does_not_matter() {
        let kept = |tags| {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(tags))]);
            is_kept(&headers, "\"b\"")
        };
        assert!(kept("\"b\"") && kept("\"a\", W/\"b\"") && kept("*"));
        assert!(!kept("\"*\"") && !kept("b") && !kept("\"bb\"") && !kept(""));
        assert!(!is_kept(&HeaderMap::new(), "\"b\""));
    }
}
