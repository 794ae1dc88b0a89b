//! A database that is killed in the middle of writes: what was acknowledged is there afterwards,
//! and what was not is there whole or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use portvakt_core::client::Client;
use portvakt_core::organization::Organization;
use portvakt_core::ports::{Consumption, GrantDigest, Listing, Revision, StorageError, Store};
use tokio::task::JoinSet;

use crate::macros::read;
use crate::samples::{at, client, client_id, key_set, organization, orgno, scope_name};
use crate::{Outcome, StoreFactory};

/// A place whose database can be killed.
pub trait CrashingFactory: StoreFactory {
    /// Kills every process of the database with no warning, and starts it again.
    fn crash(&self) -> impl Future<Output = ()> + Send;
}

const WRITERS: u32 = 4;
/// Commits before the crash comes.
const ENOUGH: u32 = 40;
/// How soon after the database is there again everything is served.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// What was asked of the store, and what it said was done.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) asked: BTreeSet<u32>,
    pub(crate) acknowledged: BTreeSet<u32>,
}

impl Account {
    fn of(accounts: Vec<Self>) -> Self {
        let mut all = Self::default();
        for account in accounts {
            all.asked.extend(account.asked);
            all.acknowledged.extend(account.acknowledged);
        }
        all
    }
}

/// Runs writers into a crash, and gives their account. A writer ends at its first failure, or soon
/// after the crash if that fell between two of its writes.
pub(crate) async fn until_crash<S, F>(
    place: &impl CrashingFactory,
    store: &Arc<S>,
    write: impl Fn(Arc<S>, u32) -> F + Clone + Send + 'static,
) -> Account
where
    S: ?Sized + Send + Sync + 'static,
    F: Future<Output = Outcome> + Send,
{
    let done = Arc::new(AtomicU32::new(0));
    let crashed = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (store, write) = (store.clone(), write.clone());
        let (done, crashed) = (done.clone(), crashed.clone());
        writers.spawn(async move {
            let mut account = Account::default();
            for number in (writer..100_000).step_by(WRITERS as usize) {
                if crashed.load(Ordering::Relaxed) {
                    break;
                }
                account.asked.insert(number);
                if write(store.clone(), number).await.is_err() {
                    break;
                }
                account.acknowledged.insert(number);
                done.fetch_add(1, Ordering::Relaxed);
            }
            account
        });
    }
    while done.load(Ordering::Relaxed) < ENOUGH {
        tokio::task::yield_now().await;
    }
    place.crash().await;
    crashed.store(true, Ordering::Relaxed);
    let account = Account::of(writers.join_all().await);
    assert!(account.acknowledged.len() >= ENOUGH as usize);
    account
}

fn number_of(number: u32) -> String {
    format!("{}", 300_000_000 + number)
}

/// Records of several tables in one unit.
async fn write_records(store: Arc<dyn Store>, number: u32) -> Outcome {
    let id = format!("client-{number}");
    let mut unit = store.begin().await?;
    unit.save_organization(&saved_organization(number)).await?;
    unit.save_client(&saved_client(&id)).await?;
    let set = key_set(&["one", "two"], at(1));
    unit.replace_keys(&client_id(&id), Some(&set), at(1))
        .await?;
    unit.commit().await?;
    Ok(())
}

fn saved_organization(number: u32) -> Organization {
    organization(&number_of(number))
}

fn saved_client(id: &str) -> Client {
    Client {
        scopes: ["fjord:a", "fjord:b", "fjord:c"].map(scope_name).to_vec(),
        ..client(id)
    }
}

/// Whether the unit of this number is there whole. Panics if a part of it is.
async fn is_whole(store: &dyn Store, number: u32) -> Result<bool, StorageError> {
    let id = format!("client-{number}");
    let organization = read!(store, find_organization(orgno(&number_of(number))));
    let client = read!(store, find_client(&client_id(&id)));
    let keys = read!(store, list_keys(&client_id(&id), Listing::All));
    if organization.is_none() && client.is_none() && keys.is_empty() {
        return Ok(false);
    }
    assert_eq!(organization, Some(saved_organization(number)));
    assert_eq!(client, Some(saved_client(&id)));
    assert_eq!(keys.len(), 2, "{number}");
    Ok(true)
}

/// Of units: none is half there, and the revision and the change feed tell of exactly those that
/// are. The store that was open goes on working.
pub async fn acknowledged_units_survive_and_others_are_whole(
    place: &impl CrashingFactory,
) -> Outcome {
    let store = place.open().await;
    let account = until_crash(place, &store, write_records).await;
    for store in [store, place.open().await] {
        let mut whole = 0;
        for number in &account.asked {
            let is_whole = is_whole(&*store, *number).await?;
            assert!(
                is_whole || !account.acknowledged.contains(number),
                "{number} is lost"
            );
            whole += u64::from(is_whole);
        }
        assert_eq!(store.revision().await?, Revision(whole));
        for before in 0..whole {
            // Two records of one revision: what a commit touched is told whole.
            let told = store.changes_since(Revision(before), 2).await?;
            assert_eq!(told.revision, Revision(before + 1));
            assert_eq!(told.records.len(), 2);
        }
        store.check().await?;
    }
    Ok(())
}

fn digest(number: u32) -> GrantDigest {
    let mut digest = [0xcc; 32];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    digest
}

async fn use_grant(store: Arc<dyn Store>, number: u32) -> Outcome {
    let consumption = store.consume(digest(number), at(1000)).await?;
    assert_eq!(consumption, Consumption::Fresh, "nobody else used {number}");
    Ok(())
}

/// Of grants: one that was accepted is never accepted again.
pub async fn an_accepted_grant_stays_used(place: &impl CrashingFactory) -> Outcome {
    let store = place.open().await;
    let account = until_crash(place, &store, use_grant).await;
    for store in [store, place.open().await] {
        for number in &account.acknowledged {
            let again = consume_when_back(&*store, *number).await?;
            assert_eq!(again, Consumption::Replayed, "{number}");
        }
    }
    Ok(())
}

/// A connection that died while nobody used it is found out by whoever uses it next, who is told that
/// the store is unavailable. Within five seconds all of them are replaced.
async fn consume_when_back(store: &dyn Store, number: u32) -> Result<Consumption, StorageError> {
    let begun = Instant::now();
    loop {
        match store.consume(digest(number), at(1000)).await {
            Err(StorageError::Unavailable(_)) if begun.elapsed() < BACK_WITHIN => {}
            outcome => return outcome,
        }
    }
}
