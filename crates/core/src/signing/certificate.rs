//! Certificates of signing keys, for verifiers that expect `x5c` in a key set. A key signs its own, which
//! says what the key set says: this key is this issuer's.

use portvakt_jose::{KeyError, Signer};

use super::{SigningKeyRecord, SigningKeyState};
use crate::clock::Timestamp;

/// How much earlier than its key a certificate begins, for verifiers whose clocks are slow.
const EARLIER_SECONDS: i64 = 60 * 60;

/// The certificate of a key that was made at `created`, in the name of an issuer's host.
pub async fn certificate(
    signer: &Signer,
    host: &str,
    created: Timestamp,
) -> Result<Vec<u8>, KeyError> {
    let not_before = created.seconds() - EARLIER_SECONDS;
    signer.self_signed_certificate(host, not_before).await
}

impl SigningKeyRecord {
    /// Whether the key can still sign a certificate and has none.
    pub fn lacks_certificate(&self) -> bool {
        let can_sign = match self.state {
            SigningKeyState::Next | SigningKeyState::Active => true,
            SigningKeyState::Retired | SigningKeyState::Gone => false,
        };
        can_sign && self.certificate.is_none()
    }
}
