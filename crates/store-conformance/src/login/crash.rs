//! A database that is killed in the middle of logins: what was used stays used, what was ended stays
//! ended, and a step that was not acknowledged happened whole or not at all.

use std::collections::BTreeSet;

use portvakt_core::login::port::{AccessTokenKey, Redemption, Refreshing};
use portvakt_core::login::record::RevocationReason;
use portvakt_core::ports::StorageError;

use super::LoginFactory;
use super::samples::{
    Logins, Use, after, authorization_id, digest, issued, person_id, redeem, refresh_digest,
    token_id,
};
use crate::Outcome;
use crate::crash::{CrashingFactory, until_crash};

/// A login from its code to its first refresh: what a store's own test does in a process that it kills.
pub async fn log_in(store: Logins, number: u32) -> Outcome {
    issued(&store, number).await?;
    let rotation = Use::of(number, 0, 1);
    let refreshing = store
        .rotate_refresh(&rotation.rotation(0), after(2))
        .await?;
    assert_eq!(refreshing, Refreshing::Refreshed { id_token: true });
    Ok(())
}

/// A login that is logged out or revoked.
async fn log_in_and_out(store: Logins, number: u32) -> Outcome {
    log_in(store.clone(), number).await?;
    if number.is_multiple_of(2) {
        let id = super::samples::session_id(number);
        let ended = store.end_session(&id, after(3)).await?;
        assert!(ended.is_some(), "{number}");
    } else {
        let (id, reason) = (authorization_id(number), RevocationReason::Client);
        let revoked = store.revoke_authorization(&id, reason, after(3)).await?;
        assert!(revoked, "{number}");
    }
    Ok(())
}

/// How many refresh tokens of a family are live.
async fn live_members(store: &Logins, number: u32) -> Result<usize, StorageError> {
    let mut live = 0;
    for nth in 0..=1 {
        let found = store.find_refresh(&refresh_digest(number, nth)).await?;
        live += usize::from(found.is_some_and(|(token, _)| token.replaced_at.is_none()));
    }
    Ok(live)
}

/// An authorization, its code, its session and its history are there together or not.
async fn is_whole(store: &Logins, number: u32) -> Result<bool, StorageError> {
    let authorization = store.find_authorization(&authorization_id(number)).await?;
    let history = store.list_history(&person_id(number), None, 9).await?;
    let session = store
        .find_session(&digest("cookie", number), after(2))
        .await?;
    let there = [
        authorization.is_some(),
        !history.is_empty(),
        session.is_some(),
    ];
    assert!(
        there.iter().all(|each| *each == there[0]),
        "{number}: {there:?}"
    );
    Ok(there[0])
}

/// What holds of logins after a crash: of those that were begun each step is there whole or not at
/// all, and of those that were acknowledged nothing that was used is used again.
pub async fn is_as_acknowledged(
    store: &Logins,
    begun: &BTreeSet<u32>,
    acknowledged: &BTreeSet<u32>,
) -> Outcome {
    for number in begun {
        let whole = is_whole(store, *number).await?;
        assert!(whole || !acknowledged.contains(number), "{number} is lost");
        assert!(live_members(store, *number).await? <= 1, "{number}");
    }
    for number in acknowledged {
        assert_eq!(live_members(store, *number).await?, 1, "{number}");
        let token = token_id(number * 1000 + 1);
        let found = store.find_access_token(AccessTokenKey::Id(&token), after(2));
        assert!(found.await?.is_some(), "{number}");
    }
    for number in acknowledged {
        let again = Use::of(*number, 0, 2);
        let again = store.rotate_refresh(&again.rotation(0), after(3)).await?;
        assert_eq!(again, Refreshing::Replayed(authorization_id(*number)));
        let again = redeem(store, *number).await?;
        assert_eq!(again, Redemption::Replayed(authorization_id(*number)));
    }
    Ok(())
}

/// Also by the store that was open, which goes on.
pub async fn what_was_used_stays_used(place: &(impl CrashingFactory + LoginFactory)) -> Outcome {
    let store: Logins = place.open_logins().await;
    let account = until_crash(place, &store, log_in).await;
    for number in &account.acknowledged {
        assert!(is_whole(&store, *number).await?, "{number} is lost");
    }
    let store = place.open_logins().await;
    is_as_acknowledged(&store, &account.asked, &account.acknowledged).await
}

/// After the end was acknowledged nothing is found live, whatever happens to the database.
pub async fn what_was_ended_stays_ended(place: &(impl CrashingFactory + LoginFactory)) -> Outcome {
    let store: Logins = place.open_logins().await;
    let account = until_crash(place, &store, log_in_and_out).await;
    let store = place.open_logins().await;
    for number in &account.acknowledged {
        for nth in 0..=1 {
            let token = token_id(number * 1000 + nth);
            let found = store.find_access_token(AccessTokenKey::Id(&token), after(3));
            assert_eq!(found.await?, None, "{number}");
        }
        let rotation = Use::of(*number, 1, 2);
        let refreshing = store
            .rotate_refresh(&rotation.rotation(0), after(3))
            .await?;
        assert_eq!(refreshing, Refreshing::Expired, "{number}");
        if number.is_multiple_of(2) {
            let cookie = digest("cookie", *number);
            assert_eq!(store.find_session(&cookie, after(3)).await?, None);
        }
    }
    Ok(())
}
