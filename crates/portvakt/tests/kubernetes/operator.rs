//! The operator as a process, between a real API server and a running development server.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use portvakt_testkit::ApiServer;

use crate::support::{DevServer, portvakt};

/// The operator of a cluster for a development server. It is killed when it is dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts it for both kinds of resource. What a test prints when it fails has its log.
    pub(crate) fn start(server: &DevServer, cluster: &ApiServer) -> Self {
        let kubeconfig = cluster.kubeconfig(ApiServer::ADMIN);
        Self::start_with(server.folder(), kubeconfig, &[])
    }

    /// Starts it with more arguments, in this folder.
    pub(crate) fn start_with(folder: &Path, kubeconfig: PathBuf, more: &[&str]) -> Self {
        let mut command = portvakt(folder);
        command
            .args(["operator", "--cluster-name", "dev-gcp"])
            .args(["--features.maskinporten", "--features.idporten"])
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(more)
            .stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> std::process::ExitStatus {
        let pid = self.0.id().to_string();
        let told = std::process::Command::new("kill").arg(pid).status();
        assert!(told.unwrap().success());
        self.0.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
