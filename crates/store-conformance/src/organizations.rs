//! Organizations and prefixes.

use portvakt_core::organization::Organization;
use portvakt_core::ports::{Listing, PrefixAssignment};

use crate::macros::{commit, read};
use crate::samples::{
    FIRST, SECOND, THIRD, assignment, at, deactivated, organization, orgno, prefix,
};
use crate::{Outcome, StoreFactory};

/// Every attribute comes back as it was saved.
pub async fn finds_an_organization_with_every_attribute(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (active, inactive) = (organization(FIRST), deactivated(SECOND));
    commit!(
        store,
        save_organization(&active),
        save_organization(&inactive)
    );
    assert_eq!(read!(store, find_organization(orgno(FIRST))), Some(active));
    assert_eq!(
        read!(store, find_organization(orgno(SECOND))),
        Some(inactive)
    );
    Ok(())
}

/// Not found is no fault.
pub async fn an_unknown_organization_is_none(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(store, save_organization(&organization(FIRST)));
    assert_eq!(read!(store, find_organization(orgno(SECOND))), None);
    assert_eq!(read!(store, find_prefix(&prefix("fjord"))), None);
    Ok(())
}

/// One record for one number, with what was saved last.
pub async fn saving_an_organization_again_replaces_it(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let changed = Organization {
        name: String::new(),
        active: false,
        created: at(7),
        last_updated: at(8),
        ..organization(FIRST)
    };
    commit!(store, save_organization(&organization(FIRST)));
    commit!(store, save_organization(&changed));
    assert_eq!(read!(store, list_organizations(Listing::All)), [changed]);
    Ok(())
}

/// The order is that of the numbers, whatever the order of saving.
pub async fn lists_organizations_by_number(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (first, second, third) = (
        organization(FIRST),
        deactivated(SECOND),
        organization(THIRD),
    );
    commit!(
        store,
        save_organization(&third),
        save_organization(&first),
        save_organization(&second),
    );
    let active = read!(store, list_organizations(Listing::Active));
    assert_eq!(active, [first.clone(), third.clone()]);
    assert_eq!(
        read!(store, list_organizations(Listing::All)),
        [first, second, third]
    );
    Ok(())
}

/// Every attribute comes back as it was saved.
pub async fn finds_a_prefix_with_every_attribute(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let active = assignment("fjord", FIRST);
    let withdrawn = PrefixAssignment {
        active: false,
        ..assignment("skog", SECOND)
    };
    commit!(store, save_prefix(&active), save_prefix(&withdrawn));
    assert_eq!(read!(store, find_prefix(&prefix("fjord"))), Some(active));
    assert_eq!(read!(store, find_prefix(&prefix("skog"))), Some(withdrawn));
    Ok(())
}

/// One record for one prefix, with what was saved last.
pub async fn saving_a_prefix_again_replaces_it(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let changed = PrefixAssignment {
        active: false,
        created: at(7),
        last_updated: at(8),
        ..assignment("fjord", SECOND)
    };
    commit!(store, save_prefix(&assignment("fjord", FIRST)));
    commit!(store, save_prefix(&changed));
    assert_eq!(read!(store, list_prefixes(None, Listing::All)), [changed]);
    Ok(())
}

/// The order is that of the characters' numbers, not a language's.
pub async fn lists_prefixes_by_name_and_owner(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let fjord = assignment("fjord", FIRST);
    let hyphen = assignment("fjord-a", SECOND);
    let skog = PrefixAssignment {
        active: false,
        ..assignment("skog", FIRST)
    };
    let island = assignment("øy", FIRST);
    commit!(
        store,
        save_prefix(&island),
        save_prefix(&skog),
        save_prefix(&hyphen),
        save_prefix(&fjord),
    );
    let first = Some(orgno(FIRST));
    let all = [&fjord, &hyphen, &skog, &island].map(Clone::clone);
    assert_eq!(read!(store, list_prefixes(None, Listing::All)), all);
    let active = [&fjord, &hyphen, &island].map(Clone::clone);
    assert_eq!(read!(store, list_prefixes(None, Listing::Active)), active);
    let of_first = [&fjord, &skog, &island].map(Clone::clone);
    assert_eq!(read!(store, list_prefixes(first, Listing::All)), of_first);
    assert_eq!(
        read!(store, list_prefixes(first, Listing::Active)),
        [fjord, island]
    );
    assert_eq!(
        read!(store, list_prefixes(Some(orgno(THIRD)), Listing::All)),
        []
    );
    Ok(())
}
