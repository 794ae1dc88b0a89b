//! Counts of issued tokens: added to by many, read as sums, dropped by age.

use portvakt_core::Timestamp;
use portvakt_core::client::Client;
use portvakt_core::ports::{Listing, StorageError, Store};
use portvakt_core::usage::{
    ClientDay, ClientTotal, ConsumerTotal, Day, DayTotal, Days, Usage, UsageKey,
};
use tokio::task::JoinSet;

use crate::macros::{commit, read};
use crate::samples::{FIRST, SECOND, THIRD, at, client, client_id, orgno, scope_name};
use crate::{Outcome, StoreFactory};

const TODAY: u32 = 20_514;

fn day(number: u32) -> Day {
    Day::from_number(number.into()).expect("samples are well formed")
}

/// An instant of a day.
fn on(day: u32, milliseconds: i64) -> Timestamp {
    at(i64::from(day) * 86_400_000 + milliseconds)
}

fn span(from: u32, to: u32) -> Days {
    Days::new(Some(day(from)), Some(day(to)), day(to)).expect("samples are well formed")
}

/// Tokens of [`FIRST`] for itself, today.
fn usage(scope: &str, client: &str, tokens: u64) -> Usage {
    Usage {
        key: UsageKey {
            scope: scope_name(scope),
            day: day(TODAY),
            consumer: orgno(FIRST),
            supplier: None,
            accessing: orgno(FIRST),
            client_id: client_id(client),
        },
        tokens,
        last_used: on(TODAY, 7),
    }
}

/// The same on another day.
fn moved(mut usage: Usage, number: u32) -> Usage {
    usage.key.day = day(number);
    usage.last_used = on(number, 7);
    usage
}

/// The same for a consumer through a supplier.
fn supplied(mut usage: Usage, consumer: &str, supplier: &str, accessing: &str) -> Usage {
    usage.key.consumer = orgno(consumer);
    usage.key.supplier = Some(orgno(supplier));
    usage.key.accessing = orgno(accessing);
    usage
}

async fn total(store: &dyn Store, scope: &str) -> Result<u64, StorageError> {
    let found = store
        .find_scope_usage(&scope_name(scope), None, span(TODAY - 399, TODAY))
        .await?;
    let consumers = found
        .consumers
        .iter()
        .map(|total| total.tokens)
        .sum::<u64>();
    let days = found.days.iter().map(|total| total.tokens).sum::<u64>();
    assert_eq!(days, consumers);
    Ok(days)
}

/// With every attribute, apart by consumer, supplier and whose access it was.
pub async fn finds_how_a_scope_was_used(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let counted = [
        usage("fjord:a", "a", 3),
        usage("fjord:a", "b", 4),
        moved(usage("fjord:a", "a", 5), TODAY - 1),
        supplied(usage("fjord:a", "c", 6), FIRST, SECOND, SECOND),
        supplied(usage("fjord:a", "c", 7), FIRST, SECOND, FIRST),
        supplied(usage("fjord:a", "c", 8), THIRD, SECOND, SECOND),
        usage("fjord:b", "a", 100),
    ];
    store.add_usage(&counted).await?;
    drop(store);
    let store = factory.open().await;
    let scope = scope_name("fjord:a");
    let found = store
        .find_scope_usage(&scope, None, span(TODAY - 1, TODAY))
        .await?;
    let of = |day_number, tokens| DayTotal {
        day: day(day_number),
        tokens,
    };
    assert_eq!(found.days, [of(TODAY - 1, 5), of(TODAY, 28)]);
    let own = ConsumerTotal {
        consumer: orgno(FIRST),
        supplier: None,
        accessing: orgno(FIRST),
        clients: 2,
        tokens: 12,
        last_used: on(TODAY, 7),
    };
    let through = |consumer, accessing, tokens| ConsumerTotal {
        consumer: orgno(consumer),
        supplier: Some(orgno(SECOND)),
        accessing: orgno(accessing),
        clients: 1,
        tokens,
        ..own
    };
    let expected = [
        own,
        through(FIRST, FIRST, 7),
        through(FIRST, SECOND, 6),
        through(THIRD, SECOND, 8),
    ];
    assert_eq!(found.consumers, expected);
    let one = store
        .find_scope_usage(&scope, Some(orgno(THIRD)), span(TODAY - 1, TODAY))
        .await?;
    assert_eq!(
        (one.days, one.consumers),
        (vec![of(TODAY, 8)], vec![expected[3]])
    );
    Ok(())
}

/// Both ends of the span are in it, and nothing beside.
pub async fn usage_is_found_by_day(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let on_days: Vec<_> = (TODAY - 4..=TODAY)
        .map(|number| moved(usage("fjord:a", "a", 1), number))
        .collect();
    store.add_usage(&on_days).await?;
    let days = span(TODAY - 3, TODAY - 1);
    let found = store
        .find_scope_usage(&scope_name("fjord:a"), None, days)
        .await?;
    let numbers: Vec<_> = found.days.iter().map(|total| total.day.number()).collect();
    assert_eq!(numbers, [TODAY - 3, TODAY - 2, TODAY - 1]);
    assert_eq!(found.consumers[0].tokens, 3);
    assert_eq!(found.consumers[0].last_used, on(TODAY - 1, 7));
    let of_client = store.list_client_usage(&client_id("a"), days).await?;
    assert_eq!(of_client.len(), 3);
    let nothing = store
        .find_scope_usage(&scope_name("fjord:none"), None, days)
        .await?;
    assert!(nothing.days.is_empty() && nothing.consumers.is_empty());
    Ok(())
}

