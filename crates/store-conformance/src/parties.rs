//! System users, consents, test people, and whom foreign identities are of.

use portvakt_core::party::{Consent, SystemUser};
use portvakt_core::person::{EidasIdentifier, IdentityMatch, Person, Pid, PidCheck};
use portvakt_core::ports::Listing;
use serde_json::json;

use crate::macros::{commit, read};
use crate::samples::{FIRST, SECOND, THIRD, client_id, orgno};
use crate::{Outcome, StoreFactory};

/// A system user of [`FIRST`] for the client `vendor`.
pub(crate) fn system_user(id: &str, external_ref: &str) -> SystemUser {
    SystemUser {
        id: id.to_owned(),
        system_id: "312773023_regnskap".to_owned(),
        client_id: client_id("vendor"),
        owner_orgno: orgno(FIRST),
        external_ref: external_ref.to_owned(),
        active: true,
    }
}

pub(crate) fn consent(id: &str) -> Consent {
    Consent {
        id: id.to_owned(),
        from: "urn:altinn:person:identifier-no:17869010057".to_owned(),
        to_orgno: orgno(SECOND),
        consented: "2026-03-02T09:15:00Z".to_owned(),
        valid_to: "2026-04-02T09:15:00+02:00".to_owned(),
        consent_rights: json!([
            { "action": ["consent"], "resource": [{ "id": "urn:a", "n": 1, "x": null }] },
        ]),
        active: true,
    }
}

pub(crate) fn person(pid: &str, name: &str) -> Person {
    // Documented examples fail the control digits.
    let pid = Pid::parse(pid, PidCheck::LengthOnly).expect("samples are well formed");
    Person {
        pid,
        name: name.to_owned(),
        contact: None,
    }
}

pub(crate) fn identity_match(identifier: &str, pid: &str) -> IdentityMatch {
    IdentityMatch {
        identifier: EidasIdentifier::parse(identifier).expect("samples are well formed"),
        pid: person(pid, "").pid,
        active: true,
    }
}

/// Every attribute comes back, in order of id.
pub async fn lists_system_users_by_id(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let removed = SystemUser {
        active: false,
        ..system_user("a", "x")
    };
    let present = system_user("b", "y");
    commit!(
        store,
        save_system_user(&present),
        save_system_user(&removed)
    );
    let all = [removed, present];
    assert_eq!(read!(store, list_system_users(Listing::Active)), all[1..]);
    assert_eq!(read!(store, list_system_users(Listing::All)), all);
    Ok(())
}

/// By client, owner and reference together, and by nothing less.
pub async fn finds_a_system_user_by_reference(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let user = system_user("a", "ref");
    commit!(store, save_system_user(&user));
    let (vendor, first) = (client_id("vendor"), orgno(FIRST));
    assert_eq!(
        store.find_system_user(&vendor, first, Some("ref")).await?,
        Some(user)
    );
    assert_eq!(
        store.find_system_user(&vendor, first, Some("REF")).await?,
        None
    );
    assert_eq!(
        store.find_system_user(&vendor, first, Some("")).await?,
        None
    );
    assert_eq!(
        store
            .find_system_user(&vendor, orgno(SECOND), Some("ref"))
            .await?,
        None
    );
    assert_eq!(
        store
            .find_system_user(&client_id("other"), first, Some("ref"))
            .await?,
        None
    );
    Ok(())
}

/// The one with the owner's number as its reference, and no other.
pub async fn without_a_reference_the_owners_number_counts(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (vendor, first) = (client_id("vendor"), orgno(FIRST));
    commit!(store, save_system_user(&system_user("a", "ref")));
    assert_eq!(store.find_system_user(&vendor, first, None).await?, None);
    let default = system_user("b", FIRST);
    commit!(store, save_system_user(&default));
    assert_eq!(
        store.find_system_user(&vendor, first, None).await?,
        Some(default.clone())
    );
    assert_eq!(
        store.find_system_user(&vendor, first, Some(FIRST)).await?,
        Some(default)
    );
    Ok(())
}

/// It is not found, and does not hide an active one.
pub async fn a_removed_system_user_counts_for_nothing(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (vendor, first) = (client_id("vendor"), orgno(FIRST));
    let removed = SystemUser {
        active: false,
        ..system_user("a", "ref")
    };
    commit!(store, save_system_user(&removed));
    assert_eq!(
        store.find_system_user(&vendor, first, Some("ref")).await?,
        None
    );
    let present = system_user("b", "ref");
    commit!(store, save_system_user(&present));
    assert_eq!(
        store.find_system_user(&vendor, first, Some("ref")).await?,
        Some(present)
    );
    Ok(())
}

