//! What several token requests read from the registry together.

use portvakt_core::access::AccessState;
use portvakt_core::client::{Client, ClientSecrets};

use crate::macros::commit;
use crate::samples::{
    FIRST, SECOND, THIRD, access, at, client, client_id, deactivated, full_client, key_set,
    organization, orgno, parts, scope, scope_name,
};
use crate::secrets::{secret, secret_client, secrets};
use crate::{Outcome, StoreFactory};

/// Each with its own keys, repeated and unknown ones too.
pub async fn clients_are_read_together_in_the_order_asked(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (full, plain) = (full_client("a"), client("b"));
    let (old, new) = (key_set(&["old"], at(1)), key_set(&["z", "a"], at(2)));
    commit!(
        store,
        save_client(&full),
        save_client(&plain),
        replace_keys(&client_id("a"), Some(&old), at(1)),
        replace_keys(&client_id("a"), Some(&new), at(2)),
        replace_keys(&client_id("b"), Some(&old), at(1)),
    );
    let asked = ["b", "none", "a", "B", "b"].map(client_id);
    let mut found = Vec::new();
    for answer in store.read_clients(&asked).await?.found {
        found.push(answer?);
    }
    let clients: Vec<_> = found
        .iter()
        .map(|record| record.as_ref().map(|record| &record.client))
        .collect();
    let (a, b) = (Some(&full), Some(&plain));
    assert_eq!(clients, [b, None, a, None, b]);
    let keys = |place: usize| -> Vec<_> {
        let record = found[place].as_ref().expect("the client was saved");
        record.keys.iter().map(parts).collect()
    };
    assert_eq!(keys(0), old.keys().iter().map(parts).collect::<Vec<_>>());
    assert_eq!(keys(2), new.keys().iter().map(parts).collect::<Vec<_>>());
    assert!(store.read_clients(&[]).await?.found.is_empty());
    Ok(())
}

/// Of each client its own: of the client itself or of its supplier.
pub async fn a_read_of_clients_says_whose_organization_is_deactivated(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let of = |id, own, supplier: Option<&str>| Client {
        client_orgno: orgno(own),
        supplier_orgno: supplier.map(orgno),
        ..client(id)
    };
    commit!(
        store,
        save_organization(&organization(FIRST)),
        save_organization(&deactivated(SECOND)),
        save_client(&of("active", FIRST, None)),
        save_client(&of("deactivated", SECOND, None)),
        save_client(&of("unrecorded", THIRD, None)),
        save_client(&of("supplied", FIRST, Some(SECOND))),
        save_client(&of("by-the-first", THIRD, Some(FIRST))),
    );
    let asked = [
        ("active", true),
        ("deactivated", false),
        ("unrecorded", true),
        ("supplied", false),
        ("by-the-first", true),
    ];
    let ids = asked.map(|(id, _)| client_id(id));
    for (found, (id, expected)) in store.read_clients(&ids).await?.found.into_iter().zip(asked) {
        let record = found?.expect("the client was saved");
        assert_eq!(record.organization_active, expected, "{id}");
    }
    Ok(())
}

/// Whoever authenticates otherwise has none, whatever is left of them.
pub async fn a_read_of_clients_has_the_secrets_of_those_who_use_them(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let saved = secrets(&[secret(2, at(2)), secret(1, at(1))]);
    commit!(
        store,
        save_client(&secret_client("a")),
        save_client(&client("b")),
        save_secrets(&client_id("a"), &saved),
        save_secrets(&client_id("b"), &saved),
    );
    let ids = ["a", "b"].map(client_id);
    let mut found = Vec::new();
    for answer in store.read_clients(&ids).await?.found {
        found.push(answer?.expect("the client was saved").secrets.clone());
    }
    assert_eq!(found, [saved, ClientSecrets::default()]);
    Ok(())
}

/// The consumer's own record and nobody else's, repeated and unknown ones too.
pub async fn states_of_access_are_read_together_in_the_order_asked(
    factory: &impl StoreFactory,
) -> Outcome {
    use AccessState::{Approved, Denied, Requested};
    let store = factory.open().await;
    commit!(
        store,
        save_scope(&scope("fjord:a")),
        save_scope(&scope("fjord:b")),
        save_access(&access("fjord:a", FIRST, Approved)),
        save_access(&access("fjord:a", SECOND, Denied)),
        save_access(&access("fjord:b", SECOND, Requested)),
    );
    let asked = [
        ("fjord:b", SECOND, Some(Requested)),
        ("fjord:a", FIRST, Some(Approved)),
        ("fjord:b", FIRST, None),
        ("fjord:none", FIRST, None),
        ("fjord:a", THIRD, None),
        ("fjord:A", FIRST, None),
        ("fjord:a", SECOND, Some(Denied)),
        ("fjord:a", FIRST, Some(Approved)),
    ];
    let pairs = asked.map(|(scope, consumer, _)| (scope_name(scope), orgno(consumer)));
    let found = store.read_access(&pairs).await?.found;
    assert_eq!(found.len(), asked.len());
    for (found, (scope, consumer, expected)) in found.into_iter().zip(asked) {
        assert_eq!(found?, expected, "{scope} {consumer}");
    }
    assert!(store.read_access(&[]).await?.found.is_empty());
    Ok(())
}

/// What was committed before is seen, and nothing later is claimed.
pub async fn a_read_is_of_the_revision_that_it_names(factory: &impl StoreFactory) -> Outcome {
    let (store, other) = (factory.open().await, factory.open().await);
    let id = client_id("a");
    for round in 0..4 {
        let name = format!("round {round}");
        let mut unit = other.begin().await?;
        unit.save_client(&Client {
            client_name: name.clone(),
            ..client("a")
        })
        .await?;
        let committed = unit.commit().await?;
        let read = store.read_clients(std::slice::from_ref(&id)).await?;
        assert_eq!(read.revision, committed);
        for found in read.found {
            assert_eq!(
                found?.expect("the client was saved").client.client_name,
                name
            );
        }
        assert_eq!(store.read_access(&[]).await?.revision, committed);
    }
    Ok(())
}

/// As many as wait at once when a server is at its limit.
pub async fn hundreds_are_read_together(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let asked: Vec<_> = (0..300)
        .rev()
        .map(|number| format!("client-{number}"))
        .collect();
    let mut unit = store.begin().await?;
    unit.save_scope(&scope("fjord:a")).await?;
    for id in asked.iter().step_by(2) {
        unit.save_client(&client(id)).await?;
    }
    unit.commit().await?;
    let ids: Vec<_> = asked.iter().map(|id| client_id(id)).collect();
    let read = store.read_clients(&ids).await?;
    assert_eq!(read.found.len(), 300);
    for (number, (id, found)) in ids.iter().zip(read.found).enumerate() {
        let found = found?;
        assert_eq!(found.is_some(), number % 2 == 0);
        assert!(found.is_none_or(|record| record.client.client_id == *id));
    }
    let pairs: Vec<_> = (0..300)
        .map(|number| (scope_name("fjord:a"), orgno(&format!("8{number:08}"))))
        .collect();
    assert_eq!(store.read_access(&pairs).await?.found.len(), 300);
    Ok(())
}
