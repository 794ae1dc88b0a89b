//! People, their logins, and the secrets that outlive them.

use std::collections::{BTreeMap, BTreeSet};

use portvakt_core::login::Acr;
use portvakt_core::login::port::{AccessTokenKey, Authorizing, Completion, Ending, Saving};
use portvakt_core::login::record::{
    Authorization, HistoryEntry, Identity, LoginPerson, LoginSpan, PersonState, RevocationReason,
};
use portvakt_core::person::{EidasIdentifier, EmailAddress};
use portvakt_core::ports::StorageError;

use super::LoginFactory;
use super::samples::{
    Logins, after, authorization, authorization_id, code, digest, history, identity, issued,
    person, person_id, session, token_id,
};
use crate::Outcome;
use crate::samples::{FIRST, SECOND, client_id, orgno};

/// At their first login.
pub async fn makes_a_person_with_every_attribute(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let unknown = store.find_person_by_identity(&identity(1)).await?;
    assert_eq!(unknown, None);
    let span = |first, last| LoginSpan {
        first_at: after(first),
        last_at: after(last),
    };
    let made = store
        .person_of(&identity(1), &person_id(1), "BankID", after(1))
        .await?;
    let expected = LoginPerson {
        id: person_id(1),
        identity: identity(1),
        state: PersonState::Active,
        created_at: after(1),
        previous: None,
        logins: BTreeMap::from([("BankID".to_owned(), span(1, 1))]),
    };
    assert_eq!(made, expected);

    let new = person_id(2);
    for (eid, at) in [("BankID", 5), ("TestID", 7), ("BankID", 3)] {
        store.person_of(&identity(1), &new, eid, after(at)).await?;
    }
    let logins = [("BankID", span(1, 5)), ("TestID", span(7, 7))];
    let logins = logins.map(|(eid, span)| (eid.to_owned(), span));
    let expected = LoginPerson {
        logins: BTreeMap::from(logins),
        ..expected
    };
    for found in [
        store.find_person(&person_id(1)).await?,
        store.find_person_by_identity(&identity(1)).await?,
    ] {
        assert_eq!(found.as_ref(), Some(&expected));
    }
    assert_eq!(store.find_person(&new).await?, None);
    Ok(())
}

/// Each kind is read back as what it is.
pub async fn kinds_of_identities_are_kept_apart(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let eidas = EidasIdentifier::parse("EE/NO/47101010033").expect("a sample is well formed");
    let email = EmailAddress::parse("kari@eksempel.no").expect("a sample is well formed");
    let identities = [identity(1), Identity::Eidas(eidas), Identity::Email(email)];
    for (number, identity) in (1..).zip(&identities) {
        let new = person_id(number);
        let made = store.person_of(identity, &new, "a", after(0)).await?;
        assert_eq!((&made.id, &made.identity), (&new, identity));
    }
    Ok(())
}

/// Who they were before their number changed.
pub async fn a_person_may_have_been_another(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    for number in 1..=2 {
        person(&store, number).await?;
    }
    assert!(store.link_person(&person_id(2), &person_id(1)).await?);
    assert!(!store.link_person(&person_id(3), &person_id(1)).await?);
    let linked = store.find_person(&person_id(2)).await?;
    assert_eq!(
        linked.and_then(|person| person.previous),
        Some(person_id(1))
    );
    Ok(())
}

/// At once, and everywhere.
pub async fn blocking_a_person_ends_everything(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    for number in 1..=2 {
        issued(&store, number).await?;
    }
    let owner = person_id(1);
    assert!(store.block_person(&owner, "deceased", after(2)).await?);
    for (number, lives) in [(1, false), (2, true)] {
        let token = token_id(number * 1000);
        let found = store.find_access_token(AccessTokenKey::Id(&token), after(3));
        assert_eq!(found.await?.is_some(), lives, "{number}");
        let cookie = digest("cookie", number);
        let found = store.find_session(&cookie, after(3)).await?;
        assert_eq!(found.is_some(), lives, "{number}");
    }
    let ended = store.find_authorization(&authorization_id(1)).await?;
    let reason = ended.and_then(|ended| ended.revoked).map(|end| end.reason);
    assert_eq!(reason, Some(RevocationReason::Blocked));
    assert_eq!(
        store.list_revoked(None, after(0), after(3), 9).await?.len(),
        1
    );
    let unknown = person_id(9);
    assert!(!store.block_person(&unknown, "deceased", after(2)).await?);
    Ok(())
}

async fn complete(store: &Logins, given: &Authorization) -> Result<Authorizing, StorageError> {
    let completion = Completion {
        authorization: given,
        code: &code(1),
        history: &history(1, &given.person),
        session: &session(1, &given.details.event.subject),
        ending: Ending::Nothing,
    };
    store.authorize(&completion, after(3)).await
}

