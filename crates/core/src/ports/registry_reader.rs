//! Facts that several requests lack at once, in one read.

use std::sync::Arc;

use async_trait::async_trait;

use super::{ClientRecord, Revision, StorageError};
use crate::access::AccessState;
use crate::client::ClientId;
use crate::organization::OrgNumber;
use crate::scope::ScopeName;

/// What one read found.
#[derive(Debug)]
pub struct Answers<T> {
    /// What was found is of this revision, or of a later one.
    pub revision: Revision,
    /// One for each question, in the order asked. Of a record that cannot be read back only the
    /// questions about it fail.
    pub found: Vec<Result<T, StorageError>>,
}

/// Reads for whoever gathers questions, such as a cache. One call costs about as much as its first
/// question, and every statement finds its rows by an index.
#[async_trait]
pub trait RegistryReader: Send + Sync {
    /// The clients of these ids, deactivated ones too. Each is of one moment.
    async fn read_clients(
        &self,
        client_ids: &[ClientId],
    ) -> Result<Answers<Option<Arc<ClientRecord>>>, StorageError>;

    /// The states of these consumers' access to these scopes; none where there is no record, or no
    /// such scope.
    async fn read_access(
        &self,
        pairs: &[(ScopeName, OrgNumber)],
    ) -> Result<Answers<Option<AccessState>>, StorageError>;
}
