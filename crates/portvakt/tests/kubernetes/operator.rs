//! The operator as a process, between a real API server and a running development server.

use std::process::{Child, Command, ExitStatus, Stdio};

use portvakt_testkit::ApiServer;
use serde_json::Value;

use crate::support::{DevServer, portvakt};

/// The operator of a cluster for a development server. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    /// Where it answers.
    address: String,
}

impl Process {
    /// Starts it for both kinds of resource. What a test prints when it fails has its log.
    pub(crate) fn start(server: &DevServer, cluster: &ApiServer) -> Self {
        Self::start_with(server, cluster, &[])
    }

    /// Starts one that asks the server every second what somebody else changed.
    pub(crate) fn start_following(server: &DevServer, cluster: &ApiServer) -> Self {
        Self::start_with(server, cluster, &["--follow-seconds", "1"])
    }

    /// Starts it with more arguments.
    pub(crate) fn start_with(server: &DevServer, cluster: &ApiServer, more: &[&str]) -> Self {
        let features = ["--features.maskinporten", "--features.idporten"];
        Self::start_as(server, cluster, &[&features, more].concat())
    }

    /// Starts it for machine clients alone.
    pub(crate) fn start_for_machines(
        server: &DevServer,
        cluster: &ApiServer,
        more: &[&str],
    ) -> Self {
        let features = ["--features.maskinporten", "--features.idporten=false"];
        Self::start_as(server, cluster, &[&features, more].concat())
    }

    fn start_as(server: &DevServer, cluster: &ApiServer, arguments: &[&str]) -> Self {
        let mut command = portvakt(server.folder());
        command
            .args(["operator", "--cluster-name", "dev-gcp"])
            .args(["--metrics-address", "127.0.0.1:0", "--output", "json"])
            .arg("--kubeconfig")
            .arg(cluster.kubeconfig(ApiServer::ADMIN))
            .args(arguments);
        Self::run(command)
    }

    /// Runs this command, which starts it with `--output json`, and waits until it looks after resources.
    pub(crate) fn run(mut command: Command) -> Self {
        command.stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let told = serde_json::Deserializer::from_reader(child.stdout.take().unwrap());
        let told: Value = told.into_iter().next().unwrap().unwrap();
        Self {
            child,
            address: told["metrics_address"].as_str().unwrap().to_owned(),
        }
    }

    /// The id of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What Prometheus reads.
    pub(crate) async fn metrics(&self) -> String {
        self.get("metrics").await
    }

    /// Whether it says that it is the one that acts. It is ready, whether it is or not.
    pub(crate) async fn is_leading(&self) -> bool {
        let told: Value = serde_json::from_str(&self.get("ready").await).unwrap();
        assert_eq!(told["status"], "ready");
        told["leading"] == true
    }

    async fn get(&self, path: &str) -> String {
        let answer = reqwest::get(format!("http://{}/{path}", self.address)).await;
        let answer = answer.unwrap().error_for_status().unwrap();
        answer.text().await.unwrap()
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let told = std::process::Command::new("kill").arg(pid).status();
        assert!(told.unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
