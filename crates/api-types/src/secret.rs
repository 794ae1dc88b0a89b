//! A text that is shown once.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A client's secret in clear text. `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// The text, for whoever keeps secrets and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretText(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_text_on_the_wire_and_hidden_elsewhere() {
        let secret: SecretText = serde_json::from_str("\"s3cr3t\"").unwrap();
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"s3cr3t\"");
        assert!(!format!("{secret:?}").contains("s3cr3t"));
    }
}
