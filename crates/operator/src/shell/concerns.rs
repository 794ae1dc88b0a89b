//! Resources that are to be looked at because somebody else changed something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::Stream;
use futures_util::stream::unfold;
use portvakt_nais::Settings;
use portvakt_nais::desired::{ClientKey, ClientKind};
use portvakt_provision::Drift;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::pass::{Footprint, Footprints, Rival, Subject};

/// Resources of a kind that are looked at side by side because of others. Anything may have changed, and then
/// that is everything: whoever changes a manifest meanwhile finds as many passes free.
const LOOKS_AT_ONCE: usize = 4;

/// What the resources are about, and which of them are due. It holds a few names for each resource.
#[derive(Debug, Default)]
pub(super) struct Concerns(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    footprints: Footprints,
    /// Kinds of which every resource was noted.
    surveyed: BTreeSet<ClientKind>,
    due: BTreeSet<ClientKey>,
    /// Those that are no longer due and not known to be done. One that came from a queue holds a place.
    under_way: BTreeMap<ClientKey, Option<OwnedSemaphorePermit>>,
    /// Where controllers wait. Each resource is in it once until it is looked at.
    queues: BTreeMap<ClientKind, UnboundedSender<ClientKey>>,
}

/// What a pass has to know of the others.
pub(super) struct Concern {
    /// Somebody else's change concerns the resource.
    pub(super) is_due: bool,
    /// For [`Subject::rivals`].
    pub(super) rivals: BTreeMap<String, Vec<Rival>>,
}

impl Concerns {
    /// Notes what a resource is about at the begin of a pass.
    pub(super) fn note(&self, subject: &Subject, settings: &Settings) -> Concern {
        let footprint = Footprint::of(subject, settings);
        let mut known = self.known();
        let others = known.footprints.note(&subject.key, footprint);
        known.call(others);
        let is_due = known.due.remove(&subject.key);
        if is_due {
            known.under_way.entry(subject.key.clone()).or_default();
        }
        Concern {
            is_due,
            rivals: known.footprints.rivals(&subject.key),
        }
    }

    /// Whether somebody else's change concerns a resource.
    pub(super) fn is_due(&self, key: &ClientKey) -> bool {
        self.known().due.contains(key)
    }

    /// A pass over a resource has come to its end, or to one that its status tells of.
    pub(super) fn done(&self, key: &ClientKey) {
        self.known().under_way.remove(key);
    }

    /// Forgets a resource that is gone.
    pub(super) fn forget(&self, key: &ClientKey) {
        let mut known = self.known();
        let others = known.footprints.forget(key);
        known.due.remove(key);
        known.under_way.remove(key);
        known.call(others);
    }

    /// Forgets every resource of a kind; nobody is called, because all are looked at anew.
    pub(super) fn forget_all(&self, kind: ClientKind) {
        let mut known = self.known();
        for key in known.footprints.keys(kind) {
            known.footprints.forget(&key);
        }
        known.surveyed.remove(&kind);
        known.due.retain(|key| key.kind != kind);
        known.under_way.retain(|key, _| key.kind != kind);
    }

    /// Every resource of this kind was noted.
    pub(super) fn surveyed(&self, kind: ClientKind) {
        self.known().surveyed.insert(kind);
    }

    /// Whether every resource of these kinds was noted, so that none is missed by a change.
    pub(super) fn are_surveyed(&self, kinds: &[ClientKind]) -> bool {
        let known = self.known();
        kinds.iter().all(|kind| known.surveyed.contains(kind))
    }

    /// Whether every change that was heard of so far was looked at.
    pub(super) fn are_settled(&self) -> bool {
        let known = self.known();
        known.due.is_empty() && known.under_way.is_empty()
    }

    /// A resource that was due is so still although a pass has begun, because that came to nothing. Others are
    /// looked at again for what their status says.
    pub(super) fn keep(&self, key: &ClientKey) {
        let mut known = self.known();
        if known.under_way.remove(key).is_some() {
            known.due.insert(key.clone());
        }
    }

    /// Has everything looked at that a change concerns; says how many resources that are.
    pub(super) fn drifted(&self, drift: &Drift) -> usize {
        let mut known = self.known();
        let concerned = known.footprints.concerned(drift);
        let count = concerned.len();
        known.call(concerned);
        count
    }

