//! A private PostgreSQL server from the programs that are installed here: no port, no service and
//! nothing left behind, however the test ends.
//!
//! A small shell script ([`SCRIPT`]) owns the server and its folder.

mod proxy;

use std::env;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

pub use self::proxy::PostgresProxy;

use crate::keeper::Keeper;

const SCRIPT: &str = include_str!("postgres/server.sh");

/// What Debian and Ubuntu do not put on the path.
const INSTALLED: &str = "/usr/lib/postgresql";

/// Files that are kept in memory alone, where there is such a place.
const MEMORY: &str = "/dev/shm";

/// A server of its own. It and its data are gone when it is dropped, or when the process ends.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    keeper: Mutex<Keeper>,
    databases: AtomicU32,
}

impl PostgresServer {
    /// The server that the tests of one binary share, each with a database of its own. It does not
    /// wait for the disk, and uses none where it can: making and removing databases is several times as
    /// fast in memory.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::new("off", None))
    }

    /// A server for one test, which waits for the disk as one in production does.
    pub fn durable() -> Self {
        Self::new("on", None)
    }

    /// A standby of this server with all that it has now. What is written later comes an hour
    /// later, so that it always lags.
    #[must_use]
    pub fn standby(&self) -> Self {
        Self::new("off", Some(&self.folder))
    }

    fn new(fsync: &str, primary: Option<&Path>) -> Self {
        let folder = new_folder(fsync == "off" && has_room(MEMORY));
        let mut command = keeper(&folder);
        command
            .args(["sh", "-c", SCRIPT, "server.sh"])
            .arg(&folder)
            .args([fsync, "0"])
            .args(primary)
            .env("PATH", path())
            .current_dir(&folder);
        let server = Self {
            keeper: Mutex::new(Keeper::start("a PostgreSQL server", &mut command)),
            folder,
            databases: AtomicU32::new(0),
        };
        server.start();
        server
    }

    /// Makes an empty database, and gives the URL to connect to it.
    pub fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.run("createdb", &[&name]);
        self.url_of(&format!("postgres:///{name}"))
    }

    /// Removes a database that [`database`](Self::database) made, whoever is connected to it.
    pub fn remove(&self, url: &str) {
        let name = url.trim_start_matches("postgres:///");
        let (name, _) = name.split_once('?').unwrap_or((name, ""));
        self.run("dropdb", &["--force", name]);
    }

    /// The URL of a database of this name, or of the same name as that of another URL, here.
    pub fn url_of(&self, database: &str) -> String {
        let (name, _) = database.split_once('?').unwrap_or((database, ""));
        format!("{name}?host={}&user=portvakt", self.folder.display())
    }

    /// Runs one of PostgreSQL's client programs on the server, as its superuser.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .env("PATH", path())
            .arg("--host")
            .arg(&self.folder)
            .args(["--username", "portvakt"])
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {errors}the server's last words: {}",
            self.last_words()
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a server that is gone died of.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }

    /// Starts the server after a [`crash`](Self::crash), and waits until it answers.
    pub fn start(&self) {
        self.keeper().tell("start");
    }

    /// Ends the server in good order, without waiting for its clients; [`start`](Self::start) starts
    /// it again.
    pub fn stop(&self) {
        self.keeper().tell("stop");
    }

    /// Ends every process of the server at the same moment, with no warning (`kill -9`).
    pub fn crash(&self) {
        self.keeper().tell("crash");
    }

    /// Lets nothing answer any more without closing a connection, as a network that was cut does.
    pub fn freeze(&self) {
        self.keeper().tell("freeze");
    }

    /// Ends a [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.keeper().tell("thaw");
    }

    fn keeper(&self) -> std::sync::MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How to start the script. PostgreSQL refuses to run as root, so root becomes somebody else.
fn keeper(folder: &Path) -> Command {
    if !is_root(folder) {
        return Command::new("env");
    }
    let account = account();
    let given = Command::new("chown").arg(account).arg(folder).status();
    assert!(given.is_ok_and(|status| status.success()), "chown");
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={account}"));
    command.args(["--clear-groups", "--inh-caps=-all"]);
    command.arg(format!("--regid={}", group(account)));
    command
}

/// The account that the package of the server makes, or the one that owns nothing.
fn account() -> &'static str {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let exists = accounts.lines().any(|line| line.starts_with("postgres:"));
    if exists { "postgres" } else { "nobody" }
}

fn group(account: &str) -> String {
    let output = Command::new("id").args(["-g", account]).output();
    let output = output.unwrap_or_else(|error| panic!("id: {error}"));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn is_root(folder: &Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|metadata| metadata.uid() == 0)
}

fn new_folder(in_memory: bool) -> PathBuf {
    let place = if in_memory {
        PathBuf::from(MEMORY)
    } else {
        env::temp_dir()
    };
    let folder = tempfile::Builder::new()
        .prefix("portvakt-postgres-")
        .tempdir_in(place)
        .unwrap_or_else(|error| panic!("a folder for a PostgreSQL server: {error}"));
    folder.keep()
}

/// Whether a GiB is free there, which is more than a server for tests takes.
fn has_room(folder: &str) -> bool {
    let output = Command::new("df").args(["-Pk", folder]).output();
    let answer = output.map_or_else(|_| Vec::new(), |output| output.stdout);
    let answer = String::from_utf8_lossy(&answer);
    let free = answer
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(3));
    free.and_then(|free| free.parse().ok())
        .is_some_and(|free: u64| free > 1024 * 1024)
}

/// The path with the folder of the newest installed server before it.
fn path() -> OsString {
    let own = env::var_os("PATH").unwrap_or_default();
    let folders = installed().into_iter().chain(env::split_paths(&own));
    let folders: Vec<_> = folders.collect();
    assert!(
        folders.iter().any(|folder| folder.join("initdb").exists()),
        "no PostgreSQL server is installed: run scripts/setup.sh test, or apt-get install postgresql"
    );
    env::join_paths(folders).unwrap_or(own)
}

fn installed() -> Option<PathBuf> {
    let version = |path: &PathBuf| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        name.and_then(|name| name.parse::<u32>().ok())
    };
    let folders = std::fs::read_dir(INSTALLED).into_iter().flatten().flatten();
    let newest = folders.map(|entry| entry.path()).max_by_key(version)?;
    Some(newest.join("bin"))
}
