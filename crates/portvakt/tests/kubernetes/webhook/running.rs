//! Replicas of the webhook in this process, behind one address, as a Service puts them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use portvakt_http::{Listener, Shutdown};
use portvakt_operator::injection::Settings;
use portvakt_operator::webhook;
use portvakt_operator::webhook::certificates::{Place, Schedule};
use portvakt_operator::webhook::configuration::{FailurePolicy, PATH, Registration};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::{pod, sources};
use crate::cluster::{namespace, until};

/// Name of the Secret with the certificates.
pub(super) const CERTIFICATES: &str = "webhook-certificates";

/// A namespace of the shared server.
pub(super) struct Cluster {
    pub(super) client: Client,
    pub(super) namespace: String,
}

impl Cluster {
    pub(super) async fn new() -> Self {
        let (client, namespace) = namespace().await;
        Self { client, namespace }
    }
}

/// Two replicas that share a Secret.
pub(super) struct Webhook<'c> {
    cluster: &'c Cluster,
    shutdown: Shutdown,
    replicas: JoinSet<()>,
    service: JoinHandle<()>,
    pub(super) addresses: Vec<SocketAddr>,
}

impl<'c> Webhook<'c> {
    /// Tells the API server of the webhook for Pods of this namespace, and starts it.
    pub(super) async fn start(
        cluster: &'c Cluster,
        settings: Settings,
        failure_policy: FailurePolicy,
    ) -> Self {
        let shutdown = Shutdown::new();
        let (mut replicas, mut addresses) = (JoinSet::new(), Vec::new());
        for _ in 0..2 {
            let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())
                .await
                .unwrap();
            addresses.push(listener.local_addr());
            let replica = webhook::Webhook {
                client: cluster.client.clone(),
                settings: settings.clone(),
                place: place(cluster),
                drain: Duration::ZERO,
            };
            let shutdown = shutdown.clone();
            replicas.spawn(replica.run(listener, Arc::new(|| [0; 16]), now, shutdown));
        }
        let service = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("https://{}{PATH}", service.local_addr().unwrap());
        let registration = Registration {
            name: cluster.namespace.clone(),
            endpoint: json!({"url": url}),
            failure_policy,
            only_in: Some(cluster.namespace.clone()),
            ..Registration::documented()
        };
        register(&cluster.client, &registration).await;
        Self {
            cluster,
            shutdown,
            replicas,
            service: tokio::spawn(forward(service, addresses.clone())),
            addresses,
        }
    }

    /// Waits until Pods are given what they ask for.
    pub(super) async fn answers(&self) {
        let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.cluster.namespace);
        let dry = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        until("the webhook answers", async || {
            let made = pods.create(&dry, &pod(&json!({}))).await;
            made.is_ok_and(|made| !sources(&made).is_empty())
        })
        .await;
    }

    /// An entry of that Secret.
    pub(super) async fn entry(&self, name: &str) -> String {
        let client = self.cluster.client.clone();
        let secrets: Api<Secret> = Api::namespaced(client, &self.cluster.namespace);
        let secret = secrets.get(CERTIFICATES).await.unwrap();
        let data = secret.data.unwrap_or_default();
        let entry = data.get(name).map(|entry| entry.0.clone());
        String::from_utf8(entry.unwrap_or_default()).unwrap()
    }

    /// Stops both replicas. The API server still knows of them.
    pub(super) async fn stop(mut self) {
        self.shutdown.trigger();
        while self.replicas.join_next().await.is_some() {}
        self.service.abort();
    }
}

impl Drop for Webhook<'_> {
    fn drop(&mut self) {
        self.service.abort();
    }
}

fn place(cluster: &Cluster) -> Place {
    Place {
        namespace: cluster.namespace.clone(),
        secret: CERTIFICATES.to_owned(),
        configuration: cluster.namespace.clone(),
        names: vec!["127.0.0.1".to_owned()],
        schedule: Schedule {
            settle: 1,
            ..Schedule::default()
        },
        interval: Duration::from_millis(100),
    }
}

fn now() -> i64 {
    let elapsed = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(elapsed.as_secs()).unwrap()
}

async fn register(client: &Client, registration: &Registration) {
    let configurations: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let apply = PatchParams::apply("test").force();
    let configuration = registration.configuration();
    let patch = Patch::Apply(&configuration);
    let applied = configurations
        .patch(&registration.name, &apply, &patch)
        .await;
    applied.unwrap();
}

/// Hands connections on to the replicas in turn.
async fn forward(service: TcpListener, replicas: Vec<SocketAddr>) {
    let mut connections = JoinSet::new();
    for replica in replicas.into_iter().cycle() {
        let Ok((mut stream, _)) = service.accept().await else {
            return;
        };
        connections.spawn(async move {
            if let Ok(mut replica) = TcpStream::connect(replica).await {
                // Either end may go at any time.
                let _ = copy_bidirectional(&mut stream, &mut replica).await;
            }
        });
    }
}
