//! What tells the process to end: Ctrl-C, or the platform's termination.

/// The signals, from the moment of [`Signals::listen`] on: until then they end the process.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

/// Waits for Ctrl-C or termination.
pub(crate) async fn interrupted() -> anyhow::Result<()> {
    Signals::listen()?.wait().await;
    Ok(())
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "on other systems it can fail")]
    pub(crate) fn listen() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    pub(crate) async fn wait(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
