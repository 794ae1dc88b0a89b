//! Several nodes at the same moment: what may happen once happens once.

use std::collections::BTreeSet;

use portvakt_core::login::port::{
    AccessTokenKey, Authorizing, Completion, Ending, Issue, Issuing, PushedStart, Redemption,
    Refreshing, Saving,
};
use portvakt_core::login::record::{LoginTransaction, TokenId};
use portvakt_core::ports::StorageError;
use tokio::task::JoinSet;

use super::LoginFactory;
use super::samples::{
    Logins, Use, access, after, authorization, authorization_id, authorize, code, digest, document,
    history, identity, issue, issued, person, person_id, pushed, redeem, refresh, refresh_digest,
    session, session_id, token_id, transaction,
};
use crate::Outcome;
use crate::samples::client_id;

const NODES: usize = 3;
/// How many ask at the same moment.
const MANY: u32 = 100;

/// Stores on one place, whose connections are all made: whoever has to make one first comes late to
/// every race.
pub(super) async fn nodes(factory: &impl LoginFactory) -> Vec<Logins> {
    let mut nodes = Vec::new();
    let mut warm = JoinSet::new();
    for _ in 0..NODES {
        let node = factory.open_logins().await;
        for _ in 0..8 {
            let node = node.clone();
            warm.spawn(async move { node.end_session(&session_id(0), after(0)).await });
        }
        nodes.push(node);
    }
    for ended in warm.join_all().await {
        assert!(ended.is_ok_and(|ended| ended.is_none()));
    }
    nodes
}

/// Does the same so many times, on all nodes in turn, all at the same time.
pub(super) async fn race<F, T>(
    nodes: &[Logins],
    times: u32,
    act: impl Fn(Logins, u32) -> F,
) -> Result<Vec<T>, StorageError>
where
    F: Future<Output = Result<T, StorageError>> + Send + 'static,
    T: Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (number, node) in (0..times).zip(nodes.iter().cycle()) {
        tasks.spawn(act(node.clone(), number));
    }
    tasks.join_all().await.into_iter().collect()
}

fn count<T>(answers: &[T], is: impl Fn(&T) -> bool) -> usize {
    answers.iter().filter(|answer| is(answer)).count()
}

pub(super) async fn is_live(node: &Logins, token: &TokenId) -> Result<bool, StorageError> {
    let found = node.find_access_token(AccessTokenKey::Id(token), after(2));
    Ok(found.await?.is_some())
}

/// And because it was shown again, nothing that was issued for it lives.
pub async fn each_code_is_redeemed_once(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    authorize(&nodes[0], 1).await?;
    let redeemed = race(&nodes, MANY, |node, _| async move {
        let redemption = redeem(&node, 1).await?;
        if matches!(redemption, Redemption::Redeemed(_)) {
            issue(&node, 1).await?;
        }
        Ok(redemption)
    });
    let redeemed = redeemed.await?;
    let won = count(&redeemed, |one| matches!(one, Redemption::Redeemed(_)));
    let replayed = Redemption::Replayed(authorization_id(1));
    let lost = count(&redeemed, |one| *one == replayed);
    assert_eq!((won, lost), (1, MANY as usize - 1));
    assert!(!is_live(&nodes[1], &token_id(1000)).await?);
    assert_eq!(issue(&nodes[2], 1).await?, Issuing::Refused);
    Ok(())
}

/// Of a token that is shown by many, one gets the next; then the family ends.
pub async fn each_refresh_token_is_replaced_once(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    issued(&nodes[0], 1).await?;
    let refreshed = race(&nodes, MANY, |node, number| async move {
        let mut rotation = Use::of(1, 0, number + 1);
        rotation.successor.token = refresh_digest(1, number + 1);
        node.rotate_refresh(&rotation.rotation(0), after(2)).await
    });
    let refreshed = refreshed.await?;
    let replayed = Refreshing::Replayed(authorization_id(1));
    let won = |one: &Refreshing| matches!(one, Refreshing::Refreshed { .. });
    assert_eq!(count(&refreshed, won), 1);
    assert_eq!(count(&refreshed, |one| *one == replayed), 1);
    let late = count(&refreshed, |one| *one == Refreshing::Expired);
    assert_eq!(late, MANY as usize - 2, "the family has ended");
    for nth in 0..=MANY {
        assert!(!is_live(&nodes[1], &token_id(1000 + nth)).await?, "{nth}");
    }
    Ok(())
}

/// Of many that ask again in time, all get the one successor.
pub async fn a_family_has_one_live_member(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    issued(&nodes[0], 1).await?;
    let refreshed = race(&nodes, MANY, |node, number| async move {
        let rotation = Use::of(1, 0, number + 1);
        node.rotate_refresh(&rotation.rotation(30), after(2)).await
    });
    let refreshed = refreshed.await?;
    let won = |one: &Refreshing| matches!(one, Refreshing::Refreshed { .. });
    let repeated = |one: &Refreshing| match one {
        Refreshing::Repeated { successor, .. } => *successor == refresh(1, 1),
        _ => false,
    };
    assert_eq!(count(&refreshed, won), 1);
    assert_eq!(count(&refreshed, repeated), MANY as usize - 1);
    let members = [refresh_digest(1, 0), refresh_digest(1, 1)];
    let mut live = 0;
    for member in members {
        let found = nodes[2].find_refresh(&member).await?;
        live += usize::from(found.is_some_and(|(token, _)| token.replaced_at.is_none()));
    }
    assert_eq!(live, 1);
    Ok(())
}

