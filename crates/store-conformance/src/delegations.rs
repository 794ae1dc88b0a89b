//! Delegation sources and delegations.

use portvakt_core::delegation::{Delegation, DelegationSource};
use portvakt_core::ports::{Listing, StorageError, Store};

use crate::macros::{commit, read};
use crate::samples::{FIRST, SECOND, THIRD, at, orgno, scope_name, token};
use crate::{Outcome, StoreFactory};

const SOURCE: &str = "https://tt02.altinn.no/";
const OTHER_SOURCE: &str = "https://tt02.altinn.no";

pub(crate) fn delegation(scope: &str) -> Delegation {
    Delegation {
        delegation_source: SOURCE.to_owned(),
        scope: scope_name(scope),
        consumer_orgno: orgno(FIRST),
        supplier_orgno: orgno(SECOND),
        valid_from: None,
        valid_to: None,
        active: true,
        created: at(1),
        last_updated: at(2),
    }
}

/// What [`FIRST`] delegated to [`SECOND`] at `now`.
async fn delegated<const N: usize>(
    store: &dyn Store,
    scopes: [&str; N],
    now: i64,
) -> Result<Vec<bool>, StorageError> {
    store
        .find_delegated(
            SOURCE,
            orgno(FIRST),
            orgno(SECOND),
            &scopes.map(token),
            at(now),
        )
        .await
}

/// Sources come back whole, by name, and are replaced by name.
pub async fn lists_sources_by_name(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let source = |name: &str, issuer: &str, created| DelegationSource {
        name: name.to_owned(),
        issuer: issuer.to_owned(),
        active: true,
        created: at(created),
        last_updated: at(created + 1),
    };
    let (altinn, other) = (source("altinn", SOURCE, 1), source("b", OTHER_SOURCE, 2));
    commit!(
        store,
        save_delegation_source(&other),
        save_delegation_source(&altinn)
    );
    assert_eq!(
        read!(store, list_delegation_sources()),
        [altinn.clone(), other]
    );
    let changed = DelegationSource {
        active: false,
        ..source("b", "https://example.com/", 7)
    };
    commit!(store, save_delegation_source(&changed));
    assert_eq!(read!(store, list_delegation_sources()), [altinn, changed]);
    Ok(())
}

/// In order of source, scope, consumer, supplier.
pub async fn lists_delegations_in_order_with_every_attribute(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let first = Delegation {
        delegation_source: OTHER_SOURCE.to_owned(),
        ..delegation("fjord:z")
    };
    let second = Delegation {
        valid_from: Some(at(3)),
        ..delegation("fjord:a")
    };
    let third = Delegation {
        supplier_orgno: orgno(THIRD),
        active: false,
        ..delegation("fjord:a")
    };
    let fourth = Delegation {
        consumer_orgno: orgno(SECOND),
        supplier_orgno: orgno(FIRST),
        valid_to: Some(at(4)),
        ..delegation("fjord:a")
    };
    let fifth = delegation("fjord:b");
    commit!(
        store,
        save_delegation(&fifth),
        save_delegation(&fourth),
        save_delegation(&third),
        save_delegation(&second),
        save_delegation(&first),
    );
    let active = [&first, &second, &fourth, &fifth].map(Clone::clone);
    assert_eq!(read!(store, list_delegations(Listing::Active)), active);
    assert_eq!(
        read!(store, list_delegations(Listing::All)),
        [first, second, third, fourth, fifth]
    );
    Ok(())
}

/// One record for the four parts of the key, with what was saved last.
pub async fn saving_a_delegation_again_replaces_it(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let changed = Delegation {
        valid_from: Some(at(1)),
        valid_to: Some(at(2)),
        active: false,
        created: at(7),
        last_updated: at(8),
        ..delegation("fjord:a")
    };
    commit!(store, save_delegation(&delegation("fjord:a")));
    commit!(store, save_delegation(&changed));
    assert_eq!(read!(store, list_delegations(Listing::All)), [changed]);
    Ok(())
}

/// Neither another source, nor the other direction, nor another scope; answers keep the order.
pub async fn a_delegation_counts_for_its_four_parts_only(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (first, second, third) = (orgno(FIRST), orgno(SECOND), orgno(THIRD));
    commit!(
        store,
        save_delegation(&delegation("fjord:a")),
        save_delegation(&delegation("fjord:b")),
    );
    let scopes = [
        "fjord:b",
        "fjord:none",
        "no-colon",
        "fjord:a",
        "fjord:b",
        "FJORD:a",
    ];
    let answers = delegated(&*store, scopes, 5).await?;
    assert_eq!(answers, [true, false, false, true, true, false]);
    let one = [token("fjord:a")];
    for (source, consumer, supplier) in [
        (OTHER_SOURCE, first, second),
        (SOURCE, second, first),
        (SOURCE, first, third),
        (SOURCE, third, second),
    ] {
        let answer = store
            .find_delegated(source, consumer, supplier, &one, at(5))
            .await?;
        assert_eq!(answer, [false], "{source} {consumer} {supplier}");
    }
    assert!(delegated(&*store, [], 5).await?.is_empty());
    Ok(())
}

/// The first instant is in, the last one is out.
pub async fn a_delegation_holds_from_its_first_to_before_its_last_instant(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let limited = Delegation {
        valid_from: Some(at(10)),
        valid_to: Some(at(20)),
        ..delegation("fjord:a")
    };
    commit!(store, save_delegation(&limited));
    for (now, expected) in [(9, false), (10, true), (19, true), (20, false)] {
        assert_eq!(
            delegated(&*store, ["fjord:a"], now).await?,
            [expected],
            "{now}"
        );
    }
    Ok(())
}

/// Withdrawing shows at once.
pub async fn a_withdrawn_delegation_counts_for_nothing(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(store, save_delegation(&delegation("fjord:a")));
    assert_eq!(delegated(&*store, ["fjord:a"], 5).await?, [true]);
    commit!(
        store,
        save_delegation(&Delegation {
            active: false,
            ..delegation("fjord:a")
        })
    );
    assert_eq!(delegated(&*store, ["fjord:a"], 5).await?, [false]);
    Ok(())
}
