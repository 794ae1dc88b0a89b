//! When controllers run: while this operator leads, until it is to stop.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use anyhow::Error;
use portvakt_operator::shell::Lead;
use tokio::sync::watch;

use super::parts::Parts;
use crate::operations::Drain;

/// How long passes under way may take to their end; what they have not done then, the next operator does.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// What leading means.
pub(super) trait Leading {
    /// Begins to look after everything, until `finished`.
    fn begin(&self, finished: &watch::Receiver<bool>) -> Parts;

    /// Nothing is looked after any more.
    fn lost(&self);
}

/// Leads whenever `lead` says so, until `stop` comes, something is `broken` that runs whether it leads or not, or a
/// controller ends by itself. Passes under way end first.
///
/// # Errors
/// What is broken, or did not end when it was told to.
pub(super) async fn lead_until(
    stop: impl Future<Output = ()>,
    broken: impl Future<Output = Error>,
    lead: &Lead,
    leading: &impl Leading,
    drain: &Drain,
) -> anyhow::Result<()> {
    let (mut stop, mut broken) = (pin!(stop), pin!(broken));
    loop {
        tokio::select! {
            () = lead.held() => {}
            () = &mut stop => {
                drain.begin();
                return Ok(());
            }
            error = &mut broken => {
                drain.begin();
                return Err(error);
            }
        }
        let (finish, finished) = watch::channel(false);
        let mut controllers = leading.begin(&finished);
        let outcome = tokio::select! {
            () = lead.lost() => {
                tracing::warn!("not acting any more");
                controllers.abort().await;
                leading.lost();
                continue;
            }
            error = controllers.ended() => Err(error),
            error = &mut broken => Err(error),
            () = &mut stop => Ok(()),
        };
        drain.begin();
        finish.send_replace(true);
        let finished = controllers.finish(PATIENCE).await;
        return outcome.and(finished);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use portvakt_operator::shell::{Candidate, Terms};
    use tokio::sync::Notify;

    use super::*;
    use crate::commands::operator::until;

    /// A controller that ends when it is told to, or when it breaks.
    #[derive(Default)]
    struct Controller {
        began: Arc<Notify>,
        breaks: Arc<Notify>,
        has_finished: Arc<AtomicBool>,
    }

    impl Leading for Controller {
        fn begin(&self, finished: &watch::Receiver<bool>) -> Parts {
            let (finished, breaks) = (until(finished.clone()), Arc::clone(&self.breaks));
            let has_finished = Arc::clone(&self.has_finished);
            let mut parts = Parts::default();
            parts.start("the controller", async move {
                tokio::select! {
                    () = finished => has_finished.store(true, Ordering::Relaxed),
                    () = breaks.notified() => {}
                }
            });
            self.began.notify_one();
            parts
        }

        fn lost(&self) {}
    }

    /// How it ends once the controller runs and `then` has happened.
    async fn outcome(
        controller: &Controller,
        others: &mut Parts,
        then: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        let drain = Drain::default();
        let stop = async {
            controller.began.notified().await;
            then.await;
        };
        let lead = Lead::alone();
        let outcome = lead_until(stop, others.ended(), &lead, controller, &drain).await;
        assert!(drain.has_begun());
        outcome
    }

    #[tokio::test]
    async fn passes_end_first_when_it_is_told_to_stop() {
        let controller = Controller::default();
        let mut others = Parts::default();
        others.start("the webhook", pending());
        let outcome = outcome(&controller, &mut others, async {}).await;
        outcome.unwrap();
        assert!(controller.has_finished.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_part_that_ended_stops_the_rest_and_is_told() {
        let controller = Controller::default();
        let breaks = Arc::new(Notify::new());
        let mut others = Parts::default();
        let broken = Arc::clone(&breaks);
        others.start("the webhook", async move { broken.notified().await });
        let breaking = async {
            breaks.notify_one();
            pending::<()>().await;
        };
        let outcome = outcome(&controller, &mut others, breaking).await;
        let error = outcome.unwrap_err().to_string();
        assert_eq!(error, "the webhook ended by itself");
        assert!(controller.has_finished.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_controller_that_ended_is_told() {
        let controller = Controller::default();
        let breaking = async {
            controller.breaks.notify_one();
            pending::<()>().await;
        };
        let outcome = outcome(&controller, &mut Parts::default(), breaking).await;
        let error = outcome.unwrap_err().to_string();
        assert_eq!(error, "the controller ended by itself");
    }

    #[tokio::test]
    async fn whoever_waits_for_its_turn_notices_too() {
        let config = kube::Config::new("http://127.0.0.1:1".parse().unwrap());
        let client = kube::Client::try_from(config).unwrap();
        let candidate = Candidate::new(client, "a", "me".to_owned(), Terms::default());
        let mut others = Parts::default();
        others.start("leader election", async {});
        let (lead, drain) = (candidate.lead(), Drain::default());
        let controller = Controller::default();
        let ended = others.ended();
        let outcome = lead_until(pending(), ended, &lead, &controller, &drain).await;
        let error = outcome.unwrap_err().to_string();
        assert_eq!(error, "leader election ended by itself");
        assert!(drain.has_begun());
    }
}
