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
