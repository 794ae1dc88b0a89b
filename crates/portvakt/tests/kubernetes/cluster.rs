//! A cluster as far as there is one: an API server, with the custom resources defined.

use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use portvakt_operator::resource::definitions;
use portvakt_testkit::ApiServer;
use serde_json::json;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use crate::calls::Calls;

/// How long something may take that takes a moment.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client of the shared server that may do everything, and a namespace of its own to do it in.
pub(crate) async fn namespace() -> (Client, String) {
    static DEFINED: OnceCell<()> = OnceCell::const_new();
    let client = client(ApiServer::ADMIN).await;
    DEFINED.get_or_init(|| define(client.clone())).await;
    let namespace: Namespace =
        serde_json::from_value(json!({"metadata": {"generateName": "test-"}})).unwrap();
    let namespaces = Api::all(client.clone());
    let made = namespaces.create(&PostParams::default(), &namespace).await;
    (client, made.unwrap().metadata.name.unwrap())
}

/// A server of its own, for a test whose operator looks after everything that there is, with a client that
/// may do everything and a namespace.
pub(crate) async fn own_cluster() -> (ApiServer, Client, String) {
    let server = tokio::task::spawn_blocking(ApiServer::start).await.unwrap();
    let client = client_by(server.kubeconfig(ApiServer::ADMIN)).await;
    define(client.clone()).await;
    let namespace = json!({"metadata": {"name": "team"}});
    let namespace: Namespace = serde_json::from_value(namespace).unwrap();
    let namespaces = Api::all(client.clone());
    let made = namespaces.create(&PostParams::default(), &namespace).await;
    made.unwrap();
    (server, client, "team".to_owned())
}

/// A client of the shared server for the user with this token.
pub(crate) async fn client(token: &str) -> Client {
    // A blocking start, which the tests of this binary wait for together.
    let token = token.to_owned();
    let path = tokio::task::spawn_blocking(move || ApiServer::shared().kubeconfig(&token));
    client_by(path.await.unwrap()).await
}

/// A client of the shared server that may do everything and whose calls are these.
pub(crate) async fn counted_client(calls: &Calls) -> Client {
    let path = tokio::task::spawn_blocking(|| ApiServer::shared().kubeconfig(ApiServer::ADMIN));
    counted(path.await.unwrap(), calls).await
}

/// A client by this kubeconfig whose calls are these.
pub(crate) async fn counted(kubeconfig: PathBuf, calls: &Calls) -> Client {
    let config = config(kubeconfig).await;
    let client = ClientBuilder::try_from(config).unwrap();
    client.with_layer(calls).build()
}

/// A client by this kubeconfig.
pub(crate) async fn client_by(kubeconfig: PathBuf) -> Client {
    Client::try_from(config(kubeconfig).await).unwrap()
}

async fn config(kubeconfig: PathBuf) -> Config {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    config.unwrap()
}

/// Applies the definitions as `portvakt crds | kubectl apply --server-side -f -` does.
async fn define(client: Client) {
    let api: Api<CustomResourceDefinition> = Api::all(client);
    let apply = PatchParams::apply("test").force();
    for definition in definitions().unwrap() {
        let name = definition["metadata"]["name"].as_str().unwrap().to_owned();
        let patch = Patch::Apply(&definition);
        api.patch(&name, &apply, &patch).await.unwrap();
        established(&api, &name).await;
    }
}

/// Waits until objects of this definition can be stored.
pub(crate) async fn established(api: &Api<CustomResourceDefinition>, name: &str) {
    until(name, async || is_served(api, name).await).await;
}

async fn is_served(api: &Api<CustomResourceDefinition>, name: &str) -> bool {
    let status = api.get(name).await.unwrap().status;
    let conditions = status.and_then(|status| status.conditions);
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition.type_ == "Established" && condition.status == "True")
}

/// Asks until the answer is yes.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    until_for(PATIENCE, what, is_so).await;
}

/// Asks until the answer is yes, so long at most.
pub(crate) async fn until_for(patience: Duration, what: &str, is_so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(
            started.elapsed() < patience,
            "{what}: not within {patience:?}"
        );
        sleep(Duration::from_millis(50)).await;
    }
}
