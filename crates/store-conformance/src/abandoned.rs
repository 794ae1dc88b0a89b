//! Callers that go away half way: a request is given up, its future dropped.

use std::pin::pin;

use portvakt_core::client::Client;
use portvakt_core::ports::{Listing, Store};

use crate::macros::{commit, read};
use crate::samples::{at, client, scope, scope_name};
use crate::{Outcome, StoreFactory};

/// Polls a future some times and drops it, finished or not.
async fn give_up<F: Future>(future: F, polls: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        tokio::select! {
            biased;
            output = &mut future => return Some(output),
            () = tokio::task::yield_now() => {}
        }
    }
    None
}

async fn count_up(store: &dyn Store) -> Outcome {
    let mut unit = store.begin().await?;
    let mut counted = unit
        .find_scope(&scope_name("fjord:count"))
        .await?
        .expect("it was saved");
    counted.at_max_age += 1;
    unit.save_scope(&counted).await?;
    unit.commit().await?;
    Ok(())
}

/// Wherever it stopped, it happened whole or not at all, and the next one can begin.
pub async fn an_abandoned_transaction_happens_whole_or_not(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let start = commit!(store, save_scope(&scope("fjord:count")));
    for polls in (0..200).chain((200..3000).step_by(100)) {
        if let Some(outcome) = give_up(count_up(&*store), polls).await {
            outcome?;
        }
    }
    count_up(&*store).await?;
    store.check().await?;
    let revision = store.revision().await?;
    let counted = read!(store, find_scope(&scope_name("fjord:count")));
    let changes = counted.map(|scope| u64::from(scope.at_max_age));
    assert_eq!(changes, Some(revision.0 - start.0));
    Ok(())
}

/// A client that lacks scopes would be something that nobody registered.
pub async fn an_abandoned_save_is_never_committed_in_part(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let scopes = (0..20)
        .map(|number| scope_name(&format!("fjord:{number}")))
        .collect();
    let saved = Client {
        scopes,
        ..client("a")
    };
    for polls in (1..100).chain((100..2000).step_by(100)) {
        let mut unit = store.begin().await?;
        let finished = give_up(unit.save_client(&saved), polls).await.is_some();
        let commit = unit.commit().await;
        assert_eq!(commit.is_ok(), finished, "{polls}: {commit:?}");
        let found = read!(store, list_clients(None, Listing::All));
        assert!(found.is_empty() || found == [saved.clone()], "{polls}");
    }
    Ok(())
}

/// It may be used up, but never accepted twice; and others' grants are not disturbed.
pub async fn an_abandoned_grant_is_accepted_at_most_once(factory: &impl StoreFactory) -> Outcome {
    use portvakt_core::ports::Consumption::{Fresh, Replayed};
    let store = factory.open().await;
    for polls in 0..100_u8 {
        let digest = [polls; 32];
        let first = give_up(store.consume(digest, at(1000)), polls.into())
            .await
            .transpose()?;
        let second = store.consume(digest, at(1000)).await?;
        assert!(
            first.is_none() || second == Replayed,
            "{polls}: {first:?} {second:?}"
        );
        assert_eq!(store.consume(digest, at(1000)).await?, Replayed);
        assert_eq!(store.consume([polls + 100; 32], at(1000)).await?, Fresh);
    }
    Ok(())
}
