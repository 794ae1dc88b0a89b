//! Cookies of requests (RFC 6265 §5.4).

use http::HeaderMap;
use http::header::COOKIE;

/// The value of a cookie. One that is there twice has none: somebody else may have set the other.
pub fn find_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let texts = headers.get_all(COOKIE).into_iter();
    let pairs = texts
        .filter_map(|text| text.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(cookie: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookie))])
    }

    #[test]
    fn a_cookie_is_found_among_others_and_counts_once() {
        assert_eq!(find_cookie(&headers("a=1; b=2;c=3"), "b"), Some("2"));
        assert_eq!(find_cookie(&headers("ab=1"), "b"), None);
        assert_eq!(find_cookie(&headers("b=1; b=2"), "b"), None);
        let mut lines = headers("a=1; b=2");
        lines.append(COOKIE, HeaderValue::from_static("b=3; c=4"));
        assert_eq!(find_cookie(&lines, "b"), None, "in two lines");
        assert_eq!(find_cookie(&lines, "c"), Some("4"), "in the second line");
    }
}
