//! The media types of the token endpoint and the documents beside it.

/// The body of a token request (RFC 6749 appendix B).
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Every answer: tokens, errors, metadata and key sets.
pub const JSON: &str = "application/json";

/// An answer that is signed: the compact form of a JWS (RFC 7515 §9.2.1).
pub const JOSE: &str = "application/jose";

/// Whether the value of a `Content-Type` header names [`FORM`], whatever its parameters.
///
/// Clients send `application/x-www-form-urlencoded; charset=UTF-8` and other spellings; type names
/// compare without regard to case (RFC 9110 §8.3.1).
pub fn is_form(content_type: &str) -> bool {
    is(content_type, FORM)
}

/// Whether the value of a `Content-Type` header names [`JSON`], whatever its parameters.
pub fn is_json(content_type: &str) -> bool {
    is(content_type, JSON)
}

fn is(content_type: &str, media_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_the_form_type_in_every_spelling() {
        for (content_type, expected) in [
            ("application/x-www-form-urlencoded", true),
            ("application/x-www-form-urlencoded;charset=UTF-8", true),
            (
                "APPLICATION/X-WWW-Form-Urlencoded ; charset=\"utf-8\"",
                true,
            ),
            ("", false),
            ("application/json", false),
            ("application/x-www-form-urlencoded-not", false),
            ("text/plain; application/x-www-form-urlencoded", false),
        ] {
            assert_eq!(is_form(content_type), expected, "{content_type:?}");
            let is_stated_json = content_type == "application/json";
            assert_eq!(is_json(content_type), is_stated_json, "{content_type:?}");
        }
    }
}
