//! Noticing what others change at the issuer.

use std::future::Future;

use futures_util::future::{Either, select};
use portvakt_provision::{Drift, Pace, Watch};

use super::pass::Operator;

/// Asks the issuer again and again what somebody changed, and has the resources looked at that it concerns,
/// until `stop` comes.
pub async fn follow(operator: Operator, pace: Pace, stop: impl Future<Output = ()> + Send) {
    let mut stop = std::pin::pin!(stop);
    let mut watch = Watch::new(operator.api.clone(), pace);
    loop {
        let pause = tokio::time::sleep(watch.pause());
        if let Either::Left(_) = select(&mut stop, std::pin::pin!(pause)).await {
            return;
        }
        match watch.look().await {
            Ok(drift) => tell(&drift, operator.concerns.drifted(&drift)),
            Err(error) => tracing::warn!(%error, "the issuer does not tell what changed"),
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
