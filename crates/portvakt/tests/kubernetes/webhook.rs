//! The webhook, asked by a real API server.

mod limits;
mod load;
mod running;

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{Api, Patch, PatchParams, PostParams};
use portvakt_operator::injection::Settings;
use portvakt_operator::resource::MaskinportenClient;
use portvakt_operator::webhook::configuration::FailurePolicy;
use serde_json::{Value, json};

use self::running::{CERTIFICATES, Cluster, Webhook};
use crate::cluster::until;

const SECRET: &str = "some-secret";

/// A Pod of `app` that asks for its credentials, with these members.
fn pod(members: &Value) -> Pod {
    let mut pod = json!({
        "metadata": {"generateName": "app-", "labels": {"app": "app", "portvakt/inject": "true"}},
        "spec": {"containers": [{"name": "app", "image": "example/app:1"}]},
    });
    let pod_members = pod.as_object_mut().unwrap();
    pod_members.extend(members.as_object().unwrap().clone());
    serde_json::from_value(pod).unwrap()
}

/// The Secrets that the first container takes its variables from.
fn sources(pod: &Pod) -> Vec<String> {
    let container = &pod.spec.as_ref().unwrap().containers[0];
    let sources = container.env_from.iter().flatten();
    let sources = sources.filter_map(|source| source.secret_ref.as_ref());
    sources.map(|secret| secret.name.clone()).collect()
}

async fn create(cluster: &Cluster, pod: &Pod) -> Result<Pod, kube::Error> {
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    pods.create(&PostParams::default(), pod).await
}

/// A client resource `app` whose Secret has this name.
async fn client_resource(cluster: &Cluster) {
    let resource = json!({
        "apiVersion": "nais.io/v1", "kind": "MaskinportenClient", "metadata": {"name": "app"},
        "spec": {"secretName": SECRET},
    });
    let resource: MaskinportenClient = serde_json::from_value(resource).unwrap();
    let resources = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    resources
        .create(&PostParams::default(), &resource)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_comes_back_with_its_variables_and_files() {
    let cluster = Cluster::new().await;
    client_resource(&cluster).await;
    let webhook = Webhook::start(&cluster, Settings::default(), FailurePolicy::Ignore).await;
    webhook.answers().await;

    let made = create(&cluster, &pod(&json!({}))).await.unwrap();
    assert_eq!(sources(&made), [SECRET]);
    let spec = made.spec.unwrap();
    let mounts = spec.containers[0].volume_mounts.as_ref().unwrap();
    let mount = mounts.iter().find(|mount| mount.name == SECRET).unwrap();
    assert_eq!(mount.mount_path, "/var/run/secrets/nais.io/maskinporten");
    assert_eq!(made.metadata.labels.unwrap()["maskinporten"], "enabled");

    // One that asks for nothing, and one that asks for what is not there.
    let plain = json!({"metadata": {"generateName": "app-", "labels": {"portvakt/inject": "false", "app": "app"}}});
    let plain = create(&cluster, &pod(&plain)).await.unwrap();
    assert_eq!(sources(&plain), Vec::<String>::new());
    let other = json!({"metadata": {"generateName": "b-", "labels": {"app": "b", "portvakt/inject": "true"}}});
    let refusal = create(&cluster, &pod(&other))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("no MaskinportenClient and no IDPortenClient b"),
        "{refusal}"
    );
    webhook.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_answers_pods_are_made_without_or_not_at_all() {
    for (policy, expected) in [(FailurePolicy::Ignore, true), (FailurePolicy::Fail, false)] {
        let cluster = Cluster::new().await;
        client_resource(&cluster).await;
        let webhook = Webhook::start(&cluster, Settings::default(), policy).await;
        webhook.answers().await;
        webhook.stop().await;
        let made = create(&cluster, &pod(&json!({}))).await;
        assert_eq!(made.is_ok(), expected, "{made:?}");
        if let Ok(made) = made {
            assert_eq!(sources(&made), Vec::<String>::new());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_deleted_or_damaged_is_put_back_as_it_was() {
    let cluster = Cluster::new().await;
    client_resource(&cluster).await;
    let webhook = Webhook::start(&cluster, Settings::default(), FailurePolicy::Fail).await;
    webhook.answers().await;
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let name = CERTIFICATES;
    let before = secrets.get(name).await.unwrap();
    let is_back = async || {
        let secret = secrets.get_opt(name).await.unwrap();
        secret.is_some_and(|secret| secret.data == before.data)
    };
    secrets
        .delete(name, &kube::api::DeleteParams::default())
        .await
        .unwrap();
    until("the Secret is back", is_back).await;
    for entry in ["tls.crt", "tls.key", "ca.crt"] {
        let damage = Patch::Merge(json!({"stringData": {entry: "no PEM"}}));
        secrets
            .patch(name, &PatchParams::default(), &damage)
            .await
            .unwrap();
        until("the Secret is whole", is_back).await;
    }
    assert_eq!(
        sources(&create(&cluster, &pod(&json!({}))).await.unwrap()),
        [SECRET]
    );
    webhook.stop().await;
}