/// Later additions add up; an earlier instant does not replace a later one.
pub async fn adding_again_sums_and_keeps_the_last_use(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    for (tokens, milliseconds) in [(2, 50), (3, 70), (4, 60)] {
        let mut more = usage("fjord:a", "a", tokens);
        more.last_used = on(TODAY, milliseconds);
        store.add_usage(&[more]).await?;
    }
    store.add_usage(&[]).await?;
    let found = store
        .list_client_usage(&client_id("a"), span(TODAY, TODAY))
        .await?;
    let expected = ClientDay {
        scope: scope_name("fjord:a"),
        day: day(TODAY),
        tokens: 9,
        last_used: on(TODAY, 70),
    };
    assert_eq!(found, [expected]);
    Ok(())
}

/// In order of scope and day, over all for whom the client acts.
pub async fn lists_what_a_client_used(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let counted = [
        usage("fjord:b", "a", 1),
        usage("fjord:a", "a", 2),
        moved(usage("fjord:a", "a", 3), TODAY - 1),
        supplied(usage("fjord:a", "a", 4), THIRD, FIRST, FIRST),
        usage("fjord:a", "another", 50),
    ];
    store.add_usage(&counted).await?;
    let found = store
        .list_client_usage(&client_id("a"), span(TODAY - 1, TODAY))
        .await?;
    let lines: Vec<_> = found
        .iter()
        .map(|line| (line.scope.as_str(), line.day.number(), line.tokens))
        .collect();
    assert_eq!(
        lines,
        [
            ("fjord:a", TODAY - 1, 3),
            ("fjord:a", TODAY, 6),
            ("fjord:b", TODAY, 1)
        ]
    );
    Ok(())
}

/// Its own and those that it manages, deactivated ones too, in order of client and scope.
pub async fn lists_what_an_organizations_clients_used(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let managed = Client {
        client_orgno: orgno(THIRD),
        supplier_orgno: Some(orgno(FIRST)),
        active: false,
        ..client("b")
    };
    let foreign = Client {
        client_orgno: orgno(SECOND),
        ..client("c")
    };
    commit!(
        store,
        save_client(&client("a")),
        save_client(&managed),
        save_client(&foreign)
    );
    let counted = ["c", "b", "a", "unknown"].map(|id| usage("fjord:a", id, 2));
    store.add_usage(&counted).await?;
    store
        .add_usage(&[moved(usage("fjord:a", "a", 3), TODAY - 1)])
        .await?;
    let found = store
        .list_organization_usage(orgno(FIRST), span(TODAY - 1, TODAY))
        .await?;
    let of = |id, tokens| ClientTotal {
        client_id: client_id(id),
        scope: scope_name("fjord:a"),
        tokens,
        last_used: on(TODAY, 7),
    };
    assert_eq!(found, [of("a", 5), of("b", 2)]);
    Ok(())
}

/// However they meet, from two stores on one place as from two nodes.
pub async fn additions_at_once_all_count(factory: &impl StoreFactory) -> Outcome {
    let stores = [factory.open().await, factory.open().await];
    let mut tasks = JoinSet::new();
    for number in 0..40_usize {
        let store = stores[number % 2].clone();
        tasks.spawn(async move {
            let both = [usage("fjord:a", "a", 1), usage("fjord:b", "a", 2)];
            store.add_usage(&both).await
        });
    }
    for added in tasks.join_all().await {
        added?;
    }
    assert_eq!(total(&*stores[0], "fjord:a").await?, 40);
    assert_eq!(total(&*stores[1], "fjord:b").await?, 80);
    Ok(())
}

/// It raises no revision and leaves no entry in the audit log.
pub async fn counting_is_no_change_of_the_registry(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let before = store.revision().await?;
    store.add_usage(&[usage("fjord:a", "a", 1)]).await?;
    store.remove_usage_before(day(TODAY + 1)).await?;
    assert_eq!(store.revision().await?, before);
    assert_eq!(read!(store, last_audit_link()), None);
    assert!(read!(store, list_scopes(None, Listing::All)).is_empty());
    Ok(())
}

/// More of it than goes in one statement, and nothing that is young enough.
pub async fn old_usage_is_dropped(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let old: Vec<_> = (0..2500)
        .map(|number| moved(usage("fjord:a", &format!("c{number}"), 1), TODAY - 1))
        .collect();
    store.add_usage(&old).await?;
    store.add_usage(&[usage("fjord:a", "a", 3)]).await?;
    assert_eq!(store.remove_usage_before(day(TODAY)).await?, 2500);
    assert_eq!(total(&*store, "fjord:a").await?, 3);
    assert_eq!(store.remove_usage_before(day(TODAY)).await?, 0);
    Ok(())
}
