//! Whom somebody with a foreign eID is here (spec: idporten §18.5).

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::person::{BirthDate, EidasIdentifier, Pid};
use crate::ports::{StorageError, Store};

/// What another country says of somebody. `Debug` shows the country alone.
#[derive(Clone)]
pub struct ForeignIdentity {
    /// What the country knows them by. Some countries change it when the eID is renewed.
    pub identifier: EidasIdentifier,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Date of birth.
    pub birthdate: BirthDate,
}

impl fmt::Debug for ForeignIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ForeignIdentity({})", self.identifier.country())
    }
}

/// Finds the national identity numbers of people with foreign eIDs. A login does not fail because
/// nothing is found, or nothing can be asked: it then has no number.
#[async_trait]
pub trait IdentityMatcher: Send + Sync {
    /// The number of this person, if exactly one is theirs.
    async fn find_match(&self, foreign: &ForeignIdentity) -> Result<Option<Pid>, MatchingFailed>;
}

/// The matcher could not be asked. The text is for the log and names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identity matcher did not answer: {0}")]
pub struct MatchingFailed(pub String);

impl From<StorageError> for MatchingFailed {
    fn from(error: StorageError) -> Self {
        Self(error.to_string())
    }
}

/// The built-in matcher: the table `identity_matches` of the registry, by identifier alone.
pub struct RegistryMatcher<S: ?Sized>(pub Arc<S>);

#[async_trait]
impl<S: Store + ?Sized> IdentityMatcher for RegistryMatcher<S> {
    async fn find_match(&self, foreign: &ForeignIdentity) -> Result<Option<Pid>, MatchingFailed> {
        let mut unit = self.0.read().await?;
        let found = unit.find_identity_match(&foreign.identifier).await?;
        Ok(found.filter(|row| row.active).map(|row| row.pid))
    }
}
