//! Writes refusals to the audit log and to what is remembered of them, beside the requests: nobody
//! who is refused waits for it, and nobody is refused otherwise because it fails.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::ports::{StorageError, Store};
use portvakt_core::refusals::{
    Gate, Limits, RefusalRecord, RefusalSink, RefusedRequest, RequestId, Summary, TokenRefusal,
    write,
};
use portvakt_http::Shutdown;
use portvakt_maskinporten::{Decision, Observer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// Refusals that wait to be written; beyond them they are counted.
const QUEUE: usize = 1024;
/// Small, so that token requests never wait long for the one connection that writes.
const BATCH: usize = 64;
/// How long the first of a batch waits for others.
const GATHERING: Duration = Duration::from_millis(50);
const MINUTE: Duration = Duration::from_mins(1);
/// Between attempts to write: the first wait, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Attempts that are left to a batch once the server stops.
const LAST_ATTEMPTS: u32 = 3;

/// Where refusals are told. Telling takes no longer than counting does.
pub(crate) struct RefusalRecorder {
    gate: Arc<Mutex<Gate>>,
    queue: mpsc::Sender<RefusalRecord>,
    counted: Arc<Counted>,
    started: Instant,
}

/// What became of refusals since the start. For metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RefusalCounters {
    /// Written one by one.
    pub(crate) written: u64,
    /// Not kept one by one: counted for a summary.
    pub(crate) summarised: u64,
    /// Attempts to write that failed.
    pub(crate) failed_writes: u64,
}

#[derive(Debug, Default)]
struct Counted {
    written: AtomicU64,
    summarised: AtomicU64,
    failed_writes: AtomicU64,
}

/// The task that writes.
pub(crate) struct Recording {
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

/// Where refusals are written to.
#[async_trait]
pub(crate) trait RefusalLog: Send + Sync + 'static {
    /// All of it, or nothing.
    async fn write(
        &self,
        records: &[RefusalRecord],
        summary: Option<&Summary>,
    ) -> Result<(), StorageError>;
}

#[async_trait]
impl<S: Store + 'static> RefusalLog for S {
    async fn write(
        &self,
        records: &[RefusalRecord],
        summary: Option<&Summary>,
    ) -> Result<(), StorageError> {
        write(self, records, summary).await
    }
}

/// Starts the task that writes, on the current runtime.
pub(crate) fn start(
    log: Arc<impl RefusalLog>,
    limits: Limits,
) -> (Arc<RefusalRecorder>, Recording) {
    let gate = Arc::new(Mutex::new(Gate::new(limits)));
    let (queue, receiver) = mpsc::channel(QUEUE);
    let shutdown = Shutdown::new();
    let counted = Arc::new(Counted::default());
    let writer = Writer {
        log,
        counted: Arc::clone(&counted),
        gate: Arc::clone(&gate),
        shutdown: shutdown.clone(),
    };
    let recorder = RefusalRecorder {
        gate,
        queue,
        counted,
        started: Instant::now(),
    };
    let task = tokio::spawn(writer.run(receiver));
    (Arc::new(recorder), Recording { shutdown, task })
}

impl RefusalRecorder {
    /// What became of refusals so far.
    pub(crate) fn counters(&self) -> RefusalCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RefusalCounters {
            written: read(&self.counted.written),
            summarised: read(&self.counted.summarised),
            failed_writes: read(&self.counted.failed_writes),
        }
    }
}

impl Recording {
    /// Writes what was told so far, and what was counted, and ends. Nothing told later is written.
    pub(crate) async fn finish(&mut self) {
        self.shutdown.trigger();
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "the task that writes refusals failed");
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

impl RefusalSink for RefusalRecorder {
    fn refused(&self, refusal: RefusedRequest<'_>) {
        let minute = self.started.elapsed().as_secs() / MINUTE.as_secs();
        // A refusal that is only counted is not made into a record at all.
        let admitted = lock(&self.gate).admits(refusal.origin(), minute);
        if admitted && self.queue.try_send(refusal.record()).is_ok() {
            return;
        }
        self.counted.summarised.fetch_add(1, Ordering::Relaxed);
        lock(&self.gate).count(refusal.name(), refusal.request_id(), refusal.at());
    }
}

impl Observer for RefusalRecorder {
    fn decided(&self, decision: &Decision<'_>) {
        let Err(denied) = decision.result else {
            return;
        };
        let Ok(request_id) = RequestId::parse(&decision.request_id.to_string()) else {
            return;
        };
        self.refused(RefusedRequest::Token(TokenRefusal {
            request_id: &request_id,
            issuer: &decision.issuer.identifier,
            at: decision.at,
            denied,
        }));
    }
}

/// Nothing is left half done by a panic: the gate is counters.
fn lock(gate: &Mutex<Gate>) -> std::sync::MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Writer<L> {
    log: Arc<L>,
    counted: Arc<Counted>,
    gate: Arc<Mutex<Gate>>,
    shutdown: Shutdown,
}

impl<L: RefusalLog> Writer<L> {
    async fn run(self, mut receiver: mpsc::Receiver<RefusalRecord>) {
        let mut minutes = interval(MINUTE);
        minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        minutes.reset();
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.wait() => break,
                _ = minutes.tick() => {
                    let summary = lock(&self.gate).take_summary();
                    self.write(&[], summary).await;
                }
                count = receiver.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        break;
                    }
                    self.gather(&mut batch, &mut receiver).await;
                    self.write(&batch, None).await;
                    batch.clear();
                }
            }
        }
        self.write_rest(receiver).await;
    }

    /// Waits a little for others to come, unless there is no more room or no more time.
    async fn gather(
        &self,
        batch: &mut Vec<RefusalRecord>,
        receiver: &mut mpsc::Receiver<RefusalRecord>,
    ) {
        tokio::select! {
            () = self.shutdown.wait() => {}
            () = sleep(GATHERING) => {}
        }
        while batch.len() < BATCH
            && let Ok(record) = receiver.try_recv()
        {
            batch.push(record);
        }
    }

    async fn write_rest(&self, mut receiver: mpsc::Receiver<RefusalRecord>) {
        receiver.close();
        let mut batch = Vec::new();
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            self.write(&batch, None).await;
            batch.clear();
        }
        let summary = lock(&self.gate).take_summary();
        self.write(&[], summary).await;
    }

    /// Tries until it is written. Meanwhile the queue fills, and what finds no room is counted; once
    /// the server stops, it gives up after some attempts and says so.
    async fn write(&self, records: &[RefusalRecord], summary: Option<Summary>) {
        if records.is_empty() && summary.is_none() {
            return;
        }
        let (mut wait, mut left) = (FIRST_WAIT, LAST_ATTEMPTS);
        while let Err(error) = self.log.write(records, summary.as_ref()).await {
            self.counted.failed_writes.fetch_add(1, Ordering::Relaxed);
            let counted = summary.as_ref().map(|summary| &summary.counts);
            if self.shutdown.is_triggered() {
                left = left.saturating_sub(1);
                if left == 0 {
                    let records = records.len();
                    tracing::error!(%error, records, ?counted, "refusals are lost to the audit log");
                    return;
                }
                sleep(FIRST_WAIT).await;
                continue;
            }
            tracing::error!(%error, records = records.len(), ?counted, "cannot write refusals yet");
            tokio::select! {
                () = self.shutdown.wait() => {}
                () = sleep(wait) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        let written = records.len() as u64;
        self.counted.written.fetch_add(written, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
