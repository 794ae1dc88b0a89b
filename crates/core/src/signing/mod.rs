//! The server's signing keys and their life: next, active, retired, gone.
//!
//! [`life`] says what is due, [`rotation`] carries it out in a unit of work, a [`KeySource`] makes and
//! keeps private keys, and a [`KeyRing`] is what tokens are signed with and verifiers fetch.

mod certificate;
pub mod life;
mod ring;
pub mod rotation;
mod sealed;
mod source;

use std::fmt;

use portvakt_jose::Algorithm;
use serde::{Deserialize, Serialize};

pub use self::certificate::certificate;
pub use self::ring::{KeyDocument, KeyRing, KeyRingError, SigningKeys, StaleKeys, generate};
pub use self::sealed::{InvalidKeyEncryptionKey, KeyEncryptionKey, SealedKeys};
pub use self::source::{KeySource, KeySourceError, NewKey, NewKeyKind, OpenKey, PlainKeys};

use crate::clock::Timestamp;

/// A signing key as the store keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// RFC 7638 thumbprint; `kid` of tokens and of the published key.
    pub kid: String,
    /// The surface that signs with it: `maskinporten` or `idporten`.
    pub surface: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Where in its life it is.
    pub state: SigningKeyState,
    /// What its [`KeySource`] keeps of it: PKCS#8, something sealed, or where it is. Empty once the key is gone.
    pub private_key: Vec<u8>,
    /// Its certificate in DER, which the key signed itself. None until it is made, and once the key is gone.
    pub certificate: Option<Vec<u8>>,
    /// When it was made.
    pub created: Timestamp,
    /// When its state last changed. Sealing it anew is no change of state, and neither is its certificate.
    pub last_updated: Timestamp,
}

impl SigningKeyRecord {
    /// How its private key is kept, as far as the record itself tells.
    pub fn kept(&self) -> Kept {
        match self.private_key.first() {
            None => Kept::Nothing,
            Some(b'{') => sealed::kept(&self.private_key),
            Some(_) => Kept::Plain,
        }
    }
}

/// How a private key is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// No longer.
    Nothing,
    /// As it is.
    Plain,
    /// Under the key-encryption key of this id.
    Sealed(String),
    /// Elsewhere: a hardware module.
    Module,
    /// In a form that this version does not know.
    Unknown,
}

impl fmt::Display for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("nothing"),
            Self::Plain => formatter.write_str("plain"),
            Self::Sealed(id) => write!(formatter, "sealed under {id}"),
            Self::Module => formatter.write_str("module"),
            Self::Unknown => formatter.write_str("unknown form"),
        }
    }
}

impl fmt::Debug for SigningKeyRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKeyRecord")
            .field("kid", &self.kid)
            .field("surface", &self.surface)
            .field("algorithm", &self.algorithm)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Where in its life a signing key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SigningKeyState {
    /// Published, not used yet.
    Next,
    /// Signs tokens.
    Active,
    /// Published until every token that it signed has expired.
    Retired,
    /// Neither published nor kept.
    Gone,
}
