//! Addresses that a grant or a token may be sent to.

use std::fmt;

use portvakt_oauth_types::transport::is_this_machine;
use url::Url;

use crate::error::ClientError;

/// An `https` address, or an `http` one on this machine. It is kept as it was written, without
/// slashes at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    text: String,
    is_encrypted: bool,
}

impl Address {
    /// Reads an address. `allow_plain` lets unencrypted ones of other machines pass.
    pub fn parse(url: &str, allow_plain: bool) -> Result<Self, ClientError> {
        let refused = |reason| ClientError::Address {
            url: crate::error::shown(url),
            reason,
        };
        let parsed = Url::parse(url).map_err(|_| refused("write https://host…"))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(ClientError::Address {
                url: "the address".to_owned(),
                reason: "it holds a user name or a password",
            });
        }
        let is_encrypted = match parsed.scheme() {
            "https" => true,
            "http" if allow_plain || is_this_machine(&parsed) => false,
            "http" => {
                return Err(refused(
                    "it is not encrypted, and not on this machine: write https://…",
                ));
            }
            _ => return Err(refused("write https://host…")),
        };
        Ok(Self {
            text: url.to_owned(),
            is_encrypted,
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is `https`.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The address with more of a path, which begins with a slash.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        Self {
            text: format!("{}{path}", self.text.trim_end_matches('/')),
            is_encrypted: self.is_encrypted,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unencrypted_addresses_are_on_this_machine() {
        for url in [
            "https://a.example/",
            "http://localhost:7700",
            "http://sky.localhost:1",
            "http://127.0.0.1:1/x",
            "http://[::1]:1",
        ] {
            assert!(Address::parse(url, false).is_ok(), "{url}");
        }
        for url in [
            "http://a.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "https://user:secret@a.example",
            "ftp://a.example",
            "a.example",
            "file:///etc/passwd",
        ] {
            let error = Address::parse(url, false).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(Address::parse("http://a.example", true).is_ok());
    }

    #[test]
    fn paths_are_joined_by_one_slash() {
        for base in ["https://a.example", "https://a.example/"] {
            let base = Address::parse(base, false).unwrap();
            assert_eq!(base.below("/x?y=z").as_str(), "https://a.example/x?y=z");
        }
    }
}
