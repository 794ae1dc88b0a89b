//! Authorizations: how they are given, listed and ended.

use portvakt_core::login::port::{
    AccessTokenKey, Authorizing, Completion, Ending, Issue, Issuing, Refreshing,
};
use portvakt_core::login::record::{
    Authorization, AuthorizationCode, LoginTransaction, PushedRequest, Revocation,
    RevocationReason, Session,
};
use portvakt_core::ports::StorageError;

use super::LoginFactory;
use super::samples::{
    AUTHORIZATION, Logins, TRANSACTION, Use, access, after, authorization, authorization_id,
    authorize, authorize_as, code, digest, history, issue, issue_to, issued, person, pushed,
    redeem, refresh, session, token_id, transaction,
};
use crate::Outcome;
use crate::samples::client_id;

/// Before its code is redeemed, and after.
pub async fn finds_an_authorization_with_every_attribute(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let given = authorize(&store, 1).await?;
    let found = store.find_authorization(&given.id).await?;
    assert_eq!(found.as_ref(), Some(&given));
    issue_to(&store, 1).await?;
    let redeemed = Authorization {
        redeemed_at: Some(after(1)),
        ..given
    };
    let found = store.find_authorization(&redeemed.id).await?;
    assert_eq!(found, Some(redeemed));
    let unknown = store.find_authorization(&authorization_id(2)).await?;
    assert_eq!(unknown, None);
    Ok(())
}

/// Completes the request of this number in a session of its own.
async fn complete(
    store: &Logins,
    number: u32,
    ending: Ending<'_>,
) -> Result<Authorizing, StorageError> {
    let person = person(store, number).await?.id;
    let completion = Completion {
        authorization: &authorization(number, &person),
        code: &code(number),
        history: &history(number, &person),
        session: &session(number, &person),
        ending,
    };
    store.authorize(&completion, after(1)).await
}

/// Whether anything of the authorization of this number was kept.
async fn is_kept(store: &Logins, number: u32) -> Result<bool, StorageError> {
    let person = person(store, number).await?.id;
    let kept = [
        store
            .find_authorization(&authorization_id(number))
            .await?
            .is_some(),
        store
            .find_session(&digest("cookie", number), after(1))
            .await?
            .is_some(),
        !store.list_history(&person, None, 10).await?.is_empty(),
    ];
    assert!(kept.iter().all(|part| *part == kept[0]), "{kept:?}");
    Ok(kept[0])
}

/// The session, the authorization, its code and the history come with the end of the login.
pub async fn an_authorization_ends_its_login(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    store.push_request(&pushed(1)).await?;
    let login = LoginTransaction {
        pushed: Some(digest("pushed", 1)),
        ..transaction(1)
    };
    store.start_pushed(&login, after(1)).await?;
    let stale = LoginTransaction {
        version: 1,
        ..login.clone()
    };
    for _ in 0..2 {
        let authorizing = complete(&store, 1, Ending::Transaction(&stale)).await?;
        assert_eq!(authorizing, Authorizing::Ended);
        assert!(!is_kept(&store, 1).await?);
    }
    let authorizing = complete(&store, 1, Ending::Transaction(&login)).await?;
    assert_eq!(authorizing, Authorizing::Authorized);
    assert!(is_kept(&store, 1).await?);
    let pushed = store.find_pushed(&digest("pushed", 1), after(1)).await?;
    assert_eq!(pushed, None);
    let again = complete(&store, 2, Ending::Transaction(&login)).await?;
    assert_eq!(again, Authorizing::Ended);
    assert!(!is_kept(&store, 2).await?);
    Ok(())
}

