//! The binary as a process, and grants for it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portvakt_core::{Clock, SystemClock};
use portvakt_jose::SigningKey;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Map, Value, json};

pub(crate) const SCOPE: &str = "nav:arbeid:some.scope.read";
pub(crate) const CLIENT: &str = "eksempel-klient";

/// How long anything may take before the test gives up. Nothing waits this long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A folder and the server process on it. Both go when this is dropped.
pub(crate) struct Dev {
    folder: tempfile::TempDir,
    process: Child,
    base_port: u16,
    endpoints: Value,
    http: Client,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// The national code of a refusal.
    pub(crate) fn mp_code(&self) -> &str {
        let uri = self.body["error_uri"].as_str().unwrap_or_default();
        uri.rsplit('/').next().unwrap_or_default()
    }

    pub(crate) fn token(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.text);
        self.body["access_token"].as_str().unwrap()
    }

    pub(crate) fn request_id(&self) -> &str {
        self.headers["x-request-id"].to_str().unwrap()
    }
}

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portvakt"));
    for name in [
        "PORTVAKT_LOG",
        "RUST_LOG",
        "PORTVAKT_OUTPUT",
        "PORTVAKT_DATA_DIR",
        "PORTVAKT_BASE_PORT",
        "PORTVAKT_ISSUER",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

fn serve(folder: &Path, base_port: u16, flags: &[&str], filter: &str) -> Child {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .unwrap();
    command()
        .args(["dev", "--base-port", &base_port.to_string(), "--data-dir"])
        .arg(folder.join("data"))
        .args(flags)
        .env("PORTVAKT_LOG", filter)
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

impl Dev {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        Self::start_logging(flags, "info").await
    }

    pub(crate) async fn start_logging(flags: &[&str], filter: &str) -> Self {
        let mut dev = Self::spawn(0, flags, filter);
        assert!(dev.becomes_ready().await, "the server ended: {}", dev.log());
        dev
    }

    /// A server that will have the same ports, and so the same issuer, when it starts again.
    pub(crate) async fn start_on_lasting_ports() -> Self {
        // Below the ports that systems give to whoever asks for any.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        for _ in 0..100 {
            let place = u64::from(std::process::id()) * 7 + NEXT.fetch_add(1, Ordering::Relaxed);
            let port = u16::try_from(10_000 + place % 3700 * 6).unwrap();
            let mut dev = Self::spawn(port, &[], "info");
            if dev.becomes_ready().await {
                return dev;
            }
            assert!(dev.log().contains("is in use"), "{}", dev.log());
        }
        panic!("a hundred ports are all in use");
    }

    fn spawn(base_port: u16, flags: &[&str], filter: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = serve(folder.path(), base_port, flags, filter);
        let http = Client::builder().timeout(PATIENCE).no_proxy().build();
        Self {
            folder,
            process,
            base_port,
            endpoints: Value::Null,
            http: http.unwrap(),
        }
    }

    /// Waits for the addresses; `false` when the process has ended instead.
    async fn becomes_ready(&mut self) -> bool {
        let started = Instant::now();
        loop {
            if let Ok(text) = std::fs::read(self.endpoints_file()) {
                self.endpoints = serde_json::from_slice(&text).unwrap();
                return true;
            }
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(started.elapsed() < PATIENCE, "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts a server on the folder of one that has ended.
    pub(crate) async fn start_again(&mut self) {
        // The addresses of one that was killed must not be taken for the new one's.
        let _ = std::fs::remove_file(self.endpoints_file());
        self.process = serve(self.folder.path(), self.base_port, &[], "info");
        assert!(
            self.becomes_ready().await,
            "the server ended: {}",
            self.log()
        );
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        // The shell has it built in; the program of that name is not everywhere.
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.process.id())])
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits until the process has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn endpoints_file(&self) -> PathBuf {
        self.data_dir().join("endpoints.json")
    }

    pub(crate) fn endpoints(&self) -> &Value {
        &self.endpoints
    }

    /// Everything that the server has printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Runs another command of the binary on the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        command()
            .args(arguments)
            .env("PORTVAKT_DATA_DIR", self.data_dir())
            .output()
            .unwrap()
    }

    /// As [`Dev::run`], for a command that must succeed and prints JSON.
    pub(crate) fn run_json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        let shown = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {shown}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn http(&self) -> &Client {
        &self.http
    }

    pub(crate) fn issuer(&self) -> &str {
        self.endpoints["maskinporten"]["issuer"].as_str().unwrap()
    }

    pub(crate) fn token_endpoint(&self) -> &str {
        self.endpoints["maskinporten"]["token_endpoint"]
            .as_str()
            .unwrap()
    }

    pub(crate) fn operations(&self) -> &str {
        self.endpoints["operations"]["base_url"].as_str().unwrap()
    }

    pub(crate) fn selfservice(&self) -> &str {
        self.endpoints["selfservice"]["base_url"].as_str().unwrap()
    }

    /// Port of the login surface.
    pub(crate) fn login_port(&self) -> u16 {
        port(self.endpoints["idporten"]["issuer"].as_str().unwrap())
    }

    /// Port of the demonstration of logins.
    pub(crate) fn relying_party_port(&self) -> u16 {
        let base_url = &self.endpoints["relying_party"]["base_url"];
        port(base_url.as_str().unwrap())
    }

    /// Port of the self-service surface.
    pub(crate) fn selfservice_port(&self) -> u16 {
        port(self.selfservice().trim_end_matches("/api/v1"))
    }

    /// Port of the maskinporten surface.
    pub(crate) fn port(&self) -> u16 {
        port(self.issuer())
    }

    /// Port of the operations.
    pub(crate) fn operations_port(&self) -> u16 {
        port(self.operations())
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        send(self.http.get(url)).await
    }

    /// Uses a control.
    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.operations());
        let request = self.http.request(method, url);
        send(match body {
            Value::Null => request,
            body => request.json(body),
        })
        .await
    }

    /// As [`Dev::control`], for what must succeed.
    pub(crate) async fn order(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.control(method, path, &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
        answer.body
    }

    pub(crate) async fn script(&self, endpoint: &str, fault: Value, calls: u32) {
        let script = json!({ "endpoint": endpoint, "fault": fault, "calls": calls });
        self.order(Method::POST, "/dev/faults", script).await;
    }

    /// Exchanges a grant.
    pub(crate) async fn exchange(&self, grant: &str) -> Answer {
        send(self.exchange_request(grant)).await
    }

    pub(crate) fn exchange_request(&self, grant: &str) -> RequestBuilder {
        self.http
            .post(self.token_endpoint())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(grant))
    }

    /// A right grant of the sample client, whose claims can be bent.
    pub(crate) fn grant(&self) -> Grant {
        let (key, kid) = self.client_key(CLIENT);
        let now = now();
        let claims = json!({
            "aud": self.issuer(), "iss": CLIENT, "scope": SCOPE,
            "iat": now, "exp": now + 100, "jti": unique(),
        });
        Grant {
            header: json!({ "alg": key.algorithm().as_str(), "kid": kid }),
            claims: claims.as_object().unwrap().clone(),
            key,
        }
    }

    pub(crate) fn client_key(&self, client_id: &str) -> (SigningKey, String) {
        let path = self.data_dir().join(format!("keys/{client_id}.jwk.json"));
        let jwk = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (key, kid) = SigningKey::from_private_jwk(&jwk).unwrap();
        (key, kid.unwrap())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A JWT grant under construction.
pub(crate) struct Grant {
    pub(crate) header: Value,
    pub(crate) claims: Map<String, Value>,
    pub(crate) key: SigningKey,
}

impl Grant {
    pub(crate) fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn sign(&self) -> String {
        self.key.sign_compact(&self.header, &self.claims).unwrap()
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer {
        status,
        headers,
        text,
        body,
    }
}

pub(crate) fn form(grant: &str) -> String {
    format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={grant}")
}

pub(crate) fn now() -> i64 {
    SystemClock.now().seconds()
}

/// A text that no other call has answered.
pub(crate) fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut text = format!(
        "{}-{}",
        std::process::id(),
        SystemClock.now().milliseconds()
    );
    let _ = write!(text, "-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    text
}

fn port(url: &str) -> u16 {
    let url = url::Url::parse(url).unwrap();
    url.port().unwrap()
}
