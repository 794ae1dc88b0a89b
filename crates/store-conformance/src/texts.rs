//! Texts that someone hostile wrote are data and nothing else.

use std::collections::BTreeMap;

use portvakt_core::client::{Client, OnBehalfOf};
use portvakt_core::organization::Organization;
use portvakt_core::party::{Consent, SystemUser};
use portvakt_core::ports::{Listing, StorageError};
use portvakt_core::scope::Scope;
use serde_json::json;

use crate::macros::{commit, read};
use crate::samples::{
    FIRST, THIRD, client, client_id, on_behalf_of, organization, orgno, scope, token,
};
use crate::{Outcome, StoreFactory};

fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " leading and trailing ",
        "'; DROP TABLE clients; --",
        "' OR '1'='1",
        "\" OR \"\"=\"",
        "$1 ?1 :name @name %s {}",
        "%_*?[a-z]\\%",
        "\\\\ \\' \\u0000 \\x",
        "line\nline\r\ntab\t",
        "{\"json\": [true, null]}",
        "null",
        "Åse Ødegård, ærlig",
        "A\u{30a}se",
        "日本語 العربية \u{202e}reversed\u{202c} \u{feff}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{10ffff}",
    ]
    .map(str::to_owned)
    .into();
    texts.push("æ'\"".repeat(2667).chars().take(8000).collect());
    texts
}

/// In columns, in documents and in keys, byte for byte.
pub async fn hostile_texts_come_back_as_they_were(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    for text in hostile() {
        let organization = Organization {
            name: text.clone(),
            ..organization(FIRST)
        };
        let scope = Scope {
            description: text.clone(),
            long_description: Some(text.clone()),
            translations: BTreeMap::from([(text.clone(), text.clone())]),
            delegation_source: Some(text.clone()),
            ..scope("fjord:a")
        };
        let mut client = Client {
            client_name: text.clone(),
            description: text.clone(),
            ..client("a")
        };
        client.login.display_name = Some(text.clone());
        client.login.redirect_uris = vec![text.clone(), text];
        commit!(
            store,
            save_organization(&organization),
            save_scope(&scope),
            save_client(&client),
        );
        assert_eq!(
            read!(store, find_organization(orgno(FIRST))),
            Some(organization)
        );
        assert_eq!(read!(store, find_scope(&scope.name)), Some(scope));
        assert_eq!(read!(store, find_client(&client.client_id)), Some(client));
    }
    Ok(())
}

/// As keys they find their own record and no other.
pub async fn hostile_texts_find_exactly_themselves(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    let system_user = |text: &str| SystemUser {
        id: text.to_owned(),
        system_id: text.to_owned(),
        client_id: id.clone(),
        owner_orgno: orgno(FIRST),
        external_ref: text.to_owned(),
        active: true,
    };
    let consent = |text: &str| Consent {
        id: text.to_owned(),
        from: text.to_owned(),
        to_orgno: orgno(THIRD),
        consented: text.to_owned(),
        valid_to: text.to_owned(),
        consent_rights: json!([text, { text: text }]),
        active: true,
    };
    let mut unit = store.begin().await?;
    unit.save_client(&client("a")).await?;
    for text in hostile() {
        unit.save_system_user(&system_user(&text)).await?;
        unit.save_consent(&consent(&text)).await?;
        unit.save_on_behalf_of(&OnBehalfOf {
            name: text.clone(),
            ..on_behalf_of("a", &text)
        })
        .await?;
    }
    unit.commit().await?;
    for text in hostile() {
        let user = store
            .find_system_user(&id, orgno(FIRST), Some(&text))
            .await?;
        assert_eq!(user, Some(system_user(&text)));
        assert_eq!(store.find_consent(&text).await?, Some(consent(&text)));
        let registration = store.find_on_behalf_of(&id, &text).await?;
        assert_eq!(
            registration.map(|registration| registration.name),
            Some(text)
        );
    }
    assert_eq!(store.find_consent("' OR '1'='1' --").await?, None);
    assert_eq!(
        read!(store, list_consents(Listing::All)).len(),
        hostile().len()
    );
    Ok(())
}

/// What a grant may ask for without its being a name.
pub async fn hostile_tokens_find_no_scope(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(
        store,
        save_scope(&scope("fjord:a")),
        save_scope(&scope("fjord:b"))
    );
    let long = format!("fjord:{}", "å".repeat(249));
    let asked = [
        "'OR'1'='1",
        "fjord:%",
        "fjord:_",
        "fjord:a';--",
        ":",
        "*",
        "fjord:a,fjord:b",
        &long,
    ];
    let facts = store
        .find_scope_facts(&asked.map(token), orgno(THIRD))
        .await?;
    assert_eq!(facts.len(), asked.len());
    assert!(facts.iter().all(|fact| fact.scope.is_none()));
    Ok(())
}

/// A store that cannot keep such a text refuses it; one that can gives it back. Neither fails
/// because somebody asked.
pub async fn a_zero_byte_finds_nothing_or_itself(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (id, text) = (client_id("a"), "a\0b");
    commit!(store, save_client(&client("a")));
    assert_eq!(store.find_consent(text).await?, None);
    assert_eq!(store.find_on_behalf_of(&id, text).await?, None);
    let user = store
        .find_system_user(&id, orgno(FIRST), Some(text))
        .await?;
    assert_eq!(user, None);
    let named = Organization {
        name: text.to_owned(),
        ..organization(FIRST)
    };
    let mut unit = store.begin().await?;
    match unit.save_organization(&named).await {
        Ok(()) => {
            unit.commit().await?;
            assert_eq!(read!(store, find_organization(orgno(FIRST))), Some(named));
        }
        Err(refusal) => assert!(matches!(refusal, StorageError::Refused(_)), "{refusal}"),
    }
    Ok(())
}
