//! The server under measurement: a process of its own, bound to one core.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::counters::Counters;
use crate::registry::Registry;

/// The server's core; the load has the others.
pub(crate) const CORE: &str = "0";

const PATIENCE: Duration = Duration::from_mins(1);
/// What grants are addressed to.
pub(crate) const ISSUER: &str = "https://maskinporten.example.no/";
/// Clock ticks a second, as Linux reports processor time on every platform that it runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// A running server. It is killed when this is dropped.
pub(crate) struct Server {
    process: Child,
    pid: u32,
    addresses: Addresses,
    ready_after: Duration,
}

/// Where a server listens.
#[derive(Clone, Copy, Debug)]
struct Addresses {
    maskinporten: SocketAddr,
    selfservice: SocketAddr,
    operations: SocketAddr,
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Processor time in seconds.
    pub(crate) processor_seconds: f64,
    /// Resident memory in bytes.
    pub(crate) resident_bytes: u64,
    /// What it counted.
    pub(crate) counters: Counters,
}

impl Usage {
    /// The processor time since then, with the memory of now.
    pub(crate) fn since(self, before: &Self) -> Self {
        Self {
            processor_seconds: self.processor_seconds - before.processor_seconds,
            counters: self.counters.since(&before.counters),
            ..self
        }
    }

    /// The processor time of both, with the memory of the larger.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            processor_seconds: self.processor_seconds + other.processor_seconds,
            resident_bytes: self.resident_bytes.max(other.resident_bytes),
            counters: self.counters.and(other.counters),
        }
    }
}

impl Server {
    /// Starts a server on the registry's database and waits until it is ready.
    pub(crate) async fn start(program: &Path, registry: &Registry) -> anyhow::Result<Self> {
        let config = write_config(registry)?;
        let started = std::time::Instant::now();
        let mut process = Command::new("taskset")
            .args(["-c", CORE])
            .arg(program)
            .args(["serve", "--output", "json", "--config"])
            .arg(config)
            .env("PORTVAKT__LOG__FILTER", "warn,portvakt=info")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {} with taskset", program.display()))?;
        let output = process.stdout.take().context("the server has no output")?;
        let addresses = timeout(PATIENCE, read_addresses(output))
            .await
            .context("the server is not ready in time")??;
        let pid = process.id().context("the server has ended")?;
        Ok(Self {
            process,
            pid,
            addresses,
            ready_after: started.elapsed(),
        })
    }

    /// Where the token endpoint is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses.maskinporten
    }

    /// Where the self-service API is.
    pub(crate) fn selfservice(&self) -> SocketAddr {
        self.addresses.selfservice
    }

    /// From the start of the process until it said where it listens.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// What the process has used so far (proc(5)).
    pub(crate) async fn usage(&self) -> anyhow::Result<Usage> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name in parentheses may hold anything; what follows is numbers.
        let (_, numbers) = stat.rsplit_once(')').context("read /proc/pid/stat")?;
        let numbers: Vec<&str> = numbers.split_whitespace().collect();
        let number = |index: usize| -> anyhow::Result<f64> {
            Ok(numbers
                .get(index)
                .context("a short /proc/pid/stat")?
                .parse()?)
        };
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let resident = status.lines().find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        });
        Ok(Usage {
            processor_seconds: (number(11)? + number(12)?) / TICKS_A_SECOND,
            resident_bytes: resident.unwrap_or(0_u64) * 1024,
            counters: Counters::read(self.addresses.operations).await?,
        })
    }

    /// Ends the process.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.process.kill().await.context("stop the server")
    }
}

/// Leaves the server's core to the server: this process and what it starts later keep off it.
/// On a machine with one core they share it.
pub(crate) fn keep_off_the_servers_core() -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores > 1 {
        let others = format!("1-{}", cores - 1);
        let pid = std::process::id().to_string();
        let bound = std::process::Command::new("taskset")
            .args(["-cp", &others, &pid])
            .stdout(Stdio::null())
            .status();
        bound.context("run taskset (package util-linux)")?;
    }
    Ok(())
}

fn write_config(registry: &Registry) -> anyhow::Result<std::path::PathBuf> {
    let folder = registry.folder();
    let key = folder.join("encryption.key");
    // Nothing is worth protecting here, and a key of one byte repeated is refused.
    let hexadecimal = "0f1e2d3c4b5a69788796a5b4c3d2e1f0".repeat(2);
    std::fs::write(&key, hexadecimal)?;
    #[cfg(unix)]
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let listener = serde_json::json!({ "listen": "127.0.0.1:0" });
    let config = serde_json::json!({
        "database": { "url": registry.database_url() },
        "maskinporten": { "issuer": ISSUER, "listener": listener },
        "selfservice": { "base_urls": ["https://api.example.no/api/v1"], "listener": listener },
        "operations": { "listener": listener },
        "trust": { "anchor_files": registry.anchor_files()? },
        "keys": {
            "encryption_key_file": key,
            "algorithm": registry.setup().tokens.algorithm().as_str(),
        },
    });
    let path = folder.join("portvakt.yaml");
    // JSON is YAML.
    std::fs::write(&path, config.to_string())?;
    Ok(path)
}

/// The server's first document says where it listens.
async fn read_addresses(output: tokio::process::ChildStdout) -> anyhow::Result<Addresses> {
    let mut lines = BufReader::new(output).lines();
    let mut text = String::new();
    while let Some(line) = lines.next_line().await? {
        text.push_str(&line);
        if let Ok(document) = serde_json::from_str::<Value>(&text) {
            let address = |surface: &str| -> anyhow::Result<SocketAddr> {
                let address = document[surface].as_str();
                let address = address.with_context(|| format!("no address of {surface}"))?;
                Ok(address.parse()?)
            };
            return Ok(Addresses {
                maskinporten: address("maskinporten")?,
                selfservice: address("selfservice")?,
                operations: address("operations")?,
            });
        }
    }
    bail!("the server ended before it was ready: {text}")
}
