//! The registers that have no look-up by key: read once for each unit, and kept up with its saves.

use std::collections::HashMap;

use crate::delegation::{Delegation, DelegationSource};
use crate::organization::OrgNumber;
use crate::party::{Consent, SystemUser};
use crate::person::Person;
use crate::scope::ScopeName;

/// What identifies a delegation.
type DelegationKey = (String, ScopeName, OrgNumber, OrgNumber);

/// The registers as this unit sees them.
#[derive(Default)]
pub(super) struct Known {
    pub(super) sources: Register<String, DelegationSource>,
    pub(super) delegations: Register<DelegationKey, Delegation>,
    pub(super) system_users: Register<String, SystemUser>,
    pub(super) consents: Register<String, Consent>,
    pub(super) people: Register<String, Person>,
}

/// A register by key; none before it was read.
pub(super) struct Register<K, T>(Option<HashMap<K, T>>);

impl<K, T> Default for Register<K, T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Eq + std::hash::Hash, T: Clone> Register<K, T> {
    pub(super) fn is_read(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn read(&mut self, records: Vec<T>, key: impl Fn(&T) -> K) {
        let keyed = records.into_iter().map(|record| (key(&record), record));
        self.0 = Some(keyed.collect());
    }

    pub(super) fn get(&self, key: &K) -> Option<&T> {
        self.0.as_ref()?.get(key)
    }

    /// Puts the record in its place and gives what was there.
    pub(super) fn put(&mut self, key: K, record: &T) -> Option<T> {
        self.0.get_or_insert_default().insert(key, record.clone())
    }
}

pub(super) fn delegation_key(delegation: &Delegation) -> DelegationKey {
    (
        delegation.delegation_source.clone(),
        delegation.scope.clone(),
        delegation.consumer_orgno,
        delegation.supplier_orgno,
    )
}

pub(super) fn person_key(person: &Person) -> String {
    person.pid.expose().to_owned()
}
