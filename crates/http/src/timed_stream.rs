//! A stream that gives up on clients that stall.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::Limits;

/// Whether a connection waits for a request or works on one, told to the stream by the service.
///
/// The parser in between has one timeout for both "no request yet" and "half a request", and these
/// need different ones: proxies keep idle connections for a minute, while a header section that
/// takes more than seconds is an attack or a dead line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Activity {
    /// Counts starts and ends of requests: odd while a request is in work. All accesses are in the
    /// task of the connection.
    changes: Arc<AtomicU64>,
}

impl Activity {
    /// Tells that the header section of a request is complete, until the value is dropped.
    pub(crate) fn begin(&self) -> Working {
        self.changes.fetch_add(1, Ordering::Relaxed);
        Working(self.clone())
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}

/// A request in work.
pub(crate) struct Working(Activity);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.changes.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the client owes; each debt has its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// Nothing: the server is working.
    Nothing,
    /// The first byte of another request.
    Request,
    /// The rest of a header section.
    Head,
}

/// A stream whose reads and writes fail with [`io::ErrorKind::TimedOut`] when the client stalls.
pub(crate) struct TimedStream<S> {
    stream: S,
    limits: Limits,
    activity: Activity,
    seen_changes: u64,
    awaited: Awaited,
    /// When the client must have sent what is awaited.
    read_deadline: Instant,
    read_alarm: Pin<Box<Sleep>>,
    write_deadline: Pin<Box<Sleep>>,
    write_blocked: bool,
}

impl<S> TimedStream<S> {
    pub(crate) fn new(stream: S, limits: Limits, activity: Activity) -> Self {
        let now = Instant::now();
        Self {
            stream,
            limits,
            seen_changes: activity.changes(),
            activity,
            // A client connects in order to ask, so its first request is owed from the start.
            awaited: Awaited::Head,
            read_deadline: now + limits.header_timeout,
            read_alarm: Box::pin(sleep_until(now + limits.header_timeout)),
            write_deadline: Box::pin(sleep_until(now)),
            write_blocked: false,
        }
    }

    /// Notices that a request began or ended since the last look.
    fn catch_up(&mut self) {
        let changes = self.activity.changes();
        if changes == self.seen_changes {
            return;
        }
        self.seen_changes = changes;
        if changes.is_multiple_of(2) {
            self.await_request();
        } else {
            self.awaited = Awaited::Nothing;
        }
    }

    fn await_request(&mut self) {
        self.awaited = Awaited::Request;
        self.read_deadline = Instant::now() + self.limits.keep_alive_timeout;
    }

    fn received(&mut self) {
        if self.awaited == Awaited::Request {
            self.awaited = Awaited::Head;
            self.read_deadline = Instant::now() + self.limits.header_timeout;
        }
    }

    /// Ready when what is awaited is late. The alarm is set again when it must ring earlier, or has rung
    /// too early: a deadline that moves away with each request costs nothing.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (alarm, deadline) = (&mut self.read_alarm, self.read_deadline);
        if alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        loop {
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
    }

    /// A write that was taken: the client is alive, and an idle time starts after the last of them.
    fn sent(&mut self) {
        self.write_blocked = false;
        self.catch_up();
        if self.awaited == Awaited::Request {
            self.await_request();
        }
    }

    /// Passes the outcome of a write on, unless the client has taken nothing for too long.
    fn watch_write(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.sent();
            // The parser does not look at the stream again before something wakes it.
            if self.awaited == Awaited::Request && self.poll_late(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
            return outcome;
        }
        if !self.write_blocked {
            self.write_blocked = true;
            self.write_deadline
                .as_mut()
                .reset(Instant::now() + self.limits.write_timeout);
        }
        ready!(self.write_deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.catch_up();
        if let Poll::Ready(outcome) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            self.received();
            return Poll::Ready(outcome);
        }
        if self.awaited == Awaited::Nothing {
            return Poll::Pending;
        }
        ready!(self.poll_late(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch_write(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
