//! What a server counts of its own work, read from its metrics.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Counts since the server started, or in between.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counters {
    /// Grants that were recorded as used.
    pub(crate) recorded: u64,
    /// Durable writes that recorded them.
    pub(crate) writes: u64,
    /// Reads of the database that requests waited for.
    pub(crate) reads: u64,
}

impl Counters {
    /// Asks a server, on the address of its operations.
    pub(crate) async fn read(operations: SocketAddr) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(operations).await?;
        let request = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "no metrics");
        let count = |name: &str| -> anyhow::Result<u64> {
            let line = answer.lines().find_map(|line| line.strip_prefix(name));
            let count = line.and_then(|rest| rest.trim().parse().ok());
            count.with_context(|| format!("the metrics have no {name}"))
        };
        Ok(Self {
            recorded: count("portvakt_ledger_grants_total")?,
            writes: count("portvakt_ledger_batches_total{result=\"written\"}")?,
            reads: count("portvakt_cache_store_reads_total")?,
        })
    }

    /// The counts since then.
    pub(crate) fn since(self, before: &Self) -> Self {
        Self {
            recorded: self.recorded - before.recorded,
            writes: self.writes - before.writes,
            reads: self.reads - before.reads,
        }
    }

    /// The counts of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            recorded: self.recorded + other.recorded,
            writes: self.writes + other.writes,
            reads: self.reads + other.reads,
        }
    }
}
