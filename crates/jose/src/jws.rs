//! Strict JWS Compact Serialization (RFC 7515 §3.1): three parts, one spelling, one signature.
//!
//! JSON serialization, detached or unencoded payloads (RFC 7797), nesting and JWE have no form here.
//! The payload is decoded from base64url and otherwise left alone; [`crate::parse_json_object`] reads it.

use crate::base64url;
use crate::key::{SignatureError, VerifyingKey};

mod header;
mod text;
mod x5c;

pub use header::{Header, HeaderFault};
pub use x5c::{MAX_CHAIN_CERTIFICATES, X5c};

/// The longest compact serialization that is looked at, in bytes.
pub const MAX_COMPACT_BYTES: usize = 65_536;

/// A well-formed JWS whose signature has not been checked yet: nothing in it may be believed before
/// [`Jws::verify`] has said yes. It has no `Debug`, since it holds a bearer credential.
pub struct Jws<'a> {
    header: Header,
    payload: Vec<u8>,
    signing_input: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Splits and decodes the three parts and reads the header; the signature is not checked here.
    pub fn parse(compact: &'a str) -> Result<Self, JwsError> {
        if compact.len() > MAX_COMPACT_BYTES {
            return Err(JwsError::TooLong);
        }
        let (signing_input, signature) = compact.rsplit_once('.').ok_or(JwsError::NotCompact)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::NotCompact)?;
        let parts = [header, payload, signature];
        if parts.iter().any(|part| part.is_empty()) || payload.contains('.') {
            return Err(JwsError::NotCompact);
        }
        let header = Header::parse(&decode(header, JwsPart::Header)?)?;
        Ok(Self {
            header,
            payload: decode(payload, JwsPart::Payload)?,
            signing_input,
            signature: decode(signature, JwsPart::Signature)?,
        })
    }

    /// The protected header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload's bytes, of any form.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The first two parts with their dot: what is signed (RFC 7515 §5.1).
    pub fn signing_input(&self) -> &'a str {
        self.signing_input
    }

    /// The signature's bytes.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Checks the signature under the header's algorithm. The key decides whether it works with that
    /// algorithm at all; a caller that registered an algorithm with the key compares it as well.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), SignatureError> {
        key.verify(
            self.header.algorithm,
            self.signing_input.as_bytes(),
            &self.signature,
        )
    }
}

fn decode(part: &str, which: JwsPart) -> Result<Vec<u8>, JwsError> {
    base64url::decode(part).ok_or(JwsError::Encoding(which))
}

/// A part of the compact serialization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwsPart {
    /// The first part.
    Header,
    /// The second part.
    Payload,
    /// The third part.
    Signature,
}

impl std::fmt::Display for JwsPart {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Why text is not a JWS that we read. No message holds any of the text, save a bounded `alg`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Over [`MAX_COMPACT_BYTES`].
    #[error("the JWS is longer than {MAX_COMPACT_BYTES} bytes")]
    TooLong,
    /// Not three non-empty parts with dots between them: a JWE has five, a detached payload is empty.
    #[error("the JWS is not three non-empty parts separated by dots")]
    NotCompact,
    /// A part is not base64url without padding, or has stray bits in its last character.
    #[error("the {0} of the JWS is not canonical base64url without padding")]
    Encoding(JwsPart),
    /// The header is JSON that breaks a rule, or not JSON.
    #[error("the header of the JWS is refused: {0}")]
    Header(#[from] HeaderFault),
    /// `alg` names something else than [`crate::Algorithm`] knows; at most 32 characters of it.
    #[error("the algorithm {0:?} is not supported")]
    UnsupportedAlgorithm(String),
    /// `crit` is present, and no extension is understood (RFC 7515 §4.1.11).
    #[error("the header of the JWS has crit, and no extension is supported")]
    CriticalExtension,
}

#[cfg(test)]
mod tests;
