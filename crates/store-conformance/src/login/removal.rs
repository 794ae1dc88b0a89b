//! Removing what has expired: bounded, and nothing that an answer could need.

use portvakt_core::login::Keeping;
use portvakt_core::login::port::{AccessTokenKey, Redemption, Refreshing, Retention};
use portvakt_core::login::record::{CODE_MEMORY, LoginTransaction, ParkedLogout};
use portvakt_core::ports::StorageError;

use super::LoginFactory;
use super::samples::{
    AUTHORIZATION, Logins, Use, after, authorization_id, authorize, digest, document, issued,
    person, pushed, redeem, session, token_id, transaction,
};
use crate::Outcome;
use crate::samples::client_id;

/// Of this second, with nothing older than it.
fn strict(second: i64) -> Retention {
    Retention {
        begun_ended_before: after(second),
        now: after(second),
        authorizations_ended_before: after(second),
        history_before: after(second),
    }
}

async fn remove_all(store: &Logins, ends: Retention) -> Result<u64, StorageError> {
    let mut all = 0;
    loop {
        let removed = store.remove_expired_logins(ends, 3).await?;
        all += removed;
        if removed == 0 {
            return Ok(all);
        }
    }
}

/// Whatever it is, and however much of it there is.
pub async fn removes_what_has_expired(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    for number in 1..=10 {
        store.push_request(&pushed(number)).await?;
        store.begin_transaction(&transaction(number)).await?;
        let parked = ParkedLogout {
            handle: digest("logout", number),
            request: document("logout"),
            expires_at: after(60),
        };
        store.park_logout(&parked).await?;
        issued(&store, number).await?;
    }
    let first = store.remove_expired_logins(strict(61), 3).await?;
    assert_eq!(first, 3 + 3, "parked logouts and history");
    // Each has a request, a login, a logout, a session, an authorization with a code and two tokens,
    // and an entry of the history.
    let removed = remove_all(&store, strict(AUTHORIZATION + 1)).await?;
    assert_eq!(first + removed, 10 * 9);
    let owner = person(&store, 1).await?;
    assert!(!owner.logins.is_empty(), "people stay");
    let found = store.find_authorization(&authorization_id(1)).await?;
    assert_eq!(found, None);
    assert_eq!(store.list_history(&owner.id, None, 9).await?, []);
    Ok(())
}

/// Just before its time, or while others remember it.
pub async fn keeps_what_has_not_expired(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    store.push_request(&pushed(1)).await?;
    let login = LoginTransaction {
        pushed: Some(digest("pushed", 1)),
        ..transaction(1)
    };
    store.start_pushed(&login, after(0)).await?;
    issued(&store, 1).await?;
    let lasting = Retention {
        begun_ended_before: after(119),
        now: after(119),
        authorizations_ended_before: after(AUTHORIZATION),
        history_before: after(0),
    };
    assert_eq!(remove_all(&store, lasting).await?, 0);
    let begun = Retention {
        begun_ended_before: after(AUTHORIZATION - 1),
        ..lasting
    };
    assert_eq!(remove_all(&store, begun).await?, 2, "request and login");
    let ended = Retention {
        now: after(AUTHORIZATION - 1),
        ..begun
    };
    // The session, the code and the access token; the refresh token that nobody may use any more is
    // what tells a thief.
    assert_eq!(remove_all(&store, ended).await?, 3);
    let owner = person(&store, 1).await?.id;
    assert_eq!(store.list_history(&owner, None, 9).await?.len(), 1);
    let found = store.find_refresh(&Use::of(1, 0, 1).shown).await?;
    assert!(found.is_some());
    Ok(())
}

/// A code that was used and a token that was replaced tell on whoever shows them.
pub async fn what_was_used_is_remembered(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    for number in 1..=2 {
        issued(&store, number).await?;
    }
    let memory = i64::try_from(CODE_MEMORY.as_secs()).unwrap_or(i64::MAX);
    store
        .rotate_refresh(&Use::of(2, 0, 1).rotation(0), after(2))
        .await?;
    let retention = |second| Retention {
        history_before: after(0),
        ..strict(second)
    };
    remove_all(&store, retention(memory - 1)).await?;
    assert_eq!(
        redeem(&store, 1).await?,
        Redemption::Replayed(authorization_id(1))
    );
    remove_all(&store, retention(AUTHORIZATION - 1)).await?;
    let again = store
        .rotate_refresh(&Use::of(2, 0, 2).rotation(0), after(3))
        .await?;
    assert_eq!(again, Refreshing::Replayed(authorization_id(2)));
    assert_eq!(redeem(&store, 1).await?, Redemption::Unknown);
    Ok(())
}

/// As a server does it: the authorization stays for a month, and the history for a year and a half.
pub async fn a_server_removes_all_that_has_expired(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    // More than go at a time.
    for number in 1..=601 {
        store.push_request(&pushed(number)).await?;
    }
    issued(&store, 1).await?;
    let keeping = Keeping::default();
    let day = 24 * 60 * 60;
    for (days, expected) in [(1, 601 + 4), (31, 1), (549, 0), (551, 1)] {
        let now = after(days * day);
        let removed = keeping.remove_expired(&*store, now, now).await?;
        assert_eq!(removed, expected, "after {days} days");
    }
    Ok(())
}

/// What was found expired stays so, whether or not its row is there.
pub async fn removing_changes_no_answer(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    authorize(&store, 1).await?;
    store.push_request(&pushed(1)).await?;
    let late = after(AUTHORIZATION + 1);
    for _ in 0..2 {
        let code = digest("code", 1);
        let redemption = store.redeem_code(&code, &client_id("a"), late).await?;
        assert!(
            matches!(redemption, Redemption::Expired | Redemption::Unknown),
            "{redemption:?}"
        );
        let found = store.find_pushed(&digest("pushed", 1), late).await?;
        assert_eq!(found, None);
        let cookie = session(1, &person(&store, 1).await?.id).cookie;
        assert_eq!(store.find_session(&cookie, late).await?, None);
        let token = token_id(1000);
        let found = store.find_access_token(AccessTokenKey::Id(&token), late);
        assert_eq!(found.await?, None);
        remove_all(&store, strict(AUTHORIZATION + 1)).await?;
    }
    Ok(())
}
