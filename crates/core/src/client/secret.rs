//! Client secrets: made here, shown once, kept as a hash (spec: selfservice §5.6.2, idporten §3.2).

use std::fmt;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::entropy::{Entropy, EntropyUnavailable};

/// Random bytes in a secret.
const SECRET_BYTES: usize = 32;

/// Secrets that a client has at a time: the present one, and the one before it while they overlap.
const MAX_SECRETS: usize = 2;

/// Longest life of a secret from the moment it is made.
pub const SECRET_LIFETIME: Duration = Duration::from_hours(360 * 24);

/// A client's secret in clear text: 43 base64url characters that hold 256 random bits.
///
/// It exists from its making until the one answer that shows it: `Debug` hides it, there is no
/// `Display`, and its memory is overwritten when it is dropped.
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// A new secret.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self(Zeroizing::new(
            URL_SAFE_NO_PAD.encode(bytes.as_slice()),
        )))
    }

    /// The text, for the answer that hands it over and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(self.expose())
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientSecret(hidden)")
    }
}

/// SHA-256 of a secret.
///
/// A plain fast hash is right here. A slow one, and a salt, defend texts that people choose from a
/// list of guesses; a secret is 256 bits that the server drew, which nobody guesses at any speed,
/// and equal secrets do not occur. A slow hash would only make wrong secrets dear to refuse.
///
/// Comparing two takes the same time wherever they differ.
#[derive(Clone)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a text that claims to be a secret.
    fn of(text: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self(hash)
    }

    /// The hash as a store keeps it.
    pub fn from_bytes(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The bytes, for the store and nothing else.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretHash(hidden)")
    }
}

/// A secret as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSecret {
    /// What a presented secret is compared with.
    pub hash: SecretHash,
    /// When it was made.
    pub created: Timestamp,
    /// First instant at which it is no longer accepted; whole seconds.
    pub expires_at: Timestamp,
}

impl StoredSecret {
    /// A secret that is made at `now` and lives [`SECRET_LIFETIME`].
    pub fn new(hash: SecretHash, now: Timestamp) -> Self {
        Self {
            hash,
            created: now,
            expires_at: whole_seconds(now.plus(SECRET_LIFETIME)),
        }
    }

    /// Whether the secret is past its life at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// The secrets of one client, newest first: none, one, or two while the older one still counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSecrets(Vec<StoredSecret>);

impl ClientSecrets {
    /// Reads the secrets that a store keeps, newest first.
    pub fn from_stored(secrets: Vec<StoredSecret>) -> Result<Self, TooManySecrets> {
        if secrets.len() > MAX_SECRETS {
            return Err(TooManySecrets);
        }
        Ok(Self(secrets))
    }

    /// Newest first, expired ones too.
    pub fn as_slice(&self) -> &[StoredSecret] {
        &self.0
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The secrets after `newest` is made at `now`. The newest one so far ends with the overlap, or
    /// earlier if that is its end; every other ends at once.
    #[must_use]
    pub fn rotated(&self, newest: StoredSecret, overlap: SecretOverlap, now: Timestamp) -> Self {
        let end = whole_seconds(now.plus(overlap.0));
        let older = self.0.first().map(|known| StoredSecret {
            expires_at: known.expires_at.min(end),
            ..known.clone()
        });
        let older = older.filter(|older| !older.is_expired(now));
        Self([newest].into_iter().chain(older).collect())
    }

    /// Whether one of them counts at `now`.
    pub fn any_valid(&self, now: Timestamp) -> bool {
        self.0.iter().any(|secret| !secret.is_expired(now))
    }

    /// Whether `presented` is one of them that counts at `now`. Takes the same time whether or not
    /// it is, but for how long the text is.
    pub fn verify(&self, presented: &str, now: Timestamp) -> bool {
        let hash = SecretHash::of(presented);
        // No early end: which of the two it was is nobody's business.
        self.0.iter().fold(false, |found, secret| {
            let equal = secret.hash == hash;
            found | (equal & !secret.is_expired(now))
        })
    }
}

/// More secrets than a client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client has at most {MAX_SECRETS} secrets")]
pub struct TooManySecrets;

/// How long the present secret still counts beside a new one; by default not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretOverlap(Duration);

impl SecretOverlap {
    /// The longest overlap, in seconds: 30 days.
    pub const MAX_SECONDS: u32 = 30 * 24 * 60 * 60;

    /// Reads whole seconds, written in digits.
    pub fn parse(text: &str) -> Result<Self, InvalidOverlap> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = digits.then(|| text.parse::<u32>().ok()).flatten();
        match seconds {
            Some(seconds) if seconds <= Self::MAX_SECONDS => {
                Ok(Self(Duration::from_secs(seconds.into())))
            }
            Some(_) | None => Err(InvalidOverlap),
        }
    }
}

impl std::str::FromStr for SecretOverlap {
    type Err = InvalidOverlap;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A text that is not an overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is a number of seconds from 0 to {} (30 days)",
    SecretOverlap::MAX_SECONDS
)]
pub struct InvalidOverlap;

fn whole_seconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_seconds(instant.seconds())
}

#[cfg(test)]
mod tests;
