//! The change feed: it names everything that changed, or says that it cannot.

use portvakt_core::access::AccessState;
use portvakt_core::delegation::DelegationSource;
use portvakt_core::ports::{ChangedKind, ChangedRecord, Changes, Extent, Revision, Store};

use crate::delegations::delegation;
use crate::macros::commit;
use crate::parties::{consent, identity_match, person, system_user};
use crate::samples::{
    FIRST, SECOND, THIRD, access, assignment, at, client, client_id, key_set, on_behalf_of,
    organization, orgno, scope,
};
use crate::signing_keys::signing_key;
use crate::{Outcome, StoreFactory};

fn changed(kind: ChangedKind, key: &str) -> ChangedRecord {
    ChangedRecord {
        kind,
        key: key.to_owned(),
    }
}

fn complete(revision: u64, records: Vec<ChangedRecord>) -> Changes {
    Changes {
        revision: Revision(revision),
        records,
        extent: Extent::Complete,
    }
}

/// One revision for each, in order.
async fn save_organizations(store: &dyn Store, numbers: &[&str]) -> Outcome {
    for number in numbers {
        commit!(store, save_organization(&organization(number)));
    }
    Ok(())
}

fn organizations(numbers: &[&str]) -> Vec<ChangedRecord> {
    let named = |number: &&str| changed(ChangedKind::Organization, number);
    numbers.iter().map(named).collect()
}

/// Whoever asks from the present gets the present.
pub async fn a_fresh_feed_is_complete_and_empty(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    assert_eq!(
        store.changes_since(Revision(0), 10).await?,
        complete(0, Vec::new())
    );
    let revision = commit!(store, save_organization(&organization(FIRST)));
    assert_eq!(
        store.changes_since(revision, 10).await?,
        complete(revision.0, Vec::new())
    );
    Ok(())
}

/// Each kind, by the key that its documentation promises, once for each revision.
pub async fn the_feed_names_every_record_in_order(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let source = DelegationSource {
        active: true,
        name: "altinn".to_owned(),
        issuer: "https://tt02.altinn.no/".to_owned(),
        created: at(1),
        last_updated: at(1),
    };
    let set = key_set(&["one"], at(1));
    commit!(
        store,
        save_organization(&organization(FIRST)),
        save_organization(&organization(FIRST)),
        save_prefix(&assignment("fjord", FIRST)),
        save_scope(&scope("fjord:a")),
        save_access(&access("fjord:a", THIRD, AccessState::Approved)),
        save_client(&client("a")),
        replace_keys(&client_id("a"), Some(&set), at(1)),
        save_on_behalf_of(&on_behalf_of("a", "en kunde")),
        save_delegation_source(&source),
        save_delegation(&delegation("fjord:a")),
        save_system_user(&system_user("user", "ref")),
        save_consent(&consent("consent")),
        save_person(&person("17869010057", "")),
        save_identity_match(&identity_match("EE/NO/1", "17869010057")),
        save_signing_key(&signing_key("kid", 1)),
    );
    let mut changes = store.changes_since(Revision(0), 100).await?;
    changes.records.sort_by_key(|record| record.kind);
    let given = delegation("fjord:a");
    let delegated = format!(
        "fjord:a {} {} {}",
        given.consumer_orgno, given.supplier_orgno, given.delegation_source
    );
    let expected = vec![
        changed(ChangedKind::Organization, FIRST),
        changed(ChangedKind::Prefix, "fjord"),
        changed(ChangedKind::Scope, "fjord:a"),
        changed(ChangedKind::Access, &format!("fjord:a {THIRD}")),
        changed(ChangedKind::Client, "a"),
        changed(ChangedKind::OnBehalfOf, "a en kunde"),
        changed(ChangedKind::DelegationSource, "altinn"),
        changed(ChangedKind::Delegation, &delegated),
        changed(ChangedKind::SystemUser, "user"),
        changed(ChangedKind::Consent, "consent"),
        changed(ChangedKind::Person, ""),
        changed(ChangedKind::IdentityMatch, ""),
        changed(ChangedKind::SigningKey, "kid"),
    ];
    assert_eq!(changes, complete(1, expected));
    // The number is nine digits and the number alone, so that a cache finds its entry by it.
    assert_eq!(orgno(FIRST).as_str(), FIRST);
    Ok(())
}

/// And nothing of what came before, in the order in which it came.
pub async fn the_feed_tells_what_came_after_a_revision(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    save_organizations(&*store, &[THIRD, FIRST, SECOND]).await?;
    for (since, rest) in [
        (0, &[THIRD, FIRST, SECOND][..]),
        (1, &[FIRST, SECOND]),
        (2, &[SECOND]),
        (3, &[]),
    ] {
        let changes = store.changes_since(Revision(since), 10).await?;
        assert_eq!(changes, complete(3, organizations(rest)), "since {since}");
    }
    Ok(())
}

