//! The people whom test providers offer.

use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::person::Person;
use portvakt_core::ports::{StorageError, Store};

/// Where test people come from.
#[async_trait]
pub trait PeopleSource: Send + Sync {
    /// All of them, in order of national identity number.
    async fn list_people(&self) -> Result<Vec<Person>, StorageError>;
}

/// The people of the registry.
pub struct RegistryPeople<S: ?Sized>(pub Arc<S>);

#[async_trait]
impl<S: Store + ?Sized> PeopleSource for RegistryPeople<S> {
    async fn list_people(&self) -> Result<Vec<Person>, StorageError> {
        self.0.read().await?.list_people().await
    }
}
