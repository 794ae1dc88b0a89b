//! The `x5c` member: a certificate chain in a header or a key.

use std::fmt;

use serde_json::Value;

use crate::base64url;
use crate::certificate::MAX_CERTIFICATE_BYTES;

/// How many certificates an `x5c` may hold. Spec: maskinporten §6.1.
pub const MAX_CHAIN_CERTIFICATES: usize = 10;

/// The certificate chain of a header (RFC 7515 §4.1.6).
#[derive(Clone, PartialEq, Eq)]
pub enum X5c {
    /// Not a non-empty array of standard base64 strings of DER, or over a limit.
    Malformed,
    /// DER of 1 to 10 certificates of at most 16 KiB, leaf first. Only their outermost length was checked.
    Chain(Vec<Vec<u8>>),
}

impl fmt::Debug for X5c {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => formatter.write_str("Malformed"),
            Self::Chain(chain) => write!(formatter, "Chain({} certificates)", chain.len()),
        }
    }
}

impl X5c {
    pub(crate) fn from_json(value: &Value) -> Self {
        Self::chain(value).map_or(Self::Malformed, Self::Chain)
    }

    fn chain(value: &Value) -> Option<Vec<Vec<u8>>> {
        let elements = value.as_array()?;
        if elements.is_empty() || elements.len() > MAX_CHAIN_CERTIFICATES {
            return None;
        }
        elements
            .iter()
            .map(|element| {
                base64url::decode_standard(element.as_str()?).filter(|der| is_one_sequence(der))
            })
            .collect()
    }
}

/// Whether the bytes are one DER SEQUENCE and nothing after it, no longer than a certificate may be.
fn is_one_sequence(der: &[u8]) -> bool {
    let content_length = match *der {
        [0x30, length @ 0..=0x7f, ..] => usize::from(length) + 2,
        [0x30, 0x81, length @ 0x80..=0xff, ..] => usize::from(length) + 3,
        [0x30, 0x82, high @ 1..=0xff, low, ..] => usize::from(u16::from_be_bytes([high, low])) + 4,
        _ => return false,
    };
    der.len() == content_length && der.len() <= MAX_CERTIFICATE_BYTES
}
