//! Access tokens, and the list of revoked ones.

use portvakt_core::login::port::{AccessTokenKey, Issue, Issuing};
use portvakt_core::login::record::{AccessToken, Authorization, RevocationReason, RevokedToken};
use portvakt_core::ports::StorageError;

use super::LoginFactory;
use super::samples::{
    ACCESS, AUTHORIZATION, Logins, access, after, authorization, authorization_id, authorize,
    authorize_as, code, digest, document, issue, person, redeem, refresh, token_id,
};
use crate::Outcome;
use crate::samples::client_id;

async fn issue_access(
    store: &Logins,
    token: &AccessToken,
    now: i64,
) -> Result<Issuing, StorageError> {
    let issue = Issue {
        access: token,
        refresh: None,
        id_token: true,
    };
    store.issue(&issue, after(now)).await
}

/// By its id, until the instant at which it expires.
pub async fn finds_a_token_that_carries_its_claims(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let given = authorize(&store, 1).await?;
    let token = access(1, 0);
    issue_access(&store, &token, 1).await?;
    let key = AccessTokenKey::Id(&token.id);
    let found = store.find_access_token(key, after(ACCESS - 1)).await?;
    assert_eq!(found, Some((token.clone(), given)));
    assert_eq!(store.find_access_token(key, after(ACCESS)).await?, None);
    let other = token_id(2);
    let unknown = store.find_access_token(AccessTokenKey::Id(&other), after(1));
    assert_eq!(unknown.await?, None);
    Ok(())
}

/// By what was shown, with its claims; knowing its id is not to have it.
pub async fn finds_an_opaque_token_by_what_is_shown(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let given = authorize(&store, 1).await?;
    let shown = digest("opaque", 1);
    let token = AccessToken {
        opaque: Some((shown, document("claims"))),
        ..access(1, 0)
    };
    issue_access(&store, &token, 1).await?;
    let key = AccessTokenKey::Opaque(&shown);
    let found = store.find_access_token(key, after(ACCESS - 1)).await?;
    assert_eq!(found, Some((token.clone(), given)));
    assert_eq!(store.find_access_token(key, after(ACCESS)).await?, None);
    let by_id = store.find_access_token(AccessTokenKey::Id(&token.id), after(1));
    assert_eq!(by_id.await?, None);
    Ok(())
}

/// Whatever the token says of itself.
pub async fn no_token_outlives_its_authorization(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    authorize(&store, 1).await?;
    let token = AccessToken {
        expires_at: after(AUTHORIZATION + 100),
        ..access(1, 0)
    };
    issue_access(&store, &token, AUTHORIZATION - 1).await?;
    let key = AccessTokenKey::Id(&token.id);
    let last = store
        .find_access_token(key, after(AUTHORIZATION - 1))
        .await?;
    assert!(last.is_some());
    let late = store.find_access_token(key, after(AUTHORIZATION)).await?;
    assert_eq!(late, None);
    let issued = issue_access(&store, &access(1, 1), AUTHORIZATION).await?;
    assert_eq!(issued, Issuing::Refused);
    Ok(())
}

/// Neither token is kept.
pub async fn nothing_is_issued_without_an_authorization(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    assert_eq!(issue(&store, 1).await?, Issuing::Refused);
    authorize(&store, 1).await?;
    let reason = RevocationReason::Operator;
    store
        .revoke_authorization(&authorization_id(1), reason, after(1))
        .await?;
    assert_eq!(issue(&store, 1).await?, Issuing::Refused);
    assert_eq!(store.find_refresh(&refresh(1, 0).token).await?, None);
    Ok(())
}

/// Of each authorization: clients refuse a second one that is not newer.
pub async fn each_second_has_one_id_token(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    for number in 1..=2 {
        authorize(&store, number).await?;
    }
    for (number, nth, second, allowed) in [
        (1, 0, 5, true),
        (1, 1, 5, false),
        (2, 0, 5, true),
        (1, 2, 4, false),
        (1, 3, 6, true),
        (1, 4, 6, false),
    ] {
        let issuing = issue_access(&store, &access(number, nth), second).await?;
        let expected = Issuing::Issued { id_token: allowed };
        assert_eq!(issuing, expected, "{number} {nth}");
    }
    let without = Issue {
        access: &access(1, 5),
        refresh: None,
        id_token: false,
    };
    let issuing = store.issue(&without, after(7)).await?;
    assert_eq!(issuing, Issuing::Issued { id_token: false });
    let issuing = issue_access(&store, &access(1, 6), 7).await?;
    assert_eq!(issuing, Issuing::Issued { id_token: true });
    Ok(())
}

