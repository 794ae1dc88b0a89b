//! Which of the issuer's records the resources of a cluster are about: what somebody else's change concerns,
//! and which resources are in each other's way.

use std::collections::{BTreeMap, BTreeSet};

use portvakt_nais::Settings;
use portvakt_nais::desired::{ClientKey, ClientKind};
use portvakt_nais::naming::Owner;
use portvakt_provision::{Drift, Touched};

use super::Subject;

/// What one resource is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    client_id: Option<String>,
    /// Full names of the scopes that it exposes, disabled ones too.
    exposed: BTreeSet<String>,
    consumed: BTreeSet<String>,
    /// When the resource was made, in seconds since 1970.
    created_at: i64,
}

/// Another resource of the cluster that exposes the same scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rival {
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// Whose it is.
    pub owner: Owner,
}

/// The resources of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Footprints {
    by_resource: BTreeMap<ClientKey, Footprint>,
    exposing: BTreeMap<String, BTreeSet<ClientKey>>,
}

impl Footprint {
    /// Of a resource. One whose specification means nothing, or that is being deleted, exposes nothing.
    pub fn of(subject: &Subject, settings: &Settings) -> Self {
        let mut footprint = Self {
            client_id: subject.status.client_id.clone(),
            created_at: subject.created_at,
            ..Self::default()
        };
        let desired = subject.desired(settings).ok();
        if let Some(desired) = desired.filter(|_| !subject.is_deleted) {
            let exposed = desired.scopes.into_iter();
            footprint.exposed = exposed.map(|scope| scope.name).collect();
            let client = desired.client.into_iter();
            footprint.consumed = client.flat_map(|client| client.consumes).collect();
        }
        footprint
    }

    fn is_about(&self, touched: &Touched, subscopes: &BTreeSet<&str>) -> bool {
        let is_client = self.client_id.as_ref();
        let is_client = is_client.is_some_and(|id| touched.clients.contains(id));
        let mut consumed = self.consumed.iter();
        // A scope that was taken over may be below another prefix.
        let mut exposed = self.exposed.iter();
        is_client
            || consumed.any(|scope| touched.scopes.contains(scope))
            || exposed.any(|scope| subscopes.contains(subscope(scope)))
    }
}

impl Footprints {
    /// Notes what a resource is about now. Says which others have got or lost a rival by that, and so are
    /// to be looked at.
    pub fn note(&mut self, key: &ClientKey, footprint: Footprint) -> BTreeSet<ClientKey> {
        let before = self.by_resource.get(key);
        let before = before
            .map(|known| known.exposed.clone())
            .unwrap_or_default();
        let changed: Vec<_> = before
            .symmetric_difference(&footprint.exposed)
            .cloned()
            .collect();
        let mut concerned = BTreeSet::new();
        for scope in changed {
            let exposing = self.exposing.entry(scope.clone()).or_default();
            if !exposing.remove(key) {
                exposing.insert(key.clone());
            }
            concerned.extend(exposing.iter().filter(|other| *other != key).cloned());
            if exposing.is_empty() {
                self.exposing.remove(&scope);
            }
        }
        self.by_resource.insert(key.clone(), footprint);
        concerned
    }

    /// Forgets a resource that is gone; as [`Footprints::note`].
    pub fn forget(&mut self, key: &ClientKey) -> BTreeSet<ClientKey> {
        let concerned = self.note(key, Footprint::default());
        self.by_resource.remove(key);
        concerned
    }

    /// The resources of a kind that are known.
    pub fn keys(&self, kind: ClientKind) -> Vec<ClientKey> {
        let keys = self.by_resource.keys();
        keys.filter(|key| key.kind == kind).cloned().collect()
    }

    /// The resources that somebody else's change may concern.
    pub fn concerned(&self, drift: &Drift) -> BTreeSet<ClientKey> {
        let touched = match drift {
            Drift::Anything => return self.by_resource.keys().cloned().collect(),
            Drift::Touched(touched) => touched,
        };
        let subscopes = touched.scopes.iter().map(|scope| subscope(scope)).collect();
        let concerned = self.by_resource.iter();
        let concerned = concerned.filter(|(_, footprint)| footprint.is_about(touched, &subscopes));
        concerned.map(|(key, _)| key.clone()).collect()
    }

    /// Who else exposes each of a resource's scopes; only scopes with a rival are in it.
    pub fn rivals(&self, key: &ClientKey) -> BTreeMap<String, Vec<Rival>> {
        let mut rivals: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let Some(own) = self.by_resource.get(key) else {
            return rivals;
        };
        for scope in &own.exposed {
            let others = self.exposing.get(scope).into_iter().flatten();
            for other in others.filter(|other| *other != key) {
                let known = self.by_resource.get(other);
                rivals.entry(scope.clone()).or_default().push(Rival {
                    created_at: known.map_or(0, |footprint| footprint.created_at),
                    owner: other.owner.clone(),
                });
            }
        }
        rivals
    }
}

fn subscope(scope: &str) -> &str {
    scope
        .split_once(':')
        .map_or(scope, |(_, subscope)| subscope)
}
