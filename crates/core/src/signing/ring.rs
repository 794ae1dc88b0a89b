//! The keys in memory: one that signs, and the set that is published.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portvakt_jose::{Algorithm, JwkSet, JwkSetError, RsaBits, Signer};

use super::source::{KeySource, KeySourceError, NewKeyKind, OpenKey, PlainKeys};
use super::{SigningKeyRecord, SigningKeyState};
use crate::clock::Timestamp;

/// The usable keys of one surface at one moment. Immutable: a change makes a new ring.
#[derive(Debug)]
pub struct KeyRing {
    active: Signer,
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

impl KeyDocument {
    fn new(published: &JwkSet) -> Self {
        let json = published.to_json().to_string();
        let fingerprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, json.as_bytes()));
        Self {
            json: json.into(),
            fingerprint,
        }
    }
}

impl KeyRing {
    /// Builds the ring from records whose private keys are stored as they are ([`PlainKeys`]).
    pub fn from_records(records: &[SigningKeyRecord]) -> Result<Self, KeyRingError> {
        Self::open(records, &PlainKeys)
    }

    /// Builds the ring from a surface's records: exactly one key must be active, and every published
    /// one usable. It takes as long as the source takes.
    pub fn open(
        records: &[SigningKeyRecord],
        source: &dyn KeySource,
    ) -> Result<Self, KeyRingError> {
        let mut active = None;
        let mut published = Vec::new();
        let in_use = |record: &&SigningKeyRecord| record.state != SigningKeyState::Gone;
        for record in records.iter().filter(in_use) {
            let unusable = |source| KeyRingError::Unusable {
                kid: record.kid.clone(),
                source,
            };
            let key = source.open(record).map_err(unusable)?;
            let jwk = key.public_jwk(&record.kid);
            published.push(match &record.certificate {
                None => jwk,
                Some(certificate) => jwk
                    .with_own_certificate(certificate.clone())
                    .map_err(|_| KeyRingError::ForeignCertificate(record.kid.clone()))?,
            });
            if record.state == SigningKeyState::Active {
                let OpenKey::Signs(signer) = key else {
                    return Err(KeyRingError::OnlyVerifies(record.kid.clone()));
                };
                if active.replace((signer, record.kid.clone())).is_some() {
                    return Err(KeyRingError::SeveralActive);
                }
            }
        }
        let (active, active_kid) = active.ok_or(KeyRingError::NoneActive)?;
        let published = JwkSet::new(published)?;
        Ok(Self {
            active,
            active_kid,
            document: KeyDocument::new(&published),
            published,
        })
    }

