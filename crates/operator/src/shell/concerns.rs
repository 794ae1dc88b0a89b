//! Resources that are to be looked at because somebody else changed something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::Stream;
use futures_util::stream::unfold;
use portvakt_nais::Settings;
use portvakt_nais::desired::{ClientKey, ClientKind};
use portvakt_provision::Drift;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::pass::{Footprint, Footprints, Rival, Subject};

/// What the resources are about, and which of them are due. It holds a few names for each resource.
#[derive(Debug, Default)]
pub(super) struct Concerns(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    footprints: Footprints,
    due: BTreeSet<ClientKey>,
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
        Concern {
            is_due: known.due.remove(&subject.key),
            rivals: known.footprints.rivals(&subject.key),
        }
    }

    /// Forgets a resource that is gone.
    pub(super) fn forget(&self, key: &ClientKey) {
        let mut known = self.known();
        let others = known.footprints.forget(key);
        known.due.remove(key);
        known.call(others);
    }

    /// Forgets every resource of a kind; nobody is called, because all are looked at anew.
    pub(super) fn forget_all(&self, kind: ClientKind) {
        let mut known = self.known();
        for key in known.footprints.keys(kind) {
            known.footprints.forget(&key);
        }
        known.due.retain(|key| key.kind != kind);
    }

    /// The resource is due although a pass has begun, because that came to nothing.
    pub(super) fn keep(&self, key: &ClientKey) {
        self.known().due.insert(key.clone());
    }

    /// Has everything looked at that a change concerns; says how many resources that are.
    pub(super) fn drifted(&self, drift: &Drift) -> usize {
        let mut known = self.known();
        let concerned = known.footprints.concerned(drift);
        let count = concerned.len();
        known.call(concerned);
        count
    }

    /// Names of resources of a kind that are to be looked at, for its one controller.
    pub(super) fn queue(&self, kind: ClientKind) -> impl Stream<Item = ClientKey> + use<> {
        let (sender, receiver) = unbounded_channel();
        self.known().queues.insert(kind, sender);
        unfold(receiver, async |mut receiver: UnboundedReceiver<_>| {
            let key = receiver.recv().await?;
            Some((key, receiver))
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let resource = json!({
            "apiVersion": "nais.io/v1", "kind": "MaskinportenClient",
            "metadata": {"name": name, "namespace": "team"},
            "spec": {"secretName": name, "scopes": {"exposes": [{"enabled": true, "name": "some.read", "product": "arbeid"}]}},
        });
        let resource = serde_json::from_value(resource).unwrap();
        Subject::maskinporten(&resource, "dev-gcp").unwrap()
    }

    #[test]
    fn a_change_has_a_resource_looked_at_once() {
        let concerns = Concerns::default();
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
        let concerns = Concerns::default();
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
}
