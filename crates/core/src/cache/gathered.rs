//! Reads of what every client's first grant lacks: the client, and its organization's access. Those
//! who lack them at the same time share a read.

use std::sync::Arc;

use super::key::KeyRef;
use super::registry::gives_tokens;
use super::store::CachedStore;
use super::value::{Standing, Value};
use crate::access::AccessState;
use crate::client::ClientId;
use crate::organization::OrgNumber;
use crate::ports::{ClientRecord, StorageError};
use crate::scope::ScopeName;

/// What a read says of a client.
pub(super) type ClientFound = Result<Option<Arc<ClientRecord>>, StorageError>;

/// What a read says of a consumer's access to a scope.
pub(super) type AccessFound = Result<Option<AccessState>, StorageError>;

/// A scope and a consumer.
pub(super) type AccessName = (ScopeName, OrgNumber);

impl CachedStore {
    pub(super) async fn gather_client(&self, client_id: &ClientId) -> ClientFound {
        let read = |client_ids| self.read_clients(client_ids);
        let found = self.clients.ask(vec![client_id.clone()], read).await?;
        found.into_iter().next().unwrap_or(Ok(None))
    }

    /// In the order asked.
    pub(super) async fn gather_access(
        &self,
        names: Vec<AccessName>,
    ) -> Result<Vec<AccessFound>, StorageError> {
        self.access
            .ask(names, |names| self.read_access(names))
            .await
    }

    async fn read_clients(
        &self,
        client_ids: Vec<ClientId>,
    ) -> Result<Vec<ClientFound>, StorageError> {
        let begun = self.begin_read();
        let read = self
            .failures
            .noted(self.inner.read_clients(&client_ids).await)?;
        begun.check(read.revision)?;
        for found in &read.found {
            match found {
                // A client whose organizations are not active gets no tokens, and is asked for again.
                Ok(Some(record)) if record.organization_active => {
                    for (key, value) in copies_of(record) {
                        self.table
                            .insert(begun.ticket, read.revision, key.to_key(), value);
                    }
                }
                Ok(_) => {}
                Err(error) => self.failures.note(error),
            }
        }
        Ok(read.found)
    }

    async fn read_access(&self, names: Vec<AccessName>) -> Result<Vec<AccessFound>, StorageError> {
        let begun = self.begin_read();
        let read = self.failures.noted(self.inner.read_access(&names).await)?;
        begun.check(read.revision)?;
        for ((scope, consumer), found) in names.iter().zip(&read.found) {
            match found {
                Ok(state) if self.is_worth_keeping(scope, *state) => {
                    let key = KeyRef::access(scope.as_str(), consumer).to_key();
                    let value = Value::Access(*state);
                    self.table.insert(begun.ticket, read.revision, key, value);
                }
                Ok(_) => {}
                Err(error) => self.failures.note(error),
            }
        }
        Ok(read.found)
    }

    /// A scope whose copy is gone by now is not looked up for this.
    fn is_worth_keeping(&self, scope: &ScopeName, access: Option<AccessState>) -> bool {
        match self.table.find(KeyRef::scope(scope.as_str())) {
            Some(Value::Scope(scope)) => gives_tokens(&scope, access),
            _ => access == Some(AccessState::Approved),
        }
    }
}

/// The client, and its organizations, which are active and have entries of their own.
fn copies_of(record: &Arc<ClientRecord>) -> impl Iterator<Item = (KeyRef<'_>, Value)> {
    let client = &record.client;
    let organizations = std::iter::once(&client.client_orgno).chain(&client.supplier_orgno);
    let active = |orgno| {
        (
            KeyRef::organization(orgno),
            Value::Organization(Standing::Active),
        )
    };
    let copy = (
        KeyRef::client(&client.client_id),
        Value::Client(Arc::clone(record)),
    );
    std::iter::once(copy).chain(organizations.map(active))
}
