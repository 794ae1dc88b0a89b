//! Certificates are replaced while Pods are made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{Api, Patch, PatchParams, PostParams};
use portvakt_operator::injection::Settings;
use portvakt_operator::webhook::configuration::FailurePolicy;
use serde_json::json;

use super::running::{CERTIFICATES, Cluster, Webhook};
use super::{SECRET, client_resource, pod, sources};
use crate::cluster::until;

/// Makers of Pods at the same time.
const MAKERS: usize = 4;

/// Makes Pods one after another, until it is told to stop. Every one must come back with its Secret; the policy of
/// the webhook lets no failure pass unseen.
async fn make(pods: Api<Pod>, stop: Arc<AtomicBool>, made: Arc<AtomicUsize>) {
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let wanted = pod(&json!({}));
    while !stop.load(Ordering::Relaxed) {
        let pod = pods.create(&dry, &wanted).await;
        assert_eq!(sources(&pod.unwrap()), [SECRET]);
        made.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_pod_is_refused_while_certificates_are_replaced() {
    let cluster = Cluster::new().await;
    client_resource(&cluster).await;
    let webhook = Webhook::start(&cluster, Settings::default(), FailurePolicy::Fail).await;
    webhook.answers().await;

    let (stop, made) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let makers: Vec<_> = (0..MAKERS)
        .map(|_| tokio::spawn(make(pods.clone(), Arc::clone(&stop), Arc::clone(&made))))
        .collect();
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    for round in 0..2 {
        let before = webhook.entry("tls.crt").await;
        let rotate =
            Patch::Merge(json!({"metadata": {"annotations": {"portvakt/rotate": "true"}}}));
        secrets
            .patch(CERTIFICATES, &PatchParams::default(), &rotate)
            .await
            .unwrap();
        until("the certificate is another", async || {
            webhook.entry("tls.crt").await != before
        })
        .await;
        // Both replicas serve with it, and whoever trusts nothing else believes them.
        let authority = webhook.entry("ca.crt").await;
        for address in &webhook.addresses {
            until("the replica serves with it", async || {
                is_believed(*address, &authority).await
            })
            .await;
        }
        let so_far = made.load(Ordering::Relaxed);
        until("more Pods are made", async || {
            made.load(Ordering::Relaxed) >= so_far + 20
        })
        .await;
        assert!(so_far > 0, "round {round}");
    }
    stop.store(true, Ordering::Relaxed);
    for maker in makers {
        maker.await.unwrap();
    }
    // The authorities of both former certificates are still trusted.
    assert_eq!(
        webhook
            .entry("former-ca.crt")
            .await
            .matches("BEGIN")
            .count(),
        2
    );
    webhook.stop().await;
}

async fn is_believed(address: std::net::SocketAddr, authority: &str) -> bool {
    let authority = reqwest::Certificate::from_pem(authority.as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([authority])
        .build();
    let answer = client
        .unwrap()
        .get(format!("https://{address}/inject"))
        .send()
        .await;
    answer.is_ok_and(|answer| answer.status().as_u16() == 405)
}
