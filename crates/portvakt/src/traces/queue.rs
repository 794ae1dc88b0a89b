//! The spans that wait to be sent. Nobody waits for room: what does not fit is dropped and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::otlp::Span;

/// What became of spans, since the process began.
#[derive(Debug, Default)]
pub(crate) struct SpanCounters {
    exported: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

/// Where finished spans go.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    sender: Sender<Span>,
    counters: Arc<SpanCounters>,
}

impl Queue {
    /// Room for so many, and where they come out.
    pub(super) fn new(room: usize, counters: Arc<SpanCounters>) -> (Self, Receiver<Span>) {
        let (sender, receiver) = channel(room);
        (Self { sender, counters }, receiver)
    }

    /// Puts a span at the end, or drops it.
    pub(super) fn offer(&self, span: Span) {
        if self.sender.try_send(span).is_err() {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl SpanCounters {
    /// So many were taken by the collector.
    pub(super) fn exported(&self, spans: u64) {
        self.exported.fetch_add(spans, Ordering::Relaxed);
    }

    /// So many were not.
    pub(super) fn failed(&self, spans: u64) {
        self.failed.fetch_add(spans, Ordering::Relaxed);
    }

    /// All of them, by what became of them. For metrics.
    pub(crate) fn by_result(&self) -> [(&'static str, u64); 3] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("exported", read(&self.exported)),
            ("dropped", read(&self.dropped)),
            ("failed", read(&self.failed)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let counters = Arc::new(SpanCounters::default());
        let (queue, mut receiver) = Queue::new(2, Arc::clone(&counters));
        for _ in 0..5 {
            queue.offer(Span::default());
        }
        assert_eq!(receiver.len(), 2);
        assert_eq!(counters.by_result()[1], ("dropped", 3));
        assert!(receiver.try_recv().is_ok());
        queue.offer(Span::default());
        assert_eq!(
            counters.by_result()[1],
            ("dropped", 3),
            "there is room again"
        );
    }
}
