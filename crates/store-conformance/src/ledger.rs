//! The ledger of used grants: each is accepted once.

use std::sync::Arc;

use portvakt_core::ports::{Consumption, GrantDigest, StorageError, Store};
use tokio::task::JoinSet;

use crate::macros::commit;
use crate::samples::{FIRST, at, organization};
use crate::{Outcome, StoreFactory};

fn digest(number: u32) -> GrantDigest {
    let mut digest = [0xab; 32];
    digest[14..18].copy_from_slice(&number.to_be_bytes());
    digest
}

/// Consumes every digest at the same time, and counts how many were fresh.
async fn fresh(
    grants: impl IntoIterator<Item = (Arc<dyn Store>, GrantDigest)>,
) -> Result<usize, StorageError> {
    let mut tasks = JoinSet::new();
    for (store, digest) in grants {
        tasks.spawn(async move { store.consume(digest, at(1000)).await });
    }
    let mut fresh = 0;
    for consumption in tasks.join_all().await {
        fresh += usize::from(consumption? == Consumption::Fresh);
    }
    Ok(fresh)
}

/// And replayed ever after, whatever the time to keep it.
pub async fn a_grant_is_fresh_once(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    assert_eq!(
        store.consume(digest(1), at(1000)).await?,
        Consumption::Fresh
    );
    for keep_until in [1000, 0, 2000] {
        let again = store.consume(digest(1), at(keep_until)).await?;
        assert_eq!(again, Consumption::Replayed);
    }
    Ok(())
}

/// Digests that differ in one bit, or hold zeros, are different grants.
pub async fn grants_differ_in_every_bit(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut digests = vec![[0; 32]];
    for byte in 0..32 {
        for bit in 0..8 {
            let mut digest = [0; 32];
            digest[byte] = 1 << bit;
            digests.push(digest);
        }
    }
    let count = digests.len();
    assert_eq!(
        fresh(digests.iter().map(|digest| (store.clone(), *digest))).await?,
        count
    );
    assert_eq!(
        fresh(digests.iter().map(|digest| (store.clone(), *digest))).await?,
        0
    );
    Ok(())
}

/// Only consuming does.
pub async fn asking_does_not_consume(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    assert!(!store.is_consumed(digest(1)).await?);
    assert!(!store.is_consumed(digest(1)).await?);
    assert_eq!(
        store.consume(digest(1), at(1000)).await?,
        Consumption::Fresh
    );
    assert!(store.is_consumed(digest(1)).await?);
    assert!(!store.is_consumed(digest(2)).await?);
    Ok(())
}

/// However they fall into batches.
pub async fn of_many_at_once_one_is_fresh(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    assert_eq!(
        fresh((0..500).map(|_| (store.clone(), digest(1)))).await?,
        1
    );
    Ok(())
}

/// None is lost or mixed up with another.
pub async fn different_grants_at_once_are_all_fresh(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    assert_eq!(
        fresh((0..2000).map(|number| (store.clone(), digest(number)))).await?,
        2000
    );
    assert_eq!(
        fresh((0..2000).map(|number| (store.clone(), digest(number)))).await?,
        0
    );
    Ok(())
}

/// Two stores on one place are as two processes or nodes.
pub async fn two_stores_accept_a_grant_once(factory: &impl StoreFactory) -> Outcome {
    let stores = [factory.open().await, factory.open().await];
    let grants = (0..400).map(|number| (stores[number as usize % 2].clone(), digest(number / 4)));
    assert_eq!(fresh(grants).await?, 100);
    Ok(())
}

/// What one store removes takes nothing from what the other has to know.
pub async fn two_stores_accept_a_grant_once_while_one_removes(
    factory: &impl StoreFactory,
) -> Outcome {
    let [one, other] = [factory.open().await, factory.open().await];
    one.consume(digest(1), at(10)).await?;
    other.consume(digest(2), at(1000)).await?;
    other.consume(digest(3), at(10)).await?;
    assert_eq!(other.remove_expired(at(20)).await?, 2);
    let again = one.consume(digest(2), at(1000)).await?;
    assert_eq!(again, Consumption::Replayed);
    // Now nothing is left, and what is written next has the place of what was removed.
    assert_eq!(other.remove_expired(at(2000)).await?, 1);
    one.consume(digest(4), at(5000)).await?;
    let again = other.consume(digest(4), at(5000)).await?;
    assert_eq!(again, Consumption::Replayed);
    other.consume(digest(5), at(5000)).await?;
    let again = one.consume(digest(5), at(5000)).await?;
    assert_eq!(again, Consumption::Replayed);
    Ok(())
}

/// `Fresh` was answered, so the record is there.
pub async fn a_used_grant_survives_reopening(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    assert_eq!(
        store.consume(digest(1), at(1000)).await?,
        Consumption::Fresh
    );
    drop(store);
    let store = factory.open().await;
    assert!(store.is_consumed(digest(1)).await?);
    assert_eq!(
        store.consume(digest(1), at(1000)).await?,
        Consumption::Replayed
    );
    Ok(())
}

/// The last instant to keep a record still counts.
pub async fn removing_keeps_what_has_not_expired(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    for (number, keep_until) in [(1, 999), (2, 1000), (3, 1001)] {
        store.consume(digest(number), at(keep_until)).await?;
    }
    assert_eq!(store.remove_expired(at(1000)).await?, 1);
    assert!(!store.is_consumed(digest(1)).await?);
    assert!(store.is_consumed(digest(2)).await?);
    assert_eq!(
        store.consume(digest(3), at(1001)).await?,
        Consumption::Replayed
    );
    assert_eq!(store.remove_expired(at(1000)).await?, 0);
    Ok(())
}

/// More of them than go in one statement, and nothing besides.
pub async fn removing_takes_every_expired_record(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let grants = |count: u32| (0..count).map(|number| (store.clone(), digest(number)));
    assert_eq!(fresh(grants(2500)).await?, 2500);
    store.consume([1; 32], at(5000)).await?;
    assert_eq!(store.remove_expired(at(2000)).await?, 2500);
    assert!(store.is_consumed([1; 32]).await?);
    assert!(!store.is_consumed(digest(2499)).await?);
    assert_eq!(store.remove_expired(at(2000)).await?, 0);
    Ok(())
}

/// Replaying a grant neither lengthens nor shortens its record.
pub async fn the_first_keep_until_counts(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    store.consume(digest(1), at(1000)).await?;
    store.consume(digest(1), at(1)).await?;
    store.consume(digest(2), at(1)).await?;
    store.consume(digest(2), at(1000)).await?;
    assert_eq!(store.remove_expired(at(500)).await?, 1);
    assert!(store.is_consumed(digest(1)).await?);
    Ok(())
}

/// Neither loses its write to the other.
pub async fn a_transaction_and_the_ledger_take_turns(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    let consuming = tokio::spawn({
        let store = store.clone();
        async move { store.consume(digest(1), at(1000)).await }
    });
    unit.commit().await?;
    let consumption = consuming.await.expect("consuming does not panic")?;
    assert_eq!(consumption, Consumption::Fresh);
    commit!(store, save_organization(&organization(FIRST)));
    assert!(store.is_consumed(digest(1)).await?);
    Ok(())
}
