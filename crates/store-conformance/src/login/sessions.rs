//! Sessions.

use portvakt_core::login::port::{AccessTokenKey, Issuing, Redemption, Saving};
use portvakt_core::login::record::{Authorization, RevocationReason, Session};

use super::LoginFactory;
use super::samples::{
    SESSION, after, authorization, authorize_as, authorize_in, digest, issue, issue_to, issued,
    person, redeem, session, session_id, token_id,
};
use crate::Outcome;

/// Until the instant at which it expires.
pub async fn finds_a_session_with_every_attribute(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let saved = session(1, &person(&store, 1).await?.id);
    let cookie = &saved.cookie;
    assert_eq!(store.save_session(&saved, after(1)).await?, Saving::Saved);
    let kept = Session {
        version: 1,
        ..saved.clone()
    };
    let found = store.find_session(cookie, after(SESSION - 1)).await?;
    assert_eq!(found, Some(kept));
    assert_eq!(store.find_session(cookie, after(SESSION)).await?, None);
    let other = digest("cookie", 2);
    assert_eq!(store.find_session(&other, after(1)).await?, None);
    Ok(())
}

/// A login gives the session another cookie, and keeps its id.
pub async fn a_former_cookie_finds_nothing(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let first = session(1, &person(&store, 1).await?.id);
    store.save_session(&first, after(1)).await?;
    let mut next = Session {
        version: 1,
        cookie: digest("cookie", 2),
        last_request_at: after(100),
        expires_at: after(SESSION + 99),
        ..first.clone()
    };
    next.groups.pop_first();
    next.clients.clear();
    assert_eq!(store.save_session(&next, after(100)).await?, Saving::Saved);
    let former = store.find_session(&first.cookie, after(100)).await?;
    assert_eq!(former, None);
    let found = store.find_session(&next.cookie, after(SESSION)).await?;
    assert_eq!(found, Some(Session { version: 2, ..next }));
    Ok(())
}

/// Nor is one that has ended or expired brought back.
pub async fn a_session_is_saved_from_its_version(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let first = session(1, &person(&store, 1).await?.id);
    store.save_session(&first, after(1)).await?;
    let version = |version| Session {
        version,
        ..first.clone()
    };
    for (version, now, expected) in [
        (version(2), after(1), Saving::Overtaken),
        (version(1), after(SESSION), Saving::Overtaken),
        (version(1), after(1), Saving::Saved),
        (version(1), after(1), Saving::Overtaken),
    ] {
        assert_eq!(store.save_session(&version, now).await?, expected);
    }
    let somebody_elses = Session {
        person: person(&store, 2).await?.id,
        ..version(2)
    };
    let saving = store.save_session(&somebody_elses, after(1)).await?;
    assert_eq!(saving, Saving::Overtaken);
    store.end_session(&first.id, after(1)).await?;
    let ended = store.save_session(&version(2), after(1)).await?;
    assert_eq!(ended, Saving::Overtaken);
    Ok(())
}

/// And nobody else.
pub async fn ending_a_session_gives_it_once(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let person = person(&store, 1).await?.id;
    for number in 1..=3 {
        store
            .save_session(&session(number, &person), after(1))
            .await?;
    }
    let kept = Session {
        version: 1,
        ..session(1, &person)
    };
    let ended = store.end_session(&session_id(1), after(2)).await?;
    assert_eq!(ended, Some(kept));
    assert_eq!(store.end_session(&session_id(1), after(2)).await?, None);
    let found = store.find_session(&digest("cookie", 1), after(2)).await?;
    assert_eq!(found, None);
    let late = store.end_session(&session_id(2), after(SESSION)).await?;
    assert_eq!(late, None, "what has expired is told to nobody");
    let other = store.find_session(&digest("cookie", 3), after(2)).await?;
    assert!(other.is_some());
    Ok(())
}

/// Logins end with the session; access to interfaces lasts, and so does what is another session's.
pub async fn ending_a_session_revokes_what_is_only_a_login(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    let person = person(&store, 1).await?.id;
    let with_api = Authorization {
        session: session_id(1),
        login_only: false,
        ..authorization(2, &person)
    };
    let first = Session {
        version: 1,
        ..session(1, &person)
    };
    authorize_in(&store, 2, &with_api, &first).await?;
    issue_to(&store, 2).await?;
    issued(&store, 3).await?;
    store.end_session(&session_id(1), after(5)).await?;

    for (number, lives) in [(1, false), (2, true), (3, true)] {
        let token = token_id(number * 1000);
        let found = store.find_access_token(AccessTokenKey::Id(&token), after(6));
        assert_eq!(found.await?.is_some(), lives, "{number}");
    }
    let revoked = store.list_revoked(None, after(0), after(6), 10).await?;
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0].id, token_id(1000));
    let ended = store
        .find_authorization(&authorization(1, &person).id)
        .await?;
    let revocation = ended.and_then(|ended| ended.revoked);
    let reason = revocation.map(|revocation| (revocation.at, revocation.reason));
    assert_eq!(reason, Some((after(5), RevocationReason::Logout)));
    Ok(())
}

/// A code that was on its way when the session ended is worth nothing.
pub async fn nothing_is_issued_for_a_login_that_was_ended(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let person = person(&store, 1).await?.id;
    authorize_as(&store, 1, &authorization(1, &person)).await?;
    store.end_session(&session_id(1), after(1)).await?;
    let redemption = redeem(&store, 1).await?;
    assert!(matches!(redemption, Redemption::Redeemed(_)));
    assert_eq!(issue(&store, 1).await?, Issuing::Refused);
    Ok(())
}
