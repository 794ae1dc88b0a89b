//! Secrets that are no signing keys, at rest under the same key-encryption key: the key of pairwise
//! subjects is one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::{NONCE_BYTES, SealedKeys, VERSION};
use crate::signing::source::KeySourceError;

/// A secret as the store keeps it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedSecret {
    version: u32,
    key_encryption_key: String,
    nonce: String,
    ciphertext: String,
}

impl SealedKeys {
    /// Seals a secret under the present key-encryption key. It opens under its own name alone.
    pub fn seal_secret(
        &self,
        name: &str,
        secret: Zeroizing<Vec<u8>>,
    ) -> Result<Vec<u8>, KeySourceError> {
        let key = self.present();
        let nonce = self.nonce()?;
        let ciphertext = key
            .seal(nonce, &associated_data(name, key.id()), secret)
            .ok_or(portvakt_jose::KeyError::Library)?;
        let sealed = SealedSecret {
            version: VERSION,
            key_encryption_key: key.id().to_owned(),
            nonce: STANDARD.encode(nonce),
            ciphertext: STANDARD.encode(ciphertext),
        };
        serde_json::to_vec(&sealed).map_err(|_| portvakt_jose::KeyError::NotJson.into())
    }

    /// Opens a secret that was sealed under the present key-encryption key or a former one.
    pub fn open_secret(
        &self,
        name: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeySourceError> {
        let sealed: SealedSecret =
            serde_json::from_slice(sealed).map_err(|_| KeySourceError::NotSealed)?;
        if sealed.version != VERSION {
            return Err(KeySourceError::UnknownForm);
        }
        let id = &sealed.key_encryption_key;
        let key = self
            .keys
            .iter()
            .find(|key| key.id() == id)
            .ok_or_else(|| KeySourceError::WrongKeyEncryptionKey(id.clone()))?;
        let nonce = STANDARD.decode(&sealed.nonce).ok();
        let nonce: Option<[u8; NONCE_BYTES]> = nonce.and_then(|nonce| nonce.try_into().ok());
        let ciphertext = STANDARD.decode(&sealed.ciphertext).ok();
        nonce
            .zip(ciphertext)
            .and_then(|(nonce, text)| key.open(nonce, &associated_data(name, id), &text))
            .ok_or(KeySourceError::Tampered)
    }

    /// Whether a secret is under the present key-encryption key.
    pub fn is_current_secret(&self, sealed: &[u8]) -> bool {
        serde_json::from_slice::<SealedSecret>(sealed)
            .is_ok_and(|sealed| sealed.key_encryption_key == self.present().id())
    }
}

/// A JSON array of words: none can run into the next, and none is taken for a signing key's.
fn associated_data(name: &str, key_encryption_key: &str) -> Vec<u8> {
    json!(["portvakt-secret", VERSION, name, key_encryption_key])
        .to_string()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::KeyEncryptionKey;
    use super::*;
    use crate::entropy::SeededEntropy;

    fn key(first: u8) -> KeyEncryptionKey {
        let bytes: Vec<u8> = (first..).take(32).collect();
        KeyEncryptionKey::from_bytes(&bytes).unwrap()
    }

    fn source(first: u8) -> SealedKeys {
        SealedKeys::new(key(first), Arc::new(SeededEntropy::new(7)))
    }

    fn secret() -> Zeroizing<Vec<u8>> {
        Zeroizing::new(b"known to nobody but the server".to_vec())
    }

    #[test]
    fn a_secret_comes_out_for_whoever_has_the_key_and_is_not_seen_before() {
        let sealed = source(1).seal_secret("pairwise", secret()).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"nobody"));
        let opened = source(1).open_secret("pairwise", &sealed).unwrap();
        assert_eq!(opened, secret());
        let again = source(1).seal_secret("pairwise", secret()).unwrap();
        assert_eq!(sealed, again, "seeded");
        let changed = source(2).with_former(key(1));
        assert_eq!(changed.open_secret("pairwise", &sealed).unwrap(), secret());
        assert!(source(1).is_current_secret(&sealed) && !changed.is_current_secret(&sealed));
    }

    #[test]
    fn under_another_key_or_name_or_changed_it_does_not_open() {
        let sealed = source(1).seal_secret("pairwise", secret()).unwrap();
        let refused = |source: SealedKeys, name: &str, sealed: &[u8]| {
            source.open_secret(name, sealed).unwrap_err()
        };
        let wrong = refused(source(2), "pairwise", &sealed);
        assert!(matches!(wrong, KeySourceError::WrongKeyEncryptionKey(_)));
        let moved = refused(source(1), "other", &sealed);
        assert!(matches!(moved, KeySourceError::Tampered));
        let mut document: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
        document["ciphertext"] = json!("AAAA");
        let changed = refused(source(1), "pairwise", document.to_string().as_bytes());
        assert!(matches!(changed, KeySourceError::Tampered));
        document["version"] = json!(2);
        let later = refused(source(1), "pairwise", document.to_string().as_bytes());
        assert!(matches!(later, KeySourceError::UnknownForm));
        for plain in [&[7; 32][..], b"", b"{"] {
            let plain = refused(source(1), "pairwise", plain);
            assert!(matches!(plain, KeySourceError::NotSealed));
        }
    }
}
