//! The specification's first vector (spec: nais §11, V1), with a resource that is deleted in the end.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use portvakt_operator::resource::{ClientStatus, MaskinportenClient};
use serde_json::{Value, json};

use crate::cluster::{own_cluster, until};
use crate::operator::Process;
use crate::support::DevServer;

const SECRET: &str = "maskinporten-laanesok-9b0cdc78";

/// A server where others offer the scopes of the vector: one to us, one to everybody.
pub(crate) fn issuer() -> DevServer {
    let server = DevServer::start();
    let run = |arguments: &[&str]| server.run(arguments).done();
    run(&["org", "add", "310420107", "--name", "Demoetaten"]);
    for (prefix, subscope) in [
        ("demoskatt", "inntekt.read"),
        ("demoregister", "oppslag/enhet.read"),
    ] {
        run(&["prefix", "assign", prefix, "--org", "310420107"]);
        let scope = format!("{prefix}:{subscope}");
        run(&["scope", "add", &scope, "--description", "Demodata"]);
    }
    run(&["access", "grant", "demoskatt:inntekt.read", "889640782"]);
    run(&[
        "access",
        "grant",
        "demoregister:oppslag/enhet.read",
        "889640782",
    ]);
    server
}

pub(crate) fn laanesok() -> MaskinportenClient {
    let resource = json!({
        "apiVersion": "nais.io/v1", "kind": "MaskinportenClient",
        "metadata": {"name": "laanesok"},
        "spec": {
            "scopes": {"consumes": [
                {"name": "demoskatt:inntekt.read"}, {"name": "demoregister:oppslag/enhet.read"},
            ]},
            "secretName": SECRET,
        },
    });
    serde_json::from_value(resource).unwrap()
}

fn text(secret: &Secret, entry: &str) -> String {
    let data = secret.data.as_ref().unwrap();
    String::from_utf8(data[entry].0.clone()).unwrap()
}

fn assert_synchronized(resource: &MaskinportenClient) {
    let status = resource.status.as_ref().unwrap();
    assert_eq!(
        resource.metadata.finalizers.as_deref().unwrap(),
        ["digdirator.nais.io/finalizer"]
    );
    assert_eq!(
        status.synchronization_hash.as_deref(),
        Some("da7b8361baebe374")
    );
    assert_eq!(status.synchronization_secret_name.as_deref(), Some(SECRET));
    assert_eq!(
        status.synchronization_state.as_deref(),
        Some("Synchronized")
    );
    let conditions: Vec<_> = status
        .conditions
        .iter()
        .map(|condition| (condition.kind.as_str(), condition.status.as_str()))
        .collect();
    assert_eq!(
        conditions,
        [
            ("Ready", "True"),
            ("InvalidConsumedScopes", "False"),
            ("Error", "False")
        ]
    );
}

/// The Secret has the seven entries, for the client and the key of the status.
fn assert_complete(secret: &Secret, status: &ClientStatus, issuer: &str) {
    let labels = secret.metadata.labels.clone().unwrap();
    assert_eq!(labels["app"], "laanesok");
    assert_eq!(labels["type"], "maskinporten.digdirator.nais.io");
    assert_eq!(secret.type_.as_deref(), Some("Opaque"));
    let owner = &secret.metadata.owner_references.as_ref().unwrap()[0];
    assert_eq!(
        (owner.kind.as_str(), owner.controller),
        ("MaskinportenClient", Some(true))
    );
    assert_eq!(secret.data.as_ref().unwrap().len(), 7);
    assert_eq!(
        Some(text(secret, "MASKINPORTEN_CLIENT_ID")),
        status.client_id
    );
    assert_eq!(text(secret, "MASKINPORTEN_ISSUER"), issuer);
    assert_eq!(
        text(secret, "MASKINPORTEN_SCOPES"),
        "demoskatt:inntekt.read demoregister:oppslag/enhet.read"
    );
    let key: Value = serde_json::from_str(&text(secret, "MASKINPORTEN_CLIENT_JWK")).unwrap();
    assert_eq!(status.key_ids, [key["kid"].as_str().unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deploy_gets_working_credentials_and_a_deleted_resource_leaves_none() {
    let server = issuer();
    let (cluster, client, namespace) = own_cluster().await;
    let mut operator = Process::start(&server, &cluster);
    let resources: Api<MaskinportenClient> = Api::namespaced(client.clone(), &namespace);
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &namespace);
    resources
        .create(&PostParams::default(), &laanesok())
        .await
        .unwrap();
    until("the resource is synchronized", async || {
        let status = resources.get("laanesok").await.unwrap().status;
        status.is_some_and(|status| status.observed_generation == Some(1))
    })
    .await;

    let resource = resources.get("laanesok").await.unwrap();
    assert_synchronized(&resource);
    let status = resource.status.unwrap();
    let secret = secrets.get(SECRET).await.unwrap();
    assert_complete(&secret, &status, &server.issuer());

    // The credentials work.
    let key_file = server.folder().join("laanesok.jwk.json");
    std::fs::write(&key_file, text(&secret, "MASKINPORTEN_CLIENT_JWK")).unwrap();
    let id = status.client_id.clone().unwrap();
    let key = key_file.to_str().unwrap();
    let scope = "demoskatt:inntekt.read";
    let ask = || server.run(&["token", "--client", &id, "--key", key, "--scope", scope]);
    assert_eq!(ask().done().split('.').count(), 3);

    let events: Api<Event> = Api::namespaced(client.clone(), &namespace);
    let reasons = async || {
        let events = events.list(&ListParams::default()).await.unwrap().items;
        let mut reasons: Vec<_> = events
            .into_iter()
            .filter_map(|event| event.reason)
            .collect();
        reasons.sort();
        reasons
    };
    until("the events are told", async || {
        reasons().await == ["CreatedInDigDir", "RotatedInDigDir", "Synchronized"]
    })
    .await;

    resources
        .delete("laanesok", &DeleteParams::default())
        .await
        .unwrap();
    until("the resource is gone", async || {
        resources.get_opt("laanesok").await.unwrap().is_none()
    })
    .await;
    ask().failed();

    // Passes under way are finished, and then it ends by itself.
    assert!(operator.stop().success());
}
