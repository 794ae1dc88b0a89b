//! Several nodes at the same moment: what may happen once happens once.

use std::collections::BTreeSet;
use std::sync::Arc;

use portvakt_core::audit::{AuditFilter, AuditLink, StoredEntry};
use portvakt_core::ports::{Consumption, GrantDigest, Listing, Revision, StorageError, Store};
use tokio::task::JoinSet;

use crate::macros::{commit, read};
use crate::samples::{FIRST, at, client, client_id, key_set, organization};
use crate::{Outcome, StoreFactory};

const NODES: usize = 3;

async fn nodes(factory: &impl StoreFactory) -> Vec<Arc<dyn Store>> {
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(factory.open().await);
    }
    nodes
}

/// Does the same on every node, `times` each, all at the same time.
async fn race<F, T>(
    nodes: &[Arc<dyn Store>],
    times: usize,
    act: impl Fn(Arc<dyn Store>, usize) -> F,
) -> Vec<Result<T, StorageError>>
where
    F: Future<Output = Result<T, StorageError>> + Send + 'static,
    T: Send + 'static,
{
    let mut tasks = JoinSet::new();
    for number in 0..times {
        for node in nodes {
            tasks.spawn(act(node.clone(), number));
        }
    }
    tasks.join_all().await
}

fn digest(number: usize) -> GrantDigest {
    let mut digest = [0x33; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    digest
}

/// Each of many grants that every node sees, in batches that hold the same grants in another order.
pub async fn each_grant_is_accepted_by_one_node(factory: &impl StoreFactory) -> Outcome {
    const GRANTS: usize = 300;
    let nodes = nodes(factory).await;
    let answers = race(&nodes, GRANTS, |node, number| async move {
        let order = (number * 7) % GRANTS;
        Ok((order, node.consume(digest(order), at(1000)).await?))
    });
    let mut accepted = Vec::new();
    for answer in answers.await {
        let (grant, consumption) = answer?;
        accepted.extend((consumption == Consumption::Fresh).then_some(grant));
    }
    accepted.sort_unstable();
    assert_eq!(accepted, (0..GRANTS).collect::<Vec<_>>());
    Ok(())
}

/// While another node removes what has expired, no grant becomes fresh that has not.
pub async fn removing_lets_no_grant_in_again(factory: &impl StoreFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let answers = race(&nodes, 100, |node, number| async move {
        let (lasting, expired) = ([1; 32], digest(number));
        let consumption = node.consume(lasting, at(1000)).await?;
        node.consume(expired, at(1)).await?;
        node.remove_expired(at(500)).await?;
        Ok(consumption)
    });
    let mut accepted = 0;
    for answer in answers.await {
        accepted += usize::from(answer? == Consumption::Fresh);
    }
    assert_eq!(accepted, 1);
    assert!(nodes[0].is_consumed([1; 32]).await?);
    Ok(())
}

/// No two commits, on whatever node, count as the same one.
pub async fn each_revision_is_given_once(factory: &impl StoreFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let revisions = race(&nodes, 10, |node, _| async move {
        Ok(commit!(node, save_organization(&organization(FIRST))))
    });
    let revisions: Result<BTreeSet<_>, _> = revisions.await.into_iter().collect();
    let expected = (1..=10 * NODES as u64).map(Revision).collect();
    assert_eq!(revisions?, expected);
    Ok(())
}

/// Of several sets that are posted at the same time one is present, whole, and the others are
/// kept as former ones.
pub async fn one_of_several_key_sets_is_left(factory: &impl StoreFactory) -> Outcome {
    let nodes = nodes(factory).await;
    commit!(nodes[0], save_client(&client("a")));
    let replaced = race(&nodes, 5, |node, number| async move {
        let kids = ["one", "two"].map(|kid| format!("{kid}-{number}"));
        let kids: Vec<_> = kids.iter().map(String::as_str).collect();
        let set = key_set(&kids, at(1));
        commit!(node, replace_keys(&client_id("a"), Some(&set), at(2)));
        Ok(())
    });
    for outcome in replaced.await {
        outcome?;
    }
    let present = read!(nodes[1], list_keys(&client_id("a"), Listing::Active));
    let kids: Vec<_> = present.iter().map(|key| key.key.jwk.key_id()).collect();
    let number = kids[0].trim_start_matches("one-");
    assert_eq!(kids, [format!("one-{number}"), format!("two-{number}")]);
    let all = read!(nodes[2], list_keys(&client_id("a"), Listing::All));
    assert_eq!(all.len(), 2 * 5 * NODES);
    Ok(())
}

/// Of several entries that would follow the same one, one does.
pub async fn each_place_in_the_audit_log_is_taken_once(factory: &impl StoreFactory) -> Outcome {
    let nodes = nodes(factory).await;
    let appended = race(&nodes, 8, |node, number| async move {
        let mut unit = node.begin().await?;
        let sequence = number as u64 / 2 + 1;
        let appended = unit.append_audit(&entry(sequence)).await;
        if appended.is_err() {
            return Ok(None);
        }
        unit.commit().await?;
        Ok(Some(sequence))
    });
    let mut taken = Vec::new();
    for answer in appended.await {
        taken.extend(answer?);
    }
    taken.sort_unstable();
    let log = read!(nodes[0], list_audit(&AuditFilter::default(), 0, 100));
    let numbers: Vec<_> = log.iter().map(|entry| entry.link.sequence).collect();
    assert_eq!(numbers, taken);
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
    assert!(!numbers.is_empty());
    Ok(())
}

fn entry(sequence: u64) -> StoredEntry {
    StoredEntry {
        link: AuditLink {
            sequence,
            hash: [7; 32],
        },
        text: "{}".to_owned(),
        object_key: String::new(),
        organizations: String::new(),
        request_id: None,
    }
}
