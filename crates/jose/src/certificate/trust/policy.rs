//! Certificate policies as configuration names them. Spec: maskinporten §6.3.

use crate::certificate::TrustStoreError;

/// A policy of the configuration: one identifier, or all that begin with a text.
pub(super) enum PolicyPattern {
    Exact(String),
    Prefix(String),
}

impl PolicyPattern {
    pub(super) fn parse(text: &str) -> Result<Self, TrustStoreError> {
        let (identifier, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        let dotted = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        if identifier.is_empty() || !identifier.bytes().all(dotted) {
            return Err(TrustStoreError::Policy(text.to_owned()));
        }
        Ok(if is_prefix {
            Self::Prefix(identifier.to_owned())
        } else {
            Self::Exact(identifier.to_owned())
        })
    }

    pub(super) fn matches(&self, policy: &str) -> bool {
        match self {
            Self::Exact(identifier) => policy == identifier,
            Self::Prefix(prefix) => policy.starts_with(prefix.as_str()),
        }
    }
}
