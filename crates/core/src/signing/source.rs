//! Where private keys come from and how they are kept: in the store as they are, in the store under
//! a key-encryption key, or in a hardware module.

use portvakt_jose::{Algorithm, KeyError, PublicJwk, RsaBits, Signer, SigningKey};

use super::{Kept, SigningKeyRecord, SigningKeyState};

/// Makes private keys and opens them again. Its methods may take a while, so they are called where
/// waiting holds nobody up.
///
/// What it keeps in [`SigningKeyRecord::private_key`] is its own affair: it reads only what it wrote,
/// and refuses anything else rather than make a new key.
pub trait KeySource: Send + Sync {
    /// Makes a key for a surface.
    fn generate(&self, surface: &str, kind: NewKeyKind) -> Result<NewKey, KeySourceError>;

    /// The key of a record that is next, active or retired.
    fn open(&self, record: &SigningKeyRecord) -> Result<OpenKey, KeySourceError>;

    /// What is kept of a key that signs no more and is still published.
    fn retire(&self, record: &SigningKeyRecord) -> Result<Vec<u8>, KeySourceError>;

    /// Destroys a key outside the store that is gone, or that was made and not used. A key that does
    /// not exist is as good as destroyed.
    fn destroy(&self, surface: &str, kid: &str) -> Result<(), KeySourceError>;
}

/// What kind of key is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewKeyKind {
    /// What it signs with.
    pub algorithm: Algorithm,
    /// Its length, if it is an RSA key.
    pub rsa_bits: RsaBits,
}

/// A key that was made.
pub struct NewKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// What the store keeps.
    pub private_key: Vec<u8>,
    /// The key itself.
    pub signer: Signer,
    /// Its certificate in DER, which the source does not make.
    pub certificate: Option<Vec<u8>>,
}

/// A key as it is used.
#[derive(Clone, Debug)]
pub enum OpenKey {
    /// It can sign.
    Signs(Signer),
    /// Only its public half is left.
    Verifies(PublicJwk),
}

impl OpenKey {
    /// The public half under this key id.
    pub fn public_jwk(&self, kid: &str) -> PublicJwk {
        match self {
            Self::Signs(signer) => signer.public_jwk(kid),
            Self::Verifies(jwk) => jwk.clone().with_key_id(kid),
        }
    }
}

/// Why a source has no key. No message holds a part of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// The bytes are no key, or the key cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The record is sealed under a key-encryption key that is not configured.
    #[error("it is sealed under the key-encryption key {0}, which is not configured")]
    WrongKeyEncryptionKey(String),
    /// The record is sealed and no key-encryption key is configured.
    #[error("it is sealed: configure the key-encryption key {0}")]
    Sealed(String),
    /// The record is not sealed although a key-encryption key is configured.
    #[error("it is not sealed although a key-encryption key is configured")]
    NotSealed,
    /// What is sealed was changed, or belongs to another key.
    #[error("what is stored of it was tampered with or belongs to another key")]
    Tampered,
    /// A form that this version does not know.
    #[error(
        "what is stored of it has a form that this version of Portvakt does not know: start the version \
         that wrote it, or a later one"
    )]
    UnknownForm,
    /// The record belongs to another source, such as a hardware module that is not configured.
    #[error("it is not in the configured source of keys: {0}")]
    ElsewhereKept(String),
    /// The source does not answer now. Trying again later may help.
    #[error("the source of keys does not answer: {0}")]
    Unavailable(String),
    /// The source does not offer this.
    #[error("the source of keys does not offer {0}")]
    NotOffered(String),
}

/// Keys in the store as they are: PKCS#8 that whoever reads the store can use. For development and
/// tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainKeys;

impl KeySource for PlainKeys {
    fn generate(&self, _: &str, kind: NewKeyKind) -> Result<NewKey, KeySourceError> {
        let key = SigningKey::generate(kind.algorithm, kind.rsa_bits)?;
        Ok(NewKey {
            kid: key.thumbprint(),
            algorithm: kind.algorithm,
            private_key: key.to_pkcs8_der()?.to_vec(),
            signer: key.into(),
            certificate: None,
        })
    }

    fn open(&self, record: &SigningKeyRecord) -> Result<OpenKey, KeySourceError> {
        match record.kept() {
            Kept::Sealed(id) => {
                // A later version's document may say so too.
                super::sealed::SealedKey::read(&record.private_key)?;
                return Err(KeySourceError::Sealed(id));
            }
            Kept::Module => {
                let text = "it is in a hardware module";
                return Err(KeySourceError::ElsewhereKept(text.to_owned()));
            }
            Kept::Unknown => return Err(KeySourceError::UnknownForm),
            Kept::Plain | Kept::Nothing => {}
        }
        let key = SigningKey::from_pkcs8_der(record.algorithm, &record.private_key)?;
        Ok(OpenKey::Signs(key.into()))
    }

    fn retire(&self, record: &SigningKeyRecord) -> Result<Vec<u8>, KeySourceError> {
        Ok(record.private_key.clone())
    }

    fn destroy(&self, _: &str, _: &str) -> Result<(), KeySourceError> {
        Ok(())
    }
}

impl NewKey {
    /// The record of this key at the beginning of its life.
    pub(super) fn into_record(
        self,
        surface: &str,
        state: SigningKeyState,
        now: crate::clock::Timestamp,
    ) -> SigningKeyRecord {
        SigningKeyRecord {
            kid: self.kid,
            surface: surface.to_owned(),
            algorithm: self.algorithm,
            state,
            private_key: self.private_key,
            certificate: self.certificate,
            created: now,
            last_updated: now,
        }
    }
}
