//! People and their logins.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::login::Acr;
use crate::login::record::{HistoryEntry, Identity, LoginPerson, PersonId};
use crate::organization::OrgNumber;
use crate::ports::StorageError;

/// People who have logged in.
#[async_trait]
pub trait LoginPeople: Send + Sync {
    /// The person with this identity, who has just logged in with `eid`. They are made with the id
    /// `new` if there is none; of several who do so at the same time, all get the same person.
    async fn person_of(
        &self,
        identity: &Identity,
        new: &PersonId,
        eid: &str,
        now: Timestamp,
    ) -> Result<LoginPerson, StorageError>;

    /// The person of this id.
    async fn find_person(&self, id: &PersonId) -> Result<Option<LoginPerson>, StorageError>;

    /// The person with this identity, if they have ever logged in.
    async fn find_person_by_identity(
        &self,
        identity: &Identity,
    ) -> Result<Option<LoginPerson>, StorageError>;

    /// Lets a person log in no more, ends their sessions and revokes their authorizations, in one
    /// act. Says whether there is such a person.
    async fn block_person(
        &self,
        id: &PersonId,
        code: &str,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Lets a person log in again. Says whether there is such a person.
    async fn unblock_person(&self, id: &PersonId) -> Result<bool, StorageError>;

    /// Records that a person's number changed, and who they were before. Says whether there is such
    /// a person.
    async fn link_person(&self, id: &PersonId, previous: &PersonId) -> Result<bool, StorageError>;

    /// The first `limit` logins of a person, the newest first: to the services of one organization,
    /// or to all.
    async fn list_history(
        &self,
        person: &PersonId,
        orgno: Option<OrgNumber>,
        limit: u32,
    ) -> Result<Vec<HistoryEntry>, StorageError>;

    /// The levels that a person has logged in at, at `since` or later.
    async fn list_levels(
        &self,
        person: &PersonId,
        since: Timestamp,
    ) -> Result<BTreeSet<Acr>, StorageError>;
}