    /// Names of resources of a kind that are to be looked at, for its one controller: [`LOOKS_AT_ONCE`] at a time.
    pub(super) fn queue(
        self: &Arc<Self>,
        kind: ClientKind,
    ) -> impl Stream<Item = ClientKey> + use<> {
        let (sender, receiver) = unbounded_channel();
        self.known().queues.insert(kind, sender);
        let places = Arc::new(Semaphore::new(LOOKS_AT_ONCE));
        let concerns = Arc::clone(self);
        let state = (concerns, receiver, places);
        unfold(state, async |(concerns, mut receiver, places)| {
            let key = next(&concerns, &mut receiver, &places).await?;
            Some((key, (concerns, receiver, places)))
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next resource that is still due when there is a place for it.
async fn next(
    concerns: &Concerns,
    receiver: &mut UnboundedReceiver<ClientKey>,
    places: &Arc<Semaphore>,
) -> Option<ClientKey> {
    loop {
        let key = receiver.recv().await?;
        let place = places.clone().acquire_owned().await.ok()?;
        let mut known = concerns.known();
        if known.due.contains(&key) {
            known.under_way.insert(key.clone(), Some(place));
            return Some(key);
        }
    }
}

impl Known {
    fn call(&mut self, keys: BTreeSet<ClientKey>) {
        for key in keys {
            if self.due.insert(key.clone())
                && let Some(queue) = self.queues.get(&key.kind)
            {
                // A controller that has stopped looks at nothing any more.
                let _ = queue.send(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};
    use serde_json::json;

    use super::*;

    fn subject(name: &str) -> Subject {
        exposing(name, "some.read")
    }

    fn exposing(name: &str, scope: &str) -> Subject {
        let resource = json!({
            "apiVersion": "nais.io/v1", "kind": "MaskinportenClient",
            "metadata": {"name": name, "namespace": "team"},
            "spec": {"secretName": name, "scopes": {"exposes": [{"enabled": true, "name": scope, "product": "arbeid"}]}},
        });
        let resource = serde_json::from_value(resource).unwrap();
        Subject::maskinporten(&resource, "dev-gcp").unwrap()
    }

    #[test]
    fn a_change_has_a_resource_looked_at_once() {
        let concerns = Arc::new(Concerns::default());
        let mut queue = std::pin::pin!(concerns.queue(ClientKind::Maskinporten));
        let settings = Settings::new("dev-gcp", "nav");
        let one = subject("one");
        assert!(!concerns.note(&one, &settings).is_due);
        for _ in 0..3 {
            assert_eq!(concerns.drifted(&Drift::Anything), 1);
        }
        assert_eq!(queue.next().now_or_never(), Some(Some(one.key.clone())));
        assert_eq!(queue.next().now_or_never(), None);
        assert!(concerns.note(&one, &settings).is_due);
        assert!(!concerns.note(&one, &settings).is_due);
        concerns.keep(&one.key);
        assert!(concerns.note(&one, &settings).is_due);
    }

    #[test]
    fn a_rival_that_comes_or_goes_has_the_other_looked_at() {
        let concerns = Arc::new(Concerns::default());
        let mut queue = std::pin::pin!(concerns.queue(ClientKind::Maskinporten));
        let settings = Settings::new("dev-gcp", "nav");
        let (one, two) = (subject("one"), subject("two"));
        assert!(concerns.note(&one, &settings).rivals.is_empty());
        assert_eq!(concerns.note(&two, &settings).rivals.len(), 1);
        assert_eq!(queue.next().now_or_never(), Some(Some(one.key.clone())));
        let concern = concerns.note(&one, &settings);
        assert!(concern.is_due && concern.rivals.len() == 1);
        concerns.forget(&two.key);
        assert_eq!(queue.next().now_or_never(), Some(Some(one.key.clone())));
        assert!(concerns.note(&one, &settings).rivals.is_empty());
    }

    #[test]
    fn when_anything_may_have_changed_a_few_are_looked_at_at_a_time() {
        let concerns = Arc::new(Concerns::default());
        let mut queue = std::pin::pin!(concerns.queue(ClientKind::Maskinporten));
        let settings = Settings::new("dev-gcp", "nav");
        let subjects: Vec<_> = (0..LOOKS_AT_ONCE + 3)
            .map(|number| exposing(&format!("app-{number}"), &format!("nummer{number}.read")))
            .collect();
        let kind = [ClientKind::Maskinporten];
        for subject in &subjects {
            concerns.note(subject, &settings);
            concerns.done(&subject.key);
        }
        concerns.surveyed(kind[0]);
        assert!(concerns.are_surveyed(&kind) && concerns.are_settled());
        concerns.drifted(&Drift::Anything);
        let mut given = Vec::new();
        while let Some(Some(key)) = queue.next().now_or_never() {
            given.push(key);
        }
        assert_eq!(given.len(), LOOKS_AT_ONCE);

        // One comes to its end, another comes to nothing, a third is gone.
        let of = |key: &ClientKey| subjects.iter().find(|subject| subject.key == *key).unwrap();
        assert!(concerns.note(of(&given[0]), &settings).is_due);
        concerns.done(&given[0]);
        concerns.keep(&given[1]);
        concerns.forget(&given[2]);
        let mut more = Vec::new();
        while let Some(Some(key)) = queue.next().now_or_never() {
            more.push(key);
        }
        assert_eq!(more.len(), 3);
        assert!(!concerns.are_settled());
        for subject in &subjects {
            concerns.note(subject, &settings);
            assert!(!concerns.are_settled(), "its pass has begun");
            concerns.done(&subject.key);
        }
        assert!(concerns.are_settled());
        concerns.keep(&given[0]);
        assert!(concerns.are_settled(), "that pass was for no change");
        concerns.forget_all(ClientKind::Maskinporten);
        assert!(!concerns.are_surveyed(&kind));
    }
}
