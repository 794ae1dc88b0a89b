//! What a server answered, and what tests want to know of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer with its body read.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Answer {
    /// Reads an answer whole.
    pub async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response
            .text()
            .await
            .expect("the server finishes what it started");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            status,
            headers,
            text,
            body,
        }
    }

    /// A header's value, empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// A member of the body that is a string, empty when it is none.
    pub fn member(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    /// The claims of the access token, unverified.
    pub fn claims(&self) -> Value {
        self.token_part(1)
    }

    /// The header of the access token.
    pub fn token_header(&self) -> Value {
        self.token_part(0)
    }

    fn token_part(&self, index: usize) -> Value {
        let token = self.body["access_token"].as_str();
        let token = token.unwrap_or_else(|| panic!("no token in {}", self.text));
        let part = token
            .split('.')
            .nth(index)
            .expect("a token has three parts");
        let json = URL_SAFE_NO_PAD
            .decode(part)
            .expect("a token's parts are base64url");
        serde_json::from_slice(&json).expect("a token's header and claims are JSON")
    }

    /// The national code, which only `error_uri` carries.
    pub fn mp_code(&self) -> &str {
        self.member("error_uri")
            .rsplit('/')
            .next()
            .unwrap_or_default()
    }

    /// Checks a refusal: status, `error`, national code (empty when there is none) and a phrase of
    /// the description. Panics with the whole body when it is another.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, error: &str, mp_code: &str, phrase: &str) {
        let found = (self.status, self.member("error"), self.mp_code());
        assert_eq!(found, (status, error, mp_code), "{}", self.text);
        let description = self.member("error_description");
        assert!(
            description.contains(phrase),
            "{phrase:?} is not in {description:?}"
        );
        let trace_id = description.rsplit("(trace_id: ").next().unwrap_or_default();
        assert_eq!(
            trace_id.trim_end_matches(')'),
            self.header("x-request-id"),
            "{description}"
        );
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.body.get("access_token"), None);
    }
}
