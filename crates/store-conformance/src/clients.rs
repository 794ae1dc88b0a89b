//! Clients and their on-behalf-of registrations.

use portvakt_core::client::{
    ApplicationType, AuthenticationMethod, Client, IntegrationType, OnBehalfOf,
};
use portvakt_core::ports::Listing;
use portvakt_jose::Algorithm;

use crate::macros::{commit, read};
use crate::samples::{
    FIRST, SECOND, THIRD, at, client, client_id, full_client, on_behalf_of, orgno, scope_name,
};
use crate::{Outcome, StoreFactory};

/// Every attribute comes back as it was saved.
pub async fn finds_a_client_with_every_attribute(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let full = full_client("full.~-_1");
    commit!(store, save_client(&full));
    assert_eq!(read!(store, find_client(&full.client_id)), Some(full));
    assert_eq!(read!(store, find_client(&client_id("FULL.~-_1"))), None);
    Ok(())
}

/// What was not given comes back as not given.
pub async fn finds_a_client_with_every_default(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let plain = Client::machine(client_id("a"), "", orgno(FIRST), Vec::new(), at(0));
    let none = Client {
        grant_types: Vec::new(),
        ..client("b")
    };
    commit!(store, save_client(&plain), save_client(&none));
    assert_eq!(read!(store, find_client(&plain.client_id)), Some(plain));
    assert_eq!(read!(store, find_client(&none.client_id)), Some(none));
    Ok(())
}

/// Every value of every closed vocabulary comes back.
pub async fn keeps_every_word_of_a_client(factory: &impl StoreFactory) -> Outcome {
    use ApplicationType::{Browser, Native, Web};
    use AuthenticationMethod::{ClientSecretBasic, ClientSecretPost, None, PrivateKeyJwt};
    let store = factory.open().await;
    let types = IntegrationType::ALL;
    let mut clients: Vec<_> = types
        .map(|integration_type| Client {
            integration_type,
            ..client("a")
        })
        .to_vec();
    let places = [Browser, Native, Web];
    clients.extend(places.map(|application_type| Client {
        application_type,
        ..client("a")
    }));
    let methods = [ClientSecretBasic, ClientSecretPost, None, PrivateKeyJwt];
    clients.extend(methods.map(|token_endpoint_auth_method| Client {
        token_endpoint_auth_method,
        ..client("a")
    }));
    clients.extend(Algorithm::ALL.map(|algorithm| Client {
        token_endpoint_auth_signing_alg: Some(algorithm),
        ..client("a")
    }));
    for one in clients {
        commit!(store, save_client(&one));
        assert_eq!(read!(store, find_client(&one.client_id)), Some(one));
    }
    Ok(())
}

/// One record for one id, with what was saved last; no scope of before is left.
pub async fn saving_a_client_again_replaces_it(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let changed = Client {
        scopes: vec![scope_name("fjord:c")],
        ..client("a")
    };
    commit!(store, save_client(&full_client("a")));
    commit!(store, save_client(&changed));
    assert_eq!(read!(store, list_clients(None, Listing::All)), [changed]);
    Ok(())
}

/// A client's scopes keep the order of registration, in single reads and in lists.
pub async fn keeps_the_order_of_a_clients_scopes(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let scopes = |from: u32| {
        (0..200)
            .rev()
            .map(move |n| scope_name(&format!("fjord:{}", n + from)))
    };
    let one = Client {
        scopes: scopes(0).collect(),
        ..client("a")
    };
    let other = Client {
        scopes: scopes(100).collect(),
        ..client("b")
    };
    commit!(store, save_client(&one), save_client(&other));
    assert_eq!(read!(store, find_client(&one.client_id)), Some(one.clone()));
    assert_eq!(read!(store, list_clients(None, Listing::All)), [one, other]);
    Ok(())
}

/// Oldest first, by id within an instant; an organization has those that it supplies too.
pub async fn lists_clients_by_creation_and_organization(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let oldest = Client {
        created: at(1),
        client_orgno: orgno(SECOND),
        ..client("z")
    };
    let inactive = Client {
        created: at(2),
        active: false,
        ..client("y")
    };
    let supplied = Client {
        created: at(3),
        supplier_orgno: Some(orgno(SECOND)),
        scopes: vec![scope_name("fjord:a")],
        ..client("b")
    };
    let same_instant = Client {
        created: at(3),
        ..client("a")
    };
    commit!(
        store,
        save_client(&supplied),
        save_client(&same_instant),
        save_client(&inactive),
        save_client(&oldest),
    );
    let all = [&oldest, &inactive, &same_instant, &supplied].map(Clone::clone);
    assert_eq!(read!(store, list_clients(None, Listing::All)), all);
    let active = [&oldest, &same_instant, &supplied].map(Clone::clone);
    assert_eq!(read!(store, list_clients(None, Listing::Active)), active);
    let of_second = [oldest, supplied.clone()];
    assert_eq!(
        read!(store, list_clients(Some(orgno(SECOND)), Listing::All)),
        of_second
    );
    let of_first = [same_instant, supplied];
    assert_eq!(
        read!(store, list_clients(Some(orgno(FIRST)), Listing::Active)),
        of_first
    );
    assert_eq!(
        read!(store, list_clients(Some(orgno(THIRD)), Listing::All)),
        []
    );
    Ok(())
}

/// One client's registrations, oldest first, by value within an instant.
pub async fn lists_on_behalf_of_by_creation(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let last = OnBehalfOf {
        created: at(9),
        ..on_behalf_of("a", "0 first by value")
    };
    let removed = OnBehalfOf {
        active: false,
        ..on_behalf_of("a", "m")
    };
    let plain = OnBehalfOf {
        client_uri: None,
        description: None,
        ..on_behalf_of("a", "z")
    };
    commit!(
        store,
        save_client(&client("a")),
        save_client(&client("b")),
        save_on_behalf_of(&last),
        save_on_behalf_of(&plain),
        save_on_behalf_of(&removed),
        save_on_behalf_of(&on_behalf_of("b", "m")),
    );
    let active = read!(store, list_on_behalf_of(&client_id("a"), Listing::Active));
    assert_eq!(active, [plain.clone(), last.clone()]);
    let all = read!(store, list_on_behalf_of(&client_id("a"), Listing::All));
    assert_eq!(all, [removed, plain, last]);
    Ok(())
}

/// One record for one client and value, with what was saved last.
pub async fn saving_on_behalf_of_again_replaces_it(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let changed = OnBehalfOf {
        client_id: client_id("a"),
        onbehalfof: "kunde".to_owned(),
        name: String::new(),
        orgno: orgno(SECOND),
        client_uri: None,
        description: None,
        active: false,
        created: at(7),
        last_updated: at(8),
    };
    commit!(
        store,
        save_client(&client("a")),
        save_on_behalf_of(&on_behalf_of("a", "kunde"))
    );
    commit!(store, save_on_behalf_of(&changed));
    assert_eq!(
        read!(store, list_on_behalf_of(&client_id("a"), Listing::All)),
        [changed]
    );
    Ok(())
}
