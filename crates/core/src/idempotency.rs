//! Requests that may be sent twice: the `Idempotency-Key` of those that make clients (spec:
//! selfservice §5.4).
//!
//! A client is remembered under the organization that made it and the key that it chose, in the
//! transaction that makes the client. So two equal requests make one client, at the same time too,
//! and a request that came to nothing is not remembered.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::ports::{StorageError, Store, UnitOfWork};

/// How long a request is remembered.
pub const IDEMPOTENCY_LIFETIME: Duration = Duration::from_hours(24);

/// Most characters of a key.
const MAX_CHARACTERS: usize = 255;

type Digest = [u8; 32];

/// What a caller names a request with: 1 to 255 visible ASCII characters, of which only the SHA-256
/// digest is kept, so that whatever the caller puts into it is not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKey(Digest);

impl IdempotencyKey {
    /// Reads a key. It means nothing; quotation marks are a part of it.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=MAX_CHARACTERS).contains(&text.len()) {
            Ok(Self(sha256(text.as_bytes())))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }

    /// What is kept.
    pub fn digest(&self) -> &Digest {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdempotencyKey(hidden)")
    }
}

/// A text that is not an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is 1 to {MAX_CHARACTERS} visible ASCII characters")]
pub struct InvalidIdempotencyKey;

/// Tells requests under one key apart: SHA-256 of what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(Digest);

impl Fingerprint {
    /// The fingerprint of a request in a form that equal requests share.
    pub fn of(request: &[u8]) -> Self {
        Self(sha256(request))
    }

    /// The fingerprint as a store keeps it.
    pub fn from_bytes(digest: Digest) -> Self {
        Self(digest)
    }

    /// What is kept.
    pub fn as_bytes(&self) -> &Digest {
        &self.0
    }
}

fn sha256(bytes: &[u8]) -> Digest {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// A request with a key. No organization's keys are another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Who asks.
    pub organization: OrgNumber,
    /// Under which name.
    pub key: IdempotencyKey,
    /// For what.
    pub fingerprint: Fingerprint,
}

/// What is remembered of a request: enough to know it again, and what it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedRequest {
    /// What was asked for.
    pub fingerprint: Fingerprint,
    /// The client that it made.
    pub client_id: ClientId,
    /// First instant at which it is forgotten.
    pub keep_until: Timestamp,
}

/// What became of the key before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing within [`IDEMPOTENCY_LIFETIME`]: go ahead, and [`remember`].
    Nothing,
    /// The same request made this client.
    Made(ClientId),
    /// It was another request.
    Other,
}

/// What the organization used the key for before.
pub async fn find_earlier(
    unit: &mut dyn UnitOfWork,
    request: &KeyedRequest,
    now: Timestamp,
) -> Result<Earlier, StorageError> {
    let found = unit
        .find_request(request.organization, &request.key)
        .await?;
    Ok(match found {
        Some(known) if known.keep_until <= now => Earlier::Nothing,
        Some(known) if known.fingerprint == request.fingerprint => Earlier::Made(known.client_id),
        Some(_) => Earlier::Other,
        None => Earlier::Nothing,
    })
}

/// Remembers that the request made this client. The store refuses it if the key is in use.
pub async fn remember(
    unit: &mut dyn UnitOfWork,
    request: &KeyedRequest,
    client_id: &ClientId,
    now: Timestamp,
) -> Result<(), StorageError> {
    let remembered = RememberedRequest {
        fingerprint: request.fingerprint,
        client_id: client_id.clone(),
        keep_until: now.plus(IDEMPOTENCY_LIFETIME),
    };
    let (organization, key) = (request.organization, &request.key);
    unit.save_request(organization, key, &remembered, now).await
}

/// Forgets every request whose time is over, and says how many. Called outside requests.
pub async fn remove_expired(store: &dyn Store, now: Timestamp) -> Result<u64, StorageError> {
    let mut removed = 0;
    loop {
        // In parts, so that nobody waits long to write.
        let mut unit = store.begin().await?;
        let part = unit.remove_expired_requests(now).await?;
        unit.commit().await?;
        removed += part;
        if part == 0 {
            return Ok(removed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_and_short() {
        let longest = "a".repeat(255);
        for text in [
            "a",
            "\"a\"",
            "8e03978e-40d5-43e8-bc93-6894a57f9324",
            "~!",
            &longest,
        ] {
            assert!(IdempotencyKey::parse(text).is_ok(), "{text}");
        }
        let too_long = "a".repeat(256);
        for text in ["", " ", "a b", "a\n", "\u{7f}", "ø", "a\0", &too_long] {
            assert_eq!(IdempotencyKey::parse(text), Err(InvalidIdempotencyKey));
        }
    }

    #[test]
    fn keys_differ_in_every_character_and_are_not_shown() {
        let key = |text| IdempotencyKey::parse(text).unwrap();
        assert_eq!(key("a"), key("a"));
        for other in ["A", "aa", "b", "\"a\""] {
            assert_ne!(key("a"), key(other));
        }
        assert_eq!(
            format!("{:?}", key("17869010057")),
            "IdempotencyKey(hidden)"
        );
    }
}
