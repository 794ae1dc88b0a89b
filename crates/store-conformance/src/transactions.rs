//! Units of work: all or nothing, one at a time, and the revision that counts them.

use portvakt_core::access::AccessState;
use portvakt_core::client::ClientSecrets;
use portvakt_core::delegation::DelegationSource;
use portvakt_core::ports::{Listing, Revision, StorageError, Store};
use portvakt_core::scope::Scope;
use tokio::task::JoinSet;

use crate::delegations::delegation;
use crate::macros::{commit, read};
use crate::parties::{consent, identity_match, person, system_user};
use crate::samples::{
    FIRST, SECOND, THIRD, access, assignment, at, client, client_id, key_set, on_behalf_of,
    organization, orgno, scope, scope_name, token,
};
use crate::signing_keys::signing_key;
use crate::{Outcome, StoreFactory};

async fn organizations(store: &dyn Store) -> Result<usize, StorageError> {
    Ok(read!(store, list_organizations(Listing::All)).len())
}

/// Nothing of it is left, and the next transaction can begin.
pub async fn a_dropped_transaction_leaves_nothing(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    unit.save_client(&client("a")).await?;
    drop(unit);
    assert_eq!(organizations(&*store).await?, 0);
    commit!(store, save_organization(&organization(SECOND)));
    assert_eq!(organizations(&*store).await?, 1);
    assert_eq!(read!(store, find_client(&client_id("a"))), None);
    Ok(())
}

/// To every kind of reader, as soon as the commit returns.
pub async fn a_commit_is_visible_at_once(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    for number in 0..20 {
        let name = format!("fjord:{number}");
        let granted = access(&name, THIRD, AccessState::Approved);
        commit!(store, save_scope(&scope(&name)), save_access(&granted));
        let facts = store
            .find_scope_facts(&[token(&name)], orgno(THIRD))
            .await?;
        assert_eq!(facts[0].access, Some(AccessState::Approved));
        assert_eq!(
            read!(store, find_scope(&scope_name(&name))),
            Some(scope(&name))
        );
    }
    Ok(())
}

/// Closing and opening again loses nothing, the revision included.
pub async fn a_commit_survives_reopening(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let revision = commit!(store, save_organization(&organization(FIRST)));
    drop(store);
    let store = factory.open().await;
    assert_eq!(
        read!(store, find_organization(orgno(FIRST))),
        Some(organization(FIRST))
    );
    assert_eq!(store.revision().await?, revision);
    Ok(())
}

/// Before the commit.
pub async fn a_transaction_sees_its_own_changes(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    assert_eq!(
        unit.find_organization(orgno(FIRST)).await?,
        Some(organization(FIRST))
    );
    assert_eq!(unit.list_organizations(Listing::Active).await?.len(), 1);
    Ok(())
}

/// Neither transactions nor single reads, which do not wait either.
pub async fn others_see_nothing_before_the_commit(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(store, save_scope(&scope("fjord:a")));
    let mut unit = store.begin().await?;
    unit.save_scope(&Scope {
        active: false,
        ..scope("fjord:a")
    })
    .await?;
    let facts = store
        .find_scope_facts(&[token("fjord:a")], orgno(THIRD))
        .await?;
    assert!(facts[0].scope.as_ref().is_some_and(|scope| scope.active));
    assert_eq!(read!(store, list_scopes(None, Listing::Active)).len(), 1);
    assert_eq!(store.revision().await?, Revision(1));
    unit.commit().await?;
    assert_eq!(read!(store, list_scopes(None, Listing::Active)), []);
    Ok(())
}

/// Even if its first question comes after another's commit.
pub async fn a_reader_keeps_the_state_that_it_began_with(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let before = commit!(store, save_organization(&organization(FIRST)));
    let mut reader = store.read().await?;
    commit!(store, save_organization(&organization(SECOND)));
    assert_eq!(
        reader.list_organizations(Listing::All).await?,
        [organization(FIRST)]
    );
    commit!(store, save_organization(&organization(THIRD)));
    assert_eq!(
        reader.list_organizations(Listing::All).await?,
        [organization(FIRST)]
    );
    assert_eq!(reader.revision(), before);
    assert_eq!(reader.commit().await?, before);
    assert_eq!(organizations(&*store).await?, 3);
    Ok(())
}

/// A read followed by a write in one transaction loses no other's write.
pub async fn writers_take_turns(factory: &impl StoreFactory) -> Outcome {
    let stores = [factory.open().await, factory.open().await];
    commit!(stores[0], save_scope(&scope("fjord:count")));
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = stores[number % 2].clone();
        tasks.spawn(async move { count_up(&*store).await });
    }
    for outcome in tasks.join_all().await {
        outcome?;
    }
    let counted = read!(stores[0], find_scope(&scope_name("fjord:count")));
    assert_eq!(counted.map(|scope| scope.at_max_age), Some(20));
    assert_eq!(stores[1].revision().await?, Revision(21));
    Ok(())
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

