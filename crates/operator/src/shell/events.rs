//! Telling what happened to an object.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event as ClusterEvent, EventType, Recorder, Reporter};

use super::cluster::MANAGER;
use crate::cluster_error::ClusterError;
use crate::pass::{Event, EventKind, cut};

/// What is told again and again while it lasts.
pub(crate) const REPEATED: &str = "FailedSynchronization";

/// The API server takes no event with a longer note, in bytes.
const MAX_NOTE: usize = 1024;

/// Writes events to the cluster.
#[derive(Clone)]
pub(crate) struct Teller {
    client: Client,
    reporter: Reporter,
    repeated: Recorder,
}

impl Teller {
    /// Events say that they are from this controller.
    pub(crate) fn new(client: Client, controller: &str) -> Self {
        let reporter = Reporter {
            controller: controller.to_owned(),
            instance: Some(MANAGER.to_owned()),
        };
        Self {
            repeated: Recorder::new(client.clone(), reporter.clone()),
            client,
            reporter,
        }
    }

    /// Events are for people who look; a pass does not fail for them.
    pub(crate) async fn tell(&self, about: &ObjectReference, events: &[Event]) {
        for event in events {
            let event = ClusterEvent {
                type_: match event.kind {
                    EventKind::Normal => EventType::Normal,
                    EventKind::Warning => EventType::Warning,
                },
                reason: event.reason.to_owned(),
                note: Some(cut(event.message.clone(), MAX_NOTE)),
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
            let published = recorder.publish(&event, about).await;
            if let Err(error) = published.map_err(ClusterError::at("write an event")) {
                tracing::warn!(%error, "people are not told");
            }
        }
    }
}
