use std::sync::atomic::{AtomicUsize, Ordering};

use portvakt_core::Timestamp;
use portvakt_core::audit::{AuditEntry, AuditFilter, Checkpoints, verify};
use portvakt_core::grant::{Denied, Sender};
use portvakt_core::login::provider::Denied as LoginDenied;
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_core::refusal::Refusal;
use portvakt_core::refusals::{LoginSurfacePart, LoginSurfaceRefusal, find};
use portvakt_store_sqlite::SqliteStore;
use tokio::time::timeout;

use super::*;

const LIMITS: Limits = Limits {
    unproven_per_minute: 30,
    client_per_minute: 30,
};
/// Nothing here takes as long; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_mins(1);

async fn store() -> (Arc<SqliteStore>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("test.db")).await;
    (Arc::new(store.unwrap()), folder)
}

fn id(number: u32) -> RequestId {
    RequestId::parse(&format!("{number:032x}")).unwrap()
}

fn at() -> Timestamp {
    Timestamp::from_seconds(1_772_442_900)
}

fn refuse(recorder: &RefusalRecorder, numbers: std::ops::Range<u32>) {
    let denied = Denied::from(Refusal::UnsupportedGrantType);
    for number in numbers {
        recorder.refused(RefusedRequest::Token(TokenRefusal {
            request_id: &id(number),
            issuer: "https://maskinporten.example/",
            at: at(),
            denied: &denied,
        }));
    }
}

/// The whole log, which is whole.
async fn log(store: &SqliteStore) -> Vec<AuditEntry> {
    let mut unit = store.read().await.unwrap();
    let stored = unit.list_audit(&AuditFilter::default(), 0, 100_000).await;
    let stored = stored.unwrap();
    verify(&stored, &Checkpoints::none()).unwrap();
    stored.iter().map(|entry| entry.entry().unwrap()).collect()
}

async fn is_remembered(store: &SqliteStore, number: u32) -> bool {
    let mut unit = store.read().await.unwrap();
    let found = find(unit.as_mut(), &id(number), at()).await.unwrap();
    found.is_some()
}

