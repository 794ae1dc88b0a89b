//! Clients' keys.

use portvakt_core::client::{Client, ClientId, KeySet};
use portvakt_core::ports::{Listing, StorageError, Store, StoredKey};
use serde_json::json;

use crate::macros::{commit, read};
use crate::samples::{at, client, client_id, key_set, parts};
use crate::{Outcome, StoreFactory};

/// Key ids with whether each belongs to the present set.
async fn listed(
    store: &dyn Store,
    client_id: &ClientId,
    listing: Listing,
) -> Result<Vec<(String, bool)>, StorageError> {
    let keys = read!(store, list_keys(client_id, listing));
    let name = |stored: StoredKey| (stored.key.jwk.key_id().to_owned(), stored.active);
    Ok(keys.into_iter().map(name).collect())
}

fn named(names: &[(&str, bool)]) -> Vec<(String, bool)> {
    names
        .iter()
        .map(|(kid, active)| ((*kid).to_owned(), *active))
        .collect()
}

/// The key, the time that it was asked to expire and its own times come back, in the set's order.
pub async fn finds_keys_with_every_attribute_in_order(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    let set = key_set(&["z", "a", "m"], at(1_700_000_000_123));
    commit!(
        store,
        save_client(&client("a")),
        replace_keys(&id, Some(&set), at(2))
    );
    let keys = read!(store, list_keys(&id, Listing::Active));
    assert!(keys.iter().all(|stored| stored.active));
    let found: Vec<_> = keys.iter().map(|stored| parts(&stored.key)).collect();
    let expected: Vec<_> = set.keys().iter().map(parts).collect();
    assert_eq!(found, expected);
    Ok(())
}

/// The keys of a set that was replaced come after the present ones, and only when asked for.
pub async fn replaced_keys_stay_readable(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    let (old, new) = (key_set(&["one", "two"], at(1)), key_set(&["three"], at(1)));
    commit!(
        store,
        save_client(&client("a")),
        replace_keys(&id, Some(&old), at(1))
    );
    commit!(store, replace_keys(&id, Some(&new), at(2)));
    let active = listed(&*store, &id, Listing::Active).await?;
    assert_eq!(active, named(&[("three", true)]));
    let all = listed(&*store, &id, Listing::All).await?;
    assert_eq!(
        all,
        named(&[("three", true), ("one", false), ("two", false)])
    );
    let former = read!(store, list_keys(&id, Listing::All));
    assert_eq!(parts(&former[1].key), parts(&old.keys()[0]));
    Ok(())
}

/// Without a set there is no present key, and the former ones are still there.
pub async fn removing_every_key_leaves_them_readable(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    let none: Option<&KeySet> = None;
    let set = key_set(&["one"], at(1));
    commit!(
        store,
        save_client(&client("a")),
        replace_keys(&id, Some(&set), at(1))
    );
    commit!(store, replace_keys(&id, none, at(2)));
    assert_eq!(listed(&*store, &id, Listing::Active).await?, []);
    assert_eq!(
        listed(&*store, &id, Listing::All).await?,
        named(&[("one", false)])
    );
    commit!(store, replace_keys(&id, none, at(3)));
    assert_eq!(
        listed(&*store, &id, Listing::All).await?,
        named(&[("one", false)])
    );
    Ok(())
}

/// The same key id may be in a later set, within the same instant too.
pub async fn a_key_may_come_back(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    let set = key_set(&["one"], at(1));
    commit!(
        store,
        save_client(&client("a")),
        replace_keys(&id, Some(&set), at(1)),
        replace_keys(&id, None, at(1)),
        replace_keys(&id, Some(&set), at(1)),
    );
    assert_eq!(
        listed(&*store, &id, Listing::Active).await?,
        named(&[("one", true)])
    );
    let all = listed(&*store, &id, Listing::All).await?;
    assert_eq!(all, named(&[("one", true), ("one", false)]));
    Ok(())
}

/// Replacing one client's keys leaves another's alone; saving a client leaves its own.
pub async fn keys_belong_to_one_client(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (one, other) = (client_id("a"), client_id("b"));
    let set = key_set(&["one"], at(1));
    commit!(
        store,
        save_client(&client("a")),
        save_client(&client("b")),
        replace_keys(&one, Some(&set), at(1)),
        replace_keys(&other, Some(&set), at(1)),
    );
    commit!(
        store,
        replace_keys(&one, None, at(2)),
        save_client(&client("b"))
    );
    assert_eq!(listed(&*store, &one, Listing::Active).await?, []);
    assert_eq!(
        listed(&*store, &other, Listing::Active).await?,
        named(&[("one", true)])
    );
    Ok(())
}

/// Keys are a client's that exists.
pub async fn keys_without_a_client_are_refused(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("nobody");
    let set = key_set(&["one"], at(1));
    let mut unit = store.begin().await?;
    // A store may say so at once or at the commit.
    let outcome = match unit.replace_keys(&id, Some(&set), at(1)).await {
        Ok(()) => unit.commit().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(
        matches!(outcome, Err(StorageError::Refused(_))),
        "{outcome:?}"
    );
    assert_eq!(listed(&*store, &id, Listing::All).await?, []);
    Ok(())
}

/// Ends count for present keys of active clients alone, and are listed from the nearest.
pub async fn tells_which_keys_end_when(factory: &impl StoreFactory) -> Outcome {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let store = factory.open().await;
    // A key is posted for a year.
    for (id, kids, posted) in [
        ("a", &["two", "one"][..], 0),
        ("b", &["three"], 10 * DAY),
        ("inactive", &["four"], 0),
        ("without", &["five"], 0),
    ] {
        let client = Client {
            active: id != "inactive",
            ..client(id)
        };
        let (id, set) = (client_id(id), key_set(kids, at(posted)));
        commit!(
            store,
            save_client(&client),
            replace_keys(&id, Some(&set), at(posted))
        );
    }
    let none: Option<&KeySet> = None;
    commit!(store, replace_keys(&client_id("without"), none, at(1)));
    // One that ends with the first, and one that goes on.
    let renewed = Client {
        active: true,
        ..client("renewed")
    };
    let [old, new] = [("six", 0), ("seven", 10 * DAY)]
        .map(|(kid, posted)| key_set(&[kid], at(posted)).keys()[0].to_json());
    let set =
        KeySet::parse(&json!({ "keys": [old, new] }), &renewed, at(10 * DAY)).expect("well formed");
    commit!(
        store,
        save_client(&renewed),
        replace_keys(&renewed.client_id, Some(&set), at(10 * DAY))
    );
    let year = |days: i64| at((365 + days) * DAY);
    let counts = read!(
        store,
        count_key_ends([at(365 * DAY - 1), year(0), year(9), year(10), year(100)])
    );
    assert_eq!(counts, [0, 3, 3, 5, 5]);
    for (now, without) in [(at(365 * DAY - 1), 0), (year(0), 1), (year(10), 3)] {
        let found = read!(store, count_clients_without_usable_key(now));
        assert_eq!(found, without);
    }
    let listed = read!(store, list_key_ends(at(0), year(10), 10));
    let names: Vec<_> = listed.iter().map(|end| end.kid.as_str()).collect();
    assert_eq!(names, ["one", "two", "six", "three", "seven"]);
    assert_eq!(listed[3].client_id, client_id("b"));
    assert_eq!(listed[3].client_orgno, client("b").client_orgno);
    assert_eq!(listed[3].expires_at, year(10));
    assert_eq!(read!(store, list_key_ends(year(0), year(9), 10)), []);
    assert_eq!(read!(store, list_key_ends(at(0), year(10), 2)).len(), 2);
    Ok(())
}
