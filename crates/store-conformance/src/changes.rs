//! The change feed: every commit that changes something says what it touched, in order.

use std::collections::BTreeSet;

use portvakt_core::access::AccessState;
use portvakt_core::changes::{Change, ChangeKind};
use portvakt_core::delegation::DelegationSource;
use portvakt_core::ports::{Revision, StorageError, Store};
use tokio::task::JoinSet;

use crate::delegations::delegation;
use crate::macros::commit;
use crate::parties::{consent, person, system_user};
use crate::samples::{
    FIRST, SECOND, THIRD, access, assignment, at, client, client_id, key_set, on_behalf_of,
    organization, scope,
};
use crate::signing_keys::signing_key;
use crate::{Outcome, StoreFactory};

fn change(revision: u64, kind: ChangeKind, key: &str) -> Change {
    Change {
        revision: Revision(revision),
        kind,
        key: key.to_owned(),
    }
}

/// Of every kind, once however often it was saved, and a person without their number.
pub async fn a_commit_tells_each_record_that_it_touched(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let source = DelegationSource {
        name: "altinn".to_owned(),
        issuer: "https://tt02.altinn.no/".to_owned(),
        created: at(1),
        last_updated: at(1),
    };
    commit!(
        store,
        save_signing_key(&signing_key("kid-1", 1)),
        save_person(&person("17869010057", "")),
        save_organization(&organization(FIRST)),
        save_organization(&organization(FIRST)),
        save_prefix(&assignment("fjord", FIRST)),
        save_scope(&scope("fjord:a")),
        save_access(&access("fjord:a", THIRD, AccessState::Approved)),
        save_client(&client("a")),
        save_on_behalf_of(&on_behalf_of("a", "kunde 1")),
        save_delegation_source(&source),
        save_delegation(&delegation("fjord:a")),
        save_system_user(&system_user("user", "ref")),
        save_consent(&consent("consent")),
    );
    let changes = store.list_changes(Revision(0), 10).await?;
    let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, ChangeKind::ALL);
    let told = |kind| changes.iter().find(|change| change.kind == kind);
    for (kind, key) in [
        (ChangeKind::Organization, FIRST.to_owned()),
        (ChangeKind::Access, format!("fjord:a {THIRD}")),
        (ChangeKind::OnBehalfOf, "a kunde 1".to_owned()),
        (ChangeKind::Person, String::new()),
    ] {
        assert_eq!(told(kind), Some(&change(1, kind, &key)));
    }
    Ok(())
}

/// Replacing a client's keys is a change of the client.
pub async fn new_keys_are_a_change_of_their_client(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(store, save_client(&client("a")));
    let set = key_set(&["one"], at(1));
    commit!(store, replace_keys(&client_id("a"), Some(&set), at(1)));
    commit!(store, replace_keys(&client_id("a"), None, at(2)));
    let expected = [2, 3].map(|revision| change(revision, ChangeKind::Client, "a"));
    assert_eq!(store.list_changes(Revision(1), 10).await?, expected);
    Ok(())
}

/// Commit by commit, each whole, and nothing after the last.
pub async fn changes_are_listed_by_whole_commits(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    for number in 0..5 {
        let name = format!("fjord:{number}");
        commit!(
            store,
            save_scope(&scope(&name)),
            save_organization(&organization(FIRST)),
            save_organization(&organization(SECOND)),
        );
    }
    let revisions = async |since, limit| -> Result<Vec<u64>, StorageError> {
        let changes = store.list_changes(Revision(since), limit).await?;
        Ok(changes.iter().map(|change| change.revision.0).collect())
    };
    assert_eq!(revisions(0, 2).await?, [1, 1, 1, 2, 2, 2]);
    assert_eq!(revisions(2, 2).await?, [3, 3, 3, 4, 4, 4]);
    assert_eq!(revisions(4, u32::MAX).await?, [5, 5, 5]);
    assert!(revisions(0, 0).await?.is_empty());
    for since in [5, 6, u64::MAX] {
        assert!(revisions(since, u32::MAX).await?.is_empty(), "{since}");
    }
    Ok(())
}

/// Reading, undoing, failing and using a grant touch nothing.
pub async fn what_changes_nothing_is_not_told(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    store.read().await?.commit().await?;
    store.begin().await?.commit().await?;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    drop(unit);
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    let orphan = access("fjord:none", THIRD, AccessState::Approved);
    let _ = unit.save_access(&orphan).await;
    unit.commit().await.expect_err("a save failed");
    store.consume([1; 32], at(1)).await?;
    assert_eq!(store.list_changes(Revision(0), 100).await?, []);
    Ok(())
}

/// Whoever asks again and again sees every commit once, in order, with all that it touched, while
/// others commit.
pub async fn a_follower_misses_nothing(factory: &impl StoreFactory) -> Outcome {
    const WRITERS: u64 = 4;
    const COMMITS: u64 = 15;
    let follower = factory.open().await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = factory.open().await;
        writers.spawn(async move {
            for number in 0..COMMITS {
                write_pair(&*store, writer, number).await?;
            }
            Ok::<_, StorageError>(())
        });
    }
    let mut seen = Vec::new();
    let mut since = Revision(0);
    while !writers.is_empty() {
        let changes = follower.list_changes(since, 3).await?;
        since = changes.last().map_or(since, |last| last.revision);
        seen.extend(changes);
        tokio::task::yield_now().await;
        while let Some(outcome) = writers.try_join_next() {
            outcome.expect("writing does not panic")?;
        }
    }
    seen.extend(follower.list_changes(since, u32::MAX).await?);
    let expected = (1..=WRITERS * COMMITS).flat_map(|revision| [revision; 2]);
    let revisions: Vec<_> = seen.iter().map(|change| change.revision.0).collect();
    assert_eq!(revisions, expected.collect::<Vec<_>>());
    let different: BTreeSet<_> = seen.iter().map(|change| &change.key).collect();
    assert_eq!(different.len(), seen.len(), "each record was touched once");
    for pair in seen.chunks(2) {
        assert_eq!(format!("{}.b", pair[0].key), pair[1].key);
    }
    Ok(())
}

/// Two records of one commit.
async fn write_pair(store: &dyn Store, writer: u64, number: u64) -> Outcome {
    let name = format!("fjord:w{writer}n{number}");
    commit!(
        store,
        save_scope(&scope(&name)),
        save_scope(&scope(&format!("{name}.b"))),
    );
    Ok(())
}
