//! What is done outside requests.

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::Timestamp;
use portvakt_core::idempotency;
use portvakt_core::login::{Keeping, LoginStore, Room};
use portvakt_core::ports::Store;
use portvakt_core::refusals::forget as forget_refusals;
use portvakt_core::usage::{Day, MAX_DAYS};
use portvakt_http::Shutdown;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Downloads, REFRESH_INTERVAL, Trust};
use crate::usage::UsageCounter;

const COUNTING_INTERVAL: Duration = Duration::from_secs(1);
const REMOVAL_INTERVAL: Duration = Duration::from_secs(30);
const USAGE_REMOVAL_INTERVAL: Duration = Duration::from_hours(1);
const REVOCATION_INTERVAL: Duration = Duration::from_secs(1);

/// What is before this instant is over by any clock that may be put right: a clock that is ahead may
/// be, and then its past is the present again.
pub(crate) type Horizon = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Records of the change feed that are kept. Whoever is further behind forgets everything and
/// begins anew, which costs less than reading them.
const CHANGES_KEPT: u64 = 10_000;

/// What housekeeping is done with.
pub(crate) struct House {
    /// Where everything is kept.
    pub(crate) store: Arc<dyn Store>,
    /// Where logins are kept. Also where nobody logs in now: what was kept when somebody did goes in its
    /// time.
    pub(crate) logins: Arc<dyn LoginStore>,
    /// The room for what anybody may begin; none where nobody logs in.
    pub(crate) room: Option<Arc<Room>>,
    /// How long they are kept there.
    pub(crate) keeping: Keeping,
    /// Before which instant things are over.
    pub(crate) horizon: Horizon,
    /// Before which instant what anybody may begin is over: the present, where nobody moves it back.
    pub(crate) present: Horizon,
    /// What is counted of tokens.
    pub(crate) usage: Arc<UsageCounter>,
    /// What is kept up to date with revocation lists.
    pub(crate) trust: Arc<Trust>,
    /// The lists that are fetched.
    pub(crate) downloads: Downloads,
}

/// Starts everything that a server does outside requests, until shutdown.
pub(crate) fn start(tasks: &mut JoinSet<()>, house: House, shutdown: &Shutdown) {
    let House {
        store,
        logins,
        room,
        keeping,
        horizon,
        present,
        usage,
        trust,
        downloads,
    } = house;
    let (small, old) = (Arc::clone(&store), Arc::clone(&store));
    tasks.spawn(keep_small(small, Arc::clone(&horizon), shutdown.clone()));
    if let Some(room) = room {
        let (logins, present) = (Arc::clone(&logins), Arc::clone(&present));
        tasks.spawn(count_begun(room, logins, present, shutdown.clone()));
    }
    let earlier = Arc::clone(&horizon);
    tasks.spawn(forget_logins(
        logins,
        keeping,
        present,
        earlier,
        shutdown.clone(),
    ));
    tasks.spawn(remove_old_usage(old, horizon, shutdown.clone()));
    tasks.spawn(write_usage(usage, store, shutdown.clone()));
    tasks.spawn(watch_revocations(trust, shutdown.clone()));
    tasks.spawn(fetch_revocations(downloads, shutdown.clone()));
}

/// Forgets used grants that can no longer be accepted, requests whose keys have expired, refusals
/// that are no longer remembered, and changes that everybody knows, until shutdown.
async fn keep_small(store: Arc<dyn Store>, horizon: Horizon, shutdown: Shutdown) {
    let mut ticks = every(REMOVAL_INTERVAL);
    while next(&mut ticks, &shutdown).await {
        remove_once(store.as_ref(), horizon()).await;
        forget_requests(store.as_ref(), horizon()).await;
        if let Err(error) = forget_refusals(store.as_ref(), horizon()).await {
            tracing::warn!(%error, "cannot forget old refusals");
        }
        trim_once(store.as_ref()).await;
    }
}