/// The login is then still there to be ended.
pub async fn a_late_authorization_keeps_nothing(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let login = transaction(1);
    store.begin_transaction(&login).await?;
    let person = person(&store, 1).await?.id;
    let completion = Completion {
        authorization: &authorization(1, &person),
        code: &code(1),
        history: &history(1, &person),
        session: &session(1, &person),
        ending: Ending::Transaction(&login),
    };
    let late = store.authorize(&completion, after(TRANSACTION)).await?;
    assert_eq!(late, Authorizing::Ended);
    assert!(!is_kept(&store, 1).await?);
    let never_saved = Session {
        version: 7,
        ..session(1, &person)
    };
    let completion = Completion {
        session: &never_saved,
        ..completion
    };
    let overtaken = store.authorize(&completion, after(1)).await?;
    assert_eq!(overtaken, Authorizing::SessionOvertaken);
    assert!(!is_kept(&store, 1).await?);
    assert!(store.end_transaction(&login, after(1)).await?);
    Ok(())
}

/// Of the same client, that no browser has started.
pub async fn an_authorization_without_a_page_uses_its_pushed_request(
    factory: &impl LoginFactory,
) -> Outcome {
    let store = factory.open_logins().await;
    for number in 1..=2 {
        store.push_request(&pushed(number)).await?;
    }
    let of_another_client = PushedRequest {
        client_id: client_id("b"),
        ..pushed(3)
    };
    store.push_request(&of_another_client).await?;
    let login = LoginTransaction {
        pushed: Some(digest("pushed", 2)),
        ..transaction(2)
    };
    store.start_pushed(&login, after(1)).await?;
    for (number, uri, expected) in [
        (1, 1, Authorizing::Authorized),
        (4, 1, Authorizing::Ended),
        (2, 2, Authorizing::Ended),
        (3, 3, Authorizing::Ended),
        (5, 5, Authorizing::Ended),
    ] {
        let uri = digest("pushed", uri);
        let authorizing = complete(&store, number, Ending::Pushed(&uri)).await?;
        assert_eq!(authorizing, expected, "{number}");
        let kept = is_kept(&store, number).await?;
        assert_eq!(kept, expected == Authorizing::Authorized, "{number}");
    }
    Ok(())
}

/// It would be a hole: what ends one of them would not end the others.
pub async fn what_does_not_belong_together_is_refused(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let (owner, other) = (person(&store, 1).await?.id, person(&store, 2).await?.id);
    let given = authorization(1, &owner);
    let good = Completion {
        authorization: &given,
        code: &code(1),
        history: &history(1, &owner),
        session: &session(1, &owner),
        ending: Ending::Nothing,
    };
    let of_another_client = LoginTransaction {
        client_id: client_id("b"),
        ..transaction(1)
    };
    store.begin_transaction(&of_another_client).await?;
    let of_another_person = Authorization {
        person: other.clone(),
        ..given.clone()
    };
    let foreign_code = AuthorizationCode {
        client_id: client_id("b"),
        ..code(1)
    };
    let (other_code, other_history) = (code(2), history(2, &owner));
    let (other_session, other_persons) = (session(2, &owner), session(1, &other));
    let history_of_another = history(1, &other);
    for bad in [
        Completion {
            code: &other_code,
            ..good
        },
        Completion {
            code: &foreign_code,
            ..good
        },
        Completion {
            history: &other_history,
            ..good
        },
        Completion {
            history: &history_of_another,
            ..good
        },
        Completion {
            session: &other_session,
            ..good
        },
        Completion {
            session: &other_persons,
            ..good
        },
        Completion {
            authorization: &of_another_person,
            ..good
        },
        Completion {
            ending: Ending::Transaction(&of_another_client),
            ..good
        },
    ] {
        let refused = store.authorize(&bad, after(1)).await;
        assert!(matches!(refused, Err(StorageError::Refused(_))), "{bad:?}");
        assert!(!is_kept(&store, 1).await?);
    }
    let authorizing = store.authorize(&good, after(1)).await?;
    assert_eq!(authorizing, Authorizing::Authorized);

    issued(&store, 3).await?;
    let foreign = access(3, 1);
    let issue = Issue {
        access: &access(1, 0),
        refresh: Some(&refresh(3, 1)),
        id_token: false,
    };
    let refused = store.issue(&issue, after(1)).await;
    assert!(matches!(refused, Err(StorageError::Refused(_))));
    issue_to(&store, 1).await?;
    let mut with_foreign_access = Use::of(1, 0, 1);
    with_foreign_access.access = foreign;
    let mut with_foreign_successor = Use::of(1, 0, 1);
    with_foreign_successor.successor = refresh(3, 1);
    let mut out_of_order = Use::of(1, 0, 1);
    out_of_order.successor.generation = 2;
    for bad in [with_foreign_access, with_foreign_successor, out_of_order] {
        let refused = store.rotate_refresh(&bad.rotation(0), after(2)).await;
        assert!(matches!(refused, Err(StorageError::Refused(_))));
    }
    let good = Use::of(1, 0, 1);
    let refreshing = store.rotate_refresh(&good.rotation(0), after(2)).await?;
    assert_eq!(refreshing, Refreshing::Refreshed { id_token: true });
    Ok(())
}

