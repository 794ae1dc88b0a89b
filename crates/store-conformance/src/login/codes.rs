//! Authorization codes: each is redeemed once.

use portvakt_core::login::port::{AccessTokenKey, Issuing, Redemption};
use portvakt_core::login::record::{Authorization, RevocationReason};

use super::LoginFactory;
use super::samples::{
    CODE, after, authorization_id, authorize, code, digest, issue, issued, redeem, token_id,
};
use crate::Outcome;
use crate::samples::client_id;

/// With what it is compared with, and what it stands for.
pub async fn a_code_is_redeemed_with_every_attribute(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    let given = authorize(&store, 1).await?;
    let last = after(CODE - 1);
    let redemption = store
        .redeem_code(&digest("code", 1), &client_id("a"), last)
        .await?;
    let redeemed = Authorization {
        redeemed_at: Some(last),
        ..given
    };
    let expected = Redemption::Redeemed(Box::new((code(1), redeemed)));
    assert_eq!(redemption, expected);
    Ok(())
}

/// Nor does asking at the wrong time or as somebody else use it up.
pub async fn a_code_is_for_one_client_and_a_time(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    authorize(&store, 1).await?;
    let digest = digest("code", 1);
    let foreign = store
        .redeem_code(&digest, &client_id("b"), after(1))
        .await?;
    assert_eq!(foreign, Redemption::Foreign);
    let late = store
        .redeem_code(&digest, &client_id("a"), after(CODE))
        .await?;
    assert_eq!(late, Redemption::Expired);
    assert_eq!(redeem(&store, 2).await?, Redemption::Unknown);
    let redemption = redeem(&store, 1).await?;
    assert!(matches!(redemption, Redemption::Redeemed(_)));
    Ok(())
}

/// Somebody has a copy of it.
pub async fn showing_a_code_again_revokes_its_authorization(
    factory: &impl LoginFactory,
) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    let foreign = store
        .redeem_code(&digest("code", 1), &client_id("b"), after(2))
        .await?;
    assert_eq!(foreign, Redemption::Foreign);
    let token = token_id(1000);
    let key = AccessTokenKey::Id(&token);
    assert!(store.find_access_token(key, after(2)).await?.is_some());

    let id = authorization_id(1);
    // Also after its time, as long as it is remembered.
    for now in [after(2), after(CODE + 1)] {
        let again = store
            .redeem_code(&digest("code", 1), &client_id("a"), now)
            .await?;
        assert_eq!(again, Redemption::Replayed(id.clone()));
        assert_eq!(store.find_access_token(key, after(2)).await?, None);
    }
    let ended = store.find_authorization(&id).await?;
    let revocation = ended.and_then(|ended| ended.revoked);
    let reason = revocation.map(|revocation| (revocation.at, revocation.reason));
    assert_eq!(reason, Some((after(2), RevocationReason::CodeReplay)));
    Ok(())
}

/// Whoever redeems it first has nothing of it when it is shown again before they get their tokens.
pub async fn nothing_is_issued_for_a_code_that_was_shown_again(
    factory: &impl LoginFactory,
) -> Outcome {
    let store = factory.open_logins().await;
    authorize(&store, 1).await?;
    redeem(&store, 1).await?;
    redeem(&store, 1).await?;
    assert_eq!(issue(&store, 1).await?, Issuing::Refused);
    let token = token_id(1000);
    let found = store.find_access_token(AccessTokenKey::Id(&token), after(1));
    assert_eq!(found.await?, None);
    Ok(())
}

/// Across stores on the same data, as across processes.
pub async fn a_used_code_survives_reopening(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open_logins().await;
    issued(&store, 1).await?;
    drop(store);
    let store = factory.open_logins().await;
    let again = redeem(&store, 1).await?;
    assert_eq!(again, Redemption::Replayed(authorization_id(1)));
    Ok(())
}
