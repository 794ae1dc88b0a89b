//! What a token request reads from the registry.

use portvakt_core::access::AccessState;
use portvakt_core::client::{Client, OnBehalfOf};
use portvakt_core::ports::{PrefixAssignment, ScopeFact};
use portvakt_core::scope::Scope;

use crate::macros::commit;
use crate::samples::{
    FIRST, SECOND, THIRD, access, assignment, at, client, client_id, deactivated, full_client,
    full_scope, key_set, on_behalf_of, organization, orgno, parts, prefix, scope, token,
};
use crate::{Outcome, StoreFactory};

fn names(facts: &[ScopeFact]) -> Vec<Option<&str>> {
    facts
        .iter()
        .map(|fact| fact.scope.as_ref().map(|scope| scope.name.as_str()))
        .collect()
}

/// The client whole, deactivated or not, and the keys of its present set, expired or not.
pub async fn a_client_record_has_the_client_and_its_present_keys(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let (id, full) = (client_id("a"), full_client("a"));
    let (old, new) = (key_set(&["old"], at(1)), key_set(&["z", "a"], at(2)));
    commit!(
        store,
        save_client(&full),
        replace_keys(&id, Some(&old), at(1)),
        replace_keys(&id, Some(&new), at(2)),
    );
    let record = store
        .find_client_record(&id)
        .await?
        .expect("the client was saved");
    assert_eq!(record.client, full);
    let found: Vec<_> = record.keys.iter().map(parts).collect();
    assert_eq!(found, new.keys().iter().map(parts).collect::<Vec<_>>());
    commit!(store, replace_keys(&id, None, at(3)));
    let record = store
        .find_client_record(&id)
        .await?
        .expect("the client was saved");
    assert!(record.keys.is_empty());
    Ok(())
}

/// Not found is no fault, and ids are case-sensitive.
pub async fn an_unknown_client_has_no_record(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(store, save_client(&client("a")));
    assert!(store.find_client_record(&client_id("b")).await?.is_none());
    assert!(store.find_client_record(&client_id("A")).await?.is_none());
    Ok(())
}

/// Its own or its supplier's; an organization that is not recorded is not deactivated.
pub async fn a_client_record_says_that_an_organization_is_deactivated(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    let supplied = Client {
        supplier_orgno: Some(orgno(SECOND)),
        ..client("a")
    };
    commit!(
        store,
        save_client(&supplied),
        save_organization(&deactivated(THIRD))
    );
    for (own, supplier, expected) in [
        (None, None, true),
        (Some(organization(FIRST)), Some(organization(SECOND)), true),
        (Some(deactivated(FIRST)), None, false),
        (Some(organization(FIRST)), Some(deactivated(SECOND)), false),
        (None, Some(organization(SECOND)), true),
    ] {
        let mut unit = store.begin().await?;
        for organization in own.iter().chain(&supplier) {
            unit.save_organization(organization).await?;
        }
        unit.commit().await?;
        let record = store
            .find_client_record(&id)
            .await?
            .expect("the client was saved");
        assert_eq!(record.organization_active, expected, "{own:?} {supplier:?}");
    }
    Ok(())
}

/// One fact for each, repeated and unknown names too.
pub async fn scope_facts_come_in_the_order_asked(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (full, plain) = (full_scope("fjord:a"), scope("fjord:b"));
    commit!(store, save_scope(&full), save_scope(&plain));
    let asked = [
        "fjord:b",
        "fjord:none",
        "fjord:a",
        "fjord:b",
        "no-colon",
        "fjord:B",
    ]
    .map(token);
    let facts = store.find_scope_facts(&asked, orgno(THIRD)).await?;
    let (a, b) = (Some("fjord:a"), Some("fjord:b"));
    assert_eq!(names(&facts), [b, None, a, b, None, None]);
    assert_eq!(facts[0].scope.as_deref(), Some(&plain));
    assert_eq!(facts[2].scope.as_deref(), Some(&full));
    assert!(!facts[1].owner_active && facts[1].access.is_none());
    assert!(store.find_scope_facts(&[], orgno(THIRD)).await?.is_empty());
    Ok(())
}

/// The consumer's own record and nobody else's, as it is now.
pub async fn scope_facts_tell_the_states_of_access_apart(factory: &impl StoreFactory) -> Outcome {
    use AccessState::{Approved, Denied, Requested};
    let store = factory.open().await;
    let asked = [
        "fjord:approved",
        "fjord:denied",
        "fjord:requested",
        "fjord:none",
    ];
    for name in asked {
        commit!(store, save_scope(&scope(name)));
    }
    commit!(
        store,
        save_access(&access("fjord:approved", THIRD, Approved)),
        save_access(&access("fjord:denied", THIRD, Denied)),
        save_access(&access("fjord:requested", THIRD, Requested)),
        save_access(&access("fjord:none", SECOND, Approved)),
    );
    let states = async || {
        let facts = store
            .find_scope_facts(&asked.map(token), orgno(THIRD))
            .await?;
        Ok::<_, portvakt_core::ports::StorageError>(facts.into_iter().map(|fact| fact.access))
    };
    let found: Vec<_> = states().await?.collect();
    assert_eq!(found, [Some(Approved), Some(Denied), Some(Requested), None]);
    commit!(store, save_access(&access("fjord:approved", THIRD, Denied)));
    assert_eq!(states().await?.next(), Some(Some(Denied)));
    Ok(())
}

