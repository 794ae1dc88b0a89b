//! The answer that carries a token (spec: maskinporten §3.1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The body of a successful answer (RFC 6749 §5.1). Strictly typed clients need all four members.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    /// The access token: a secret until it expires.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// Seconds until the token expires, counted from the answer.
    #[serde(rename = "expires_in")]
    pub expires_in_seconds: u64,
    /// The scopes in the token, separated by single spaces.
    pub scope: String,
}

impl TokenResponse {
    /// The only token type that Maskinporten issues (RFC 6750).
    pub const BEARER: &'static str = "Bearer";

    /// The JSON, as `serde_json` writes it. A signed token is most of it and has nothing to escape: it is
    /// copied whole, where a serializer would look at each of its characters in turn.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        if !has_nothing_to_escape(&self.access_token) {
            return serde_json::to_vec(self);
        }
        let Self {
            access_token,
            expires_in_seconds,
            ..
        } = self;
        let token_type = serde_json::to_string(&self.token_type)?;
        let scope = serde_json::to_string(&self.scope)?;
        let json = format!(
            r#"{{"access_token":"{access_token}","token_type":{token_type},"expires_in":{expires_in_seconds},"scope":{scope}}}"#
        );
        Ok(json.into_bytes())
    }
}

/// Whether a JSON string may have these characters as they are (RFC 8259 §7). It looks at all of them, which
/// a processor does many at a time.
fn has_nothing_to_escape(text: &str) -> bool {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    text.bytes()
        .fold(true, |plain, byte| plain & is_plain(byte))
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("access_token", &format_args!("<redacted>"))
            .field("token_type", &self.token_type)
            .field("expires_in_seconds", &self.expires_in_seconds)
            .field("scope", &self.scope)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"access_token":"eyJ.e30.c2ln","token_type":"Bearer","expires_in":89,"scope":"fjord:tidevann.read"}"#;

    fn response() -> TokenResponse {
        TokenResponse {
            access_token: "eyJ.e30.c2ln".into(),
            token_type: TokenResponse::BEARER.into(),
            expires_in_seconds: 89,
            scope: "fjord:tidevann.read".into(),
        }
    }

    #[test]
    fn has_four_members_and_an_integer_lifetime() {
        assert_eq!(serde_json::to_string(&response()).unwrap(), BODY);
    }

    #[test]
    fn is_written_as_a_serializer_writes_it() {
        let texts = [
            "eyJ.e30.c2ln",
            "",
            "\"",
            "a\\b",
            "\u{1f}",
            "\u{7f}",
            "æ\u{2028}",
        ];
        for token in texts {
            // Whether the token has something to escape says nothing of the others.
            for other in texts {
                let response = TokenResponse {
                    access_token: token.into(),
                    token_type: other.into(),
                    expires_in_seconds: u64::MAX,
                    scope: other.into(),
                };
                let written = String::from_utf8(response.to_json().unwrap()).unwrap();
                assert_eq!(written, serde_json::to_string(&response).unwrap());
            }
        }
    }

    #[test]
    fn a_client_reads_it_back_and_ignores_other_members() {
        let extended = BODY.replace('}', r#","something":{"new":true}}"#);
        assert_eq!(
            serde_json::from_str::<TokenResponse>(&extended).unwrap(),
            response()
        );
    }

    #[test]
    fn debug_output_has_no_token() {
        let shown = format!("{:?}", response());
        assert!(!shown.contains("eyJ"), "{shown}");
        assert!(shown.contains("fjord:tidevann.read"), "{shown}");
    }
}
