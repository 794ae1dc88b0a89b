//! What the request id of a refusal opens.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::grant::Views;
use crate::ports::{StorageError, Store, UnitOfWork};

/// Refusals that are removed in one transaction, so that nobody waits long for it.
const REMOVAL: u32 = 500;

/// How long a refusal is remembered.
pub const MEMORY: Duration = Duration::from_hours(24);

/// Names one request: 32 hex digits, kept in lower case. It is made by the server from randomness,
/// and whoever knows it was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// Reads 32 hex digits of either case.
    pub fn parse(text: &str) -> Result<Self, InvalidRequestId> {
        if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(InvalidRequestId)
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A text that names no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request id is 32 hex digits")]
pub struct InvalidRequestId;

/// A refusal with its explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedRefusal {
    /// The request that was refused.
    pub request_id: RequestId,
    /// When.
    pub at: Timestamp,
    /// The client that the grant named, whether or not it sent it; none if it named none.
    pub client_id: Option<ClientId>,
    /// What may be seen of it.
    pub views: Views,
}

/// The refusal of a request, if it is not longer ago than [`MEMORY`]. One that is, is as unknown as
/// one that never was, whether or not it has been removed yet.
pub async fn find(
    unit: &mut dyn UnitOfWork,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Option<RememberedRefusal>, StorageError> {
    let found = unit.find_refusal(request_id).await?;
    Ok(found.filter(|refusal| refusal.at.plus(MEMORY) > now))
}

/// Removes what is no longer remembered, and says how much. Called outside requests.
pub async fn forget(store: &dyn Store, now: Timestamp) -> Result<u64, StorageError> {
    let memory = i64::try_from(MEMORY.as_millis()).unwrap_or(i64::MAX);
    let before = Timestamp::from_milliseconds(now.milliseconds().saturating_sub(memory));
    let mut removed = 0;
    loop {
        let mut unit = store.begin().await?;
        let part = unit.forget_refusals(before, REMOVAL).await?;
        unit.commit().await?;
        removed += part;
        if part < REMOVAL.into() {
            return Ok(removed);
        }
    }
}
