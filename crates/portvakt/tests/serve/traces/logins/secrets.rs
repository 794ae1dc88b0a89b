//! What nobody may read anywhere, as it comes up.

use serde_json::Value;

use crate::people::{Answer, Browser};

#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn add(&mut self, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() > 3, "{secret} would be found anywhere");
        self.0.push(secret);
    }

    /// A signed object whole, and its parts, of which the first is the same for many.
    pub(super) fn add_signed(&mut self, object: &str) {
        self.add(object);
        for part in object.split('.').skip(1) {
            self.add(part);
        }
    }

    /// Every token of an answer of the token endpoint.
    pub(super) fn add_tokens(&mut self, tokens: &Value) {
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(token) = tokens[name].as_str() {
                self.add_signed(token);
            }
        }
    }

    pub(super) fn add_cookies(&mut self, browser: &Browser<'_>) {
        for value in browser.cookies.values() {
            self.add(value.as_str());
        }
    }

    /// What an answer carries in the address that it leads to.
    pub(super) fn add_returned(&mut self, answer: &Answer, name: &str) -> String {
        let value = answer.returned(name);
        self.add(value.as_str());
        value
    }

    /// Without those that are registered under their own name, which is a change like any other.
    pub(super) fn without(mut self, registered: &[&str]) -> Self {
        self.0
            .retain(|secret| !registered.iter().any(|known| known.contains(secret)));
        self
    }

    pub(super) fn assert_absent(&self, place: &str, text: &str) {
        for line in text.lines() {
            let found = self.0.iter().find(|secret| holds(line, secret));
            assert!(found.is_none(), "{found:?} in {place}: {line}");
        }
    }
}

/// Digits are looked for on their own: a long number holds any short one at some time.
fn holds(text: &str, secret: &str) -> bool {
    let is_number = secret.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return text.contains(secret);
    }
    text.match_indices(secret).any(|(at, _)| {
        let before = text[..at].bytes().next_back();
        let after = text[at + secret.len()..].bytes().next();
        let joined = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        !joined(before) && !joined(after)
    })
}
