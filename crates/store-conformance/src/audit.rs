//! The audit log: appended in order, in the transaction of the change, and never with a gap.

use portvakt_core::audit::{
    Act, Actor, AuditFilter, AuditLink, Channel, Checkpoints, Recorded, StoredEntry, verify,
};
use portvakt_core::ports::{Listing, StorageError, Store};
use tokio::task::JoinSet;

use crate::macros::{commit, read};
use crate::samples::{FIRST, SECOND, THIRD, at, organization, orgno};
use crate::{Outcome, StoreFactory};

/// An entry that has nothing to do with its neighbors: the store looks at its number alone.
fn entry(sequence: u64) -> StoredEntry {
    let mut hash = [0x5a; 32];
    hash[..8].copy_from_slice(&sequence.to_be_bytes());
    StoredEntry {
        link: AuditLink { sequence, hash },
        text: format!("{{\"sequence\":{sequence},\"text\":\"Tømmer \u{1f332} '%_\"}}"),
        object_key: format!("fjord:{sequence}"),
        organizations: format!("{FIRST} {SECOND}"),
        request_id: Some(format!("request-{sequence}")),
    }
}

async fn append(store: &dyn Store, entries: &[StoredEntry]) -> Result<(), StorageError> {
    let mut unit = store.begin().await?;
    for entry in entries {
        unit.append_audit(entry).await?;
    }
    unit.commit().await?;
    Ok(())
}

fn everything() -> AuditFilter {
    AuditFilter::default()
}

fn numbers(entries: &[StoredEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.link.sequence).collect()
}

/// Before the first entry there is none to follow.
pub async fn an_empty_log_has_no_last_link(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    assert_eq!(read!(store, last_audit_link()), None);
    assert_eq!(read!(store, list_audit(&everything(), 0, 10)), []);
    assert_eq!(read!(store, list_latest_audit(&everything(), 10)), []);
    Ok(())
}

/// Byte for byte, without a request too, and after the place was opened again.
pub async fn finds_an_entry_with_every_attribute(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let bare = StoredEntry {
        object_key: String::new(),
        organizations: String::new(),
        request_id: None,
        ..entry(2)
    };
    let entries = [entry(1), bare];
    append(&*store, &entries).await?;
    drop(store);
    let store = factory.open().await;
    assert_eq!(read!(store, list_audit(&everything(), 0, 10)), entries);
    assert_eq!(read!(store, last_audit_link()), Some(entries[1].link));
    Ok(())
}

/// After a number, no more than the limit.
pub async fn lists_entries_by_number_a_page_at_a_time(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let entries: Vec<_> = (1..=12).map(entry).collect();
    append(&*store, &entries).await?;
    let page = |after, limit| (after, limit);
    for ((after, limit), expected) in [
        (page(0, 5), vec![1, 2, 3, 4, 5]),
        (page(5, 5), vec![6, 7, 8, 9, 10]),
        (page(10, 5), vec![11, 12]),
        (page(12, 5), vec![]),
        (page(u64::MAX, 5), vec![]),
        (page(0, 0), vec![]),
        (page(9, u32::MAX), vec![10, 11, 12]),
    ] {
        let listed = read!(store, list_audit(&everything(), after, limit));
        assert_eq!(numbers(&listed), expected, "{after} {limit}");
    }
    Ok(())
}

/// The last ones, but oldest first.
pub async fn lists_the_latest_entries_by_number(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let entries: Vec<_> = (1..=12).map(entry).collect();
    append(&*store, &entries).await?;
    for (limit, expected) in [(3, vec![10, 11, 12]), (0, vec![]), (50, (1..=12).collect())] {
        let listed = read!(store, list_latest_audit(&everything(), limit));
        assert_eq!(numbers(&listed), expected, "{limit}");
    }
    Ok(())
}