/// However many records it saves, and also if it saves what was there.
pub async fn a_commit_with_changes_is_one_revision(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let start = store.revision().await?;
    let set = key_set(&["one"], at(1));
    let first = commit!(
        store,
        save_organization(&organization(FIRST)),
        save_scope(&scope("fjord:a")),
        save_access(&access("fjord:a", THIRD, AccessState::Approved)),
        save_client(&client("a")),
        save_client(&client("a")),
        replace_keys(&client_id("a"), Some(&set), at(1)),
    );
    assert_eq!(first, Revision(start.0 + 1));
    assert_eq!(store.revision().await?, first);
    let second = commit!(store, save_organization(&organization(FIRST)));
    assert_eq!(second, Revision(start.0 + 2));
    assert_eq!(store.revision().await?, second);
    Ok(())
}

/// They answer with the revision that is.
pub async fn reading_and_empty_commits_are_no_revision(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let revision = commit!(store, save_organization(&organization(FIRST)));
    let mut unit = store.begin().await?;
    unit.find_organization(orgno(FIRST)).await?;
    assert_eq!(unit.commit().await?, revision);
    assert_eq!(store.read().await?.commit().await?, revision);
    store.check().await?;
    store.consume([1; 32], at(1)).await?;
    store.remove_expired(at(2)).await?;
    assert_eq!(store.revision().await?, revision);
    Ok(())
}

/// What was undone is not counted.
pub async fn a_dropped_transaction_is_no_revision(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    drop(unit);
    let revision = store.revision().await?;
    assert_eq!(
        commit!(store, save_organization(&organization(SECOND))),
        Revision(revision.0 + 1)
    );
    Ok(())
}

/// Of every kind of record.
pub async fn a_reader_refuses_every_save(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(
        store,
        save_scope(&scope("fjord:a")),
        save_client(&client("a"))
    );
    let revision = store.revision().await?;
    let granted = access("fjord:a", THIRD, AccessState::Approved);
    let source = DelegationSource {
        name: "altinn".to_owned(),
        issuer: "https://tt02.altinn.no/".to_owned(),
        active: true,
        created: at(1),
        last_updated: at(1),
    };
    let mut reader = store.read().await?;
    let refusals = [
        reader.save_organization(&organization(FIRST)).await,
        reader.save_prefix(&assignment("fjord", FIRST)).await,
        reader.save_scope(&scope("fjord:b")).await,
        reader.save_access(&granted).await,
        reader.save_client(&client("b")).await,
        reader.replace_keys(&client_id("a"), None, at(1)).await,
        reader
            .save_secrets(&client_id("a"), &ClientSecrets::default())
            .await,
        reader.remove_expired_requests(at(1)).await.map(|_| ()),
        reader.save_on_behalf_of(&on_behalf_of("a", "kunde")).await,
        reader.save_delegation_source(&source).await,
        reader.save_delegation(&delegation("fjord:a")).await,
        reader.save_system_user(&system_user("a", "ref")).await,
        reader.save_consent(&consent("a")).await,
        reader.save_person(&person("17869010057", "")).await,
        reader
            .save_identity_match(&identity_match("EE/NO/1", "17869010057"))
            .await,
        reader.save_signing_key(&signing_key("a", 1)).await,
    ];
    for (number, refusal) in refusals.iter().enumerate() {
        assert!(
            matches!(refusal, Err(StorageError::Refused(_))),
            "{number}: {refusal:?}"
        );
    }
    drop(reader);
    assert_eq!(store.revision().await?, revision);
    assert_eq!(
        read!(store, list_scopes(None, Listing::All)),
        [scope("fjord:a")]
    );
    Ok(())
}

/// What is left of the transaction is not what was meant, so none of it may be kept.
pub async fn a_failed_save_forbids_the_commit(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    let orphan = access("fjord:none", THIRD, AccessState::Approved);
    // A store may refuse the record at once or at the commit.
    let saved = unit.save_access(&orphan).await;
    if saved.is_err() {
        // The transaction may be unusable by now, or not: either way, nothing may come of it.
        let _ = unit.save_organization(&organization(SECOND)).await;
    }
    assert!(
        matches!(unit.commit().await, Err(StorageError::Refused(_))),
        "{saved:?}"
    );
    assert_eq!(organizations(&*store).await?, 0);
    assert_eq!(store.revision().await?, Revision(0));
    Ok(())
}

/// Before anything was saved.
pub async fn a_fresh_store_is_ready_and_at_its_first_revision(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    store.check().await?;
    assert_eq!(store.revision().await?, Revision(0));
    assert_eq!(organizations(&*store).await?, 0);
    assert!(read!(store, list_clients(None, Listing::All)).is_empty());
    Ok(())
}

/// At once, in both directions, as the server and the command line must.
pub async fn two_stores_see_each_others_commits(factory: &impl StoreFactory) -> Outcome {
    let (server, command) = (factory.open().await, factory.open().await);
    let first = commit!(command, save_organization(&organization(FIRST)));
    assert_eq!(server.revision().await?, first);
    assert_eq!(organizations(&*server).await?, 1);
    let second = commit!(server, save_organization(&organization(SECOND)));
    assert_eq!(second, Revision(first.0 + 1));
    assert_eq!(organizations(&*command).await?, 2);
    assert_eq!(command.revision().await?, second);
    Ok(())
}
