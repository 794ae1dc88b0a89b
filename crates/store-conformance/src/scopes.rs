//! Scopes and access to them.

use portvakt_core::access::{Access, AccessState};
use portvakt_core::client::IntegrationType;
use portvakt_core::ports::{Listing, StorageError};
use portvakt_core::scope::{Scope, TokenType, Visibility};

use crate::macros::{commit, read};
use crate::samples::{FIRST, SECOND, THIRD, access, at, full_scope, orgno, scope, scope_name};
use crate::{Outcome, StoreFactory};

/// Every attribute comes back as it was saved, away from its default and at it.
pub async fn finds_a_scope_with_every_attribute(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (full, plain) = (full_scope("fjord:full"), scope("fjord:plain"));
    commit!(store, save_scope(&full), save_scope(&plain));
    assert_eq!(read!(store, find_scope(&full.name)), Some(full));
    assert_eq!(read!(store, find_scope(&plain.name)), Some(plain));
    assert_eq!(read!(store, find_scope(&scope_name("fjord:Plain"))), None);
    Ok(())
}

/// No flag is saved in the place of another.
pub async fn keeps_each_flag_of_a_scope_apart(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let flip: [fn(&mut Scope); 9] = [
        |scope| scope.accessible_for_all = true,
        |scope| scope.requires_user_consent = true,
        |scope| scope.requires_user_authentication = true,
        |scope| scope.requires_pseudonymous_tokens = true,
        |scope| scope.active = false,
        |scope| scope.protected = true,
        |scope| scope.supports_european_businesses = true,
        |scope| scope.operator_only = true,
        |scope| scope.emit_consumer_prefix = true,
    ];
    for (number, flip) in flip.iter().enumerate() {
        let mut one = scope(&format!("fjord:flag{number}"));
        flip(&mut one);
        commit!(store, save_scope(&one));
        assert_eq!(read!(store, find_scope(&one.name)), Some(one));
    }
    Ok(())
}

/// Every value of every closed vocabulary comes back.
pub async fn keeps_every_word_of_a_scope(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    for visibility in [
        Visibility::Public,
        Visibility::Private,
        Visibility::Internal,
    ] {
        let one = Scope {
            visibility,
            ..scope("fjord:a")
        };
        commit!(store, save_scope(&one));
        assert_eq!(read!(store, find_scope(&one.name)), Some(one));
    }
    for token_type in [TokenType::SelfContained, TokenType::Opaque] {
        let one = Scope {
            token_type,
            ..scope("fjord:a")
        };
        commit!(store, save_scope(&one));
        assert_eq!(read!(store, find_scope(&one.name)), Some(one));
    }
    let types = IntegrationType::ALL.to_vec();
    let one = Scope {
        allowed_integration_types: types,
        ..scope("fjord:a")
    };
    commit!(store, save_scope(&one));
    assert_eq!(read!(store, find_scope(&one.name)), Some(one));
    Ok(())
}

/// One record for one name, with what was saved last; its access stays.
pub async fn saving_a_scope_again_replaces_it(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let granted = access("fjord:a", THIRD, AccessState::Approved);
    commit!(store, save_scope(&scope("fjord:a")), save_access(&granted));
    let changed = full_scope("fjord:a");
    commit!(store, save_scope(&changed));
    assert_eq!(read!(store, list_scopes(None, Listing::All)), [changed]);
    assert_eq!(
        read!(store, list_access(None, None, Listing::All)),
        [granted]
    );
    Ok(())
}

/// The order is that of the characters' numbers, not a language's.
pub async fn lists_scopes_by_name_and_owner(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let upper = scope("fjord:B");
    let lower = Scope {
        active: false,
        ..scope("fjord:a")
    };
    let longer = Scope {
        owner_orgno: orgno(SECOND),
        ..scope("fjord:a.b")
    };
    let nordic = scope("fjord:å");
    commit!(
        store,
        save_scope(&nordic),
        save_scope(&longer),
        save_scope(&lower),
        save_scope(&upper),
    );
    let all = [&upper, &lower, &longer, &nordic].map(Clone::clone);
    assert_eq!(read!(store, list_scopes(None, Listing::All)), all);
    let active = [&upper, &longer, &nordic].map(Clone::clone);
    assert_eq!(read!(store, list_scopes(None, Listing::Active)), active);
    let of_first = [&upper, &lower, &nordic].map(Clone::clone);
    assert_eq!(
        read!(store, list_scopes(Some(orgno(FIRST)), Listing::All)),
        of_first
    );
    assert_eq!(
        read!(store, list_scopes(Some(orgno(FIRST)), Listing::Active)),
        [upper, nordic]
    );
    assert_eq!(
        read!(store, list_scopes(Some(orgno(THIRD)), Listing::All)),
        []
    );
    Ok(())
}