/// An owner that is not recorded is not deactivated.
pub async fn scope_facts_say_that_the_owner_is_deactivated(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let owned = |name, owner| Scope {
        owner_orgno: orgno(owner),
        ..scope(name)
    };
    commit!(
        store,
        save_organization(&organization(FIRST)),
        save_organization(&deactivated(SECOND)),
        save_scope(&owned("fjord:a", FIRST)),
        save_scope(&owned("fjord:b", SECOND)),
        save_scope(&owned("fjord:c", THIRD)),
    );
    let asked = ["fjord:a", "fjord:b", "fjord:c"].map(token);
    let facts = store.find_scope_facts(&asked, orgno(SECOND)).await?;
    let active: Vec<_> = facts.iter().map(|fact| fact.owner_active).collect();
    assert_eq!(active, [true, false, true]);
    Ok(())
}

/// The decision must be able to say that it is deactivated rather than unknown.
pub async fn scope_facts_show_a_deactivated_scope(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(
        store,
        save_scope(&Scope {
            active: false,
            ..scope("fjord:a")
        })
    );
    let facts = store
        .find_scope_facts(&[token("fjord:a")], orgno(THIRD))
        .await?;
    assert!(facts[0].scope.as_ref().is_some_and(|scope| !scope.active));
    Ok(())
}

/// As many as a request may hold.
pub async fn two_hundred_scopes_are_answered(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let asked: Vec<_> = (0..200)
        .rev()
        .map(|number| format!("fjord:{number}"))
        .collect();
    let mut unit = store.begin().await?;
    for name in asked.iter().step_by(2) {
        unit.save_scope(&scope(name)).await?;
        unit.save_access(&access(name, THIRD, AccessState::Approved))
            .await?;
    }
    unit.commit().await?;
    let tokens: Vec<_> = asked.iter().map(|name| token(name)).collect();
    let facts = store.find_scope_facts(&tokens, orgno(THIRD)).await?;
    assert_eq!(facts.len(), 200);
    for (number, (name, fact)) in asked.iter().zip(&facts).enumerate() {
        let known = number % 2 == 0;
        assert_eq!(
            fact.scope.as_ref().map(|scope| scope.name.as_str()),
            known.then_some(&**name)
        );
        assert_eq!(fact.access, known.then_some(AccessState::Approved));
    }
    Ok(())
}

/// Recorded as active or not recorded at all: not deactivated.
pub async fn only_a_recorded_organization_is_deactivated(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(
        store,
        save_organization(&organization(FIRST)),
        save_organization(&deactivated(SECOND)),
    );
    assert!(!store.is_deactivated(orgno(FIRST)).await?);
    assert!(store.is_deactivated(orgno(SECOND)).await?);
    assert!(!store.is_deactivated(orgno(THIRD)).await?);
    Ok(())
}

/// In order of name, without withdrawn ones.
pub async fn prefixes_of_an_organization_are_its_active_ones(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    commit!(
        store,
        save_prefix(&assignment("skog", FIRST)),
        save_prefix(&assignment("fjord", FIRST)),
        save_prefix(&assignment("elv", SECOND)),
        save_prefix(&PrefixAssignment {
            active: false,
            ..assignment("hav", FIRST)
        }),
    );
    let prefixes = store.find_prefixes_of(orgno(FIRST)).await?;
    assert_eq!(prefixes, [prefix("fjord"), prefix("skog")]);
    assert_eq!(store.find_prefixes_of(orgno(THIRD)).await?, []);
    Ok(())
}

/// By client and exact value, unless it was removed.
pub async fn finds_an_active_on_behalf_of_registration(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let present = on_behalf_of("a", "kunde");
    commit!(
        store,
        save_client(&client("a")),
        save_client(&client("b")),
        save_on_behalf_of(&present),
        save_on_behalf_of(&OnBehalfOf {
            active: false,
            ..on_behalf_of("a", "former")
        }),
    );
    let (a, b) = (client_id("a"), client_id("b"));
    let mut reader = store.read().await?;
    for value in ["kunde", "Kunde", "former"] {
        let in_a_unit = reader.find_active_on_behalf_of(&a, value).await?;
        assert_eq!(in_a_unit, store.find_on_behalf_of(&a, value).await?);
    }
    drop(reader);
    assert_eq!(store.find_on_behalf_of(&a, "kunde").await?, Some(present));
    assert_eq!(store.find_on_behalf_of(&a, "Kunde").await?, None);
    assert_eq!(store.find_on_behalf_of(&a, "former").await?, None);
    assert_eq!(store.find_on_behalf_of(&b, "kunde").await?, None);
    Ok(())
}
