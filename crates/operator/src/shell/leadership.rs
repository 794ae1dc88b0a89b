//! At most one operator acts: whoever holds a Lease that existing clusters know.
//!
//! Clocks of machines are not compared. A candidate takes the Lease of another when it has watched it stay
//! unchanged for as long as it is for; its holder stops acting well before that, counted from the moment
//! before it asked for the last renewal that succeeded.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, PostParams};
use kube::core::ObjectMeta;
use kube::{Client, ResourceExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::cluster::MANAGER;
use crate::cluster_error::ClusterError;

/// Name of the Lease, as the existing operator has it: the two exclude each other.
pub const LEASE: &str = "digdirator.nais.io";

/// How long a Lease is for, and how its holder keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// After this long without a renewal another may take it; whole seconds.
    pub lease: Duration,
    /// After this long without a renewal its holder stops acting; less than `lease`.
    pub renewal: Duration,
    /// Between two attempts to get or to renew it.
    pub pause: Duration,
}

impl Default for Terms {
    /// As the existing operator has them.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            renewal: Duration::from_secs(10),
            pause: Duration::from_secs(2),
        }
    }
}

/// Whether this operator may act, and until when. Clones are handles to the same fact.
#[derive(Clone, Debug)]
pub struct Lead(watch::Sender<Option<Instant>>);

impl Lead {
    /// Nobody leads yet.
    fn none() -> Self {
        Self(watch::Sender::new(None))
    }

    /// This operator is the only one, as it is told.
    pub fn alone() -> Self {
        Self(watch::Sender::new(Some(far())))
    }

    /// Whether it may act now.
    pub fn is_held(&self) -> bool {
        self.0.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Waits until it may act.
    pub async fn held(&self) {
        let mut told = self.0.subscribe();
        while !self.is_held() {
            // The sender lives as long as `self`.
            let _ = told.changed().await;
        }
    }

    /// Waits until it may not act any more.
    pub async fn lost(&self) {
        let mut told = self.0.subscribe();
        loop {
            let until = *told.borrow_and_update();
            let Some(until) = until.filter(|until| Instant::now() < *until) else {
                return;
            };
            tokio::select! {
                () = sleep_until(until) => {}
                _ = told.changed() => {}
            }
        }
    }

    /// Goes on with something only while this operator may act. When it may not, that is not continued,
    /// however far it has come.
    pub(super) async fn guard<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        std::future::poll_fn(|context| {
            if !self.is_held() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    fn set(&self, until: Option<Instant>) {
        self.0.send_replace(until);
    }
}

/// Later than any process lives.
fn far() -> Instant {
    Instant::now() + Duration::from_hours(24 * 365 * 10)
}

/// One that wants to lead.
pub struct Candidate {
    leases: Api<Lease>,
    identity: String,
    terms: Terms,
    lead: Lead,
    /// The version of the Lease that was seen last, and since when.
    seen: Option<(String, Instant)>,
}

impl Candidate {
    /// One with a name that no other process has, for the Lease in this namespace.
    pub fn new(client: Client, namespace: &str, identity: String, terms: Terms) -> Self {
        Self {
            leases: Api::namespaced(client, namespace),
            identity,
            terms,
            lead: Lead::none(),
            seen: None,
        }
    }

    /// What it comes to.
    pub fn lead(&self) -> Lead {
        self.lead.clone()
    }

    /// Tries for the Lease, and then keeps it, until `stop` comes. A Lease that is held then is given back.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = self.attempt() => {}
                () = &mut stop => break,
            }
            tokio::select! {
                () = sleep(self.terms.pause) => {}
                () = &mut stop => break,
            }
        }
        if self.lead.is_held() {
            self.lead.set(None);
            // Without an answer it ends by itself.
            let _ = timeout(self.terms.pause, self.give_back()).await;
        }
    }

    async fn attempt(&mut self) {
        let asked_at = Instant::now();
        match timeout(self.terms.renewal, self.hold()).await {
            Ok(Ok(true)) => {
                if !self.lead.is_held() {
                    tracing::info!(identity = self.identity, "leading");
                }
                self.lead.set(Some(asked_at + self.terms.renewal));
            }
            Ok(Ok(false)) => {
                if self.lead.is_held() {
                    tracing::warn!(identity = self.identity, "another operator leads");
                }
                self.lead.set(None);
            }
            // The lead ends by itself if this lasts.
            Ok(Err(error)) => tracing::warn!(%error, "the Lease cannot be kept"),
            Err(_) => tracing::warn!("no answer about the Lease"),
        }
    }

