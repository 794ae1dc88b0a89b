//! What others change: it is noticed and put back, nothing is done before it is approved, and two resources
//! that expose the same scope do not fight.

use kube::api::{Api, Patch, PatchParams, PostParams};
use portvakt_operator::resource::{ClientStatus, MaskinportenClient};
use serde_json::{Value, json};

use crate::cluster::{own_cluster, until};
use crate::operator::Process;
use crate::support::DevServer;

const CONSUMER: &str = "310420107";

fn exposing(name: &str, annotations: &Value) -> MaskinportenClient {
    let resource = json!({
        "apiVersion": "nais.io/v1", "kind": "MaskinportenClient",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {
            "secretName": name,
            "scopes": {"exposes": [{
                "name": "some.read", "product": "arbeid", "enabled": true, "consumers": [{"orgno": CONSUMER}],
            }]},
        },
    });
    serde_json::from_value(resource).unwrap()
}

/// The condition of this type as `status/reason`.
fn condition(status: &ClientStatus, kind: &str) -> String {
    let condition = status
        .conditions
        .iter()
        .find(|condition| condition.kind == kind);
    condition
        .map(|found| format!("{}/{}", found.status, found.reason))
        .unwrap_or_default()
}

async fn status(resources: &Api<MaskinportenClient>, name: &str) -> ClientStatus {
    resources
        .get(name)
        .await
        .unwrap()
        .status
        .unwrap_or_default()
}

/// A server with a consumer, and a scope for clients that name none.
pub(crate) fn issuer() -> DevServer {
    let server = DevServer::start();
    let run = |arguments: &[&str]| server.run(arguments).done();
    run(&["org", "add", CONSUMER, "--name", "Demoetaten"]);
    run(&["scope", "add", "nav:test/api", "--description", "Demodata"]);
    run(&["access", "grant", "nav:test/api", "889640782"]);
    server
}

fn consumers(server: &DevServer) -> String {
    let scope = "nav:arbeid:some.read";
    server
        .run(&["access", "list", "--scope", scope, "--output", "json"])
        .done()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_waits_for_its_approval_and_what_others_change_is_put_back() {
    let server = issuer();
    let (cluster, client, namespace) = own_cluster().await;
    let _operator = Process::start_following(&server, &cluster);
    let resources: Api<MaskinportenClient> = Api::namespaced(client, &namespace);
    let resource = exposing("app", &json!({"digdir.nais.io/preview": "true"}));
    resources
        .create(&PostParams::default(), &resource)
        .await
        .unwrap();
    until("the plan is shown", async || {
        status(&resources, "app").await.preview.is_some()
    })
    .await;
    let shown = status(&resources, "app").await;
    assert_eq!(condition(&shown, "AwaitingApproval"), "True/Previewed");
    assert_eq!(shown.client_id, None);
    let preview = shown.preview.unwrap();
    let actions: Vec<_> = preview
        .steps
        .iter()
        .map(|step| step.action.as_str())
        .collect();
    assert_eq!(actions[0], "create scope nav:arbeid:some.read");
    assert!(
        actions.contains(&"create client maskinporten dev-gcp:team:app"),
        "{actions:?}"
    );
    assert!(
        server
            .run(&["scope", "list"])
            .done()
            .find("arbeid:some.read")
            .is_none()
    );

    let approval = json!({"metadata": {"annotations": {"digdir.nais.io/approve": preview.hash}}});
    let params = PatchParams::default();
    resources
        .patch("app", &params, &Patch::Merge(&approval))
        .await
        .unwrap();
    until("what was approved is done", async || {
        condition(&status(&resources, "app").await, "Ready") == "True/Synchronized"
    })
    .await;
    let annotations = resources
        .get("app")
        .await
        .unwrap()
        .metadata
        .annotations
        .unwrap();
    assert!(
        !annotations.contains_key("digdir.nais.io/approve"),
        "{annotations:?}"
    );
    assert!(
        consumers(&server).contains("APPROVED"),
        "{}",
        consumers(&server)
    );

    // Somebody withdraws the access by hand. As long as the resource asks for a look, it is shown.
    server
        .run(&["access", "withdraw", "nav:arbeid:some.read", CONSUMER])
        .done();
    until("the change is noticed", async || {
        let preview = status(&resources, "app").await.preview;
        preview.is_some_and(|preview| preview.steps[0].action.starts_with("grant 310420107"))
    })
    .await;
    let unasked = json!({"metadata": {"annotations": {"digdir.nais.io/preview": null}}});
    resources
        .patch("app", &params, &Patch::Merge(&unasked))
        .await
        .unwrap();
    until("it is put back", async || {
        consumers(&server).contains("APPROVED")
    })
    .await;
    until("the resource is ready", async || {
        let status = status(&resources, "app").await;
        condition(&status, "Ready") == "True/Synchronized" && status.preview.is_none()
    })
    .await;

    // And again, with nobody to ask.
    server
        .run(&["access", "withdraw", "nav:arbeid:some.read", CONSUMER])
        .done();
    until("it is put back", async || {
        consumers(&server).contains("APPROVED")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_resources_with_a_scope_one_has_it_and_both_say_so() {
    let server = issuer();
    let (cluster, client, namespace) = own_cluster().await;
    let _operator = Process::start_following(&server, &cluster);
    let resources: Api<MaskinportenClient> = Api::namespaced(client, &namespace);
    let create = async |name: &str| {
        let resource = exposing(name, &json!({}));
        resources
            .create(&PostParams::default(), &resource)
            .await
            .unwrap();
    };
    create("first").await;
    until("the first has the scope", async || {
        condition(&status(&resources, "first").await, "Ready") == "True/Synchronized"
    })
    .await;
    create("second").await;
    // A status is also written midway, with the conflict known and the rest of the work still to do.
    until("both are told, at the end of their work", async || {
        let told = async |name: &str, ready: &str| {
            let status = status(&resources, name).await;
            condition(&status, "ScopeConflict") == "True/ExposedTwice"
                && condition(&status, "Ready") == ready
        };
        told("first", "True/Synchronized").await && told("second", "False/ScopeConflict").await
    })
    .await;
    let second = status(&resources, "second").await;
    assert!(
        second.client_id.is_some(),
        "whatever else it asks for is done"
    );
    resources
        .delete("first", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    until("the second has the scope", async || {
        condition(&status(&resources, "second").await, "Ready") == "True/Synchronized"
    })
    .await;
}