/// A second refresh token of an authorization, or a second token of one id, is no token.
pub async fn what_is_issued_is_issued_once(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    authorize(&store, 1).await?;
    issue(&store, 1).await?;
    for (token, refresh) in [(access(1, 1), refresh(1, 1)), (access(1, 0), refresh(1, 1))] {
        let again = Issue {
            access: &token,
            refresh: Some(&refresh),
            id_token: false,
        };
        let refused = store.issue(&again, after(1)).await;
        assert!(
            matches!(refused, Err(StorageError::Refused(_))),
            "{refused:?}"
        );
        assert_eq!(store.find_refresh(&refresh.token).await?, None);
    }
    let unissued = token_id(1001);
    let found = store.find_access_token(AccessTokenKey::Id(&unissued), after(1));
    assert_eq!(found.await?, None);
    Ok(())
}

/// By client, from an instant on, the earliest first, until they would have expired.
pub async fn lists_revoked_tokens(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    for number in 1..=4 {
        let person = person(&store, number).await?.id;
        let given = Authorization {
            client_id: client_id(if number == 3 { "b" } else { "a" }),
            ..authorization(number, &person)
        };
        authorize_as(&store, number, &given).await?;
        for nth in 0..2 {
            let token = AccessToken {
                expires_at: after(ACCESS + i64::from(nth)),
                ..access(number, nth)
            };
            issue_access(&store, &token, 1).await?;
        }
    }
    let reason = RevocationReason::Client;
    for (number, second) in [(3, 10), (2, 20), (1, 30)] {
        store
            .revoke_authorization(&authorization_id(number), reason, after(second))
            .await?;
    }
    let ids = |listed: Vec<RevokedToken>| {
        let ids = listed.into_iter().map(|revoked| revoked.id);
        ids.collect::<Vec<_>>()
    };
    let tokens = |ids: &[u32]| ids.iter().map(|id| token_id(*id)).collect::<Vec<_>>();
    let (a, b) = (client_id("a"), client_id("b"));
    for (client, since, now, limit, expected) in [
        (None, 0, 40, 10, &[3000, 3001, 2000, 2001, 1000, 1001][..]),
        (None, 0, 40, 3, &[3000, 3001, 2000]),
        (None, 20, 40, 10, &[2000, 2001, 1000, 1001]),
        (None, 31, 40, 10, &[]),
        (None, 0, ACCESS, 10, &[3001, 2001, 1001]),
        (Some(&a), 0, 40, 10, &[2000, 2001, 1000, 1001]),
        (Some(&b), 0, 40, 10, &[3000, 3001]),
    ] {
        let listed = store.list_revoked(client, after(since), after(now), limit);
        assert_eq!(ids(listed.await?), tokens(expected), "{since} {now}");
    }
    let first = store.list_revoked(None, after(0), after(40), 1).await?;
    let expected = RevokedToken {
        id: token_id(3000),
        revoked_at: after(10),
        expires_at: after(ACCESS),
    };
    assert_eq!(first, [expected]);
    Ok(())
}

/// What was kept of the code is not what is kept of the token: a code shown as a token is none.
pub async fn kinds_of_handles_are_kept_apart(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    authorize(&store, 1).await?;
    let shown = code(1).code;
    let as_token = store.find_access_token(AccessTokenKey::Opaque(&shown), after(1));
    assert_eq!(as_token.await?, None);
    assert_eq!(store.find_refresh(&shown).await?, None);
    assert_eq!(store.find_pushed(&shown, after(1)).await?, None);
    assert_eq!(store.find_session(&shown, after(1)).await?, None);
    redeem(&store, 1).await?;
    issue(&store, 1).await?;
    let refresh = refresh(1, 0).token;
    let as_code = store
        .redeem_code(&refresh, &client_id("a"), after(1))
        .await?;
    assert_eq!(as_code, portvakt_core::login::port::Redemption::Unknown);
    Ok(())
}