/// Forgets what logins leave behind once its time is over, until shutdown.
async fn forget_logins(
    logins: Arc<dyn LoginStore>,
    keeping: Keeping,
    present: Horizon,
    horizon: Horizon,
    shutdown: Shutdown,
) {
    let mut ticks = every(REMOVAL_INTERVAL);
    while next(&mut ticks, &shutdown).await {
        let removed = keeping.remove_expired(logins.as_ref(), present(), horizon());
        match removed.await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "records of logins forgotten"),
            Err(error) => tracing::warn!(%error, "cannot forget records of logins"),
        }
    }
}

/// Counts what anybody may begin, so that there is no more of it than there may be, until shutdown.
async fn count_begun(
    room: Arc<Room>,
    logins: Arc<dyn LoginStore>,
    present: Horizon,
    shutdown: Shutdown,
) {
    let mut ticks = every(COUNTING_INTERVAL);
    while next(&mut ticks, &shutdown).await {
        if let Err(error) = room.count(logins.as_ref(), present()).await {
            tracing::warn!(%error, "cannot count the logins under way");
        }
    }
}

async fn trim_once(store: &dyn Store) {
    match store.trim_changes(CHANGES_KEPT).await {
        Ok(0) => {}
        Ok(removed) => tracing::debug!(removed, "old changes forgotten"),
        Err(error) => tracing::warn!(%error, "cannot forget old changes"),
    }
}

async fn remove_once(store: &dyn Store, before: Timestamp) {
    match store.remove_expired(before).await {
        Ok(0) => {}
        Ok(removed) => tracing::debug!(removed, "expired grants forgotten"),
        Err(error) => tracing::warn!(%error, "cannot forget expired grants"),
    }
}

async fn forget_requests(store: &dyn Store, before: Timestamp) {
    match idempotency::remove_expired(store, before).await {
        Ok(0) => {}
        Ok(removed) => tracing::debug!(removed, "expired idempotency keys forgotten"),
        Err(error) => tracing::warn!(%error, "cannot forget expired idempotency keys"),
    }
}

/// Writes down which tokens were issued, until shutdown.
async fn write_usage(usage: Arc<UsageCounter>, store: Arc<dyn Store>, shutdown: Shutdown) {
    usage.flush_until_shutdown(store.as_ref(), &shutdown).await;
}

/// Drops counts of tokens that nobody can ask for any more, until shutdown.
async fn remove_old_usage(store: Arc<dyn Store>, horizon: Horizon, shutdown: Shutdown) {
    let mut ticks = every(USAGE_REMOVAL_INTERVAL);
    while next(&mut ticks, &shutdown).await {
        remove_usage_once(store.as_ref(), horizon()).await;
    }
}

async fn remove_usage_once(store: &dyn Store, before: Timestamp) {
    let first = Day::of(before).back(MAX_DAYS - 1);
    if let Err(error) = store.remove_usage_before(first).await {
        tracing::warn!(%error, "cannot drop old counts of tokens");
    }
}

/// Reads revocation lists again when their files change, until shutdown.
async fn watch_revocations(trust: Arc<Trust>, shutdown: Shutdown) {
    let mut ticks = every(REVOCATION_INTERVAL);
    while next(&mut ticks, &shutdown).await {
        if let Err(error) = trust.reload_if_changed() {
            tracing::warn!(
                error = format!("{error:#}"),
                "the revocation lists in use stay"
            );
        }
    }
}