/// Nor does anybody log in as them by another way, until they may again.
pub async fn a_blocked_person_does_not_log_in(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let foreign = person(&store, 2).await?.id;
    let owner = person(&store, 1).await?.id;
    store.block_person(&owner, "deceased", after(2)).await?;
    let state = PersonState::Blocked {
        code: "deceased".to_owned(),
    };
    let known = person(&store, 1).await?;
    assert_eq!((known.id, known.state), (owner.clone(), state));

    let saving = store.save_session(&session(1, &owner), after(3)).await?;
    assert_eq!(saving, Saving::Blocked);
    let given = authorization(1, &owner);
    assert_eq!(complete(&store, &given).await?, Authorizing::Blocked);
    // A foreign identity that was matched with them.
    let mut matched = authorization(1, &foreign);
    matched.person = owner.clone();
    matched.details.event.matched = Some(owner.clone());
    assert_eq!(complete(&store, &matched).await?, Authorizing::Blocked);
    let kept = store.find_session(&digest("cookie", 1), after(3)).await?;
    assert_eq!(kept, None);
    assert_eq!(store.find_authorization(&authorization_id(1)).await?, None);

    assert!(store.unblock_person(&owner).await?);
    assert!(!store.unblock_person(&person_id(9)).await?);
    assert_eq!(complete(&store, &given).await?, Authorizing::Authorized);
    Ok(())
}

/// An identity that nobody made has no session.
pub async fn a_session_is_somebodys(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let saving = store
        .save_session(&session(1, &person_id(1)), after(1))
        .await?;
    assert_eq!(saving, Saving::Blocked);
    Ok(())
}

/// Keeps a completed login of a person.
async fn keep(store: &Logins, number: u32, entry: HistoryEntry) -> Outcome {
    let completion = Completion {
        authorization: &authorization(number, &entry.person),
        code: &code(number),
        history: &entry,
        session: &session(number, &entry.person),
        ending: Ending::Nothing,
    };
    let authorizing = store.authorize(&completion, after(0)).await?;
    assert_eq!(authorizing, Authorizing::Authorized);
    Ok(())
}

/// Newest first, to one organization's services or to all.
pub async fn lists_a_persons_history(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let owner = person(&store, 1).await?.id;
    let other = person(&store, 2).await?.id;
    let entry = |number, organization, at| HistoryEntry {
        orgno: orgno(organization),
        at: after(at),
        client_id: client_id("b"),
        eid: "Federated".to_owned(),
        acr: Acr::EidasHigh,
        ..history(number, &owner)
    };
    let entries = [
        entry(1, FIRST, 30),
        entry(2, SECOND, 10),
        entry(3, FIRST, 20),
    ];
    for (number, entry) in (1..).zip(&entries) {
        keep(&store, number, entry.clone()).await?;
    }
    keep(&store, 4, history(4, &other)).await?;
    let list = |orgno, limit| store.list_history(&owner, orgno, limit);
    let [first, second, third] = entries;
    let all = [first.clone(), third.clone(), second.clone()];
    assert_eq!(list(None, 10).await?, all);
    assert_eq!(list(None, 2).await?, all[..2]);
    assert_eq!(list(Some(orgno(FIRST)), 10).await?, [first, third]);
    assert_eq!(list(Some(orgno(SECOND)), 10).await?, [second]);
    Ok(())
}

/// From an instant on.
pub async fn lists_the_levels_that_a_person_used(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let owner = person(&store, 1).await?.id;
    for (number, acr, at) in [
        (1, Acr::IdportenHigh, 10),
        (2, Acr::IdportenSubstantial, 20),
        (3, Acr::IdportenSubstantial, 30),
    ] {
        let entry = HistoryEntry {
            acr,
            at: after(at),
            ..history(number, &owner)
        };
        keep(&store, number, entry).await?;
    }
    for (since, expected) in [
        (10, &[Acr::IdportenHigh, Acr::IdportenSubstantial][..]),
        (11, &[Acr::IdportenSubstantial]),
        (31, &[]),
    ] {
        let levels = store.list_levels(&owner, after(since)).await?;
        let expected: BTreeSet<_> = expected.iter().copied().collect();
        assert_eq!(levels, expected, "{since}");
    }
    Ok(())
}

/// Whoever asks later, or makes another one.
pub async fn the_first_secret_stays(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    assert_eq!(store.find_secret("pairwise").await?, None);
    let kept = store
        .keep_secret("pairwise", &[0, 1, 255], after(0))
        .await?;
    assert_eq!(kept, [0, 1, 255]);
    let again = store.keep_secret("pairwise", &[7], after(1)).await?;
    assert_eq!(again, [0, 1, 255]);
    drop(store);
    let store = factory.open_logins().await;
    let found = store.find_secret("pairwise").await?;
    assert_eq!(found, Some(vec![0, 1, 255]));
    assert_eq!(store.find_secret("sid").await?, None);
    Ok(())
}

/// Only from what it was, so that of two who seal it anew one does.
pub async fn a_secret_is_sealed_anew(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    store.keep_secret("pairwise", &[1], after(0)).await?;
    assert!(!store.reseal_secret("pairwise", &[2], &[3]).await?);
    assert!(!store.reseal_secret("sid", &[1], &[2]).await?);
    assert!(store.reseal_secret("pairwise", &[1], &[2]).await?);
    assert!(!store.reseal_secret("pairwise", &[1], &[3]).await?);
    let kept = store.keep_secret("pairwise", &[4], after(1)).await?;
    assert_eq!(kept, [2]);
    Ok(())
}
