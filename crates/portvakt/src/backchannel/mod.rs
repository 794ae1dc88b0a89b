//! Tells clients' servers of logouts (spec: idporten §15.6): each is told once, apart from every request.
//!
//! [`courier`] posts one token, [`reach`] says which hosts it may call, and [`places`] how many notices
//! there may be at once. What is lost is lost: a client that has to know asks for a level or an age of
//! its logins, and a notice that is late is worth little.

mod courier;
mod places;
mod reach;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use portvakt_core::client::ClientId;
use portvakt_core::login::provider::{LogoutNotice, LogoutSender};

use self::courier::{Courier, Outcome};
use self::places::Places;
pub(crate) use self::reach::Reach;

/// How long the last notices may take when the server stops.
const FINISHING: Duration = Duration::from_secs(8);

/// Sends notices. A clone is the same sender.
#[derive(Clone)]
pub(crate) struct BackchannelLogouts {
    courier: Arc<Courier>,
    places: Places,
    counters: Arc<LogoutCounters>,
}

impl BackchannelLogouts {
    /// A sender that calls the hosts within this reach.
    pub(crate) fn new(reach: Reach) -> anyhow::Result<Self> {
        Ok(Self {
            courier: Arc::new(Courier::new(reach)?),
            places: Places::default(),
            counters: Arc::default(),
        })
    }

    /// What became of notices.
    pub(crate) fn counters(&self) -> Arc<LogoutCounters> {
        Arc::clone(&self.counters)
    }

    /// Waits for the notices that there are, within a bounded time. Nobody logs out any more.
    pub(crate) async fn finish(&self) {
        let emptied = tokio::time::timeout(FINISHING, self.places.emptied()).await;
        if emptied.is_err() {
            tracing::warn!("not every client's server was told of a logout in time");
        }
    }
}

impl LogoutSender for BackchannelLogouts {
    fn send(&self, notice: LogoutNotice) {
        let client_id = notice.client_id().clone();
        let Some(place) = self.places.take(&client_id) else {
            self.counters.report(&client_id, Outcome::Dropped);
            return;
        };
        let (courier, counters) = (Arc::clone(&self.courier), self.counters());
        tokio::spawn(async move {
            let turn = place.turn().await;
            let outcome = deliver(&courier, &notice).await;
            drop(turn);
            counters.report(&client_id, outcome);
        });
    }
}

async fn deliver(courier: &Courier, notice: &LogoutNotice) -> Outcome {
    match notice.token().await {
        Ok(token) => courier.post(notice.address(), &token).await,
        Err(_) => Outcome::Failed,
    }
}

/// How many notices there were, by what became of them.
#[derive(Debug, Default)]
pub(crate) struct LogoutCounters([AtomicU64; Outcome::ALL.len()]);

impl LogoutCounters {
    /// All of them. For metrics.
    pub(crate) fn by_result(&self) -> [(&'static str, u64); Outcome::ALL.len()] {
        Outcome::ALL.map(|outcome| (outcome.as_str(), self.of(outcome).load(Ordering::Relaxed)))
    }

    /// Counts a notice, and logs who was to be told and whether they were.
    fn report(&self, client_id: &ClientId, outcome: Outcome) {
        self.of(outcome).fetch_add(1, Ordering::Relaxed);
        tracing::info!(%client_id, result = outcome.as_str(), "back-channel logout");
    }

    fn of(&self, outcome: Outcome) -> &AtomicU64 {
        let [delivered, refused, failed, blocked, dropped] = &self.0;
        match outcome {
            Outcome::Delivered => delivered,
            Outcome::Refused => refused,
            Outcome::Failed => failed,
            Outcome::Blocked => blocked,
            Outcome::Dropped => dropped,
        }
    }
}
