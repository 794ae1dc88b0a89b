use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};

use tokio::sync::Notify;

/// A signal that the process is to end, shared by everyone who must know.
///
/// Clones are handles to the same signal. Once given it stays given.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(Arc<Signal>);

#[derive(Debug, Default)]
struct Signal {
    given: AtomicBool,
    waiting: Notify,
}

impl Shutdown {
    /// A signal that has not been given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal. Giving it again does nothing.
    pub fn trigger(&self) {
        self.0.given.store(true, Ordering::SeqCst);
        self.0.waiting.notify_waiters();
    }

    /// Whether the signal has been given.
    pub fn is_triggered(&self) -> bool {
        self.0.given.load(Ordering::SeqCst)
    }

    /// Waits until the signal is given; returns at once if it has been.
    pub async fn wait(&self) {
        let mut notified = pin!(self.0.waiting.notified());
        let mut waits_here: Option<Waker> = None;
        poll_fn(|context| {
            if self.is_triggered() {
                return Poll::Ready(());
            }
            // A connection is polled several times for each request, and those who wait are in a list
            // behind a lock: whoever is in it already need not go there.
            let waker = context.waker();
            if waits_here
                .as_ref()
                .is_some_and(|known| known.will_wake(waker))
            {
                return Poll::Pending;
            }
            waits_here = Some(waker.clone());
            notified.as_mut().poll(context)
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wakes_every_handle_and_stays_given() {
        let shutdown = Shutdown::new();
        let waiter = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.wait().await }
        });
        assert!(!shutdown.is_triggered());

        shutdown.clone().trigger();
        shutdown.trigger();

        waiter.await.unwrap();
        shutdown.wait().await;
        assert!(shutdown.is_triggered());
    }
}
