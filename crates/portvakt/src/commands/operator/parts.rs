//! What the operator does side by side. None of it ends before it is told to, unless something is broken; then
//! the process must not live on with the rest.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::time::Duration;

use anyhow::{Error, anyhow, bail};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::timeout;

/// Tasks with a name each. They are aborted when this is dropped.
#[derive(Default)]
pub(super) struct Parts {
    running: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Parts {
    /// Begins a part, which has this name in errors.
    pub(super) fn start(
        &mut self,
        name: &'static str,
        part: impl Future<Output = ()> + Send + 'static,
    ) {
        let id = self.running.spawn(part).id();
        self.names.insert(id, name);
    }

    /// Waits until a part ends that nobody has told to, and says which.
    pub(super) async fn ended(&mut self) -> Error {
        match self.running.join_next_with_id().await {
            Some(Ok((id, ()))) => anyhow!("{} ended by itself", self.name(id)),
            Some(Err(error)) => self.failed(error),
            None => pending().await,
        }
    }

    /// Waits until all have ended that were told to.
    ///
    /// # Errors
    /// One failed, or has not ended within this time.
    pub(super) async fn finish(mut self, within: Duration) -> anyhow::Result<()> {
        let finishing = async {
            let mut outcome = Ok(());
            while let Some(ended) = self.running.join_next_with_id().await {
                match ended {
                    Ok((id, ())) => drop(self.names.remove(&id)),
                    Err(error) => outcome = Err(self.failed(error)),
                }
            }
            outcome
        };
        if let Ok(outcome) = timeout(within, finishing).await {
            return outcome;
        }
        let mut names: Vec<_> = self.names.values().copied().collect();
        names.sort_unstable();
        bail!("{} did not end within {within:?}", names.join(" and "))
    }

    /// Ends all where they are.
    pub(super) async fn abort(mut self) {
        self.running.shutdown().await;
    }

    fn name(&self, id: Id) -> &'static str {
        self.names.get(&id).copied().unwrap_or("a part")
    }

    fn failed(&mut self, error: JoinError) -> Error {
        let name = self.names.remove(&error.id());
        Error::new(error).context(format!("{} failed", name.unwrap_or("a part")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_ends_or_panics_is_named() {
        let mut parts = Parts::default();
        parts.start("the rest", pending());
        parts.start("one that ends", async {});
        let ended = format!("{:#}", parts.ended().await);
        assert_eq!(ended, "one that ends ended by itself");
        parts.start("one that panics", async { panic!("out of order") });
        let ended = format!("{:#}", parts.ended().await);
        assert!(ended.starts_with("one that panics failed: "), "{ended}");
        assert!(ended.contains("out of order"), "{ended}");
    }

    #[tokio::test]
    async fn a_part_that_does_not_end_is_given_up_and_named() {
        let mut parts = Parts::default();
        parts.start("one that hangs", pending());
        let ended = parts.finish(Duration::ZERO).await.unwrap_err();
        assert_eq!(ended.to_string(), "one that hangs did not end within 0ns");
    }

    #[tokio::test]
    async fn a_part_that_panics_at_its_end_is_named() {
        let mut parts = Parts::default();
        parts.start("one that panics", async { panic!("out of order") });
        parts.start("one that ends", async {});
        let ended = parts.finish(Duration::from_secs(30)).await.unwrap_err();
        assert_eq!(ended.to_string(), "one that panics failed");
    }
}
