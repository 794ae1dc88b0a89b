//! Names of records. None of them is a secret: knowing one gives no right.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::entropy::{Entropy, EntropyUnavailable, unique_id, uuid};

/// A text that is not an id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct InvalidId;

/// Characters of an id that holds 256 random bits in base64url.
const LONG: usize = 43;
/// Characters of a UUID.
const UUID: usize = 36;

fn is_base64url(text: &str) -> bool {
    let character = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() == LONG && text.bytes().all(character)
}

fn is_uuid(text: &str) -> bool {
    let character = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    text.len() == UUID && text.bytes().enumerate().all(character)
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident, $is:ident, $new:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// A new one.
            pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
                Ok(Self($new(entropy)?.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if $is(text) { Ok(Self(text.into())) } else { Err(InvalidId) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// Names a person: a random UUID in lower case. Pairwise subjects are made of it.
    PersonId, is_uuid, uuid;
    /// Names an authorization: 43 base64url characters, the `authorization_id` of the
    /// authorizations API.
    AuthorizationId, is_base64url, unique_id;
    /// Names a session for as long as it lives, while its cookie changes: 43 base64url characters.
    /// Every client's `sid` is made of it.
    SessionId, is_base64url, unique_id;
    /// The `jti` of an access token: 43 base64url characters.
    TokenId, is_base64url, unique_id;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn new_ids_read_back() {
        let entropy = SeededEntropy::new(1);
        let person = PersonId::generate(&entropy).unwrap();
        assert_eq!(person.as_str().parse(), Ok(person.clone()));
        let session = SessionId::generate(&entropy).unwrap();
        assert_eq!(session.as_str().parse(), Ok(session));
        let json = serde_json::to_string(&person).unwrap();
        assert_eq!(serde_json::from_str::<PersonId>(&json).unwrap(), person);
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in [
            "",
            "7d1c2b5e-3c0f-4a53-9a59-0f7c1a1f6a1",
            "7D1C2B5E-3C0F-4A53-9A59-0F7C1A1F6A11",
            "7d1c2b5e_3c0f-4a53-9a59-0f7c1a1f6a11",
            "17869010057",
        ] {
            assert_eq!(text.parse::<PersonId>(), Err(InvalidId), "{text}");
        }
        for text in ["", &"a".repeat(42), &"a".repeat(44), &"+".repeat(43)] {
            assert_eq!(text.parse::<AuthorizationId>(), Err(InvalidId), "{text}");
        }
    }
}
