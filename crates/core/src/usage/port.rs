//! Where usage is kept.

use async_trait::async_trait;

use super::day::{Day, Days};
use super::record::{ClientDay, ClientTotal, ScopeUsage, Usage};
use crate::client::ClientId;
use crate::organization::OrgNumber;
use crate::ports::StorageError;
use crate::scope::ScopeName;

/// The counts of issued tokens. Adding to them is no change of the registry.
#[async_trait]
pub trait UsageLog: Send + Sync {
    /// Adds to the counts, all or none of them; the later `last_used` stays. After an error nobody
    /// knows whether they were added.
    async fn add_usage(&self, usage: &[Usage]) -> Result<(), StorageError>;

    /// How a scope was used, by every consumer or by one.
    async fn find_scope_usage(
        &self,
        scope: &ScopeName,
        consumer: Option<OrgNumber>,
        days: Days,
    ) -> Result<ScopeUsage, StorageError>;

    /// What a client used, in order of scope and day.
    async fn list_client_usage(
        &self,
        client_id: &ClientId,
        days: Days,
    ) -> Result<Vec<ClientDay>, StorageError>;

    /// What the clients of an organization used, its own and those that it manages as a supplier,
    /// in order of client and scope.
    async fn list_organization_usage(
        &self,
        organization: OrgNumber,
        days: Days,
    ) -> Result<Vec<ClientTotal>, StorageError>;

    /// Drops what is older than this day, a bounded number of counts at a time, and says how many
    /// counts. Called outside requests.
    async fn remove_usage_before(&self, day: Day) -> Result<u64, StorageError>;
}
