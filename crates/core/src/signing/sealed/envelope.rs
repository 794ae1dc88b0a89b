//! What AES-256-GCM makes of something secret, as the store keeps it: one form, whatever is inside.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SealedKeys;
use crate::signing::source::KeySourceError;

/// The version of the form that is written.
pub(super) const VERSION: u32 = 1;
const NONCE_BYTES: usize = 12;

/// Something sealed. Documents have further members beside these.
#[derive(Serialize, Deserialize)]
pub(super) struct Envelope {
    version: u32,
    /// Id of the key that it is under.
    pub(super) key_encryption_key: String,
    nonce: String,
    ciphertext: String,
}

/// The part of the form that no version changes.
#[derive(Deserialize)]
struct AnyVersion {
    version: u32,
}

/// Reads a document of the form that this version writes; nothing when the bytes are no such document of
/// any version. One of another version is refused before anything else of it is looked at.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Option<T>, KeySourceError> {
    let Ok(AnyVersion { version }) = serde_json::from_slice(bytes) else {
        return Ok(None);
    };
    if version != VERSION {
        return Err(KeySourceError::UnknownForm);
    }
    let document = serde_json::from_slice(bytes).map_err(|_| KeySourceError::Tampered)?;
    Ok(Some(document))
}

impl SealedKeys {
    /// Seals under the present key-encryption key, together with what is `bound` to its id.
    pub(super) fn seal(
        &self,
        bound: impl FnOnce(&str) -> Vec<u8>,
        secret: Zeroizing<Vec<u8>>,
    ) -> Result<Envelope, KeySourceError> {
        let key = self.present();
        let mut nonce = [0; NONCE_BYTES];
        let filled = self.entropy.fill(&mut nonce);
        filled.map_err(|error| KeySourceError::Unavailable(error.to_string()))?;
        let ciphertext = key
            .seal(nonce, &bound(key.id()), secret)
            .ok_or(portvakt_jose::KeyError::Library)?;
        Ok(Envelope {
            version: VERSION,
            key_encryption_key: key.id().to_owned(),
            nonce: STANDARD.encode(nonce),
            ciphertext: STANDARD.encode(ciphertext),
        })
    }

    /// Opens what was sealed, together with the same, under the present key-encryption key or a former one.
    pub(super) fn unseal(
        &self,
        envelope: &Envelope,
        bound: impl FnOnce(&str) -> Vec<u8>,
    ) -> Result<Zeroizing<Vec<u8>>, KeySourceError> {
        let id = &envelope.key_encryption_key;
        let key = self
            .keys
            .iter()
            .find(|key| key.id() == id)
            .ok_or_else(|| KeySourceError::WrongKeyEncryptionKey(id.clone()))?;
        envelope
            .parts()
            .and_then(|(nonce, ciphertext)| key.open(nonce, &bound(id), &ciphertext))
            .ok_or(KeySourceError::Tampered)
    }

    /// Whether it is under the present key-encryption key.
    pub(super) fn is_present(&self, envelope: &Envelope) -> bool {
        envelope.key_encryption_key == self.present().id()
    }
}

impl Envelope {
    fn parts(&self) -> Option<([u8; NONCE_BYTES], Vec<u8>)> {
        let nonce = STANDARD.decode(&self.nonce).ok()?.try_into().ok()?;
        Some((nonce, STANDARD.decode(&self.ciphertext).ok()?))
    }
}

/// What a document is as bytes.
pub(super) fn write(document: &impl Serialize) -> Result<Vec<u8>, KeySourceError> {
    serde_json::to_vec(document).map_err(|_| portvakt_jose::KeyError::NotJson.into())
}
