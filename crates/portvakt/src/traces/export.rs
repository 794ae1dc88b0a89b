//! Sends spans to the collector, batch by batch, apart from every request.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::body::Bytes;
use portvakt_http::Shutdown;
use prost::Message;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout_at};

use super::otlp::{
    ExportRequest, ExportResponse, InstrumentationScope, KeyValue, Resource, ResourceSpans,
    ScopeSpans, Span,
};
use super::queue::SpanCounters;

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");
/// The version of the semantic conventions that attributes follow.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.37.0";
/// Most spans of one message.
const MAX_BATCH: usize = 512;
/// How long a span waits for others to be sent with.
const GATHERING: Duration = Duration::from_secs(1);
/// Times that a batch is sent, if the collector says that it cannot now or does not answer.
const ATTEMPTS: u32 = 3;
/// Before the second one; the next waits twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest that a collector is obeyed when it names a time.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// An answer says how many spans were rejected, and why.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Where spans go, and who says that they are from.
pub(super) struct Exporter {
    pub(super) http: reqwest::Client,
    pub(super) endpoint: Url,
    pub(super) headers: HeaderMap,
    pub(super) resource: Resource,
    pub(super) counters: Arc<SpanCounters>,
    pub(super) shutdown: Shutdown,
}

/// Why a batch was not taken.
enum Failure {
    /// It may be later, if it is known after how long.
    ForNow(Option<Duration>, anyhow::Error),
    /// It never will be.
    ForGood(anyhow::Error),
}

impl Exporter {
    /// Sends what comes, until shutdown and then until nothing is left.
    pub(super) async fn run(self, mut spans: Receiver<Span>) {
        let mut batch = Vec::new();
        let mut was_taken = true;
        while self.gather(&mut spans, &mut batch).await {
            let is_taken = self.export(std::mem::take(&mut batch)).await;
            // Once for each outage, not for each batch.
            match is_taken {
                Err(error) if was_taken => {
                    let error = format!("{error:#}");
                    tracing::warn!(
                        error,
                        "the collector does not take traces; they are dropped"
                    );
                    was_taken = false;
                }
                Ok(()) if !was_taken => {
                    tracing::info!("the collector takes traces again");
                    was_taken = true;
                }
                _ => {}
            }
        }
    }

    /// Waits for spans; false when none will come any more.
    async fn gather(&self, spans: &mut Receiver<Span>, batch: &mut Vec<Span>) -> bool {
        let first = tokio::select! {
            first = spans.recv() => first,
            () = self.shutdown.wait() => {
                spans.close();
                spans.recv().await
            }
        };
        let Some(first) = first else { return false };
        batch.push(first);
        let until = Instant::now() + GATHERING;
        while batch.len() < MAX_BATCH {
            let room = MAX_BATCH - batch.len();
            let received = tokio::select! {
                received = timeout_at(until, spans.recv_many(batch, room)) => received,
                () = self.shutdown.wait() => {
                    spans.close();
                    Ok(spans.recv_many(batch, room).await)
                }
            };
            if !matches!(received, Ok(1..)) {
                break;
            }
        }
        true
    }

    /// Sends one batch and counts what becomes of it.
    async fn export(&self, spans: Vec<Span>) -> anyhow::Result<()> {
        let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
        let message = self.request(spans).encode_to_vec();
        match self.send(message.into()).await {
            Ok(rejected) => {
                let rejected = rejected.min(count);
                self.counters.exported(count - rejected);
                self.counters.failed(rejected);
                Ok(())
            }
            Err(error) => {
                self.counters.failed(count);
                Err(error)
            }
        }
    }

    /// How many spans the collector rejected of those that it took.
    async fn send(&self, message: Bytes) -> anyhow::Result<u64> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            match self.post(message.clone()).await {
                Ok(rejected) => return Ok(rejected),
                Err(Failure::ForNow(wait, _))
                    if attempt < ATTEMPTS && !self.shutdown.is_triggered() =>
                {
                    let wait = wait.unwrap_or(pause).min(LONGEST_PAUSE);
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = self.shutdown.wait() => {}
                    }
                    pause *= 2;
                }
                Err(Failure::ForNow(_, error) | Failure::ForGood(error)) => return Err(error),
            }
        }
        Ok(0)
    }

    async fn post(&self, message: Bytes) -> Result<u64, Failure> {
        let request = self.http.post(self.endpoint.clone());
        let request = request
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, PROTOBUF)
            .body(message);
        let mut answer = request
            .send()
            .await
            .map_err(|error| Failure::ForNow(None, error.into()))?;
        let status = answer.status();
        if !status.is_success() {
            let error = anyhow!("the collector answered {status}");
            return Err(if may_pass(status) {
                Failure::ForNow(retry_after(answer.headers()), error)
            } else {
                Failure::ForGood(error)
            });
        }
        let rejected = rejected(&mut answer).await;
        rejected.map_err(Failure::ForGood)
    }

    fn request(&self, spans: Vec<Span>) -> ExportRequest {
        ExportRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(self.resource.clone()),
                scope_spans: vec![ScopeSpans {
                    scope: Some(InstrumentationScope {
                        name: env!("CARGO_PKG_NAME").to_owned(),
                        version: env!("CARGO_PKG_VERSION").to_owned(),
                    }),
                    spans,
                    schema_url: SCHEMA.to_owned(),
                }],
                schema_url: SCHEMA.to_owned(),
            }],
        }
    }
}

/// What the process says of itself.
pub(super) fn resource(service_name: &str, instance: &str) -> Resource {
    let attributes = [
        ("service.name", service_name),
        ("service.instance.id", instance),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.name", "portvakt"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ];
    let attributes = attributes.map(|(key, value)| KeyValue::text(key, value));
    Resource {
        attributes: attributes.to_vec(),
    }
}

/// The statuses after which OTLP lets a message be sent again.
fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Reads the answer to a message that was taken, within bounds.
async fn rejected(answer: &mut reqwest::Response) -> anyhow::Result<u64> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(anyhow!("the collector's answer has no end"));
        }
        bytes.extend_from_slice(&chunk);
    }
    let answer = ExportResponse::decode(bytes.as_slice()).context("read the collector's answer")?;
    let rejected = answer.partial_success.map_or(0, |part| part.rejected_spans);
    Ok(u64::try_from(rejected).unwrap_or(0))
}
