//! What is ended while others log in on several nodes: it stays so, and nothing of it lives on.

use std::collections::BTreeSet;

use portvakt_core::login::port::{Authorizing, Completion, Ending, Issue, Issuing};
use portvakt_core::login::record::{PersonId, RevocationReason, Session, SessionId};
use portvakt_core::ports::StorageError;
use tokio::task::JoinSet;

use super::LoginFactory;
use super::races::{is_live, nodes, race};
use super::samples::{
    Logins, access, after, authorization, authorization_id, code, digest, history, issue, issued,
    person, redeem, session, session_id, token_id,
};
use crate::Outcome;

/// Whatever is issued at that moment; and whoever reads the revoke list learns of every token.
pub async fn after_a_revocation_nothing_lives(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    for number in 1..=5 {
        issued(&nodes[0], number).await?;
        let acted = race(&nodes, 30, |node, nth| async move {
            if nth == 15 {
                revoke(&node, number).await?;
                return Ok(None);
            }
            let token = access(number, nth + 1);
            let issue = Issue {
                access: &token,
                refresh: None,
                id_token: false,
            };
            let issuing = node.issue(&issue, after(2)).await?;
            Ok((issuing != Issuing::Refused).then_some(token.id))
        });
        let mut handed_out: BTreeSet<_> = acted.await?.into_iter().flatten().collect();
        handed_out.insert(token_id(number * 1000));
        for token in &handed_out {
            assert!(!is_live(&nodes[2], token).await?);
        }
        let listed = nodes[1].list_revoked(None, after(0), after(2), 1000);
        let listed: BTreeSet<_> = listed.await?.into_iter().map(|token| token.id).collect();
        assert!(handed_out.is_subset(&listed), "{number}");
    }
    Ok(())
}

/// Revokes an authorization, and looks for its tokens as soon as that was answered.
async fn revoke(node: &Logins, number: u32) -> Outcome {
    let (id, reason) = (authorization_id(number), RevocationReason::Client);
    node.revoke_authorization(&id, reason, after(2)).await?;
    for nth in 0..=30 {
        let token = token_id(number * 1000 + nth);
        assert!(!is_live(node, &token).await?, "{nth}");
    }
    Ok(())
}

/// A login that is given while its session ends is ended with it, or not given.
pub async fn logging_out_leaves_no_login(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let owner = person(&nodes[0], 1).await?.id;
    for round in 0..10 {
        let numbers = round * 10 + 1..round * 10 + 10;
        let first = session(round, &owner);
        nodes[0].save_session(&first, after(1)).await?;
        let mut tasks = JoinSet::new();
        for (number, node) in numbers.clone().zip(nodes.iter().cycle()) {
            let (node, owner) = (node.clone(), owner.clone());
            tasks.spawn(async move {
                if number % 10 == 5 {
                    let ended = node.end_session(&session_id(round), after(1)).await?;
                    assert!(ended.is_some());
                    return Ok(());
                }
                log_in(&node, number, round, &owner).await
            });
        }
        let done: Result<Vec<()>, StorageError> = tasks.join_all().await.into_iter().collect();
        done?;
        let found = nodes[1].find_session(&first.cookie, after(1)).await?;
        assert_eq!(found, None);
        for number in numbers {
            let token = token_id(number * 1000);
            assert!(!is_live(&nodes[2], &token).await?, "{number}");
        }
    }
    Ok(())
}

/// Gives a login in a session that others save and end, and issues its token.
async fn log_in(node: &Logins, number: u32, round: u32, owner: &PersonId) -> Outcome {
    loop {
        let found = node
            .find_session(&digest("cookie", round), after(1))
            .await?;
        let Some(found) = found else {
            return Ok(());
        };
        let mut given = authorization(number, owner);
        given.session = session_id(round);
        let completion = Completion {
            authorization: &given,
            code: &code(number),
            history: &history(number, owner),
            session: &found,
            ending: Ending::Nothing,
        };
        match node.authorize(&completion, after(1)).await? {
            Authorizing::Authorized => break,
            Authorizing::SessionOvertaken => {}
            Authorizing::Blocked => return Ok(()),
            Authorizing::Ended => panic!("it ended nothing"),
        }
    }
    redeem(node, number).await?;
    issue(node, number).await?;
    Ok(())
}

/// Of everybody who ends a session, one tells its clients.
pub async fn each_session_is_ended_once(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let first = session(1, &person(&nodes[0], 1).await?.id);
    nodes[0].save_session(&first, after(1)).await?;
    let ended = race(&nodes, 100, |node, _| async move {
        node.end_session(&session_id(1), after(1)).await
    });
    let ended: Vec<Session> = ended.await?.into_iter().flatten().collect();
    let told: Vec<SessionId> = ended.into_iter().map(|session| session.id).collect();
    assert_eq!(told, [session_id(1)]);
    Ok(())
}

/// Who logs in while they are blocked has nothing of it, whether in a new session or in one that was
/// there.
pub async fn blocking_leaves_nothing(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let owner = person(&nodes[0], 0).await?.id;
    let there = session(0, &owner);
    nodes[0].save_session(&there, after(1)).await?;
    let acted = race(&nodes, 30, |node, number| {
        let owner = owner.clone();
        async move {
            match number {
                15 => node
                    .block_person(&owner, "deceased", after(1))
                    .await
                    .map(|_| ()),
                _ if number % 2 == 0 => log_in(&node, number, 0, &owner).await,
                _ => log_in_anew(&node, number, &owner).await,
            }
        }
    });
    acted.await?;
    for number in 0..30 {
        assert!(!is_live(&nodes[1], &token_id(number * 1000)).await?);
        let cookie = digest("cookie", number);
        assert_eq!(nodes[1].find_session(&cookie, after(1)).await?, None);
    }
    Ok(())
}

/// Gives a login in a session of its own, and issues its token, unless the person is blocked.
async fn log_in_anew(node: &Logins, number: u32, owner: &PersonId) -> Outcome {
    let completion = Completion {
        authorization: &authorization(number, owner),
        code: &code(number),
        history: &history(number, owner),
        session: &session(number, owner),
        ending: Ending::Nothing,
    };
    if node.authorize(&completion, after(1)).await? == Authorizing::Authorized {
        redeem(node, number).await?;
        issue(node, number).await?;
    }
    Ok(())
}
