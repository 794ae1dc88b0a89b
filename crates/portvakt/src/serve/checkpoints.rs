//! Signed checkpoints of the audit log, written as it grows.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use portvakt_core::Clock;
use portvakt_core::audit::{
    AuditCheckpoint, AuditFault, AuditLink, Checkpoints, StoredEntry, Verifier,
};
use portvakt_core::ports::Store;
use portvakt_core::signing::SigningKeys;
use portvakt_http::Shutdown;

use crate::audit_log::{append_checkpoint, each_entry, read_checkpoints};

/// Whoever writes checkpoints.
pub(super) struct CheckpointWriter {
    pub(super) store: Arc<dyn Store>,
    pub(super) keys: Arc<SigningKeys>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) file: PathBuf,
    pub(super) interval: Duration,
}

impl CheckpointWriter {
    /// Signs at the start, and at every interval in which the log has grown, until shutdown. It
    /// signs for nothing that it has not verified: after a fault it says so at every interval and
    /// signs no more.
    pub(super) async fn run(self, shutdown: Shutdown) {
        let earlier = loop {
            match self.earlier().await {
                Ok(earlier) => break earlier,
                Err(error) => report(&error),
            }
            if self.is_over(&shutdown).await {
                return;
            }
        };
        let mut verifier = Verifier::new(&earlier);
        let mut signed = AuditLink::first();
        let mut broken = false;
        loop {
            if broken {
                tracing::error!(
                    "the audit log does not hold together: run `portvakt audit verify`"
                );
            } else if let Err(error) = self.advance(&mut verifier, &mut signed).await {
                broken = error.downcast_ref::<AuditFault>().is_some();
                report(&error);
            }
            if self.is_over(&shutdown).await {
                return;
            }
        }
    }

    /// Waits for an interval; whether it is time to stop.
    async fn is_over(&self, shutdown: &Shutdown) -> bool {
        tokio::select! {
            () = shutdown.wait() => true,
            () = tokio::time::sleep(self.interval) => false,
        }
    }

    async fn earlier(&self) -> anyhow::Result<Checkpoints> {
        if !self.file.exists() {
            return Ok(Checkpoints::none());
        }
        let mut unit = self.store.read().await?;
        read_checkpoints(unit.as_mut(), &self.file).await
    }

    /// Verifies what has come, and signs for it.
    async fn advance(
        &self,
        verifier: &mut Verifier<'_>,
        signed: &mut AuditLink,
    ) -> anyhow::Result<()> {
        let mut unit = self.store.read().await?;
        // Not after what was signed for: a read that broke off has looked at more already.
        let after = verifier.last().sequence;
        let mut fault = Ok(());
        let look = |entry: &StoredEntry| {
            fault = verifier.entry(entry);
            Ok(fault.is_ok())
        };
        each_entry(unit.as_mut(), after, look).await?;
        drop(unit);
        fault?;
        let last = verifier.finish()?.last;
        if last != *signed && last.sequence > 0 {
            self.sign(last).await?;
        }
        *signed = last;
        Ok(())
    }

    async fn sign(&self, last: AuditLink) -> anyhow::Result<()> {
        let ring = self.keys.current();
        let now = self.clock.now();
        let line = AuditCheckpoint::sign(last, ring.active(), ring.active_kid(), now).await;
        append_checkpoint(&self.file, &line.context("sign a checkpoint")?)
    }
}

fn report(error: &anyhow::Error) {
    tracing::error!(
        error = format!("{error:#}"),
        "no checkpoint of the audit log"
    );
}
