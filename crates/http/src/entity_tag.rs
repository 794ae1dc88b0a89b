//! What a client has kept of an answer.

use http::HeaderMap;
use http::header::IF_NONE_MATCH;

/// Whether the client says that it has the answer with this entity tag, in quotation marks, or any
/// answer, with `*` (RFC 9110 §13.1.2). Tags are compared weakly.
pub fn is_kept(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).into_iter();
    // A value that is no text is a tag that nothing has.
    let tags = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    let mut tags = tags.map(str::trim);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
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
        let mut several = HeaderMap::new();
        for tag in ["\"a\"", "\"b\""] {
            several.append(IF_NONE_MATCH, HeaderValue::from_static(tag));
        }
        assert!(is_kept(&several, "\"b\"") && !is_kept(&several, "\"c\""));
    }
}