/// Fetches revocation lists that are published, until shutdown. The first time was at the start.
async fn fetch_revocations(downloads: Downloads, shutdown: Shutdown) {
    let mut ticks = every(REFRESH_INTERVAL);
    ticks.reset();
    while next(&mut ticks, &shutdown).await {
        tokio::select! {
            () = shutdown.wait() => return,
            () = downloads.refresh() => {}
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Waits for the next tick; `false` once it is time to stop.
async fn next(ticks: &mut Interval, shutdown: &Shutdown) -> bool {
    tokio::select! {
        biased;
        () = shutdown.wait() => false,
        _ = ticks.tick() => true,
    }
}

#[cfg(test)]
mod tests {
    use portvakt_core::client::Client;
    use portvakt_core::idempotency::{Fingerprint, IdempotencyKey, KeyedRequest};
    use portvakt_core::ports::{ReplayLedger, Store};
    use portvakt_core::usage::{Days, Usage, UsageKey, UsageLog};
    use portvakt_core::{Clock, SystemClock, Timestamp};
    use portvakt_store_sqlite::SqliteStore;

    use super::*;
    use crate::dev::clock::{ClockChange, DevClock, Motion};

    #[tokio::test]
    async fn forgets_what_has_expired_by_both_clocks_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("test.db"))
            .await
            .unwrap();
        let (current, past) = ([1; 32], [2; 32]);
        let now = SystemClock.now();
        let soon = now.plus(Duration::from_mins(10));
        store.consume(current, soon).await.unwrap();
        store
            .consume(past, Timestamp::from_seconds(now.seconds() - 10))
            .await
            .unwrap();
        let clock = DevClock::default();
        for (seconds, past_is_kept) in [(-1000, true), (100_000, false)] {
            clock.reset();
            clock.change(ClockChange {
                motion: Some(Motion::By(seconds)),
                frozen: None,
            });
            remove_once(&store, clock.earliest()).await;
            assert!(store.is_consumed(current).await.unwrap(), "{seconds}");
            assert_eq!(store.is_consumed(past).await.unwrap(), past_is_kept);
        }
    }

    #[tokio::test]
    async fn forgets_requests_a_day_after_they_were_made() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("test.db"))
            .await
            .unwrap();
        let organization = "312773023".parse().unwrap();
        let request = KeyedRequest {
            organization,
            key: IdempotencyKey::parse("k").unwrap(),
            fingerprint: Fingerprint::of(b"a client"),
        };
        let now = SystemClock.now();
        let made = Client::machine("a".parse().unwrap(), "A", organization, Vec::new(), now);
        let mut unit = store.begin().await.unwrap();
        unit.save_client(&made).await.unwrap();
        idempotency::remember(unit.as_mut(), &request, &made.client_id, now)
            .await
            .unwrap();
        unit.commit().await.unwrap();
        let clock = DevClock::default();
        forget_requests(&store, clock.earliest()).await;
        let mut unit = store.read().await.unwrap();
        let kept = unit.find_request(organization, &request.key).await.unwrap();
        let day = kept.unwrap().keep_until.seconds() - now.seconds();
        assert_eq!(day, 86_400);
        drop(unit);

        let past = Timestamp::from_seconds(now.seconds() - 90_000);
        let mut unit = store.begin().await.unwrap();
        let another = KeyedRequest {
            key: IdempotencyKey::parse("past").unwrap(),
            ..request
        };
        idempotency::remember(unit.as_mut(), &another, &made.client_id, past)
            .await
            .unwrap();
        unit.commit().await.unwrap();
        forget_requests(&store, clock.earliest()).await;
        let mut unit = store.read().await.unwrap();
        let found = unit.find_request(organization, &another.key).await.unwrap();
        assert_eq!(found, None);
    }

    #[tokio::test]
    async fn drops_counts_that_nobody_can_ask_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("test.db"))
            .await
            .unwrap();
        let clock = DevClock::default();
        clock.change(ClockChange {
            motion: None,
            frozen: Some(true),
        });
        let today = Day::of(clock.now());
        let client: portvakt_core::client::ClientId = "a".parse().unwrap();
        let counts = [0, MAX_DAYS - 1, MAX_DAYS].map(|days| Usage {
            key: UsageKey {
                scope: "fjord:a".parse().unwrap(),
                day: today.back(days),
                consumer: "312773023".parse().unwrap(),
                supplier: None,
                accessing: "312773023".parse().unwrap(),
                client_id: client.clone(),
            },
            tokens: 1,
            last_used: clock.now(),
        });
        store.add_usage(&counts).await.unwrap();
        remove_usage_once(&store, clock.earliest()).await;
        let longest = Days::new(Some(today.back(MAX_DAYS - 1)), None, today).unwrap();
        let kept = store.list_client_usage(&client, longest).await.unwrap();
        assert_eq!(kept.len(), 2);
        let last = today.back(MAX_DAYS);
        let gone = Days::new(Some(last), Some(last), today).unwrap();
        let gone = store.list_client_usage(&client, gone).await.unwrap();
        assert!(gone.is_empty());
    }
}
