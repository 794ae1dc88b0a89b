//! Signing keys, and other secrets, at rest under a key-encryption key.
//!
//! What the store keeps is a JSON document: version, id of the key-encryption key, the public key, and
//! the private key under AES-256-GCM. Surface, key id (the public key's thumbprint) and algorithm are
//! associated data: whoever can write the store can neither read a key, nor move one to another
//! surface, nor publish a key of their own. A retired key keeps its public half, sealed
//! with nothing inside.

mod envelope;
mod key_encryption_key;
mod secret;

use std::sync::Arc;

use portvakt_jose::{Algorithm, PublicJwk, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::source::{KeySource, KeySourceError, NewKey, NewKeyKind, OpenKey};
use super::{Kept, SigningKeyRecord, SigningKeyState};
use crate::entropy::Entropy;

use self::envelope::{Envelope, VERSION};
pub use self::key_encryption_key::{InvalidKeyEncryptionKey, KeyEncryptionKey};

/// Keys in the store under a key-encryption key.
pub struct SealedKeys {
    keys: Vec<KeyEncryptionKey>,
    entropy: Arc<dyn Entropy>,
}

impl SealedKeys {
    /// Seals under `key`. A nonce is drawn from `entropy` for each seal.
    pub fn new(key: KeyEncryptionKey, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            keys: vec![key],
            entropy,
        }
    }

    /// Opens what was sealed under `former` too, for the time in which one key takes the other's place.
    #[must_use]
    pub fn with_former(mut self, former: KeyEncryptionKey) -> Self {
        self.keys.push(former);
        self
    }

    /// What the store keeps of a record under the present key-encryption key. A record that was stored
    /// as it is (PKCS#8) is sealed for the first time.
    pub fn reseal(&self, record: &SigningKeyRecord) -> Result<Vec<u8>, KeySourceError> {
        let Some(sealed) = SealedKey::read(&record.private_key)? else {
            let key = SigningKey::from_pkcs8_der(record.algorithm, &record.private_key)?;
            let text = Zeroizing::new(record.private_key.clone());
            return self.seal_again(record, &key.public_jwk(&record.kid), text);
        };
        let (jwk, text) = self.open_key(record, &sealed)?;
        self.seal_again(record, &jwk, text)
    }

    /// Whether a record is under the present key-encryption key.
    pub fn is_current(&self, record: &SigningKeyRecord) -> Result<bool, KeySourceError> {
        let sealed = SealedKey::read(&record.private_key)?;
        Ok(sealed.is_some_and(|sealed| self.is_present(&sealed.envelope)))
    }

    /// Of a retired key the public half alone.
    fn seal_again(
        &self,
        record: &SigningKeyRecord,
        jwk: &PublicJwk,
        private_key: Zeroizing<Vec<u8>>,
    ) -> Result<Vec<u8>, KeySourceError> {
        let private_key = match record.state {
            SigningKeyState::Next | SigningKeyState::Active => private_key,
            SigningKeyState::Retired | SigningKeyState::Gone => Zeroizing::default(),
        };
        self.seal_key(Place::of(record), jwk, private_key)
    }

    fn present(&self) -> &KeyEncryptionKey {
        // Made with one, and never fewer.
        &self.keys[0]
    }

    fn seal_key(
        &self,
        place: Place<'_>,
        jwk: &PublicJwk,
        private_key: Zeroizing<Vec<u8>>,
    ) -> Result<Vec<u8>, KeySourceError> {
        envelope::write(&SealedKey {
            public: jwk.to_json(),
            envelope: self.seal(|id| place.associated_data(id), private_key)?,
        })
    }

    /// The public key and the private one, which is empty for a retired key.
    fn open_key(
        &self,
        record: &SigningKeyRecord,
        sealed: &SealedKey,
    ) -> Result<(PublicJwk, Zeroizing<Vec<u8>>), KeySourceError> {
        let place = Place::of(record);
        let text = self.unseal(&sealed.envelope, |id| place.associated_data(id))?;
        let jwk = PublicJwk::parse(&sealed.public).map_err(|_| KeySourceError::Tampered)?;
        // The key id is the key's thumbprint: who cannot change it cannot change the key.
        let is_itself = jwk.thumbprint() == record.kid
            && jwk.key_id() == record.kid
            && jwk.algorithm() == record.algorithm
            && jwk.certificates().is_none();
        if !is_itself {
            return Err(KeySourceError::Tampered);
        }
        Ok((jwk, text))
    }
}

