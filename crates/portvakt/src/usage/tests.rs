use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::client::ClientId;
use portvakt_core::grant::{ActingFor, Denied, IssuedToken};
use portvakt_core::issuer::{Issuer, Profile};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::StorageError;
use portvakt_core::refusal::Refusal;
use portvakt_core::scope::ScopeName;
use portvakt_core::usage::{ClientDay, ClientTotal, Day, Days, ScopeUsage, Usage};
use portvakt_http::RequestId;

use super::*;

/// A log that takes some batches and then none, until it is mended.
#[derive(Default)]
struct Brittle {
    batches_left: AtomicUsize,
    taken: Mutex<Vec<Usage>>,
}

impl Brittle {
    fn taking(batches: usize) -> Self {
        Self {
            batches_left: batches.into(),
            ..Self::default()
        }
    }

    fn mend(&self) {
        self.batches_left.store(usize::MAX, Ordering::SeqCst);
    }

    fn tokens(&self) -> u64 {
        let taken = self.taken.lock().unwrap();
        taken.iter().map(|usage| usage.tokens).sum()
    }
}

#[async_trait]
impl UsageLog for Brittle {
    async fn add_usage(&self, usage: &[Usage]) -> Result<(), StorageError> {
        assert!(usage.len() <= BATCH);
        let left = self.batches_left.load(Ordering::SeqCst);
        let Some(left) = left.checked_sub(1) else {
            return Err(StorageError::Unavailable("broken".to_owned()));
        };
        self.batches_left.store(left, Ordering::SeqCst);
        self.taken.lock().unwrap().extend_from_slice(usage);
        Ok(())
    }

    async fn find_scope_usage(
        &self,
        _: &ScopeName,
        _: Option<OrgNumber>,
        _: Days,
    ) -> Result<ScopeUsage, StorageError> {
        Ok(ScopeUsage::default())
    }

    async fn list_client_usage(
        &self,
        _: &ClientId,
        _: Days,
    ) -> Result<Vec<ClientDay>, StorageError> {
        Ok(Vec::new())
    }

    async fn list_organization_usage(
        &self,
        _: OrgNumber,
        _: Days,
    ) -> Result<Vec<ClientTotal>, StorageError> {
        Ok(Vec::new())
    }

    async fn remove_usage_before(&self, _: Day) -> Result<u64, StorageError> {
        Ok(0)
    }
}

fn decide(counter: &UsageCounter, result: &Result<IssuedToken, Denied>) {
    counter.decided(&Decision {
        request_id: RequestId::from_bytes([1; 16]),
        issuer: &Issuer::new("https://maskinporten.example/", Profile::Maskinporten),
        at: Timestamp::from_seconds(1_772_452_800),
        result,
    });
}

fn issue(counter: &UsageCounter, client_id: &str) {
    let consumer = "312773023".parse().unwrap();
    let token = IssuedToken {
        access_token: "secret".to_owned(),
        expires_in: 119,
        scope: "fjord:a".to_owned(),
        jti: "j".to_owned(),
        client_id: client_id.parse().unwrap(),
        acting_for: ActingFor {
            consumer,
            supplier: None,
            accessing: consumer,
            delegated: false,
        },
        scopes: vec!["fjord:a".parse().unwrap()],
    };
    decide(counter, &Ok(token));
}

#[tokio::test]
async fn tokens_are_counted_and_refusals_are_not() {
    let (counter, log) = (UsageCounter::default(), Brittle::taking(9));
    issue(&counter, "a");
    issue(&counter, "a");
    decide(&counter, &Err(Refusal::GrantReplayed.into()));
    assert!(counter.flush(&log).await.is_some());
    assert!(counter.flush(&log).await.is_some());
    assert_eq!((log.tokens(), log.taken.lock().unwrap().len()), (2, 1));
}

#[tokio::test]
async fn what_a_store_does_not_take_is_written_later_and_once() {
    let (counter, log) = (UsageCounter::default(), Brittle::taking(1));
    for number in 0..BATCH + 10 {
        issue(&counter, &format!("c{number}"));
    }
    assert_eq!(counter.flush(&log).await, None);
    assert_eq!(log.tokens(), BATCH as u64);
    issue(&counter, "late");
    assert_eq!(counter.flush(&log).await, None);
    log.mend();
    assert!(counter.flush(&log).await.is_some());
    assert_eq!(log.tokens(), BATCH as u64 + 11);
}

#[tokio::test]
async fn counts_are_written_in_the_order_that_the_store_keeps_them_in() {
    let (counter, log) = (UsageCounter::default(), Brittle::taking(9));
    for number in (0..3 * BATCH).rev() {
        issue(&counter, &format!("c{number}"));
    }
    assert_eq!(counter.flush(&log).await, Some(3 * BATCH));
    let taken = log.taken.lock().unwrap();
    assert!(taken.is_sorted_by_key(|usage| usage.key.clone()));
}

#[test]
fn many_batches_are_written_at_shorter_pauses_and_few_at_short_ones() {
    for (batches, milliseconds) in [(0, 25), (1, 25), (80, 25), (400, 5), (2000, 1)] {
        let expected = Duration::from_millis(milliseconds);
        assert_eq!(pause_between(batches), expected, "{batches}");
    }
}

#[tokio::test]
async fn a_crowded_tally_is_written_at_once_until_shutdown() {
    let (counter, log) = (UsageCounter::default(), Brittle::taking(9));
    let shutdown = Shutdown::new();
    issue(&counter, "a");
    counter.crowded.notify_one();
    let watching = async {
        while log.tokens() == 0 {
            tokio::task::yield_now().await;
        }
        shutdown.trigger();
    };
    tokio::join!(counter.flush_until_shutdown(&log, &shutdown), watching);
    assert_eq!(log.tokens(), 1);
}

#[tokio::test]
async fn a_server_that_stops_writes_what_is_left_without_pauses() {
    let (counter, log) = (UsageCounter::default(), Brittle::taking(usize::MAX));
    let batches = 80;
    let usually = pause_between(batches) * 79;
    for number in 0..batches * BATCH {
        issue(&counter, &format!("c{number}"));
    }
    let shutdown = Shutdown::new();
    counter.crowded.notify_one();
    let watching = async {
        while log.tokens() == 0 {
            tokio::task::yield_now().await;
        }
        shutdown.trigger();
    };
    let stopping = async { tokio::join!(counter.flush_until_shutdown(&log, &shutdown), watching) };
    let stopped = tokio::time::timeout(usually / 2, stopping).await;
    assert!(stopped.is_ok(), "it pauses");
    assert_eq!(log.tokens(), (batches * BATCH) as u64);
}

#[test]
fn the_more_there_is_to_write_the_longer_it_waits_for_up_to_ten_seconds() {
    for (written, seconds) in [(0, 1), (1000, 1), (4000, 4), (50_000, 10), (usize::MAX, 10)] {
        assert_eq!(interval_after(written), Duration::from_secs(seconds));
    }
}
