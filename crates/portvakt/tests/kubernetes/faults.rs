//! What goes wrong around a running operator: people's hands, an issuer that answers garbage or not at all, an
//! API server that goes away, and resources that can never be.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use portvakt_operator::resource::MaskinportenClient;
use portvakt_operator::shell::run;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::calls::{Calls, Fault};
use crate::cluster::{own_cluster, until};
use crate::first_deploy::laanesok;
use crate::issuer::Issuer;
use crate::scene::operator;

const SECRET: &str = "maskinporten-laanesok-9b0cdc78";

struct Around {
    cluster: portvakt_testkit::ApiServer,
    client: Client,
    namespace: String,
    calls: Calls,
    issuer: Issuer,
    _stop: oneshot::Sender<()>,
}

/// An operator that looks after a cluster of its own.
async fn running() -> Around {
    let (cluster, client, namespace) = own_cluster().await;
    let (issuer, calls) = (Issuer::start().await, Calls::default());
    let kubeconfig = cluster.kubeconfig(portvakt_testkit::ApiServer::ADMIN);
    let operator = operator(&issuer, kubeconfig, &calls).await;
    let (stop, stopped) = oneshot::channel();
    let until = async {
        let _ = stopped.await;
    };
    tokio::spawn(run::<MaskinportenClient>(operator, until, || 0.0));
    Around {
        cluster,
        client,
        namespace,
        calls,
        issuer,
        _stop: stop,
    }
}

impl Around {
    fn resources(&self) -> Api<MaskinportenClient> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn create(&self, resource: &MaskinportenClient) {
        let params = PostParams::default();
        self.resources().create(&params, resource).await.unwrap();
    }

    async fn says(&self, name: &str, condition: &str) -> bool {
        let resource = self.resources().get_opt(name).await;
        let status = resource.ok().flatten().and_then(|found| found.status);
        status
            .is_some_and(|status| crate::scene::conditions(&status).contains(&condition.to_owned()))
    }

    /// The id of the key in the Secret, if there is one.
    async fn kid(&self) -> Option<String> {
        let secret = self.secrets().get_opt(SECRET).await.unwrap()?;
        let jwk = secret.data?.remove("MASKINPORTEN_CLIENT_JWK")?;
        let jwk: serde_json::Value = serde_json::from_slice(&jwk.0).ok()?;
        Some(jwk["kid"].as_str()?.to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_mended_and_an_api_server_that_went_away_is_found_again() {
    let around = running().await;
    around.create(&laanesok()).await;
    until("it is ready", async || {
        around.says("laanesok", "Ready=True").await
    })
    .await;
    let kid = around.kid().await.unwrap();

    // Somebody edits the Secret, and adds something of their own.
    let edit = json!({"stringData": {"MASKINPORTEN_ISSUER": "https://example.org", "OWN": "kept"}});
    let secrets = around.secrets();
    let (params, edit) = (PatchParams::default(), Patch::Merge(edit));
    secrets.patch(SECRET, &params, &edit).await.unwrap();
    let is_mended = async || {
        let data = secrets.get(SECRET).await.unwrap().data.unwrap();
        data["MASKINPORTEN_ISSUER"].0 == b"https://test.maskinporten.no/"
            && data["OWN"].0 == b"kept"
    };
    until("the Secret is mended", is_mended).await;
    assert_eq!(around.kid().await, Some(kid.clone()));

    // Somebody deletes it: its key is gone, and there is a new one, which is registered.
    let deleted = secrets.delete(SECRET, &DeleteParams::default()).await;
    deleted.unwrap();
    let is_back = async || around.kid().await.is_some_and(|now| now != kid);
    until("the Secret is back", is_back).await;
    until("it is ready again", async || {
        around.says("laanesok", "Ready=True").await
    })
    .await;
    let api = around.issuer.api(&Calls::default()).await;
    let status = around.resources().get("laanesok").await.unwrap().status;
    let id = status.unwrap().client_id.unwrap();
    let keys = api.keys(&id).await.unwrap().value.keys;
    let now = around.kid().await.unwrap();
    assert!(keys.iter().any(|key| key["kid"] == now.as_str()));

    // The API server goes away, with every watch.
    around.cluster.crash();
    let cluster = &around.cluster;
    tokio::task::block_in_place(|| cluster.restart());
    let mut another = laanesok();
    another.metadata.name = Some("annen".to_owned());
    another.spec.secret_name = "annen".to_owned();
    until("the API server takes it", async || {
        let params = PostParams::default();
        around.resources().create(&params, &another).await.is_ok()
    })
    .await;
    until("the other is ready", async || {
        around.says("annen", "Ready=True").await
    })
    .await;
    assert_eq!(around.kid().await.as_ref(), Some(&now));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_fails_is_asked_seldom_and_found_again() {
    let around = running().await;
    for (name, fault) in [("garbage", Fault::Garbage), ("down", Fault::Down)] {
        around.calls.set(Some(fault));
        let mut resource = laanesok();
        resource.metadata.name = Some(name.to_owned());
        resource.spec.secret_name = name.to_owned();
        around.create(&resource).await;
        until("it says so", async || around.says(name, "Error=True").await).await;
        let passes = async || {
            let status = format!("maskinportenclients/{name}/status");
            let made = around.calls.made();
            made.iter().filter(|call| call.ends_with(&status)).count()
        };
        let before = passes().await;
        // Long enough for a hot loop to show.
        sleep(Duration::from_secs(2)).await;
        let after = passes().await;
        assert!(after - before <= 4, "{before} to {after}");
        around.calls.set(None);
        until("it is ready", async || {
            around.says(name, "Ready=True").await
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_that_can_never_be_keep_nobody_waiting() {
    let around = running().await;
    let taken = json!({"metadata": {"name": "taken"}, "stringData": {"own": "data"}});
    let taken: Secret = serde_json::from_value(taken).unwrap();
    let params = PostParams::default();
    around.secrets().create(&params, &taken).await.unwrap();
    for number in 0..20 {
        let mut broken = laanesok();
        broken.metadata.name = Some(format!("broken-{number}"));
        broken.spec.secret_name = "taken".to_owned();
        around.create(&broken).await;
    }
    // No label can have such a name, so nothing of its workload can be asked for by it.
    let long = "long-".repeat(13) + "name";
    let mut unnamable = laanesok();
    unnamable.metadata.name = Some(long.clone());
    around.create(&unnamable).await;
    around.create(&laanesok()).await;
    until("the good one is ready", async || {
        around.says("laanesok", "Ready=True").await
    })
    .await;
    until("a broken one says why", async || {
        around.says("broken-19", "Error=True").await
    })
    .await;
    until("one whose name is too long says why", async || {
        around.says(&long, "Error=True").await
    })
    .await;
    sleep(Duration::from_secs(2)).await;
    let made = around.calls.made();
    let looks = made
        .iter()
        .filter(|call| call.ends_with("maskinportenclients/broken-7"));
    assert!(looks.count() <= 6, "pauses grow");
    let data = around.secrets().get("taken").await.unwrap().data.unwrap();
    assert_eq!(data["own"].0, b"data");
}
