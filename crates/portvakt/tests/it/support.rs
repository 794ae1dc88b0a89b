//! A development server as a process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The client of the sample registry that has a registered key.
pub(crate) const CLIENT: &str = "eksempel-klient";
/// A scope of the sample registry that the client has access to.
pub(crate) const SCOPE: &str = "nav:arbeid:some.scope.read";

/// A server in an empty folder, on free ports, with the sample registry. It stops, and its folder
/// goes, when it is dropped.
pub(crate) struct DevServer {
    process: Child,
    folder: tempfile::TempDir,
}

impl DevServer {
    /// Starts a server and waits until it is ready.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = dev(folder.path());
        let server = Self { process, folder };
        server.wait();
        server
    }

    /// Starts it again, in the same folder, after it was killed.
    pub(crate) fn restart(&mut self) {
        std::fs::remove_file(self.data_dir().join("endpoints.json")).unwrap();
        self.process = dev(self.folder());
        self.wait();
    }

    fn wait(&self) {
        let started = Instant::now();
        while !self.data_dir().join("endpoints.json").exists() {
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "the server is not ready"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server with no warning; its folder stays.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// The folder that commands are run in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The default data folder below it.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder().join(".portvakt")
    }

    /// The port of a surface.
    fn port(&self, surface: &str, member: &str) -> u16 {
        let text = std::fs::read(self.data_dir().join("endpoints.json")).unwrap();
        let endpoints: Value = serde_json::from_slice(&text).unwrap();
        let url = reqwest::Url::parse(endpoints[surface][member].as_str().unwrap()).unwrap();
        url.port().unwrap()
    }

    /// The issuer that the server says it is.
    pub(crate) fn issuer(&self) -> String {
        format!("http://localhost:{}/", self.port("maskinporten", "issuer"))
    }

    /// The issuer of the login surface.
    pub(crate) fn login_issuer(&self) -> String {
        format!("http://localhost:{}", self.port("idporten", "issuer"))
    }

    /// The base address of the operations.
    pub(crate) fn operations(&self) -> String {
        format!("http://localhost:{}", self.port("operations", "base_url"))
    }

    /// The page that demonstrates logins.
    pub(crate) fn relying_party(&self) -> String {
        format!(
            "http://localhost:{}",
            self.port("relying_party", "base_url")
        )
    }

    /// The base address of the self-service API.
    pub(crate) fn selfservice(&self) -> String {
        format!(
            "http://localhost:{}/api/v1",
            self.port("selfservice", "base_url")
        )
    }

    /// Runs a script that documentation shows, which stops at the first failure, in the server's
    /// folder, and returns its output. The documented ports become the server's own.
    pub(crate) fn script(&self, script: &str) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_portvakt")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let script = [
            (7700, self.port("maskinporten", "issuer")),
            (7702, self.port("selfservice", "base_url")),
            (7704, self.port("operations", "base_url")),
        ]
        .iter()
        .fold(script.to_owned(), |script, (documented, own)| {
            script.replace(
                &format!("localhost:{documented}"),
                &format!("localhost:{own}"),
            )
        });
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .env("PATH", path)
            .env("NO_PROXY", "*")
            .env_remove("PORTVAKT_DATA_DIR")
            .env_remove("PORTVAKT_OUTPUT")
            .env_remove("PORTVAKT_ISSUER")
            .current_dir(self.folder())
            .output()
            .unwrap();
        let (printed, errors) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{script}\n{printed}\n{errors}");
        printed.into_owned()
    }

    /// Runs a command in the server's folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran(portvakt(self.folder()).args(arguments).output().unwrap())
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn dev(folder: &Path) -> Child {
    portvakt(folder)
        .args(["dev", "--base-port", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The built binary, to be run in a folder, without settings from the environment. What measures
/// names another one, built for release, in `PORTVAKT_MEASURED`.
pub(crate) fn portvakt(folder: &Path) -> Command {
    let measured = std::env::var_os("PORTVAKT_MEASURED");
    let mut command = Command::new(measured.unwrap_or(env!("CARGO_BIN_EXE_portvakt").into()));
    for name in [
        "PORTVAKT_CONFIG",
        "PORTVAKT_DATA_DIR",
        "PORTVAKT_ISSUER",
        "PORTVAKT_OUTPUT",
    ] {
        command.env_remove(name);
    }
    command.current_dir(folder);
    command
}

/// Runs a command to its end.
pub(crate) fn ran(command: &mut Command) -> Ran {
    Ran(command.output().unwrap())
}

/// What a command did.
pub(crate) struct Ran(Output);

impl Ran {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    pub(crate) fn printed(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub(crate) fn errors(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// The printed JSON of a command that succeeded.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code(), 0, "{}", self.errors());
        serde_json::from_slice(&self.0.stdout).unwrap()
    }

    /// The printed text of a command that succeeded.
    #[track_caller]
    pub(crate) fn done(&self) -> String {
        assert_eq!(self.code(), 0, "{}", self.errors());
        self.printed().trim().to_owned()
    }

    /// The one line of a command that refused or failed.
    #[track_caller]
    pub(crate) fn failed(&self) -> String {
        assert_eq!(self.code(), 1, "{}{}", self.printed(), self.errors());
        let errors = self.errors();
        let line = errors.lines().find(|line| line.starts_with("error: "));
        line.unwrap_or_else(|| panic!("no error line in {errors:?}"))
            .to_owned()
    }
}