/// Everything of it, at once; the first reason stays.
pub async fn a_revocation_ends_everything(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    let id = authorization_id(1);
    let client = RevocationReason::Client;
    assert!(store.revoke_authorization(&id, client, after(2)).await?);
    let operator = RevocationReason::Operator;
    assert!(!store.revoke_authorization(&id, operator, after(3)).await?);
    let token = token_id(1000);
    let found = store.find_access_token(AccessTokenKey::Id(&token), after(2));
    assert_eq!(found.await?, None);
    let using = Use::of(1, 0, 1);
    for refreshing in [
        store.rotate_refresh(&using.rotation(0), after(2)).await?,
        store
            .reuse_refresh(&using.plain(), after(100), after(2))
            .await?,
    ] {
        assert_eq!(refreshing, Refreshing::Expired);
    }
    assert_eq!(issue(&store, 1).await?, Issuing::Refused);
    let (shown, ended) = store
        .find_refresh(&using.shown)
        .await?
        .expect("it is remembered");
    assert_eq!(shown.replaced_at, None);
    let revocation = Revocation {
        at: after(2),
        reason: client,
    };
    assert_eq!(ended.revoked, Some(revocation));
    assert!(!ended.is_live(after(2)));
    Ok(())
}

/// Nor one that has ended by itself, or never was.
pub async fn only_what_is_live_is_revoked(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    let reason = RevocationReason::Client;
    let late = after(AUTHORIZATION);
    let revoked = store
        .revoke_authorization(&authorization_id(1), reason, late)
        .await?;
    assert!(!revoked);
    let unknown = store
        .revoke_authorization(&authorization_id(2), reason, after(1))
        .await?;
    assert!(!unknown);
    let listed = store.list_revoked(None, after(0), after(1), 10).await?;
    assert_eq!(listed, []);
    Ok(())
}

/// In pages, the newest first: live ones of one person whose code was redeemed.
pub async fn lists_a_persons_authorizations(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let owner = person(&store, 1).await?.id;
    for number in 1..=6 {
        // Two of each instant.
        let given = Authorization {
            authorized_at: after(i64::from(number / 2)),
            ..authorization(number, &owner)
        };
        authorize_as(&store, number, &given).await?;
        if number != 5 {
            redeem(&store, number).await?;
        }
    }
    issued(&store, 7).await?;
    let reason = RevocationReason::Client;
    store
        .revoke_authorization(&authorization_id(2), reason, after(4))
        .await?;

    let mut numbers = Vec::new();
    let mut last: Option<Authorization> = None;
    loop {
        let page = store.list_authorizations(&owner, last.as_ref(), after(5), 2);
        let page = page.await?;
        numbers.extend(page.iter().map(|listed| listed.id.clone()));
        last = page.into_iter().next_back();
        if last.is_none() {
            break;
        }
    }
    assert_eq!(numbers, [6, 4, 3, 1].map(authorization_id));
    let late = store.list_authorizations(&owner, None, after(AUTHORIZATION), 10);
    assert_eq!(late.await?, []);
    Ok(())
}
