//! The JOSE header, read straight into its struct.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::text::Text;
use super::{JwsError, X5c};
use crate::algorithm::Algorithm;

/// More members than any client sends; the search for repeated names stays short.
const MAX_MEMBERS: usize = 32;
const MAX_KEY_ID_CHARS: usize = 255;
const MAX_QUOTED_ALGORITHM_CHARS: usize = 32;

/// The members of a header that mean something to us. Spec: maskinporten §4.1. `jwk`, `jku`, `x5u`, `x5t`,
/// `cty` and unknown members are skipped: a key is never taken from the message that it should verify.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`: 1 to 255 characters, none of them a control character.
    pub key_id: Option<String>,
    /// `x5c`, present even when it is malformed: the protocol has its own refusal for that.
    pub certificates: Option<X5c>,
    /// `typ`, uninterpreted.
    pub typ: Option<String>,
}

/// The rule that a header breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// Not a JSON object in UTF-8.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// A member is named twice (RFC 7515 §4).
    #[error("it names a member twice")]
    DuplicateMember,
    /// More than 32 members.
    #[error("it has more than {MAX_MEMBERS} members")]
    TooManyMembers,
    /// `alg` is absent or not a string.
    #[error("alg is missing or not a string")]
    Algorithm,
    /// `kid` is not a string of 1 to 255 characters without control characters.
    #[error("kid is not a string of 1 to {MAX_KEY_ID_CHARS} printable characters")]
    KeyId,
    /// `typ` is not a string.
    #[error("typ is not a string")]
    Typ,
    /// `b64` is present (RFC 7797): it would change what is signed.
    #[error("b64 is not supported")]
    UnencodedPayload,
    /// `enc` or `zip` is present: the object is or claims to be a JWE (RFC 7516).
    #[error("enc and zip belong to encryption, which is not supported")]
    Encryption,
}

impl Header {
    /// Reads the decoded first part.
    pub(super) fn parse(json: &[u8]) -> Result<Self, JwsError> {
        let text = std::str::from_utf8(json).map_err(|_| HeaderFault::NotAnObject)?;
        let refusal = Cell::new(None);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = deserializer
            .deserialize_map(HeaderVisitor { refusal: &refusal })
            .and_then(|header| deserializer.end().map(|()| header));
        match (refusal.take(), read) {
            (Some(refusal), _) => Err(refusal),
            (None, Ok(header)) => Ok(header),
            (None, Err(_)) => Err(HeaderFault::NotAnObject.into()),
        }
    }
}

/// Collects the members; `refusal` carries out the reason that a serde error cannot.
struct HeaderVisitor<'r> {
    refusal: &'r Cell<Option<JwsError>>,
}

impl HeaderVisitor<'_> {
    fn refuse<E: Error>(&self, refusal: impl Into<JwsError>) -> E {
        self.refusal.set(Some(refusal.into()));
        E::custom("refused")
    }

    /// Reads a member that must be a string.
    fn text<'de, A: MapAccess<'de>>(
        &self,
        members: &mut A,
        fault: HeaderFault,
    ) -> Result<Cow<'de, str>, A::Error> {
        match members.next_value::<Text<'de>>()? {
            Text(Some(text)) => Ok(text),
            Text(None) => Err(self.refuse(fault)),
        }
    }

    fn algorithm<E: Error>(&self, name: &str) -> Result<Algorithm, E> {
        name.parse().map_err(|_| {
            let quoted = name.chars().take(MAX_QUOTED_ALGORITHM_CHARS).collect();
            self.refuse(JwsError::UnsupportedAlgorithm(quoted))
        })
    }

    fn key_id<E: Error>(&self, text: Cow<'_, str>) -> Result<String, E> {
        let printable = !text.is_empty() && !text.chars().any(char::is_control);
        if printable && text.chars().count() <= MAX_KEY_ID_CHARS {
            Ok(text.into_owned())
        } else {
            Err(self.refuse(HeaderFault::KeyId))
        }
    }
}

impl<'de> Visitor<'de> for HeaderVisitor<'_> {
    type Value = Header;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JOSE header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Header, A::Error> {
        let mut seen: Vec<Cow<'de, str>> = Vec::with_capacity(4);
        let (mut algorithm, mut key_id, mut certificates, mut typ) = (None, None, None, None);
        while let Some(Text(name)) = members.next_key::<Text<'de>>()? {
            let name = name.ok_or_else(|| self.refuse(HeaderFault::NotAnObject))?;
            if seen.contains(&name) {
                return Err(self.refuse(HeaderFault::DuplicateMember));
            }
            if seen.len() == MAX_MEMBERS {
                return Err(self.refuse(HeaderFault::TooManyMembers));
            }
            match name.as_ref() {
                "alg" => {
                    let name = self.text(&mut members, HeaderFault::Algorithm)?;
                    algorithm = Some(self.algorithm(&name)?);
                }
                "kid" => {
                    let text = self.text(&mut members, HeaderFault::KeyId)?;
                    key_id = Some(self.key_id(text)?);
                }
                "typ" => typ = Some(self.text(&mut members, HeaderFault::Typ)?.into_owned()),
                "x5c" => certificates = Some(X5c::from_json(&members.next_value()?)),
                "crit" => return Err(self.refuse(JwsError::CriticalExtension)),
                "b64" => return Err(self.refuse(HeaderFault::UnencodedPayload)),
                "enc" | "zip" => return Err(self.refuse(HeaderFault::Encryption)),
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
            seen.push(name);
        }
        Ok(Header {
            algorithm: algorithm.ok_or_else(|| self.refuse(HeaderFault::Algorithm))?,
            key_id,
            certificates,
            typ,
        })
    }
}