/// Each condition alone and all together; no text is taken for a pattern.
pub async fn lists_entries_by_organization_object_and_request(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let sample = |sequence, object: &str, organizations: &str, request: Option<&str>| StoredEntry {
        object_key: object.to_owned(),
        organizations: organizations.to_owned(),
        request_id: request.map(str::to_owned),
        ..entry(sequence)
    };
    let entries = [
        sample(1, "fjord:a", FIRST, None),
        sample(
            2,
            "fjord:a 312773023",
            &format!("{FIRST} {SECOND}"),
            Some("r"),
        ),
        sample(3, "fjord:a.read", &format!("{SECOND} {THIRD}"), Some("r")),
        sample(4, "fjord:a!", "", Some("R")),
        sample(5, "%", "", Some("%")),
    ];
    append(&*store, &entries).await?;
    let filter =
        |organization: Option<&str>, object: Option<&str>, request: Option<&str>| AuditFilter {
            organization: organization.map(orgno),
            object_key: object.map(str::to_owned),
            request_id: request.map(str::to_owned),
        };
    for (filter, expected) in [
        (filter(Some(FIRST), None, None), vec![1, 2]),
        (filter(Some(SECOND), None, None), vec![2, 3]),
        (filter(Some(THIRD), None, None), vec![3]),
        (filter(None, Some("fjord:a"), None), vec![1, 2]),
        (filter(None, Some("fjord"), None), vec![]),
        (filter(None, Some("%"), None), vec![5]),
        (filter(None, Some(""), None), vec![]),
        (filter(None, None, Some("r")), vec![2, 3]),
        (filter(None, None, Some("%")), vec![5]),
        (filter(Some(SECOND), Some("fjord:a"), Some("r")), vec![2]),
    ] {
        let listed = read!(store, list_audit(&filter, 0, 10));
        assert_eq!(numbers(&listed), expected, "{filter:?}");
        let latest = read!(store, list_latest_audit(&filter, 10));
        assert_eq!(numbers(&latest), expected, "{filter:?}");
    }
    Ok(())
}

/// Neither a number that is taken, nor one with a gap before it.
pub async fn an_entry_that_does_not_follow_is_refused(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    append(&*store, &[entry(1), entry(2)]).await?;
    for sequence in [0, 1, 2, 4, u64::MAX] {
        let mut unit = store.begin().await?;
        let refused = unit.append_audit(&entry(sequence)).await;
        assert!(
            matches!(refused, Err(StorageError::Refused(_))),
            "{sequence}: {refused:?}"
        );
    }
    let listed = read!(store, list_audit(&everything(), 0, 10));
    assert_eq!(listed, [entry(1), entry(2)]);
    Ok(())
}

/// The change that it was to tell is undone with it.
pub async fn a_refused_entry_forbids_the_commit(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    assert!(unit.append_audit(&entry(2)).await.is_err());
    assert!(matches!(unit.commit().await, Err(StorageError::Refused(_))));
    assert_eq!(read!(store, list_organizations(Listing::All)), []);
    Ok(())
}

/// Both or neither.
pub async fn an_entry_and_the_change_that_it_tells_are_one_transaction(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_organization(&organization(FIRST)).await?;
    unit.append_audit(&entry(1)).await?;
    assert_eq!(unit.last_audit_link().await?, Some(entry(1).link));
    assert_eq!(read!(store, last_audit_link()), None, "not committed yet");
    drop(unit);
    assert_eq!(read!(store, last_audit_link()), None);
    commit!(
        store,
        save_organization(&organization(FIRST)),
        append_audit(&entry(1)),
    );
    assert_eq!(read!(store, last_audit_link()), Some(entry(1).link));
    Ok(())
}

/// Caches need not hear of it.
pub async fn an_entry_by_itself_is_kept_and_is_no_revision(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let before = store.revision().await?;
    assert_eq!(commit!(store, append_audit(&entry(1))), before);
    assert_eq!(store.revision().await?, before);
    assert_eq!(read!(store, list_audit(&everything(), 0, 10)), [entry(1)]);
    Ok(())
}

/// Reading transactions cannot write here either.
pub async fn a_reader_appends_nothing(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let refused = store.read().await?.append_audit(&entry(1)).await;
    assert!(
        matches!(refused, Err(StorageError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(read!(store, last_audit_link()), None);
    Ok(())
}

/// From several tasks on two stores, each entry follows the one before it.
pub async fn recorded_writers_keep_one_chain(factory: &impl StoreFactory) -> Outcome {
    let stores = [factory.open().await, factory.open().await];
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = stores[number % 2].clone();
        tasks.spawn(async move {
            let act = Act {
                actor: Actor::new(Channel::Server),
                at: at(1),
                request_id: None,
            };
            let mut unit = Recorded::begin(&*store, act).await?;
            unit.save_organization(&organization(&format!("{:09}", 100 + number)))
                .await?;
            unit.save_organization(&organization(&format!("{:09}", 200 + number)))
                .await?;
            unit.commit().await
        });
    }
    for result in tasks.join_all().await {
        result?;
    }
    let entries = read!(stores[0], list_audit(&everything(), 0, 100));
    assert_eq!(numbers(&entries), (1..=40).collect::<Vec<_>>());
    let verified = verify(&entries, &Checkpoints::none()).map_err(|fault| fault.to_string());
    assert_eq!(verified.map(|verified| verified.last.sequence), Ok(40));
    Ok(())
}
