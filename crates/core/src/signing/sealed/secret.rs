//! Secrets that are no signing keys, at rest under the same key-encryption key: the key of pairwise
//! subjects is one.

use serde_json::json;
use zeroize::Zeroizing;

use super::SealedKeys;
use super::envelope::{self, Envelope, VERSION};
use crate::signing::source::KeySourceError;

impl SealedKeys {
    /// Seals a secret under the present key-encryption key. It opens under its own name alone.
    pub fn seal_secret(
        &self,
        name: &str,
        secret: Zeroizing<Vec<u8>>,
    ) -> Result<Vec<u8>, KeySourceError> {
        envelope::write(&self.seal(|id| associated_data(name, id), secret)?)
    }

    /// Opens a secret that was sealed under the present key-encryption key or a former one.
    pub fn open_secret(
        &self,
        name: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeySourceError> {
        let sealed: Envelope = envelope::read(sealed)?.ok_or(KeySourceError::NotSealed)?;
        self.unseal(&sealed, |id| associated_data(name, id))
    }

    /// Whether a secret is under the present key-encryption key.
    pub fn is_current_secret(&self, sealed: &[u8]) -> Result<bool, KeySourceError> {
        let sealed: Option<Envelope> = envelope::read(sealed)?;
        Ok(sealed.is_some_and(|sealed| self.is_present(&sealed)))
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
        assert!(source(1).is_current_secret(&sealed).unwrap());
        assert!(!changed.is_current_secret(&sealed).unwrap());
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
        for plain in [&[7; 32][..], b"", b"{"] {
            let plain = refused(source(1), "pairwise", plain);
            assert!(matches!(plain, KeySourceError::NotSealed));
        }
    }

    /// Whatever a later version changes beside the number, a node that is one release behind says so.
    #[test]
    fn a_form_of_a_later_version_is_refused_as_such_and_never_as_one_that_is_not_sealed() {
        let sealed = source(1).seal_secret("pairwise", secret()).unwrap();
        let present: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
        let same = present["key_encryption_key"].clone();
        for later in [
            json!({"version": 2, "key_encryption_key": same, "nonce": "", "ciphertext": ""}),
            json!({"version": 2, "key_encryption_key": same, "algorithm": "AES-256-GCM-SIV"}),
            json!({"version": 2, "recipients": [{"key": same}]}),
        ] {
            let bytes = later.to_string().into_bytes();
            let opened = source(1).open_secret("pairwise", &bytes).unwrap_err();
            assert!(matches!(opened, KeySourceError::UnknownForm), "{later}");
            assert!(
                opened
                    .to_string()
                    .contains("start the version that wrote it")
            );
            let current = source(1).is_current_secret(&bytes).unwrap_err();
            assert!(matches!(current, KeySourceError::UnknownForm), "{later}");
        }
    }

    #[test]
    fn a_document_of_this_version_with_a_part_missing_was_tampered_with() {
        let cut = json!({"version": 1, "key_encryption_key": key(1).id()});
        let error = source(1).open_secret("pairwise", cut.to_string().as_bytes());
        assert!(matches!(error.unwrap_err(), KeySourceError::Tampered));
    }
}
