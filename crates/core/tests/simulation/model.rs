//! The store of the simulation: one history of states, a feed of changes, and used grants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portvakt_core::Timestamp;
use portvakt_core::access::{Access, AccessState};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::ports::{
    ChangedKind, ChangedRecord, Changes, Consumption, Extent, GrantDigest, Revision,
};
use portvakt_core::scope::{Scope, ScopeName};

use crate::world::Time;

/// Everything that is registered, at one revision.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) revision: u64,
    pub(crate) organizations: BTreeMap<OrgNumber, Organization>,
    pub(crate) scopes: BTreeMap<ScopeName, Scope>,
    pub(crate) access: BTreeMap<(ScopeName, OrgNumber), Access>,
    pub(crate) clients: BTreeMap<ClientId, Client>,
}

/// One record to save.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Organization(Organization),
    Scope(Scope),
    Access(Access),
    Client(Client),
}

/// Something that a token needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    Client(ClientId),
    Organization(OrgNumber),
    Scope(ScopeName),
    Access(ScopeName, OrgNumber),
}

impl Fact {
    pub(crate) fn holds(&self, state: &State) -> bool {
        match self {
            Self::Client(id) => state.clients[id].active,
            Self::Organization(orgno) => state.organizations[orgno].active,
            Self::Scope(name) => state.scopes[name].active,
            Self::Access(name, orgno) => {
                let access = state.access.get(&(name.clone(), *orgno));
                access.is_some_and(|access| access.state == AccessState::Approved)
            }
        }
    }

    /// The write that makes it true or false.
    pub(crate) fn write(&self, state: &State, holds: bool) -> Write {
        match self {
            Self::Client(id) => Write::Client(Client {
                active: holds,
                ..state.clients[id].clone()
            }),
            Self::Organization(orgno) => Write::Organization(Organization {
                active: holds,
                ..state.organizations[orgno].clone()
            }),
            Self::Scope(name) => Write::Scope(Scope {
                active: holds,
                ..state.scopes[name].clone()
            }),
            Self::Access(scope, orgno) => Write::Access(Access {
                scope: scope.clone(),
                consumer_orgno: *orgno,
                state: if holds {
                    AccessState::Approved
                } else {
                    AccessState::Denied
                },
                created: Timestamp::from_seconds(0),
                last_updated: Timestamp::from_seconds(0),
            }),
        }
    }
}

/// The store.
#[derive(Default)]
pub(crate) struct Model {
    /// Each state with the time from which it was the present.
    pub(crate) history: Vec<(Time, Arc<State>)>,
    changes: Vec<(u64, ChangedRecord)>,
    trimmed: u64,
    used: BTreeSet<GrantDigest>,
}

impl Model {
    pub(crate) fn present(&self) -> Arc<State> {
        match self.history.last() {
            Some((_, state)) => Arc::clone(state),
            None => Arc::default(),
        }
    }

    pub(crate) fn commit(&mut self, writes: Vec<Write>, now: Time) -> Revision {
        let mut state = State::clone(&self.present());
        state.revision += 1;
        for write in writes {
            let record = save(&mut state, write);
            self.changes.push((state.revision, record));
        }
        let revision = Revision(state.revision);
        self.history.push((now, Arc::new(state)));
        revision
    }

    pub(crate) fn changes_since(&self, since: Revision, limit: u32) -> Changes {
        let present = Revision(self.present().revision);
        if since.0 < self.trimmed || since > present {
            return Changes::gap(present);
        }
        let known = self
            .changes
            .partition_point(|(number, _)| *number <= since.0);
        let rows = &self.changes[known..];
        let limit = usize::try_from(limit).unwrap();
        let Some((cut, _)) = rows.get(limit) else {
            let records = rows.iter().map(|(_, record)| record.clone()).collect();
            return Changes {
                revision: present,
                records,
                extent: Extent::Complete,
            };
        };
        let whole: Vec<_> = rows.iter().filter(|(number, _)| number < cut).collect();
        let Some((last, _)) = whole.last() else {
            return Changes::gap(present);
        };
        Changes {
            revision: Revision(*last),
            records: whole.iter().map(|(_, record)| record.clone()).collect(),
            extent: Extent::Partial,
        }
    }

    pub(crate) fn trim(&mut self, keep: usize) {
        if let Some(place) = self.changes.len().checked_sub(keep + 1) {
            self.trimmed = self.changes[place].0;
            let trimmed = self.trimmed;
            self.changes.retain(|(number, _)| *number > trimmed);
        }
    }

    pub(crate) fn consume(&mut self, digest: GrantDigest) -> Consumption {
        if self.used.insert(digest) {
            Consumption::Fresh
        } else {
            Consumption::Replayed
        }
    }

    pub(crate) fn is_consumed(&self, digest: &GrantDigest) -> bool {
        self.used.contains(digest)
    }

    /// When this revision became the present.
    pub(crate) fn committed_at(&self, revision: u64) -> Time {
        let place = self
            .history
            .partition_point(|(_, state)| state.revision < revision);
        self.history[place].0
    }

    /// The states that were the present at some time from `since` to `until`.
    pub(crate) fn between(&self, since: Time, until: Time) -> impl Iterator<Item = &State> {
        let later = self.history.partition_point(|(began, _)| *began < since);
        let first = later.saturating_sub(1);
        let states = self.history[first..].iter();
        states
            .take_while(move |(began, _)| *began <= until)
            .map(|(_, state)| state.as_ref())
    }
}

fn save(state: &mut State, write: Write) -> ChangedRecord {
    let (kind, key) = match write {
        Write::Organization(organization) => {
            let key = organization.orgno.to_string();
            state.organizations.insert(organization.orgno, organization);
            (ChangedKind::Organization, key)
        }
        Write::Scope(scope) => {
            let key = scope.name.to_string();
            state.scopes.insert(scope.name.clone(), scope);
            (ChangedKind::Scope, key)
        }
        Write::Access(access) => {
            let key = format!("{} {}", access.scope.as_str(), access.consumer_orgno);
            let name = (access.scope.clone(), access.consumer_orgno);
            state.access.insert(name, access);
            (ChangedKind::Access, key)
        }
        Write::Client(client) => {
            let key = client.client_id.to_string();
            state.clients.insert(client.client_id.clone(), client);
            (ChangedKind::Client, key)
        }
    };
    ChangedRecord { kind, key }
}
