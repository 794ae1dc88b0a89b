use tokio::sync::watch;

/// A signal that the process is to end, shared by everyone who must know.
///
/// Clones are handles to the same signal. Once given it stays given.
#[derive(Debug, Clone)]
pub struct Shutdown {
    triggered: watch::Sender<bool>,
}

impl Shutdown {
    /// A signal that has not been given.
    pub fn new() -> Self {
        Self {
            triggered: watch::Sender::new(false),
        }
    }

    /// Gives the signal. Giving it again does nothing.
    pub fn trigger(&self) {
        self.triggered.send_replace(true);
    }

    /// Whether the signal has been given.
    pub fn is_triggered(&self) -> bool {
        *self.triggered.borrow()
    }

    /// Waits until the signal is given; returns at once if it has been.
    pub async fn wait(&self) {
        let mut triggered = self.triggered.subscribe();
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = triggered.wait_for(|triggered| *triggered).await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
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