/// An answer ends between revisions, never within one, and says where the next begins.
pub async fn a_long_feed_comes_in_whole_revisions(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    save_organizations(&*store, &[FIRST]).await?;
    commit!(
        store,
        save_organization(&organization(SECOND)),
        save_organization(&organization(THIRD)),
    );
    save_organizations(&*store, &[FIRST]).await?;
    for limit in [2, 3] {
        let first = store.changes_since(Revision(0), limit).await?;
        let whole = if limit == 2 { 1 } else { 2 };
        assert_eq!(first.revision, Revision(whole), "limit {limit}");
        assert_eq!(first.extent, Extent::Partial, "limit {limit}");
        let mut records = first.records;
        records.extend(
            store
                .changes_since(first.revision, limit + 1)
                .await?
                .records,
        );
        records[1..3].sort_by(|one, other| one.key.cmp(&other.key));
        assert_eq!(records, organizations(&[FIRST, SECOND, THIRD, FIRST]));
    }
    let all = store.changes_since(Revision(0), 4).await?;
    assert_eq!((all.extent, all.records.len()), (Extent::Complete, 4));
    Ok(())
}

/// It cannot be told in part.
pub async fn a_revision_of_too_many_records_is_a_gap(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(
        store,
        save_organization(&organization(FIRST)),
        save_organization(&organization(SECOND)),
        save_organization(&organization(THIRD)),
    );
    save_organizations(&*store, &[FIRST]).await?;
    let gap = Changes::gap(Revision(2));
    assert_eq!(store.changes_since(Revision(0), 2).await?, gap);
    let rest = store.changes_since(Revision(1), 2).await?;
    assert_eq!(rest, complete(2, organizations(&[FIRST])));
    Ok(())
}

/// Nobody is told that nothing changed because the record of it is gone.
pub async fn what_was_trimmed_is_a_gap(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    save_organizations(&*store, &[FIRST, SECOND, THIRD]).await?;
    assert_eq!(store.trim_changes(1).await?, 2);
    let gap = Changes::gap(Revision(3));
    assert_eq!(store.changes_since(Revision(0), 10).await?, gap);
    assert_eq!(store.changes_since(Revision(1), 10).await?, gap);
    let rest = store.changes_since(Revision(2), 10).await?;
    assert_eq!(rest, complete(3, organizations(&[THIRD])));
    // Also when nothing at all is left.
    assert_eq!(store.trim_changes(0).await?, 1);
    assert_eq!(store.changes_since(Revision(2), 10).await?, gap);
    assert_eq!(
        store.changes_since(Revision(3), 10).await?,
        complete(3, Vec::new())
    );
    Ok(())
}

/// Whole revisions, and no more than what is too much; it changes nothing else.
pub async fn trimming_keeps_what_it_is_told_to(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(
        store,
        save_organization(&organization(FIRST)),
        save_organization(&organization(SECOND)),
    );
    save_organizations(&*store, &[THIRD, FIRST]).await?;
    assert_eq!(store.trim_changes(4).await?, 0);
    assert_eq!(
        store.changes_since(Revision(0), 10).await?.extent,
        Extent::Complete
    );
    // Three would cut the first revision in two.
    assert_eq!(store.trim_changes(3).await?, 2);
    assert_eq!(store.trim_changes(3).await?, 0);
    assert_eq!(
        store.changes_since(Revision(1), 10).await?,
        complete(3, organizations(&[THIRD, FIRST]))
    );
    assert_eq!(store.revision().await?, Revision(3));
    Ok(())
}

/// A store that was restored is behind those who knew it before.
pub async fn a_revision_that_never_was_is_a_gap(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    save_organizations(&*store, &[FIRST]).await?;
    for since in [2, u64::MAX] {
        let changes = store.changes_since(Revision(since), 10).await?;
        assert_eq!(changes, Changes::gap(Revision(1)), "since {since}");
    }
    Ok(())
}

/// Neither is what changed nothing.
pub async fn what_was_undone_is_not_in_the_feed(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    drop(unit);
    store.begin().await?.commit().await?;
    save_organizations(&*store, &[SECOND]).await?;
    assert_eq!(
        store.changes_since(Revision(0), 10).await?,
        complete(1, organizations(&[SECOND]))
    );
    Ok(())
}

/// As the server must hear of the command line.
pub async fn the_feed_tells_of_other_stores_at_once(factory: &impl StoreFactory) -> Outcome {
    let (server, command) = (factory.open().await, factory.open().await);
    for (number, since) in [(FIRST, 0), (SECOND, 1), (THIRD, 2)] {
        save_organizations(&*command, &[number]).await?;
        let changes = server.changes_since(Revision(since), 10).await?;
        assert_eq!(changes, complete(since + 1, organizations(&[number])));
    }
    Ok(())
}

/// So that a copy knows how old it is.
pub async fn a_reader_says_what_revision_it_read(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    save_organizations(&*store, &[FIRST]).await?;
    let mut reader = store.read().await?;
    let before = reader.find_organization(orgno(SECOND)).await?;
    save_organizations(&*store, &[SECOND]).await?;
    let after = reader.find_organization(orgno(SECOND)).await?;
    assert_eq!((before, after), (None, None));
    assert_eq!(reader.commit().await?, Revision(1));
    Ok(())
}