/// However many tokens are issued in it.
pub async fn a_second_has_one_id_token(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    authorize(&nodes[0], 1).await?;
    let issued = race(&nodes, MANY, |node, nth| async move {
        let issue = Issue {
            access: &access(1, nth),
            refresh: None,
            id_token: true,
        };
        node.issue(&issue, after(1)).await
    });
    let issued = issued.await?;
    let with = Issuing::Issued { id_token: true };
    let without = Issuing::Issued { id_token: false };
    assert_eq!(count(&issued, |one| *one == with), 1);
    assert_eq!(count(&issued, |one| *one == without), MANY as usize - 1);
    Ok(())
}

/// Of many browsers that bring one reference, one has the login.
pub async fn each_pushed_request_is_started_by_one_browser(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    nodes[0].push_request(&pushed(0)).await?;
    let started = race(&nodes, MANY, |node, number| async move {
        let login = LoginTransaction {
            pushed: Some(digest("pushed", 0)),
            ..transaction(number)
        };
        node.start_pushed(&login, after(1)).await
    });
    let started = started.await?;
    assert_eq!(count(&started, |one| *one == PushedStart::Started), 1);
    let refused = count(&started, |one| *one == PushedStart::Refused);
    assert_eq!(refused, MANY as usize - 1);
    Ok(())
}

/// Of one browser that brings it many times, everyone is led to the same login.
pub async fn a_browser_that_reloads_has_one_login(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    nodes[0].push_request(&pushed(1)).await?;
    let login = LoginTransaction {
        pushed: Some(digest("pushed", 1)),
        ..transaction(1)
    };
    let started = race(&nodes, MANY, |node, _| {
        let login = login.clone();
        async move { node.start_pushed(&login, after(1)).await }
    });
    let started = started.await?;
    let resumed = PushedStart::Resumed(login);
    assert_eq!(count(&started, |one| *one == PushedStart::Started), 1);
    let again = count(&started, |one| *one == resumed);
    assert_eq!(again, MANY as usize - 1);
    Ok(())
}

/// Some of those who end it give an error, others a code: one answer leaves.
pub async fn each_transaction_is_ended_once(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let login = transaction(0);
    nodes[0].begin_transaction(&login).await?;
    for number in 0..MANY {
        person(&nodes[0], number).await?;
    }
    let ended = race(&nodes, MANY, |node, number| {
        let login = login.clone();
        async move {
            if number % 2 == 0 {
                return node.end_transaction(&login, after(1)).await;
            }
            let person = person_id(number);
            let completion = Completion {
                authorization: &authorization(number, &person),
                code: &code(number),
                history: &history(number, &person),
                session: &session(number, &person),
                ending: Ending::Transaction(&login),
            };
            let authorizing = node.authorize(&completion, after(1)).await?;
            Ok(authorizing == Authorizing::Authorized)
        }
    });
    assert_eq!(count(&ended.await?, |won| *won), 1);
    let mut codes = 0;
    for number in 0..MANY {
        let found = nodes[1]
            .find_authorization(&authorization_id(number))
            .await?;
        codes += usize::from(found.is_some());
    }
    assert!(codes <= 1, "{codes}");
    Ok(())
}

/// Of steps from one version, one is taken.
pub async fn each_version_advances_once(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    nodes[0].begin_transaction(&transaction(1)).await?;
    let advanced = race(&nodes, MANY, |node, number| async move {
        let next = LoginTransaction {
            state: document(&number.to_string()),
            ..transaction(1)
        };
        let advanced = node.advance_transaction(&next, after(1)).await?;
        Ok(advanced.then_some(next.state))
    });
    let taken: Vec<_> = advanced.await?.into_iter().flatten().collect();
    let login = transaction(1);
    let found = nodes[1]
        .find_transaction(&login.handle, &login.browser, after(1))
        .await?;
    assert_eq!(taken, [found.expect("it is under way").state]);
    Ok(())
}

/// Everybody who saves it has seen what the one before saved.
pub async fn no_version_of_a_session_is_lost(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let first = session(1, &person(&nodes[0], 1).await?.id);
    nodes[0].save_session(&first, after(1)).await?;
    let saved = race(&nodes, 12, |node, number| async move {
        let cookie = digest("cookie", 1);
        loop {
            let found = node.find_session(&cookie, after(1)).await?;
            let mut found = found.expect("it lives");
            let seen = found.clients[&client_id("a")];
            found.clients.insert(client_id(&format!("c{number}")), seen);
            if node.save_session(&found, after(1)).await? == Saving::Saved {
                return Ok(());
            }
        }
    });
    saved.await?;
    let found = nodes[2].find_session(&first.cookie, after(1)).await?;
    let found = found.expect("it lives");
    assert_eq!((found.version, found.clients.len()), (13, 13));
    Ok(())
}

/// Of many first logins of one person, all are of the same.
pub async fn a_person_is_made_once(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let made = race(&nodes, MANY, |node, number| async move {
        let (identity, new) = (identity(1), person_id(number));
        let made = node.person_of(&identity, &new, "TestID", after(1));
        Ok(made.await?.id)
    });
    let made: BTreeSet<_> = made.await?.into_iter().collect();
    assert_eq!(made.len(), 1);
    Ok(())
}

/// Of nodes that start together, all use the same.
pub async fn a_secret_is_made_once(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let kept = race(&nodes, 30, |node, number| async move {
        let sealed = number.to_be_bytes();
        node.keep_secret("pairwise", &sealed, after(1)).await
    });
    let kept: BTreeSet<_> = kept.await?.into_iter().collect();
    assert_eq!(kept.len(), 1);
    Ok(())
}
