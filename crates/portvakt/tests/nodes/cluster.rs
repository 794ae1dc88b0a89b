//! A configured deployment, and the processes that serve it.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use portvakt_testkit::PostgresServer;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::identity;
use crate::people;
use crate::wire::Wire;

/// How long anything may take before a test gives up. Nothing waits this long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The encryption key of every deployment.
const KEY: &str = "0f0e0d0c0b0a09080706050403020100f0e0d0c0b0a090807060504030201000";

/// A folder with a configuration, and the database that it names.
pub(crate) struct Cluster {
    folder: TempDir,
    database: String,
}

impl Cluster {
    /// On a database that holds everybody of [`identity`].
    pub(crate) fn on_postgres(server: &PostgresServer) -> Self {
        let cluster = Self::on_sqlite();
        let database = server.database();
        done(&[
            "migrate",
            "--to",
            &database,
            "--data-dir",
            &cluster.path(""),
        ]);
        Self {
            database,
            ..cluster
        }
    }

    /// On a file that holds everybody of [`identity`].
    pub(crate) fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}/portvakt.db", folder.path().display());
        let cluster = Self { folder, database };
        fs::write(
            cluster.path("registry.yaml"),
            identity::registry().to_string(),
        )
        .unwrap();
        let (registry, folder) = (cluster.path("registry.yaml"), cluster.path(""));
        done(&["registry", "apply", &registry, "--data-dir", &folder]);
        cluster
    }

    /// On an empty database.
    pub(crate) fn on_nothing(server: &PostgresServer) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            database: server.database(),
        }
    }

    /// Where everything is kept.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The size of the larger file of the ledger.
    pub(crate) fn ledger_size(&self) -> u64 {
        let files = ["portvakt.db-ledger", "portvakt.db-ledger-wal"];
        let sizes = files.map(|name| fs::metadata(self.path(name)).unwrap().len());
        sizes.into_iter().max().unwrap()
    }

    /// A process that serves, and has said where.
    pub(crate) async fn node(&self) -> Node {
        self.node_on(&self.database).await
    }

    /// As [`Cluster::node`], with another way to the database.
    pub(crate) async fn node_on(&self, database: &str) -> Node {
        self.run(binary(), database).await
    }

    /// A node that gets an error, rather than a signal, for a file that would grow beyond its limit.
    pub(crate) async fn limited_node(&self) -> Node {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        command.arg(env!("CARGO_BIN_EXE_portvakt"));
        self.run(command, &self.database).await
    }

    /// What a node says that cannot start.
    pub(crate) fn does_not_start(&self) -> String {
        let (config, _) = self.configured(&self.database);
        Self::ends(binary(), &config)
    }

    /// As [`Cluster::does_not_start`], on a disk that takes nothing: neither the folder nor any file
    /// of the database can be written.
    pub(crate) fn does_not_start_read_only(&self) -> String {
        let (config, _) = self.configured(&self.database);
        self.permit(0o555, 0o444);
        let refusal = Self::ends(binary_that_heeds_permissions(&self.folder), &config);
        self.permit(0o755, 0o644);
        refusal
    }

    fn permit(&self, folder: u32, file: u32) {
        let files = [
            ("", folder),
            ("portvakt.db", file),
            ("portvakt.db-ledger", file),
        ];
        for (name, mode) in files {
            fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
        }
    }

    fn ends(mut command: Command, config: &Path) -> String {
        let serve = command.args(["serve", "--config"]).arg(config).output();
        let output = serve.unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    async fn run(&self, mut command: Command, database: &str) -> Node {
        let (config, log) = self.configured(database);
        let mut process = command
            .args(["serve", "--output", "json", "--config"])
            .arg(config)
            .env_remove("PORTVAKT_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        // From here on the process goes with this, whatever happens.
        let mut node = Node {
            process,
            wire: Wire::default(),
            log,
        };
        let read = tokio::task::spawn_blocking(move || addresses(output));
        match timeout(PATIENCE, read).await {
            Ok(Ok(Some(addresses))) => node.wire = Wire::to(&addresses),
            _ => panic!("the node did not start: {}", node.log()),
        }
        node
    }

    /// Each node has a file of its own for its configuration and for its log.
    fn configured(&self, database: &str) -> (PathBuf, PathBuf) {
        let path = |name: &str| self.folder.path().join(name);
        let key = path("encryption.key");
        fs::write(&key, KEY).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        let listener = json!({"listen": "127.0.0.1:0"});
        let config = json!({
            "database": {"url": database},
            "maskinporten": {"issuer": identity::ISSUER, "listener": listener},
            "idporten": people::configuration(),
            "selfservice": {"base_urls": ["https://api.example.no/api/v1"], "listener": listener},
            "operations": {"listener": listener, "drain_seconds": 0},
            // Its keys are made in no time.
            "keys": {"encryption_key_file": key, "algorithm": "ES256"},
        });
        let file = tempfile::Builder::new()
            .prefix("node-")
            .suffix(".yaml")
            .tempfile_in(&self.folder);
        let (_, file) = file.unwrap().keep().unwrap();
        fs::write(&file, config.to_string()).unwrap();
        let log = file.with_extension("log");
        (file, log)
    }
}

/// Runs a command that must succeed.
fn done(arguments: &[&str]) {
    let output = binary().args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portvakt"));
    command.env_remove("PORTVAKT_LOG");
    command
}

/// The binary for whom permissions count also if root runs the tests.
fn binary_that_heeds_permissions(folder: &TempDir) -> Command {
    if fs::metadata(folder).unwrap().uid() != 0 {
        return binary();
    }
    let mut command = Command::new("setpriv");
    command.arg("--bounding-set=-dac_override,-dac_read_search");
    command.arg(env!("CARGO_BIN_EXE_portvakt"));
    command
}

/// The first thing that a server says. What it says later is nobody's.
fn addresses(output: impl BufRead) -> Option<Value> {
    let mut text = String::new();
    for line in output.lines() {
        text.push_str(&line.ok()?);
        if let Ok(addresses) = serde_json::from_str(&text) {
            return Some(addresses);
        }
    }
    None
}

/// A process that serves. It is killed when this is dropped.
pub(crate) struct Node {
    process: Child,
    pub(crate) wire: Wire,
    log: PathBuf,
}

impl Node {
    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }

    /// Ends it with no warning (`kill -9`), and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Stops it where it stands (`SIGSTOP`); [`Node::resume`] lets it go on.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    /// Tells it to stop, and waits for its end.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// No file that it writes may grow beyond this from now on.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let mut prlimit = Command::new("prlimit");
        prlimit.arg(format!("--pid={}", self.process.id()));
        prlimit.arg(format!("--fsize={bytes}:unlimited"));
        assert!(prlimit.status().unwrap().success());
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let kill = format!("kill -{name} {pid}");
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "shown when the test has failed")]
            let () = eprintln!("the log of a node:\n{}", self.log());
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}
