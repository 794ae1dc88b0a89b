//! Noticing what others change at the issuer.

use std::future::Future;

use futures_util::future::{Either, select};
use portvakt_nais::desired::ClientKind;
use portvakt_provision::{Drift, Pace, Watch};

use super::pass::Operator;
use super::progress::Progress;

/// How the issuer is asked what others change.
#[derive(Clone, Debug)]
pub struct Following {
    /// How often.
    pub pace: Pace,
    /// The kinds of resource that are looked after.
    pub kinds: Vec<ClientKind>,
    /// Namespace in which it is written down how far that has come.
    pub namespace: String,
}

/// Asks the issuer again and again what somebody changed, and has the resources looked at that it concerns,
/// until `stop` comes. An operator that is started, or begins to lead, goes on where the one before it was.
pub async fn follow(
    operator: Operator,
    following: Following,
    stop: impl Future<Output = ()> + Send,
) {
    let mut stop = std::pin::pin!(stop);
    let mut watch = Watch::new(operator.api.clone(), following.pace);
    let mut progress = Progress::of(&operator, &following);
    if let Some(revision) = progress.read().await {
        watch = watch.after(revision);
    }
    loop {
        let pause = tokio::time::sleep(watch.pause());
        if let Either::Left(_) = select(&mut stop, std::pin::pin!(pause)).await {
            return;
        }
        // A change is told once, and concerns nobody who is not known yet.
        if !operator.concerns.are_surveyed(&following.kinds) {
            continue;
        }
        match watch.look().await {
            Ok(drift) => tell(&drift, operator.concerns.drifted(&drift)),
            Err(error) => tracing::warn!(%error, "the issuer does not tell what changed"),
        }
        if let Some(revision) = watch.revision()
            && operator.concerns.are_settled()
        {
            progress.write(revision).await;
        }
    }
}

fn tell(drift: &Drift, concerned: usize) {
    match drift {
        Drift::Anything => tracing::info!(concerned, "anything may have changed at the issuer"),
        Drift::Touched(_) if concerned > 0 => {
            tracing::info!(concerned, "something changed at the issuer");
        }
        Drift::Touched(_) => {}
    }
}
