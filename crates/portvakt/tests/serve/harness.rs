//! A configured deployment in a folder of its own, and the server's process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use portvakt_core::{Clock, SystemClock};
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use portvakt_testkit::PostgresServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::people::{self, Site};

/// The encryption key of every deployment.
pub(crate) const KEY: &str = "0f0e0d0c0b0a09080706050403020100f0e0d0c0b0a090807060504030201000";

const ISSUER: &str = "https://maskinporten.example.no/";
const PATIENCE: Duration = Duration::from_secs(30);

static CLIENT_KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap());

/// A folder with a database that has one client, and a configuration.
#[derive(Clone)]
pub(crate) struct Deployment {
    folder: Rc<TempDir>,
    database: String,
    variables: BTreeMap<String, String>,
}

impl Deployment {
    /// On SQLite.
    pub(crate) fn new() -> Self {
        let mut deployment = Self::registered();
        deployment.database = format!("sqlite:{}/portvakt.db", deployment.path());
        deployment.configured()
    }

    /// On PostgreSQL.
    pub(crate) fn on_postgres() -> Self {
        let mut deployment = Self::registered();
        deployment.database = PostgresServer::shared().database();
        let moved = deployment.run(&["migrate", "--to", &deployment.database]);
        assert!(moved.status.success(), "{moved:?}");
        deployment.configured()
    }

    /// A file with the client, and no configuration.
    fn registered() -> Self {
        let deployment = Self {
            folder: Rc::new(tempfile::tempdir().unwrap()),
            database: String::new(),
            variables: BTreeMap::new(),
        };
        let mut registry = json!({
            "organizations": [
                {"orgno": "310420107", "name": "Fjordetaten", "prefixes": ["fjord"]},
                {"orgno": "312773023", "name": "Havbris AS"},
            ],
            "scopes": [{"name": "fjord:tidevann.read", "description": "T", "access": ["312773023"]}],
            "clients": [{
                "client_id": "havbris", "client_orgno": "312773023", "client_name": "Havbris",
                "integration_type": "maskinporten", "scopes": ["fjord:tidevann.read"],
                "jwks": Self::public_keys(),
            }, {
                "client_id": "havbris-innsyn", "client_orgno": "312773023", "client_name": "Innsyn",
                "integration_type": "maskinporten", "jwks": Self::public_keys(),
                "scopes": [
                    "idporten:authorizations", "global/idporten.authlevel.read",
                    "krr:global/kontaktinformasjon.read",
                ],
            }],
        });
        people::add_to(&mut registry);
        let registry = deployment.file("registry.yaml", &registry.to_string());
        let applied = deployment.run(&["registry", "apply", &registry]);
        assert!(applied.status.success(), "{applied:?}");
        deployment
    }

    fn configured(self) -> Self {
        let key = self.file("encryption.key", KEY);
        let listener = json!({"listen": "127.0.0.1:0"});
        let config = json!({
            "database": {"url": self.database},
            "maskinporten": {"issuer": ISSUER, "listener": listener},
            "selfservice": {"base_urls": ["https://api.example.no/api/v1"], "listener": listener},
            "operations": {"listener": listener, "drain_seconds": 0},
            "keys": {"encryption_key_file": key},
        });
        self.file("portvakt.yaml", &config.to_string());
        self
    }

