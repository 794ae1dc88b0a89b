//! Refresh tokens: of a family, one is live.

use portvakt_core::login::port::{AccessTokenKey, Refreshing};
use portvakt_core::login::record::{RefreshToken, RevocationReason};

use super::LoginFactory;
use super::samples::{
    AUTHORIZATION, REFRESH, Use, after, authorization_id, issued, refresh, refresh_digest, token_id,
};
use crate::Outcome;
use crate::samples::client_id;

const REFRESHED: Refreshing = Refreshing::Refreshed { id_token: true };

/// With its authorization, used or not.
pub async fn finds_a_refresh_token_with_every_attribute(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    let (token, authorization) = store
        .find_refresh(&refresh_digest(1, 0))
        .await?
        .expect("it was issued");
    assert_eq!(token, refresh(1, 0));
    assert_eq!(authorization.id, authorization_id(1));
    let mut rotation = Use::of(1, 0, 1);
    rotation.successor = RefreshToken {
        dpop_jkt: Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".to_owned()),
        issued_at: after(2),
        expires_at: after(REFRESH + 2),
        ..refresh(1, 1)
    };
    store
        .rotate_refresh(&rotation.rotation(0), after(2))
        .await?;
    let found = store.find_refresh(&refresh_digest(1, 1)).await?;
    assert_eq!(found.map(|(token, _)| token), Some(rotation.successor));
    let former = store.find_refresh(&refresh_digest(1, 0)).await?;
    let replaced_at = former.and_then(|(token, _)| token.replaced_at);
    assert_eq!(replaced_at, Some(after(2)));
    assert_eq!(store.find_refresh(&refresh_digest(1, 2)).await?, None);
    Ok(())
}

/// From one to the next, each with an access token.
pub async fn a_token_is_replaced_in_turn(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    for nth in 0..5 {
        let rotation = Use::of(1, nth, nth + 1);
        let now = after(i64::from(nth) + 2);
        let refreshing = store.rotate_refresh(&rotation.rotation(0), now).await?;
        assert_eq!(refreshing, REFRESHED);
        let key = AccessTokenKey::Id(&rotation.access.id);
        assert!(store.find_access_token(key, now).await?.is_some());
    }
    Ok(())
}

/// Whoever shows it last may be the thief, and so may whoever showed it first.
pub async fn showing_a_replaced_token_revokes_the_family(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    store
        .rotate_refresh(&Use::of(1, 0, 1).rotation(0), after(2))
        .await?;
    store
        .rotate_refresh(&Use::of(1, 1, 2).rotation(0), after(3))
        .await?;
    let id = authorization_id(1);
    let again = store
        .rotate_refresh(&Use::of(1, 0, 3).rotation(0), after(4))
        .await?;
    assert_eq!(again, Refreshing::Replayed(id.clone()));
    let living = Use::of(1, 2, 4);
    let next = store.rotate_refresh(&living.rotation(0), after(4)).await?;
    assert_eq!(next, Refreshing::Expired);
    for nth in 0..=4 {
        let token = token_id(1000 + nth);
        let found = store.find_access_token(AccessTokenKey::Id(&token), after(4));
        assert_eq!(found.await?, None, "{nth}");
    }
    let ended = store.find_authorization(&id).await?;
    let revocation = ended.and_then(|ended| ended.revoked);
    let reason = revocation.map(|revocation| (revocation.at, revocation.reason));
    assert_eq!(reason, Some((after(4), RevocationReason::RefreshReplay)));
    Ok(())
}

/// Nor does it change anything that they ask.
pub async fn a_token_is_for_one_client_and_a_time(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    let rotation = Use::of(1, 0, 1);
    let mut foreign = Use::of(1, 0, 1);
    foreign.client = client_id("b");
    let unknown = Use::of(2, 0, 1);
    for (rotation, now, expected) in [
        (&foreign, after(2), Refreshing::Foreign),
        (&unknown, after(2), Refreshing::Unknown),
        (&rotation, after(REFRESH), Refreshing::Expired),
        (&rotation, after(AUTHORIZATION), Refreshing::Expired),
    ] {
        let rotated = store.rotate_refresh(&rotation.rotation(0), now).await?;
        assert_eq!(rotated, expected);
        let end = after(AUTHORIZATION);
        let reused = store.reuse_refresh(&rotation.plain(), end, now).await?;
        assert_eq!(reused, expected);
    }
    let last = store
        .rotate_refresh(&rotation.rotation(0), after(REFRESH - 1))
        .await?;
    assert_eq!(last, REFRESHED);
    Ok(())
}