    /// Whether the Lease is this candidate's from now on.
    async fn hold(&mut self) -> Result<bool, ClusterError> {
        let params = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        let found = self.leases.get_opt(LEASE).await;
        let written = match found.map_err(ClusterError::at("read the Lease"))? {
            None => {
                let lease = Lease {
                    metadata: ObjectMeta {
                        name: Some(LEASE.to_owned()),
                        ..ObjectMeta::default()
                    },
                    spec: Some(self.held(&LeaseSpec::default())),
                };
                self.leases.create(&params, &lease).await
            }
            Some(mut lease) => {
                let spec = lease.spec.take().unwrap_or_default();
                let unchanged = self.unchanged(&lease.resource_version().unwrap_or_default());
                if !may_hold(&spec, &self.identity, unchanged) {
                    return Ok(false);
                }
                lease.spec = Some(self.held(&spec));
                self.leases.replace(LEASE, &params, &lease).await
            }
        };
        match written.map_err(ClusterError::at("write the Lease")) {
            Ok(lease) => {
                self.unchanged(&lease.resource_version().unwrap_or_default());
                Ok(true)
            }
            // Somebody else was faster.
            Err(error) if matches!(error.status(), Some(404 | 409)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How long this version has been seen.
    fn unchanged(&mut self, version: &str) -> Duration {
        match &self.seen {
            Some((seen, since)) if seen == version => since.elapsed(),
            _ => {
                self.seen = Some((version.to_owned(), Instant::now()));
                Duration::ZERO
            }
        }
    }

    /// The Lease as this candidate holds it, after this one.
    fn held(&self, before: &LeaseSpec) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        let is_mine = before.holder_identity.as_deref() == Some(&self.identity);
        let acquired = before.acquire_time.clone().filter(|_| is_mine);
        let transitions = before.lease_transitions.unwrap_or_default();
        let is_first = before.holder_identity.is_none();
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.terms.lease.as_secs()).ok(),
            acquire_time: acquired.or(Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(transitions + i32::from(!is_mine && !is_first)),
            ..LeaseSpec::default()
        }
    }

    async fn give_back(&self) -> Result<(), kube::Error> {
        let mut lease = self.leases.get(LEASE).await?;
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(&self.identity) {
            spec.holder_identity = Some(String::new());
            spec.lease_duration_seconds = Some(1);
            let params = PostParams::default();
            self.leases.replace(LEASE, &params, &lease).await?;
        }
        Ok(())
    }
}

/// Whether a candidate may take, or keep, a Lease that was unchanged for so long.
fn may_hold(lease: &LeaseSpec, identity: &str, unchanged: Duration) -> bool {
    let holder = lease.holder_identity.as_deref().unwrap_or_default();
    let seconds = lease.lease_duration_seconds.unwrap_or_default();
    let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    holder.is_empty() || holder == identity || unchanged >= duration
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_of_another_is_taken_when_it_was_unchanged_for_its_time() {
        let lease = |holder: &str| LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: Some(15),
            ..LeaseSpec::default()
        };
        let seconds = Duration::from_secs;
        assert!(may_hold(&LeaseSpec::default(), "a", seconds(0)));
        assert!(may_hold(&lease(""), "a", seconds(0)));
        assert!(may_hold(&lease("a"), "a", seconds(0)));
        assert!(!may_hold(&lease("b"), "a", seconds(14)));
        assert!(may_hold(&lease("b"), "a", seconds(15)));
    }

    #[tokio::test]
    async fn a_lead_that_is_not_renewed_ends_before_the_lease() {
        let lead = Lead::none();
        assert!(!lead.is_held());
        let terms = Terms {
            renewal: Duration::from_millis(50),
            ..Terms::default()
        };
        let asked_at = Instant::now();
        lead.set(Some(asked_at + terms.renewal));
        lead.held().await;
        lead.lost().await;
        assert!(!lead.is_held());
        assert!(asked_at.elapsed() < terms.lease);
        assert!(Lead::alone().is_held());
    }
}