/// A page after another gives the same as the whole list, whatever its size.
pub async fn lists_scopes_a_page_at_a_time(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    for (number, name) in ["B", "a", "a.b", "a:b", "z", "å", "ø"].iter().enumerate() {
        let owner = [FIRST, SECOND][number % 2];
        let scope = Scope {
            owner_orgno: orgno(owner),
            active: number % 3 > 0,
            ..scope(&format!("fjord:{name}"))
        };
        unit.save_scope(&scope).await?;
    }
    unit.commit().await?;
    let mut unit = store.read().await?;
    for owner in [None, Some(orgno(FIRST))] {
        for listing in [Listing::All, Listing::Active] {
            let whole = unit.list_scopes(owner, listing).await?;
            for limit in 1..=8 {
                let mut found: Vec<Scope> = Vec::new();
                loop {
                    let after = found.last().map(|scope| &scope.name);
                    let page = unit.list_scopes_after(owner, listing, after, limit).await?;
                    assert!(page.len() <= limit as usize);
                    if page.is_empty() {
                        break;
                    }
                    found.extend(page);
                }
                assert_eq!(found, whole, "{limit}");
            }
        }
    }
    Ok(())
}

/// Every state and instant comes back.
pub async fn finds_access_in_every_state(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(
        store,
        save_scope(&scope("fjord:a")),
        save_scope(&scope("fjord:b"))
    );
    for state in [
        AccessState::Requested,
        AccessState::Approved,
        AccessState::Denied,
    ] {
        let one = access("fjord:a", THIRD, state);
        commit!(store, save_access(&one));
        assert_eq!(
            read!(store, find_access(&one.scope, orgno(THIRD))),
            Some(one)
        );
    }
    assert_eq!(
        read!(store, find_access(&scope_name("fjord:a"), orgno(SECOND))),
        None
    );
    assert_eq!(
        read!(store, find_access(&scope_name("fjord:b"), orgno(THIRD))),
        None
    );
    Ok(())
}

/// One record for one scope and consumer, with what was saved last.
pub async fn saving_access_again_replaces_it(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let granted = access("fjord:a", THIRD, AccessState::Approved);
    let changed = Access {
        created: at(7),
        last_updated: at(8),
        ..access("fjord:a", THIRD, AccessState::Denied)
    };
    commit!(store, save_scope(&scope("fjord:a")), save_access(&granted));
    commit!(store, save_access(&changed));
    assert_eq!(
        read!(store, list_access(None, None, Listing::All)),
        [changed]
    );
    Ok(())
}

/// In order of scope and consumer; active means not denied.
pub async fn lists_access_by_scope_and_consumer(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let approved = access("fjord:a", SECOND, AccessState::Approved);
    let denied = access("fjord:a", THIRD, AccessState::Denied);
    let requested = access("fjord:b", SECOND, AccessState::Requested);
    commit!(
        store,
        save_scope(&scope("fjord:a")),
        save_scope(&scope("fjord:b")),
        save_access(&requested),
        save_access(&denied),
        save_access(&approved),
    );
    let name = scope_name("fjord:a");
    let second = Some(orgno(SECOND));
    let all = [&approved, &denied, &requested].map(Clone::clone);
    assert_eq!(read!(store, list_access(None, None, Listing::All)), all);
    let active = [&approved, &requested].map(Clone::clone);
    assert_eq!(
        read!(store, list_access(None, None, Listing::Active)),
        active
    );
    assert_eq!(
        read!(store, list_access(None, second, Listing::All)),
        active
    );
    let of_scope = [approved.clone(), denied];
    assert_eq!(
        read!(store, list_access(Some(&name), None, Listing::All)),
        of_scope
    );
    assert_eq!(
        read!(store, list_access(Some(&name), second, Listing::All)),
        [approved]
    );
    let third = Some(orgno(THIRD));
    assert_eq!(
        read!(store, list_access(Some(&name), third, Listing::Active)),
        []
    );
    Ok(())
}

/// Access is to a scope that exists, deactivated or not.
pub async fn access_without_a_scope_is_refused(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let orphan = access("fjord:none", THIRD, AccessState::Approved);
    let mut unit = store.begin().await?;
    // A store may say so at once or at the commit.
    let outcome = match unit.save_access(&orphan).await {
        Ok(()) => unit.commit().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(
        matches!(outcome, Err(StorageError::Refused(_))),
        "{outcome:?}"
    );
    assert_eq!(read!(store, list_access(None, None, Listing::All)), []);
    Ok(())
}