    /// The key that signs.
    pub fn active(&self) -> &Signer {
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
pub struct SigningKeys {
    ring: ArcSwap<KeyRing>,
    freshness: Option<Freshness>,
}

/// Since when the ring is known to be that of the store, and for how long that is good enough.
#[derive(Debug)]
struct Freshness {
    /// Milliseconds since the epoch.
    confirmed_at: AtomicI64,
    bound: Duration,
}

/// It has been too long since the keys were read from the store: the active one may be withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signing keys could not be confirmed since {confirmed_at}")]
pub struct StaleKeys {
    /// When they last were.
    pub confirmed_at: Timestamp,
}

impl SigningKeys {
    /// Starts with this ring, which nobody else changes.
    pub fn new(ring: KeyRing) -> Self {
        Self {
            ring: ArcSwap::from_pointee(ring),
            freshness: None,
        }
    }

    /// Starts with a ring that was read at `read_at` and that others may change in the store. It signs
    /// for no longer than `bound` after it was last confirmed.
    pub fn bounded(ring: KeyRing, read_at: Timestamp, bound: Duration) -> Self {
        Self {
            ring: ArcSwap::from_pointee(ring),
            freshness: Some(Freshness {
                confirmed_at: AtomicI64::new(read_at.milliseconds()),
                bound,
            }),
        }
    }

    /// The ring at this moment, for whatever does not sign.
    pub fn current(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }

    /// The ring to sign with at `now`, unless it has not been confirmed for too long. A clock that went
    /// back does not make it good for longer.
    pub fn for_signing(&self, now: Timestamp) -> Result<Arc<KeyRing>, StaleKeys> {
        if let Some(freshness) = &self.freshness {
            let confirmed_at = freshness.confirmed_at.load(Ordering::Acquire);
            let age = now.milliseconds().abs_diff(confirmed_at);
            if u128::from(age) > freshness.bound.as_millis() {
                let confirmed_at = Timestamp::from_milliseconds(confirmed_at);
                return Err(StaleKeys { confirmed_at });
            }
        }
        Ok(self.current())
    }

    /// Exchanges the ring; requests under way finish with the one that they have.
    pub fn replace(&self, ring: KeyRing) {
        self.ring.store(Arc::new(ring));
    }

    /// Notes that the ring is what the store held at `read_at`, the moment before it was read.
    pub fn confirm(&self, read_at: Timestamp) {
        if let Some(freshness) = &self.freshness {
            let milliseconds = read_at.milliseconds();
            freshness
                .confirmed_at
                .store(milliseconds, Ordering::Release);
        }
    }
}

/// Makes a key for a surface that is stored as it is, named by its RFC 7638 thumbprint.
pub fn generate(
    surface: &str,
    algorithm: Algorithm,
    rsa_bits: RsaBits,
    state: SigningKeyState,
    now: Timestamp,
) -> Result<SigningKeyRecord, KeySourceError> {
    let kind = NewKeyKind {
        algorithm,
        rsa_bits,
    };
    let key = PlainKeys.generate(surface, kind)?;
    Ok(key.into_record(surface, state, now))
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
    /// The private half of the active key is not there.
    #[error("the signing key {0} is active, and only its public half is left")]
    OnlyVerifies(String),
    /// The certificate is not one that the key signed itself.
    #[error(
        "what is stored as the certificate of the signing key {0} is not its own: it was tampered with; \
         without it (NULL) the server makes another"
    )]
    ForeignCertificate(String),
    /// A key cannot be read.
    #[error("the signing key {kid} cannot be used")]
    Unusable {
        /// Which key.
        kid: String,
        /// Why.
        source: KeySourceError,
    },
}

#[cfg(test)]
mod tests {
    use super::super::certificate;
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

    #[tokio::test]
    async fn a_certificate_is_published_with_its_key_and_with_no_other() {
        let [mut record, other] = [SigningKeyState::Active; 2].map(record);
        let made = |record: &SigningKeyRecord| {
            let OpenKey::Signs(signer) = PlainKeys.open(record).unwrap() else {
                panic!("the key signs");
            };
            async move { certificate(&signer, "localhost", Timestamp::from_seconds(0)).await }
        };
        record.certificate = Some(made(&record).await.unwrap());
        let ring = KeyRing::from_records(&[record.clone()]).unwrap();
        let published = ring.published().keys()[0].certificates().unwrap();
        assert_eq!(published, [record.certificate.clone().unwrap()]);
        assert!(ring.document().json.contains("x5c"));
        let others = made(&other).await.unwrap();
        for foreign in [others, Vec::new()] {
            record.certificate = Some(foreign);
            let refused = KeyRing::from_records(&[record.clone()]).unwrap_err();
            assert!(matches!(refused, KeyRingError::ForeignCertificate(kid) if kid == record.kid));
        }
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
    fn keys_that_are_not_confirmed_sign_no_more_in_either_direction_of_time() {
        let at = Timestamp::from_seconds;
        let ring = || KeyRing::from_records(&[record(SigningKeyState::Active)]).unwrap();
        let keys = SigningKeys::bounded(ring(), at(1000), Duration::from_mins(1));
        for (now, signs) in [
            (940, true),
            (1000, true),
            (1060, true),
            (1061, false),
            (939, false),
        ] {
            assert_eq!(keys.for_signing(at(now)).is_ok(), signs, "{now}");
        }
        let confirmed_at = at(1000);
        assert_eq!(
            keys.for_signing(at(2000)).unwrap_err(),
            StaleKeys { confirmed_at }
        );
        keys.confirm(at(1950));
        keys.for_signing(at(2000)).unwrap();
        SigningKeys::new(ring()).for_signing(at(1_000_000)).unwrap();
    }

    #[test]
    fn debug_shows_no_private_key() {
        let record = record(SigningKeyState::Active);
        assert!(!format!("{record:?}").contains("private_key"));
    }
}
