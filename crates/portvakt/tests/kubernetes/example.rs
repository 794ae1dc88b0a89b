//! The example for people ([examples/kubernetes](../../../../examples/kubernetes/README.md)) with the commands of
//! its page, in their order: from an `Application` to a Pod with its variables.

use std::path::{Path, PathBuf};

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, Service};
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::pinned_kind;
use portvakt_operator::resource::MaskinportenClient;
use serde::Deserialize;
use serde_json::json;

use crate::cluster::{own_cluster, until};
use crate::operator::Process;
use crate::support::DevServer;
use crate::workloads;

/// Whoever follows the page.
struct Reader<'r> {
    server: &'r DevServer,
    client: &'r Client,
}

impl Reader<'_> {
    /// Types the commands of a block.
    async fn follow(&self, block: &str) -> String {
        let mut printed = String::new();
        for line in block.lines() {
            printed = self.type_in(line).await;
        }
        printed
    }

    async fn type_in(&self, line: &str) -> String {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            [
                "portvakt",
                "crds",
                "|",
                "kubectl",
                "apply",
                "--server-side",
                "-f",
                "-",
            ] => {
                self.apply(&self.server.run(&["crds"]).done()).await;
            }
            ["portvakt", arguments @ ..] => return self.server.run(arguments).done(),
            ["kubectl", "create", "namespace", name] => {
                let namespace = json!({"metadata": {"name": name}});
                let namespace: Namespace = serde_json::from_value(namespace).unwrap();
                let namespaces = Api::all(self.client.clone());
                let made = namespaces.create(&PostParams::default(), &namespace).await;
                made.unwrap();
            }
            ["kubectl", "apply", "--server-side", "-f", file] => {
                self.apply(&std::fs::read_to_string(root().join(file)).unwrap())
                    .await;
            }
            [
                "kubectl",
                "wait",
                what,
                object,
                "--namespace",
                namespace,
                "--timeout",
                _,
            ] => {
                let name = object.strip_prefix("maskinportenclient/").unwrap();
                self.wait(what, name, namespace).await;
            }
            [
                "kubectl",
                "get",
                "pod",
                name,
                "--namespace",
                namespace,
                "-o",
                path,
            ] => {
                let path = path
                    .strip_prefix("jsonpath='{")
                    .unwrap()
                    .strip_suffix("}'")
                    .unwrap();
                return self.get(name, namespace, path).await;
            }
            _ => panic!("{line}: nobody here knows this command"),
        }
        String::new()
    }

    async fn apply(&self, text: &str) {
        for document in serde_saphyr::from_multiple::<serde_json::Value>(text).unwrap() {
            let object = DynamicObject::deserialize(&document).unwrap();
            let types = object.types.clone().unwrap();
            let kind = GroupVersionKind::try_from(&types).unwrap();
            let (kind, _) = pinned_kind(self.client, &kind).await.unwrap();
            let api = match &object.metadata.namespace {
                Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind),
                None => Api::<DynamicObject>::all_with(self.client.clone(), &kind),
            };
            let name = object.metadata.name.clone().unwrap();
            let params = PatchParams::apply("kubectl");
            let applied = api.patch(&name, &params, &Patch::Apply(&object)).await;
            applied.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    async fn wait(&self, what: &str, name: &str, namespace: &str) {
        let resources: Api<MaskinportenClient> = Api::namespaced(self.client.clone(), namespace);
        until(what, async || {
            let Some(resource) = resources.get_opt(name).await.unwrap() else {
                return false;
            };
            let condition = what.strip_prefix("--for=condition=");
            condition.is_none_or(|wanted| {
                let conditions = resource.status.map(|status| status.conditions);
                let mut conditions = conditions.into_iter().flatten();
                conditions.any(|it| it.kind == wanted && it.status == "True")
            })
        })
        .await;
    }

    async fn get(&self, name: &str, namespace: &str, path: &str) -> String {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let pod = serde_json::to_value(pods.get(name).await.unwrap()).unwrap();
        let pointer = path.replace(['.', '['], "/").replace(']', "");
        let found = pod
            .pointer(&pointer)
            .unwrap_or_else(|| panic!("{pointer}: {pod:#}"));
        found.as_str().unwrap().to_owned()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A Service of this name, such as the page speaks of, that leads to this machine.
pub(crate) async fn lead_here(client: &Client, port: u16) {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "portvakt-webhook"},
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    });
    let services: Api<Service> = Api::namespaced(client.clone(), "portvakt-operator");
    let apply = PatchParams::apply("test").force();
    let made = services
        .patch("portvakt-webhook", &apply, &Patch::Apply(&service))
        .await;
    made.unwrap();
    let configurations: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let service = json!({"clientConfig": {"service": {"port": port}}});
    let webhooks = ["labelled.pods.portvakt", "applications.pods.portvakt"].map(|name| {
        let mut webhook = service.clone();
        webhook["name"] = json!(name);
        webhook
    });
    let patch = Patch::Strategic(json!({"webhooks": webhooks}));
    let params = PatchParams::default();
    let patched = configurations
        .patch("portvakt-webhook", &params, &patch)
        .await;
    patched.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_becomes_a_pod_with_variables_by_the_commands_of_the_page() {
    let page = std::fs::read_to_string(root().join("examples/kubernetes/README.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1);
    let blocks: Vec<_> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    let [provider, cluster, team, look] = blocks.as_slice() else {
        panic!("the page has {} blocks", blocks.len());
    };
    let server = DevServer::start();
    std::os::unix::fs::symlink(
        root().join("examples").canonicalize().unwrap(),
        server.folder().join("examples"),
    )
    .unwrap();
    let (api_server, client, _) = own_cluster().await;
    workloads::define(&client).await;
    let reader = Reader {
        server: &server,
        client: &client,
    };
    reader.follow(provider).await;
    reader.follow(cluster).await;

    let [port] = portvakt_testkit::free_ports();
    lead_here(&client, port).await;
    let address = format!("127.0.0.1:{port}");
    let arguments = [
        "--applications",
        "--webhook",
        &address,
        "--webhook-namespace",
        "portvakt-operator",
        "--webhook-drain",
        "0",
    ];
    let mut operator = Process::start_with(&server, &api_server, &arguments);
    let configurations: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    until("the API server trusts the webhook", async || {
        let found = configurations.get("portvakt-webhook").await.unwrap();
        let mut webhooks = found.webhooks.into_iter().flatten();
        webhooks.all(|webhook| webhook.client_config.ca_bundle.is_some())
    })
    .await;
    reader.follow(team).await;

    let secret = reader.follow(look).await;
    assert!(page.contains(&format!("It prints `{secret}`")), "{secret}");
    let secrets: Api<Secret> = Api::namespaced(client.clone(), "visning");
    let entries = secrets.get(&secret).await.unwrap().data.unwrap();
    assert_eq!(entries.len(), 7);
    let scopes = &entries["MASKINPORTEN_SCOPES"].0;
    assert_eq!(scopes, b"nav:vakt/vaktliste.read");
    assert!(operator.stop().success());
}
