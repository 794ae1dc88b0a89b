//! A mix of administration: what an organization's automation asks of the self-service API, while
//! others are asking too.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::grants;
use crate::latency::Outcome;
use crate::registry::{Registry, SCOPE};
use crate::server::{ISSUER, Server};
use crate::wire::{Answer, Connection};

/// Connections at a time, each of which waits for its answers.
const CONNECTIONS: usize = 16;
/// Of so many requests two write: one makes a client, one gives an organization access.
const ROUND: usize = 10;

/// What came of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Mixed {
    /// Reads a second, of clients, scopes and access.
    pub(crate) reads_per_second: f64,
    /// Writes a second, each with its entry in the audit log, durable.
    pub(crate) writes_per_second: f64,
    /// Latencies in milliseconds.
    pub(crate) read_median_milliseconds: f64,
    pub(crate) read_p99_milliseconds: f64,
    pub(crate) write_median_milliseconds: f64,
    pub(crate) write_p99_milliseconds: f64,
    /// Answers that were not what was asked for.
    pub(crate) failed: u64,
    /// Processor time for one request, in seconds.
    pub(crate) processor_seconds_per_request: f64,
}

/// What the connections share.
struct Totals {
    reads: Outcome,
    writes: Outcome,
}

/// Administers for a while.
pub(crate) async fn run(
    registry: &Registry,
    server: &Server,
    time: Duration,
) -> anyhow::Result<Mixed> {
    let token = Rc::new(token(registry, server.address()).await?);
    let totals = Rc::new(RefCell::new(Totals {
        reads: Outcome::new()?,
        writes: Outcome::new()?,
    }));
    let before = server.usage().await?;
    let started = Instant::now();
    let tasks = LocalSet::new();
    for number in 0..CONNECTIONS {
        let (token, totals) = (Rc::clone(&token), Rc::clone(&totals));
        let address = server.selfservice();
        tasks.spawn_local(async move {
            let administrator = Administrator::connect(number, address, &token);
            let worked = match administrator.await {
                Ok(administrator) => administrator.work(started + time, &totals).await,
                Err(error) => Err(error),
            };
            if let Err(error) = worked {
                anstream::eprintln!("a connection failed: {error:#}");
            }
        });
    }
    tasks.await;
    let seconds = started.elapsed().as_secs_f64();
    let usage = server.usage().await?.since(&before);
    let totals = totals.borrow();
    let (reads, writes) = (&totals.reads, &totals.writes);
    let succeeded = (reads.issued() + writes.issued()) as f64;
    Ok(Mixed {
        reads_per_second: reads.issued() as f64 / seconds,
        writes_per_second: writes.issued() as f64 / seconds,
        read_median_milliseconds: reads.milliseconds(0.5),
        read_p99_milliseconds: reads.milliseconds(0.99),
        write_median_milliseconds: writes.milliseconds(0.5),
        write_p99_milliseconds: writes.milliseconds(0.99),
        failed: reads.failed() + writes.failed(),
        processor_seconds_per_request: usage.processor_seconds / succeeded,
    })
}

/// A token to administer with, as every client gets one.
async fn token(registry: &Registry, address: SocketAddr) -> anyhow::Result<String> {
    let grant = grants::sign_administrators(registry, ISSUER)?;
    let mut connection = Connection::open(address).await?;
    let answer = connection.exchange(&grant).await?;
    let document: Value = serde_json::from_slice(answer.body)?;
    let token = document["access_token"].as_str();
    Ok(token.context("no token to administer with")?.to_owned())
}

/// One connection with what it has made.
struct Administrator<'a> {
    number: usize,
    connection: Connection,
    token: &'a str,
    client_id: String,
}

impl<'a> Administrator<'a> {
    /// Connects and makes a client to ask for.
    async fn connect(number: usize, address: SocketAddr, token: &'a str) -> anyhow::Result<Self> {
        let mut administrator = Self {
            number,
            connection: Connection::open(address).await?,
            token,
            client_id: String::new(),
        };
        let answer = administrator.make_client().await?;
        ensure!(
            answer.status == 200,
            "a client is refused: {}",
            String::from_utf8_lossy(answer.body)
        );
        let client: Value = serde_json::from_slice(answer.body)?;
        let client_id = client["client_id"]
            .as_str()
            .context("a client without id")?;
        client_id.clone_into(&mut administrator.client_id);
        Ok(administrator)
    }

    async fn work(mut self, end: Instant, totals: &RefCell<Totals>) -> anyhow::Result<()> {
        // Connections begin at different places of the round.
        for step in self.number.. {
            if Instant::now() >= end {
                break;
            }
            let sent = Instant::now();
            let is_write = step % ROUND < 2;
            let status = self.step(step).await?.status;
            let mut totals = totals.borrow_mut();
            let outcome = if is_write {
                &mut totals.writes
            } else {
                &mut totals.reads
            };
            outcome.record(status, sent.elapsed());
        }
        Ok(())
    }

    async fn step(&mut self, step: usize) -> anyhow::Result<Answer<'_>> {
        match step % ROUND {
            0 => self.make_client().await,
            1 => {
                // Of another organization each time.
                let consumer = 900_000_000 + self.number * 1_000_000 + step;
                let path = format!("/scopes/access/{consumer}?scope={SCOPE}");
                self.ask("PUT", &path, "").await
            }
            2..=5 => {
                let path = format!("/clients/{}", self.client_id);
                self.ask("GET", &path, "").await
            }
            6 | 7 => self.ask("GET", &format!("/scopes?scope={SCOPE}"), "").await,
            8 => self.ask("GET", "/scopes", "").await,
            _ => {
                let path = format!("/clients/{}/jwks", self.client_id);
                self.ask("GET", &path, "").await
            }
        }
    }

    async fn make_client(&mut self) -> anyhow::Result<Answer<'_>> {
        let client = json!({
            "client_name": "Bench", "description": "made by a load generator",
            "integration_type": "maskinporten", "scopes": [SCOPE],
        });
        self.ask("POST", "/clients", &client.to_string()).await
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<Answer<'_>> {
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.connection.send(&request).await
    }
}
