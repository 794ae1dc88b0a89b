//! Addresses of login clients.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

/// An `https` address, or `http://localhost` with a port (spec: nais §4.2). The published pattern
/// lets texts through that are no addresses; this does not. It is kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientUri(String);

/// A text that is no address of a login client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an address that begins with https://, or with http://localhost and a port")]
pub struct ClientUriError;

impl ClientUri {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientUri {
    type Err = ClientUriError;

    fn from_str(text: &str) -> Result<Self, ClientUriError> {
        let url = Url::parse(text).map_err(|_| ClientUriError)?;
        let is_local =
            text.starts_with("http://localhost:") && url.port_or_known_default().is_some();
        let is_plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        let is_accepted =
            is_plain && !has_credentials && (text.starts_with("https://") || is_local);
        is_accepted
            .then(|| Self(text.to_owned()))
            .ok_or(ClientUriError)
    }
}

impl TryFrom<String> for ClientUri {
    type Error = ClientUriError;

    fn try_from(text: String) -> Result<Self, ClientUriError> {
        text.parse()
    }
}

impl From<ClientUri> for String {
    fn from(uri: ClientUri) -> Self {
        uri.0
    }
}

impl fmt::Display for ClientUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_a_login_can_return_to_are_accepted() {
        for text in [
            "https://a.no",
            "https://a.no/?a=1&b=2",
            "http://localhost:3000/callback",
        ] {
            assert!(text.parse::<ClientUri>().is_ok(), "{text}");
        }
    }

    #[test]
    fn texts_that_only_look_like_addresses_are_refused() {
        let texts = [
            "https://",
            "http://localhost/x",
            "http://127.0.0.1:1",
            "http://example.com",
            "javascript:http://localhost:1",
            "https://user:secret@a.no",
            "https://a.no/ x",
            "http://localhost:1@evil.example/",
        ];
        for text in texts {
            assert!(text.parse::<ClientUri>().is_err(), "{text}");
        }
    }
}