impl KeySource for SealedKeys {
    fn generate(&self, surface: &str, wanted: NewKeyKind) -> Result<NewKey, KeySourceError> {
        let signing_key = SigningKey::generate(wanted.algorithm, wanted.rsa_bits)?;
        let kid = signing_key.thumbprint();
        let place = Place {
            surface,
            kid: &kid,
            algorithm: wanted.algorithm,
        };
        let jwk = signing_key.public_jwk(&kid);
        let private_key = self.seal_key(place, &jwk, signing_key.to_pkcs8_der()?)?;
        Ok(NewKey {
            algorithm: wanted.algorithm,
            private_key,
            kid,
            signer: signing_key.into(),
            certificate: None,
        })
    }

    fn open(&self, record: &SigningKeyRecord) -> Result<OpenKey, KeySourceError> {
        if record.kept() == Kept::Module {
            let text = "it is in a hardware module";
            return Err(KeySourceError::ElsewhereKept(text.to_owned()));
        }
        let sealed = SealedKey::read(&record.private_key)?.ok_or(KeySourceError::NotSealed)?;
        let (jwk, text) = self.open_key(record, &sealed)?;
        if text.is_empty() {
            return Ok(OpenKey::Verifies(jwk));
        }
        let key = SigningKey::from_pkcs8_der(record.algorithm, &text)?;
        if key.thumbprint() != record.kid {
            return Err(KeySourceError::Tampered);
        }
        Ok(OpenKey::Signs(key.into()))
    }

    /// The public half alone: what no longer signs need not be kept.
    fn retire(&self, record: &SigningKeyRecord) -> Result<Vec<u8>, KeySourceError> {
        let sealed = SealedKey::read(&record.private_key)?.ok_or(KeySourceError::NotSealed)?;
        let (jwk, _) = self.open_key(record, &sealed)?;
        self.seal_key(Place::of(record), &jwk, Zeroizing::default())
    }

    fn destroy(&self, _: &str, _: &str) -> Result<(), KeySourceError> {
        Ok(())
    }
}

/// How a document says that it is kept. Other sources write documents too, with a `version` and a
/// `module`.
pub(super) fn kept(bytes: &[u8]) -> Kept {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(document) if document["module"].is_string() => Kept::Module,
        Ok(document) => match document["key_encryption_key"].as_str() {
            Some(id) => Kept::Sealed(id.to_owned()),
            None => Kept::Unknown,
        },
        Err(_) => Kept::Unknown,
    }
}

/// Whose key it is.
#[derive(Clone, Copy)]
struct Place<'r> {
    surface: &'r str,
    kid: &'r str,
    algorithm: Algorithm,
}

impl<'r> Place<'r> {
    fn of(record: &'r SigningKeyRecord) -> Self {
        Self {
            surface: &record.surface,
            kid: &record.kid,
            algorithm: record.algorithm,
        }
    }

    /// A JSON array of words: none can run into the next.
    fn associated_data(self, key_encryption_key: &str) -> Vec<u8> {
        let label = "portvakt-signing-key";
        let algorithm = self.algorithm.as_str();
        json!([
            label,
            VERSION,
            self.surface,
            self.kid,
            algorithm,
            key_encryption_key
        ])
        .to_string()
        .into_bytes()
    }
}

/// A private key as the store keeps it.
#[derive(Serialize, Deserialize)]
pub(super) struct SealedKey {
    public: Value,
    #[serde(flatten)]
    envelope: Envelope,
}

impl SealedKey {
    /// Nothing when the bytes are no document at all, such as PKCS#8.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, KeySourceError> {
        match envelope::read(bytes)? {
            None if bytes.first() == Some(&b'{') => Err(KeySourceError::UnknownForm),
            sealed => Ok(sealed),
        }
    }
}

#[cfg(test)]
mod tests;
