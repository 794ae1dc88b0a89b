//! What becomes of logins when a store's contents are moved, and when they come from a backup: a store
//! fills one place with [`every_kind`], moves it by its own means, and asks here.

use portvakt_core::Timestamp;
use portvakt_core::login::port::{AccessTokenKey, Redemption, Refreshing};
use portvakt_core::login::record::{
    Identity, LoginTransaction, ParkedLogout, PersonState, Revocation, RevocationReason,
};

use super::samples::{
    Logins, Use, access, after, authorization_id, authorize, digest, document, identity, issued,
    person, person_id, pushed, redeem, refresh_digest, token_id, transaction,
};
use crate::Outcome;
use crate::samples::client_id;

/// When [`restored`] takes the restore for: soon after [`every_kind`].
pub fn restored_at() -> Timestamp {
    after(10)
}

/// Who the person of this number, from 1 to 5, is.
pub fn identity_of(number: u32) -> Identity {
    identity(number)
}

fn carrying() -> LoginTransaction {
    LoginTransaction {
        pushed: Some(digest("pushed", 2)),
        ..transaction(2)
    }
}

/// Keeps one of each kind of record, in each of its states.
pub async fn every_kind(store: &Logins) -> Outcome {
    store.keep_secret("pairwise", &[1, 2, 3], after(0)).await?;
    for number in 1..=2 {
        store.push_request(&pushed(number)).await?;
    }
    store.start_pushed(&carrying(), after(1)).await?;
    let parked = ParkedLogout {
        handle: digest("logout", 1),
        request: document("logout"),
        expires_at: after(60),
    };
    store.park_logout(&parked).await?;
    // 1 has a code, 2 has tokens, 3 has tokens that were renewed, 4 was revoked.
    authorize(store, 1).await?;
    for number in 2..=4 {
        issued(store, number).await?;
    }
    store
        .rotate_refresh(&Use::of(3, 0, 1).rotation(0), after(2))
        .await?;
    let (fourth, reason) = (authorization_id(4), RevocationReason::Client);
    store
        .revoke_authorization(&fourth, reason, after(3))
        .await?;
    let blocked = person_id(5);
    person(store, 5).await?;
    store.block_person(&blocked, "deceased", after(3)).await?;
    Ok(())
}

/// Everything that was kept by [`every_kind`] goes on where it was.
pub async fn moved(store: &Logins) -> Outcome {
    stays(store).await?;
    let now = after(5);
    assert!(
        store
            .find_pushed(&digest("pushed", 1), now)
            .await?
            .is_some()
    );
    let login = carrying();
    let found = store.find_transaction(&login.handle, &login.browser, now);
    assert_eq!(found.await?, Some(login));
    for number in 1..=4 {
        let cookie = digest("cookie", number);
        assert!(store.find_session(&cookie, now).await?.is_some());
    }
    for (number, nth, lives) in [(2, 0, true), (3, 1, true), (4, 0, false)] {
        let token = access(number, nth).id;
        let found = store.find_access_token(AccessTokenKey::Id(&token), now);
        assert_eq!(found.await?.is_some(), lives, "{number}");
    }
    assert!(matches!(redeem(store, 1).await?, Redemption::Redeemed(_)));
    let again = redeem(store, 2).await?;
    assert_eq!(again, Redemption::Replayed(authorization_id(2)));
    let again = Use::of(3, 0, 2);
    let again = store.rotate_refresh(&again.rotation(0), now).await?;
    assert_eq!(again, Refreshing::Replayed(authorization_id(3)));
    let logout = store.take_logout(&digest("logout", 1), now).await?;
    assert!(logout.is_some());
    Ok(())
}

/// Of what was kept by [`every_kind`] nothing works any more that may have been used or ended since;
/// who people are, and what they did, is as it was.
pub async fn restored(store: &Logins) -> Outcome {
    stays(store).await?;
    let now = after(11);
    for number in 1..=2 {
        let uri = digest("pushed", number);
        assert_eq!(store.find_pushed(&uri, now).await?, None);
    }
    let login = carrying();
    let found = store.find_transaction(&login.handle, &login.browser, now);
    assert_eq!(found.await?, None);
    let logout = store.take_logout(&digest("logout", 1), now).await?;
    assert_eq!(logout, None);
    for number in 1..=4 {
        let cookie = digest("cookie", number);
        assert_eq!(store.find_session(&cookie, now).await?, None);
        let code = digest("code", number);
        let redemption = store.redeem_code(&code, &client_id("a"), now).await?;
        assert_eq!(redemption, Redemption::Unknown);
        for nth in 0..=1 {
            let refresh = refresh_digest(number, nth);
            assert_eq!(store.find_refresh(&refresh).await?, None);
            let token = token_id(number * 1000 + nth);
            let found = store.find_access_token(AccessTokenKey::Id(&token), now);
            assert_eq!(found.await?, None, "{number} {nth}");
        }
        let kept = store.find_authorization(&authorization_id(number)).await?;
        let revoked = kept.and_then(|kept| kept.revoked);
        let (at, reason) = match number {
            4 => (after(3), RevocationReason::Client),
            _ => (restored_at(), RevocationReason::Restored),
        };
        assert_eq!(revoked, Some(Revocation { at, reason }), "{number}");
    }
    let listed = store.list_revoked(None, after(0), now, 10).await?;
    let listed: Vec<_> = listed.into_iter().map(|revoked| revoked.id).collect();
    assert_eq!(listed, [4000, 2000, 3000, 3001].map(token_id));
    Ok(())
}

/// What is the same wherever it is.
async fn stays(store: &Logins) -> Outcome {
    let secret = store.find_secret("pairwise").await?;
    assert_eq!(secret, Some(vec![1, 2, 3]));
    for number in 1..=5 {
        let found = store.find_person_by_identity(&identity(number)).await?;
        let found = found.expect("people stay");
        assert_eq!(found.id, person_id(number), "so subjects stay");
        let history = store.list_history(&found.id, None, 9).await?;
        assert_eq!(history.len(), usize::from(number != 5));
    }
    let blocked = person(store, 5).await?;
    assert_ne!(blocked.state, PersonState::Active);
    Ok(())
}