    /// The same with one more variable in its environment.
    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.insert(variable.to_owned(), value.to_owned());
        self
    }

    /// The same with other keys of the configuration's section `keys`.
    pub(crate) fn with_keys(self, keys: &Value) -> Self {
        self.with_section("keys", keys)
    }

    /// The same where people log in, at a test environment.
    pub(crate) fn with_logins(self) -> Self {
        self.with_section("idporten", &people::configuration())
    }

    /// The same with these companion APIs.
    pub(crate) fn with_companion(self, companion: &Value) -> Self {
        let mut section = people::configuration();
        section["companion"] = companion.clone();
        self.with_section("idporten", &section)
    }

    /// The same with another section of the configuration.
    pub(crate) fn with_section(self, name: &str, section: &Value) -> Self {
        let path = self.folder.path().join("portvakt.yaml");
        let mut config: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        config[name] = section.clone();
        self.file("portvakt.yaml", &config.to_string());
        self
    }

    pub(crate) fn clone_with(&self, variable: &str, value: &str) -> Self {
        self.clone().with(variable, value)
    }

    fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// A file that nobody else may read.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portvakt"));
        command
            .env_remove("PORTVAKT_LOG")
            .env_remove("PORTVAKT_CONFIG")
            .env_remove("PORTVAKT_DATA_DIR")
            .envs(&self.variables);
        command
    }

    /// Runs a command on the database.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.args(arguments).args(["--data-dir", self.path()]);
        command.output().unwrap()
    }

    /// Runs an operator's command on the database that the configuration names.
    pub(crate) fn operate(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.args(arguments);
        command.args(["--config", &format!("{}/portvakt.yaml", self.path())]);
        command.output().unwrap()
    }

    /// The printed JSON of an operator's command that succeeded.
    pub(crate) fn operated(&self, arguments: &[&str]) -> Value {
        let done = self.operate(&[&["--output", "json"], arguments].concat());
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// The one line of an operator's command that failed.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let failed = self.operate(arguments);
        assert_eq!(failed.status.code(), Some(1), "{arguments:?}: {failed:?}");
        String::from_utf8(failed.stderr).unwrap()
    }

    /// The text of a file in the folder.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.place(name)).unwrap()
    }

    /// The path of a file in the folder.
    pub(crate) fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.path())
    }

    /// Runs a command on the configuration.
    pub(crate) fn config(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.arg("config").args(arguments);
        command.args(["--config", &format!("{}/portvakt.yaml", self.path())]);
        command.output().unwrap()
    }

    fn serve(&self) -> Command {
        let mut command = self.command();
        command.args(["serve", "--output", "json", "--config"]);
        command.arg(format!("{}/portvakt.yaml", self.path()));
        command
    }

    /// What comes of a server that cannot start.
    pub(crate) fn serve_to_its_end(&self) -> Output {
        self.serve().output().unwrap()
    }

    /// A server that says where it listens.
    pub(crate) async fn start(&self) -> Server {
        let mut process = self.serve();
        let mut process = process
            .stdout(Stdio::piped())
            .stderr(self.log_file())
            .spawn()
            .unwrap();
        let output = process.stdout.take().unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            for line in BufReader::new(output).lines() {
                text.push_str(&line.unwrap());
                if let Ok(addresses) = serde_json::from_str::<Value>(&text) {
                    return addresses;
                }
            }
            panic!("the server ended before it was ready: {text}")
        });
        let addresses = tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
        Server {
            process,
            addresses,
            grant: Self::grant(),
        }
    }

    fn log_file(&self) -> File {
        let log = self.folder.path().join("server.log");
        File::options().append(true).create(true).open(log).unwrap()
    }

    /// What the servers have written to their logs, a line each.
    pub(crate) fn log(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.folder.path().join("server.log")).unwrap();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines.collect()
    }

    /// The key set of the client.
    pub(crate) fn public_keys() -> Value {
        json!({"keys": [CLIENT_KEY.public_jwk("k1").to_json()]})
    }

    /// A right grant of the client, with an id of its own.
    pub(crate) fn grant() -> String {
        Self::grant_of("havbris", "fjord:tidevann.read")
    }

    /// A right grant of a client that has the key of [`Deployment::public_keys`].
    pub(crate) fn grant_of(client_id: &str, scope: &str) -> String {
        Self::grant_with(&json!({"iss": client_id, "scope": scope}))
    }

    /// A right grant with these claims beside those that all have.
    pub(crate) fn grant_with(more: &Value) -> String {
        let now = SystemClock.now().seconds();
        let id = tempfile::Builder::new().rand_bytes(24).tempfile().unwrap();
        let id = id.path().file_name().unwrap().to_str().unwrap().to_owned();
        let header = json!({"alg": "RS256", "kid": "k1"});
        let mut claims = json!({"aud": ISSUER, "iat": now, "exp": now + 100, "jti": id});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        CLIENT_KEY.sign_compact(&header, &claims).unwrap()
    }
}

/// A running server. It is killed when this is dropped.
pub(crate) struct Server {
    process: Child,
    addresses: Value,
    grant: String,
}

impl Server {
    /// Where a surface listens, if it is served.
    pub(crate) fn address(&self, surface: &str) -> Option<&str> {
        self.addresses[surface].as_str()
    }

    /// An address of a surface.
    pub(crate) fn url(&self, surface: &str, path: &str) -> String {
        format!("http://{}{path}", self.addresses[surface].as_str().unwrap())
    }

    /// The login surface, for people to log in at.
    pub(crate) fn site(&self) -> Site {
        Site::at(&[&self.url("idporten", "")])
    }

    pub(crate) async fn get(&self, surface: &str, path: &str) -> (u16, Value) {
        let answer = reqwest::get(self.url(surface, path)).await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// The answer to a `GET` with a body.
    pub(crate) async fn send(&self, surface: &str, path: &str, body: Vec<u8>) -> reqwest::Response {
        let request = reqwest::Client::new().get(self.url(surface, path));
        request.body(body).send().await.unwrap()
    }

    /// The answer to a grant.
    pub(crate) async fn exchange(&self, grant: &str) -> (u16, Value) {
        let form =
            format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={grant}");
        let request = reqwest::Client::new()
            .post(self.url("maskinporten", "/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The answer to a right grant; once for each server.
    pub(crate) async fn token(&self) -> (u16, Value) {
        self.exchange(&self.grant).await
    }

    /// Asks until the answer has this status.
    pub(crate) async fn until(&self, surface: &str, path: &str, status: u16) -> Value {
        let asked = async {
            loop {
                let (answered, body) = self.get(surface, path).await;
                if answered == status {
                    return body;
                }
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap()
    }

    /// Tells it to stop and waits.
    pub(crate) async fn stopped(mut self) -> ExitStatus {
        signal(&self, "TERM");
        let mut process =
            std::mem::replace(&mut self.process, Command::new("true").spawn().unwrap());
        let waited = tokio::task::spawn_blocking(move || process.wait().unwrap());
        tokio::time::timeout(PATIENCE, waited)
            .await
            .unwrap()
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a signal by its name.
pub(crate) fn signal(server: &Server, name: &str) {
    let pid = server.process.id().to_string();
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {pid}")])
        .status();
    assert!(sent.unwrap().success());
}

/// Waits until it holds.
pub(crate) async fn eventually(holds: impl Fn() -> bool) {
    let waited = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap();
}
