//! The keys in memory: one that signs, and the set that is published.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portvakt_jose::{Algorithm, JwkSet, JwkSetError, KeyError, RsaBits, SigningKey};

use super::{SigningKeyRecord, SigningKeyState};
use crate::clock::Timestamp;

/// The usable keys of one surface at one moment. Immutable: a change makes a new ring.
#[derive(Debug)]
pub struct KeyRing {
    active: SigningKey,
    active_kid: String,
    published: JwkSet,
    document: KeyDocument,
}

/// The published keys as they travel (RFC 7517 §5), made once for each ring.
#[derive(Clone, Debug)]
pub struct KeyDocument {
    /// The JWK Set as JSON.
    pub json: Arc<str>,
    /// Differs whenever the JSON does; base64url.
    pub fingerprint: String,
}

impl KeyRing {
    /// Builds the ring from a surface's records: exactly one key must be active.
    pub fn from_records(records: &[SigningKeyRecord]) -> Result<Self, KeyRingError> {
        let mut active = None;
        let mut published = Vec::new();
        for record in records
            .iter()
            .filter(|record| record.state != SigningKeyState::Gone)
        {
            let key = SigningKey::from_pkcs8_der(record.algorithm, &record.private_key).map_err(
                |source| KeyRingError::Unusable {
                    kid: record.kid.clone(),
                    source,
                },
            )?;
            published.push(key.public_jwk(&record.kid));
            if record.state == SigningKeyState::Active
                && active.replace((key, record.kid.clone())).is_some()
            {
                return Err(KeyRingError::SeveralActive);
            }
        }
        let (active, active_kid) = active.ok_or(KeyRingError::NoneActive)?;
        let published = JwkSet::new(published)?;
        let json = published.to_json().to_string();
        let fingerprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, json.as_bytes()));
        let document = KeyDocument {
            json: json.into(),
            fingerprint,
        };
        Ok(Self {
            active,
            active_kid,
            published,
            document,
        })
    }

    /// The key that signs.
    pub fn active(&self) -> &SigningKey {
        &self.active
    }

    /// The key id of the key that signs.
    pub fn active_kid(&self) -> &str {
        &self.active_kid
    }

    /// The public keys of every key that is next, active or retired.
    pub fn published(&self) -> &JwkSet {
        &self.published
    }

    /// The same as the document that verifiers fetch.
    pub fn document(&self) -> &KeyDocument {
        &self.document
    }
}

/// The present ring, exchanged as a whole without stopping readers.
#[derive(Debug)]
pub struct SigningKeys(ArcSwap<KeyRing>);

impl SigningKeys {
    /// Starts with this ring.
    pub fn new(ring: KeyRing) -> Self {
        Self(ArcSwap::from_pointee(ring))
    }

    /// The ring at this moment.
    pub fn current(&self) -> Arc<KeyRing> {
        self.0.load_full()
    }

    /// Exchanges the ring; requests under way finish with the one that they have.
    pub fn replace(&self, ring: KeyRing) {
        self.0.store(Arc::new(ring));
    }
}

/// Makes a key for a surface, named by its RFC 7638 thumbprint.
pub fn generate(
    surface: &str,
    algorithm: Algorithm,
    rsa_bits: RsaBits,
    state: SigningKeyState,
    now: Timestamp,
) -> Result<SigningKeyRecord, KeyError> {
    let key = SigningKey::generate(algorithm, rsa_bits)?;
    Ok(SigningKeyRecord {
        kid: key.thumbprint(),
        surface: surface.to_owned(),
        algorithm,
        state,
        private_key: key.to_pkcs8_der()?.to_vec(),
        created: now,
        last_updated: now,
    })
}

/// Why a surface's records make no ring.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// No key is active, so nothing can be signed.
    #[error("no signing key is active: rotate the keys")]
    NoneActive,
    /// More than one key is active.
    #[error("more than one signing key is active")]
    SeveralActive,
    /// The public keys make no set: two have the same key id.
    #[error("the signing keys make no key set")]
    Set(#[from] JwkSetError),
    /// A private key cannot be read.
    #[error("the signing key {kid} cannot be used")]
    Unusable {
        /// Which key.
        kid: String,
        /// Why.
        source: KeyError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(state: SigningKeyState) -> SigningKeyRecord {
        let now = Timestamp::from_seconds(0);
        generate("maskinporten", Algorithm::Es256, RsaBits::B2048, state, now).unwrap()
    }

    #[test]
    fn publishes_next_active_and_retired_keys_and_signs_with_the_active_one() {
        use SigningKeyState::{Active, Gone, Next, Retired};
        let records = [Retired, Active, Next, Gone].map(record);
        let ring = KeyRing::from_records(&records).unwrap();
        assert_eq!(ring.active_kid(), records[1].kid);
        let published: Vec<_> = ring
            .published()
            .keys()
            .iter()
            .map(|key| key.key_id().to_owned())
            .collect();
        assert_eq!(
            published,
            records[..3]
                .iter()
                .map(|record| record.kid.clone())
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn refuses_none_or_several_active_keys() {
        assert!(matches!(
            KeyRing::from_records(&[]),
            Err(KeyRingError::NoneActive)
        ));
        let two = [
            record(SigningKeyState::Active),
            record(SigningKeyState::Active),
        ];
        assert!(matches!(
            KeyRing::from_records(&two),
            Err(KeyRingError::SeveralActive)
        ));
    }

    #[test]
    fn debug_shows_no_private_key() {
        let record = record(SigningKeyState::Active);
        assert!(!format!("{record:?}").contains("private_key"));
    }
}