/// A replaced token of a client that shows somebody else's changes nothing.
pub async fn another_client_revokes_nothing(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    store
        .rotate_refresh(&Use::of(1, 0, 1).rotation(0), after(2))
        .await?;
    let mut foreign = Use::of(1, 0, 2);
    foreign.client = client_id("b");
    let refused = store
        .rotate_refresh(&foreign.rotation(30), after(2))
        .await?;
    assert_eq!(refused, Refreshing::Foreign);
    let next = Use::of(1, 1, 2);
    let refreshing = store.rotate_refresh(&next.rotation(0), after(3)).await?;
    assert_eq!(refreshing, REFRESHED);
    Ok(())
}

/// Who did not get the answer asks again, and gets the same successor.
pub async fn within_the_grace_a_token_is_repeated(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    store
        .rotate_refresh(&Use::of(1, 0, 1).rotation(10), after(2))
        .await?;
    let mut again = Use::of(1, 0, 2);
    again.successor.expires_at = after(REFRESH + 50);
    let repeated = store.rotate_refresh(&again.rotation(10), after(11)).await?;
    let expected = Refreshing::Repeated {
        id_token: true,
        successor: refresh(1, 1),
    };
    assert_eq!(repeated, expected);
    let key = AccessTokenKey::Id(&again.access.id);
    assert!(store.find_access_token(key, after(11)).await?.is_some());
    let late = store
        .rotate_refresh(&Use::of(1, 0, 3).rotation(10), after(12))
        .await?;
    assert_eq!(late, Refreshing::Replayed(authorization_id(1)));
    Ok(())
}

/// Somebody who has another one, or whose successor somebody has used, is no such one.
pub async fn the_grace_is_for_the_same_unused_successor(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    for number in 1..=3 {
        issued(&store, number).await?;
        store
            .rotate_refresh(&Use::of(number, 0, 1).rotation(10), after(2))
            .await?;
    }
    let mut other = Use::of(1, 0, 2);
    other.successor.token = refresh_digest(1, 7);
    let refreshing = store.rotate_refresh(&other.rotation(10), after(3)).await?;
    assert_eq!(refreshing, Refreshing::Replayed(authorization_id(1)));
    store
        .rotate_refresh(&Use::of(2, 1, 2).rotation(10), after(3))
        .await?;
    let used = store
        .rotate_refresh(&Use::of(2, 0, 3).rotation(10), after(3))
        .await?;
    assert_eq!(used, Refreshing::Replayed(authorization_id(2)));
    let without = store
        .rotate_refresh(&Use::of(3, 0, 2).rotation(0), after(2))
        .await?;
    assert_eq!(without, Refreshing::Replayed(authorization_id(3)));
    Ok(())
}

/// Each use moves its end.
pub async fn a_reusable_token_stays_and_slides(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    let mut end = REFRESH;
    for nth in 1..=3 {
        let using = Use::of(1, 0, nth);
        let now = end - 1;
        end = now + REFRESH;
        let refreshing = store
            .reuse_refresh(&using.plain(), after(end), after(now))
            .await?;
        assert_eq!(refreshing, REFRESHED);
    }
    let late = store
        .reuse_refresh(&Use::of(1, 0, 4).plain(), after(end + 1), after(end))
        .await?;
    assert_eq!(late, Refreshing::Expired);
    let (token, _) = store
        .find_refresh(&refresh_digest(1, 0))
        .await?
        .expect("it was issued");
    assert_eq!((token.expires_at, token.replaced_at), (after(end), None));
    Ok(())
}

/// Also once its client may use tokens more than once.
pub async fn a_replaced_token_is_not_reused(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    store
        .rotate_refresh(&Use::of(1, 0, 1).rotation(0), after(2))
        .await?;
    let refreshing = store
        .reuse_refresh(&Use::of(1, 0, 2).plain(), after(100), after(3))
        .await?;
    assert_eq!(refreshing, Refreshing::Replayed(authorization_id(1)));
    Ok(())
}

/// A refresh in the same second brings no second ID token.
pub async fn a_refresh_within_a_second_has_no_id_token(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    let refreshing = store
        .rotate_refresh(&Use::of(1, 0, 1).rotation(0), after(1))
        .await?;
    assert_eq!(refreshing, Refreshing::Refreshed { id_token: false });
    let refreshing = store
        .reuse_refresh(&Use::of(1, 1, 2).plain(), after(100), after(2))
        .await?;
    assert_eq!(refreshing, REFRESHED);
    Ok(())
}
