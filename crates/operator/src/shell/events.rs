//! Telling what happened to a resource.

use kube::Client;
use kube::runtime::events::{Event as ClusterEvent, EventType, Recorder, Reporter};

use super::cluster::MANAGER;
use super::kind::ClientResource;
use crate::pass::{Event, EventKind};

/// Who tells of events, as existing clusters know them.
const CONTROLLER: &str = "digdirator";

/// What is told again and again while it lasts.
const REPEATED: &str = "FailedSynchronization";

/// Writes events to the cluster.
#[derive(Clone)]
pub(super) struct Teller {
    client: Client,
    reporter: Reporter,
    repeated: Recorder,
}

impl Teller {
    pub(super) fn new(client: Client) -> Self {
        let reporter = Reporter {
            controller: CONTROLLER.to_owned(),
            instance: Some(MANAGER.to_owned()),
        };
        Self {
            repeated: Recorder::new(client.clone(), reporter.clone()),
            client,
            reporter,
        }
    }

    /// Events are for people who look; a pass does not fail for them.
    pub(super) async fn tell<R: ClientResource>(&self, resource: &R, events: &[Event]) {
        let about = resource.object_ref(&());
        for event in events {
            let event = ClusterEvent {
                type_: match event.kind {
                    EventKind::Normal => EventType::Normal,
                    EventKind::Warning => EventType::Warning,
                },
                reason: event.reason.to_owned(),
                note: Some(event.message.clone()),
                action: event.reason.to_owned(),
                secondary: None,
            };
            // A recorder counts events with the same reason, whatever they say.
            let once = Recorder::new(self.client.clone(), self.reporter.clone());
            let recorder = if event.reason == REPEATED {
                &self.repeated
            } else {
                &once
            };
            if let Err(error) = recorder.publish(&event, &about).await {
                tracing::warn!(%error, "an event was not written");
            }
        }
    }
}
