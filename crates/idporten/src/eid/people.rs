//! The people whom test providers offer.

use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::person::{AcceptedNumbers, Pid};
use portvakt_core::ports::{StorageError, Store};

use crate::pages::{Name, TestPerson};

/// Where test people come from.
#[async_trait]
pub trait PeopleSource: Send + Sync {
    /// Number and name of all of them, in order of number.
    async fn list_people(&self) -> Result<Vec<(Pid, String)>, StorageError>;
}

/// The people of the registry.
pub struct RegistryPeople<S: ?Sized>(pub Arc<S>);

#[async_trait]
impl<S: Store + ?Sized> PeopleSource for RegistryPeople<S> {
    async fn list_people(&self) -> Result<Vec<(Pid, String)>, StorageError> {
        self.0.read().await?.list_names_of_people().await
    }
}

/// Those whom test providers offer. A registry of development may have people with numbers of any form,
/// who do not log in.
pub(super) async fn offered_people(
    source: &dyn PeopleSource,
) -> Result<Vec<TestPerson>, StorageError> {
    let people = source.list_people().await?.into_iter();
    let is_synthetic = |(pid, _): &(Pid, String)| {
        Pid::accept(pid.expose(), AcceptedNumbers::SyntheticOnly).is_ok()
    };
    let offered = |(pid, name): (Pid, String)| TestPerson {
        pid: pid.expose().to_owned(),
        name: Name::new(&name),
    };
    Ok(people.filter(is_synthetic).map(offered).collect())
}
