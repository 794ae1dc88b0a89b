//! What logging in asks of a store: use-cases, each one atomic act that is durable before it is
//! answered, and correct whatever other nodes do at the same moment.
//!
//! None of it is a change of the registry: nothing here raises a revision, is in the change feed or
//! waits for administration. What is single use is used by a row's own condition, in the statement
//! that uses it, never after a look. Time is always the caller's: a store that finds something at
//! `now` has compared it with what the record says, and the removal of what has expired
//! ([`LoginStore::remove_expired_logins`]) changes no answer.
//!
//! Used assertions, request objects and `DPoP` proofs are in the
//! [`ReplayLedger`](crate::ports::ReplayLedger).

mod grants;
mod people;
mod requests;
mod sessions;

use async_trait::async_trait;

pub use self::grants::{
    AccessTokenKey, Authorizing, Completion, Ending, Issue, Issuing, LoginGrants, Redemption,
    RefreshUse, Refreshing, Rotation,
};
pub use self::people::LoginPeople;
pub use self::requests::{Begun, LoginRequests, PushedStart};
pub use self::sessions::{LoginSessions, Saving};
use crate::clock::Timestamp;
use crate::contact::ContactRegistry;
use crate::ports::StorageError;

/// A place that keeps logins, and how people are reached.
#[async_trait]
pub trait LoginStore:
    LoginRequests + LoginSessions + LoginGrants + LoginPeople + ContactRegistry
{
    /// Keeps a secret under a name, unless there is one already, and gives the one that is kept:
    /// of several nodes that make one at the same time, all get the same. It never changes.
    ///
    /// The bytes are sealed by the caller. The key of pairwise subjects is kept so: it must outlive
    /// everything else.
    async fn keep_secret(
        &self,
        name: &str,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, StorageError>;

    /// The secret of this name.
    async fn find_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// Keeps the same secret sealed in another way, if it is still kept as `former`. Says whether this
    /// call did.
    async fn reseal_secret(
        &self,
        name: &str,
        former: &[u8],
        sealed: &[u8],
    ) -> Result<bool, StorageError>;

    /// Removes at most `limit` records of each kind that nothing can be asked of any more, and says
    /// how many in all: none once there are no more. Called outside requests.
    async fn remove_expired_logins(&self, ends: Retention, limit: u32)
    -> Result<u64, StorageError>;
}

/// Until when things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What anybody may begin goes as soon as its time is over at this instant: a pushed request, a
    /// login under way, a logout that waits for its browser.
    pub begun_ended_before: Timestamp,
    /// What was for a while goes once its time is over at this instant: a session, a token; a code a
    /// little later.
    pub now: Timestamp,
    /// Authorizations that ended before this go.
    pub authorizations_ended_before: Timestamp,
    /// History from before this goes.
    pub history_before: Timestamp,
}