#[tokio::test]
async fn a_refusal_is_in_the_log_and_remembered_without_anybody_asking() {
    let (store, _folder) = store().await;
    let revision = store.revision().await.unwrap();
    let (recorder, mut recording) = start(store.clone(), LIMITS);
    refuse(&recorder, 0..1);
    let written = async {
        while !is_remembered(&store, 0).await {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, written).await.unwrap();
    let entries = log(&store).await;
    assert_eq!(entries.len(), 1, "both are one transaction");
    assert_eq!(entries[0].operation, "token.refuse");
    assert_eq!(entries[0].request_id.as_deref(), Some(id(0).as_str()));
    recording.finish().await;
    assert_eq!(store.revision().await.unwrap(), revision);
}

#[tokio::test]
async fn a_flood_of_strangers_leaves_few_rows_and_every_one_is_counted() {
    let (store, _folder) = store().await;
    let (recorder, mut recording) = start(store.clone(), LIMITS);
    refuse(&recorder, 0..100_000);
    recording.finish().await;
    let entries = log(&store).await;
    let (summaries, single): (Vec<_>, Vec<_>) = entries
        .iter()
        .partition(|entry| entry.operation == "refusal.summarize");
    // A minute may have begun anew in between.
    assert!(
        single.len() <= 60 && summaries.len() <= 2,
        "{}",
        entries.len()
    );
    let counted = summaries.iter().map(|entry| {
        let after = entry.after.as_ref().unwrap();
        after["counts"]["UnsupportedGrantType"].as_u64().unwrap()
    });
    assert_eq!(counted.sum::<u64>() + single.len() as u64, 100_000);
    let last = &summaries.last().unwrap().after.as_ref().unwrap()["last"];
    assert_eq!(last["request_id"], id(99_999).as_str());
    assert!(is_remembered(&store, 0).await);
    assert!(!is_remembered(&store, 50_000).await);
}

fn refuse_login(recorder: &RefusalRecorder, denied: &LoginDenied, numbers: std::ops::Range<u32>) {
    for number in numbers {
        recorder.refused(RefusedRequest::Login(LoginSurfaceRefusal {
            request_id: &id(number),
            at: at(),
            part: LoginSurfacePart::Provider,
            endpoint: "/token",
            denied,
        }));
    }
}

/// Threat: noise at one way in, which is everyday where browsers are, hides what happens at another; and a
/// client that is refused all the time fills the disk.
#[tokio::test]
async fn a_flood_at_the_login_surface_leaves_room_for_others() {
    let (store, _folder) = store().await;
    let (recorder, mut recording) = start(store.clone(), LIMITS);
    let stranger = LoginDenied::from(LoginRefusalCode::TransactionOver);
    let client = LoginDenied {
        sender: Some(Box::new(Sender {
            client_id: "klient".parse().unwrap(),
            client_orgno: "312773023".parse().unwrap(),
            supplier_orgno: None,
            is_proven: true,
        })),
        ..LoginDenied::from(LoginRefusalCode::CodeInvalid)
    };
    refuse_login(&recorder, &stranger, 0..1000);
    refuse_login(&recorder, &client, 1000..2000);
    refuse(&recorder, 2000..2001);
    recording.finish().await;
    let entries = log(&store).await;
    let count = |of: &dyn Fn(&&AuditEntry) -> bool| entries.iter().filter(of).count();
    assert_eq!(count(&|entry| entry.operation == "token.refuse"), 1);
    let proven = count(&|entry| entry.actor.client_id.is_some());
    let single = count(&|entry| entry.operation == "login.refuse");
    // A minute may have begun anew in between.
    assert!((30..=60).contains(&proven), "{proven}");
    assert!((30..=60).contains(&(single - proven)), "{single}");
    let counted = |name: &str| {
        let summaries = entries.iter().filter_map(|entry| entry.after.as_ref());
        let counts = summaries.filter_map(|after| after["counts"][name].as_u64());
        counts.sum::<u64>()
    };
    let [strangers, clients] = ["login.TransactionOver", "login.CodeInvalid"].map(counted);
    assert_eq!(strangers + clients + single as u64, 2000);
    assert!(!is_remembered(&store, 0).await, "nobody explains a login");
}

/// A log that fails some times, or always.
struct Failing {
    attempts: AtomicUsize,
    failures: usize,
    written: Mutex<Vec<usize>>,
    counted: Mutex<u64>,
}

impl Failing {
    fn times(failures: usize) -> Arc<Self> {
        Arc::new(Self {
            attempts: AtomicUsize::new(0),
            failures,
            written: Mutex::default(),
            counted: Mutex::default(),
        })
    }
}

#[async_trait]
impl RefusalLog for Failing {
    async fn write(
        &self,
        records: &[RefusalRecord],
        summary: Option<&Summary>,
    ) -> Result<(), StorageError> {
        if self.attempts.fetch_add(1, Ordering::SeqCst) < self.failures {
            return Err(StorageError::Unavailable("it fails".to_owned()));
        }
        self.written.lock().unwrap().push(records.len());
        let counts = summary.map(|summary| summary.counts.values().sum::<u64>());
        *self.counted.lock().unwrap() += counts.unwrap_or_default();
        Ok(())
    }
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_loses_nothing() {
    let failing = Failing::times(2);
    let (recorder, mut recording) = start(failing.clone(), LIMITS);
    refuse(&recorder, 0..5);
    let written = async {
        while failing.written.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, written).await.unwrap();
    recording.finish().await;
    assert_eq!(failing.written.lock().unwrap().iter().sum::<usize>(), 5);
}

#[tokio::test]
async fn a_store_that_stays_down_holds_nobody_up_and_fills_no_memory() {
    let failing = Failing::times(usize::MAX);
    let unbounded = Limits {
        unproven_per_minute: u32::MAX,
        client_per_minute: u32::MAX,
    };
    let (recorder, mut recording) = start(failing.clone(), unbounded);
    // Nothing here waits: what finds no room in the queue is counted.
    refuse(&recorder, 0..20_000);
    assert_eq!(recorder.queue.capacity(), 0);
    let counted = lock(&recorder.gate).take_summary().unwrap();
    assert_eq!(
        counted.counts["UnsupportedGrantType"],
        20_000 - QUEUE as u64
    );
    timeout(PATIENCE, recording.finish()).await.unwrap();
    assert!(failing.written.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_found_no_room_is_written_as_a_count_when_the_server_stops() {
    let failing = Failing::times(0);
    let unbounded = Limits {
        unproven_per_minute: u32::MAX,
        client_per_minute: u32::MAX,
    };
    let (recorder, mut recording) = start(failing.clone(), unbounded);
    refuse(&recorder, 0..5000);
    recording.finish().await;
    let single = failing.written.lock().unwrap().iter().sum::<usize>() as u64;
    assert_eq!(single, QUEUE as u64);
    assert_eq!(*failing.counted.lock().unwrap(), 5000 - single);
}

#[tokio::test]
async fn nothing_is_told_of_after_the_end_but_counts() {
    let (store, _folder) = store().await;
    let (recorder, mut recording) = start(store.clone(), LIMITS);
    recording.finish().await;
    refuse(&recorder, 0..3);
    assert!(log(&store).await.is_empty());
}