/// Every attribute comes back, in order of id.
pub async fn lists_consents_by_id(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let withdrawn = Consent {
        active: false,
        consent_rights: json!([]),
        ..consent("a")
    };
    let present = consent("b");
    commit!(store, save_consent(&present), save_consent(&withdrawn));
    let all = [withdrawn, present];
    assert_eq!(read!(store, list_consents(Listing::Active)), all[1..]);
    assert_eq!(read!(store, list_consents(Listing::All)), all);
    Ok(())
}

/// By its exact id, unless it was withdrawn.
pub async fn finds_an_active_consent(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(
        store,
        save_consent(&consent("a")),
        save_consent(&Consent {
            active: false,
            ..consent("b")
        }),
    );
    assert_eq!(store.find_consent("a").await?, Some(consent("a")));
    assert_eq!(store.find_consent("A").await?, None);
    assert_eq!(store.find_consent("b").await?, None);
    assert_eq!(store.find_consent("none").await?, None);
    Ok(())
}

/// Every attribute comes back, in order of number.
pub async fn lists_people_by_number(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (first, second) = (
        person("11849000170", "Ås Ødegård"),
        person("17869010057", ""),
    );
    commit!(store, save_person(&second), save_person(&first));
    assert_eq!(read!(store, list_people()), [first.clone(), second.clone()]);
    let named = |person: Person| (person.pid, person.name);
    let by_name = read!(store, list_names_of_people());
    assert_eq!(by_name, [named(first), named(second)]);
    Ok(())
}

/// By exactly its identifier, withdrawn ones too; a list has them in order of identifier.
pub async fn finds_a_match_by_identifier(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let withdrawn = IdentityMatch {
        active: false,
        ..identity_match("EE/NO/47101010033", "11849000170")
    };
    let greek = identity_match("EL/NO/Α-1=", "17869010057");
    commit!(
        store,
        save_identity_match(&greek),
        save_identity_match(&withdrawn)
    );
    for row in [&withdrawn, &greek] {
        let found = read!(store, find_identity_match(&row.identifier));
        assert_eq!(found.as_ref(), Some(row));
    }
    let other = identity_match("EE/NO/4710101003", "17869010057").identifier;
    assert_eq!(read!(store, find_identity_match(&other)), None);
    let all = [withdrawn, greek];
    assert_eq!(
        read!(store, list_identity_matches(Listing::Active)),
        all[1..]
    );
    assert_eq!(read!(store, list_identity_matches(Listing::All)), all);
    Ok(())
}

/// One record for one key, with what was saved last.
pub async fn saving_parties_again_replaces_them(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let user = SystemUser {
        id: "a".to_owned(),
        system_id: "other".to_owned(),
        client_id: client_id("other"),
        owner_orgno: orgno(THIRD),
        external_ref: "other".to_owned(),
        active: false,
    };
    let given = Consent {
        id: "a".to_owned(),
        from: "urn:altinn:organization:identifier-no:991825827".to_owned(),
        to_orgno: orgno(THIRD),
        consented: "2026-05-02T09:15:00Z".to_owned(),
        valid_to: "2026-06-02T09:15:00Z".to_owned(),
        consent_rights: json!([1]),
        active: false,
    };
    let renamed = person("17869010057", "other");
    let matched = IdentityMatch {
        active: false,
        ..identity_match("EE/NO/1", "11849000170")
    };
    commit!(
        store,
        save_system_user(&system_user("a", "ref")),
        save_consent(&consent("a")),
        save_person(&person("17869010057", "name")),
        save_identity_match(&identity_match("EE/NO/1", "17869010057")),
    );
    commit!(
        store,
        save_system_user(&user),
        save_consent(&given),
        save_person(&renamed),
        save_identity_match(&matched)
    );
    assert_eq!(read!(store, list_system_users(Listing::All)), [user]);
    assert_eq!(read!(store, list_consents(Listing::All)), [given]);
    assert_eq!(read!(store, list_identity_matches(Listing::All)), [matched]);
    assert_eq!(read!(store, list_people()), [renamed]);
    Ok(())
}
