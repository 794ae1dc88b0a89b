//! The logout token (spec: idporten §15.6; OpenID Connect Back-Channel Logout §2.4).

use std::time::Duration;

use serde::Serialize;

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::issuer::LoginIssuer;

/// `typ` in the header of logout tokens, so that none passes for another kind of token.
pub const LOGOUT_TOKEN_TYPE: &str = "logout+jwt";

/// How long a logout token is good for. It is sent as soon as it is made.
const LIFETIME: Duration = Duration::from_mins(5);

/// What a logout token is made of.
#[derive(Clone, Copy)]
pub struct LogoutTokenFacts<'a> {
    /// Who is told.
    pub client_id: &'a ClientId,
    /// Whose session has ended, at the client.
    pub sub: &'a str,
    /// The session, at the client.
    pub sid: &'a str,
    /// When the token is made.
    pub issued_at: Timestamp,
    /// Its id.
    pub id: &'a str,
}

/// The claims of a logout token. It has no `nonce`, which would make it look like an id token.
#[derive(Clone, Serialize)]
pub struct LogoutToken {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    sid: String,
    events: Events,
}

/// What has happened: the one event of logout tokens, which says nothing more.
#[derive(Clone, Serialize)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: Empty,
}

#[derive(Clone, Serialize)]
struct Empty {}

impl LogoutToken {
    /// The claims of a logout token that is issued.
    pub fn new(facts: LogoutTokenFacts<'_>, issuer: &LoginIssuer) -> Self {
        Self {
            iss: issuer.identifier.clone(),
            sub: facts.sub.to_owned(),
            aud: facts.client_id.to_string(),
            iat: facts.issued_at.seconds(),
            exp: facts.issued_at.plus(LIFETIME).seconds(),
            jti: facts.id.to_owned(),
            sid: facts.sid.to_owned(),
            events: Events { logout: Empty {} },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::login::issuer::Environment;

    #[test]
    fn a_logout_token_says_whose_session_at_which_client_and_nothing_else() {
        let issuer = LoginIssuer::new("https://idp.eksempel.no", Environment::Test);
        let facts = LogoutTokenFacts {
            client_id: &"eksempel-app".parse().unwrap(),
            sub: "85LsEe7lG_j7xn7unpC7adAfhBub25wGWukRQ-4utCs",
            sid: "mOxV3SAAEnMLmBredgulfTv-SgvcLKAJP7iNy4Fdg-4",
            issued_at: Timestamp::from_seconds(1_772_442_900),
            id: "2f0a1c1e",
        };
        let claims = serde_json::to_value(LogoutToken::new(facts, &issuer)).unwrap();
        let expected = json!({
            "iss": "https://idp.eksempel.no", "aud": "eksempel-app",
            "sub": "85LsEe7lG_j7xn7unpC7adAfhBub25wGWukRQ-4utCs",
            "sid": "mOxV3SAAEnMLmBredgulfTv-SgvcLKAJP7iNy4Fdg-4",
            "iat": 1_772_442_900, "exp": 1_772_443_200, "jti": "2f0a1c1e",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        assert_eq!(claims, expected);
    }
}
