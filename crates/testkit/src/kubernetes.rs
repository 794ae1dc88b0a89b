//! A private Kubernetes API server: no cluster, no controllers, nothing left behind, however the test
//! ends. It is the real program, so what it validates, defaults, merges and refuses is what a cluster does.
//!
//! A small shell script ([`SCRIPT`]) owns it, the etcd that it stores in, and their folder.

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use portvakt_jose::{Algorithm, RsaBits, SigningKey};

use crate::keeper::Keeper;

const SCRIPT: &str = include_str!("kubernetes/server.sh");

/// Who may ask what: token, name, id and, for the first, the group that may do everything.
const USERS: &str =
    "admin-token,admin,admin,\"system:masters\"\noperator-token,operator,operator\n";

/// What service accounts ask is written down, and nothing else.
const AUDIT: &str = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\n\
    rules: [{level: Metadata, userGroups: [\"system:serviceaccounts\"]}, {level: None}]\n";

/// A server of its own. It and its data are gone when it is dropped, or when the process ends.
#[derive(Debug)]
pub struct ApiServer {
    folder: PathBuf,
    port: u16,
    keeper: Mutex<Keeper>,
}

impl ApiServer {
    /// The token of a user that may do everything.
    pub const ADMIN: &str = "admin-token";

    /// The token of the user `operator`, which may do what a role gives it.
    pub const OPERATOR: &str = "operator-token";

    /// The server that the tests of one binary share, each with a namespace of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ApiServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server for one test.
    pub fn start() -> Self {
        let folder = new_folder();
        let [etcd, peer, port] = free_ports();
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "server.sh"])
            .arg(&folder)
            .args([etcd, peer, port].map(|port| port.to_string()))
            .env("PATH", path());
        Self {
            keeper: Mutex::new(Keeper::start("a Kubernetes API server", &mut command)),
            folder,
            port,
        }
    }

    /// Its base address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The certificates that it is known by, in PEM.
    pub fn certificates(&self) -> String {
        read(&self.folder.join("tls/apiserver.crt"))
    }

    /// A kubeconfig file for the user with this token.
    pub fn kubeconfig(&self, token: &str) -> PathBuf {
        self.kubeconfig_in(token, "default")
    }

    /// The same for a user who is in this namespace, as a Pod is.
    pub fn kubeconfig_in(&self, token: &str, namespace: &str) -> PathBuf {
        // A signed token is too long for the name of a file. Its end is its own.
        let name = token.get(token.len().saturating_sub(32)..).unwrap_or(token);
        let path = self.folder.join(format!("{name}.kubeconfig"));
        let (url, certificates) = (self.url(), self.folder.join("tls/apiserver.crt"));
        let certificates = certificates.display();
        let text = format!(
            "{{apiVersion: v1, kind: Config, current-context: test,\n\
             clusters: [{{name: test, cluster: {{server: \"{url}\", certificate-authority: \"{certificates}\"}}}}],\n\
             users: [{{name: test, user: {{token: {token}}}}}],\n\
             contexts: [{{name: test, context: {{cluster: test, user: test, namespace: {namespace}}}}}]}}\n"
        );
        // Others may be reading the file that is there.
        let new = tempfile::NamedTempFile::new_in(&self.folder)
            .unwrap_or_else(|error| panic!("a kubeconfig: {error}"));
        write(new.path(), &text);
        new.persist(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// `kubectl` for a user that may do everything.
    pub fn kubectl(&self) -> Command {
        let mut kubectl = kubectl();
        kubectl
            .arg("--kubeconfig")
            .arg(self.kubeconfig(Self::ADMIN));
        kubectl
    }

    /// What service accounts have asked so far: an event of the audit log (`audit.k8s.io/v1`) in each line.
    pub fn audit(&self) -> String {
        read(&self.folder.join("audit.log"))
    }

    /// Ends the server with no warning (`kill -9`). What it has stored stays.
    pub fn crash(&self) {
        self.keeper().tell("crash");
    }

    /// Starts the server after a [`crash`](Self::crash), and waits until it is ready.
    pub fn restart(&self) {
        self.keeper().tell("start");
    }

    fn keeper(&self) -> std::sync::MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn new_folder() -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix("portvakt-kubernetes-")
        .tempdir()
        .unwrap_or_else(|error| panic!("a folder for a Kubernetes API server: {error}"));
    let folder = folder.keep();
    // The server reads no other type of key in this form.
    let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048)
        .and_then(|key| key.to_pkcs8_pem())
        .unwrap_or_else(|error| panic!("a key for service accounts: {error}"));
    write(&folder.join("service-account.pem"), &key);
    write(&folder.join("tokens.csv"), USERS);
    write(&folder.join("audit.yaml"), AUDIT);
    folder
}

/// Ports that nobody listens on now.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    listeners.map(|listener| {
        let address = listener.and_then(|listener| listener.local_addr());
        address
            .unwrap_or_else(|error| panic!("a free port: {error}"))
            .port()
    })
}

/// `kubectl`, for what it does without a server.
pub fn kubectl() -> Command {
    Command::new(assets().join("kubectl"))
}

/// The path with the folder of the programs before it.
fn path() -> OsString {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(assets()).chain(std::env::split_paths(&own));
    std::env::join_paths(folders).unwrap_or(own)
}

/// The folder of the programs.
fn assets() -> PathBuf {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS").unwrap_or_else(|| {
        panic!(
            "KUBEBUILDER_ASSETS names no folder with kube-apiserver, etcd and kubectl: run make test-kubernetes"
        )
    });
    PathBuf::from(assets)
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
