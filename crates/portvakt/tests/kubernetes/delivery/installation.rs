//! The operator as its Deployment says, with the rights of its service account.

use std::process::Command;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};
use portvakt_testkit::{ApiServer, free_ports};
use serde_json::Value;

use super::{NAMESPACE, apply, documents, helm, restricted};
use crate::cluster::{client_by, own_cluster};
use crate::example::lead_here;
use crate::operator::Process;
use crate::support::{DevServer, portvakt};
use crate::workloads;

/// A cluster with what the chart renders for a development server.
pub(super) struct Installation<'s> {
    server: &'s DevServer,
    pub(super) cluster: ApiServer,
    /// May do everything.
    pub(super) client: Client,
    /// A namespace of workloads.
    pub(super) team: String,
    pub(super) manifests: Vec<Value>,
    token: String,
}

impl<'s> Installation<'s> {
    /// Installs the chart with these values beside those that name the server.
    pub(super) async fn new(server: &'s DevServer, more: &str) -> Self {
        let (cluster, client, team) = own_cluster().await;
        workloads::define(&client).await;
        restricted(&client, &[NAMESPACE]).await;
        let [metrics, webhook] = free_ports();
        let values = format!(
            "clusterName=dev-gcp,admin.apiHost=,admin.baseUrl={},admin.clientID=nav-administrasjon,admin.key.kid={},\
             maskinporten.wellKnownUrl={}.well-known/oauth-authorization-server,\
             idporten.wellKnownUrl={}/.well-known/openid-configuration,\
             followSeconds=1,metrics.port={metrics},webhook.port={webhook},webhook.drainSeconds=0,{more}",
            server.selfservice(),
            key_id(server),
            server.issuer(),
            server.login_issuer(),
        );
        let text = helm("base", &values);
        apply(&cluster, &text);
        let manifests = documents(&text);
        let kinds = |kind: &str| manifests.iter().any(|manifest| manifest["kind"] == kind);
        if kinds("MutatingWebhookConfiguration") {
            lead_here(&client, webhook).await;
        }
        let token = token(&client).await;
        Self {
            server,
            cluster,
            client,
            team,
            manifests,
            token,
        }
    }

    /// A client with the operator's rights.
    pub(super) async fn operators_client(&self) -> Client {
        client_by(self.cluster.kubeconfig_in(&self.token, NAMESPACE)).await
    }

    /// Starts the container's command. What is mounted is where it is on this machine.
    pub(super) fn start(&self) -> Process {
        let mut deployments = self.manifests.iter();
        let deployment = deployments.find(|manifest| manifest["kind"] == "Deployment");
        let container = &deployment.unwrap()["spec"]["template"]["spec"]["containers"][0];
        let mut command: Command = portvakt(self.server.folder());
        for argument in container["args"].as_array().unwrap() {
            command.arg(argument.as_str().unwrap());
        }
        for variable in container["env"].as_array().unwrap() {
            let (name, value) = (&variable["name"], &variable["value"]);
            command.env(name.as_str().unwrap(), value.as_str().unwrap());
        }
        let kubeconfig = self.cluster.kubeconfig_in(&self.token, NAMESPACE);
        command
            .env("PORTVAKT_ADMIN_KEY", key_file(self.server))
            .args(["--output", "json", "--kubeconfig"])
            .arg(kubeconfig);
        Process::run(command)
    }
}

fn key_file(server: &DevServer) -> std::path::PathBuf {
    server.data_dir().join("keys/nav-administrasjon.jwk.json")
}

fn key_id(server: &DevServer) -> String {
    let key = std::fs::read(key_file(server)).unwrap();
    let key: Value = serde_json::from_slice(&key).unwrap();
    key["kid"].as_str().unwrap().to_owned()
}

/// A token of the service account.
async fn token(client: &Client) -> String {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), NAMESPACE);
    let request = TokenRequest {
        spec: TokenRequestSpec::default(),
        ..TokenRequest::default()
    };
    let issued = accounts
        .create_token_request("portvakt-operator", &PostParams::default(), &request)
        .await;
    issued.unwrap().status.unwrap().token
}
