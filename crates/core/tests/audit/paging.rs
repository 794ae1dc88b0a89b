//! The log a page at a time.

use portvakt_core::audit::{AuditFilter, AuditQuery, MAX_SCANNED, page};
use portvakt_core::ports::Store;

use crate::harness::{CONSUMER, Log, OWNER, at, client, operations, organization, save, scope};

/// The sequences of each page, until there is no next one.
async fn pages(log: &Log, query: &AuditQuery, limit: u32) -> Vec<Vec<u64>> {
    let (mut pages, mut after) = (Vec::new(), Some(0));
    while let Some(number) = after {
        let mut unit = log.store.read().await.unwrap();
        let found = page(unit.as_mut(), query, number, limit).await.unwrap();
        pages.push(found.entries.iter().map(|entry| entry.sequence).collect());
        after = found.next;
    }
    pages
}

#[tokio::test]
async fn pages_join_without_gap_or_repetition() {
    let log = Log::new().await;
    log.add_organizations(&["a", "b", "c", "d", "e"]).await;
    let all = AuditQuery::default();
    assert_eq!(
        pages(&log, &all, 2).await,
        [vec![1, 2], vec![3, 4], vec![5]]
    );
    assert_eq!(pages(&log, &all, 5).await, [vec![1, 2, 3, 4, 5]]);
    assert_eq!(pages(&Log::new().await, &all, 5).await, [Vec::<u64>::new()]);
}

#[tokio::test]
async fn every_condition_narrows() {
    let log = Log::new().await;
    save!(
        log,
        save_organization(&organization(OWNER, "Fjord")),
        save_scope(&scope()),
        save_client(&client()),
        replace_keys(&client().client_id, None, at(1)),
    );
    // A prefix and an organization do not become a client's by their name.
    let find = async |query: AuditQuery| pages(&log, &query, 10).await.concat();
    let of_client = |id: &str| AuditQuery {
        client_id: Some(id.parse().unwrap()),
        ..AuditQuery::default()
    };
    assert_eq!(find(of_client("client")).await, [3]);
    assert_eq!(
        find(of_client("automation")).await,
        [1, 2, 3],
        "its own acts"
    );
    assert_eq!(find(of_client(OWNER)).await, Vec::<u64>::new());
    let between = |from, to| AuditQuery {
        from: Some(at(from)),
        to: Some(at(to)),
        ..AuditQuery::default()
    };
    assert_eq!(find(between(7, 8)).await, [1, 2, 3]);
    assert_eq!(
        find(between(6, 7)).await,
        Vec::<u64>::new(),
        "the end is not in it"
    );
    assert_eq!(find(between(8, 9)).await, Vec::<u64>::new());
    let organization = AuditFilter {
        organization: Some(CONSUMER.parse().unwrap()),
        ..AuditFilter::default()
    };
    let query = AuditQuery {
        filter: organization,
        ..AuditQuery::default()
    };
    assert_eq!(find(query).await, [3]);
    assert_eq!(operations(&log.entries().await)[2], "client.create");
}

#[tokio::test]
async fn a_page_reads_a_bounded_part_of_a_long_log() {
    let log = Log::new().await;
    let mut unit = log.begin().await;
    for number in 0..=MAX_SCANNED {
        let number = format!("{number:09}");
        let saved = unit.save_organization(&organization(&number, "A")).await;
        saved.unwrap();
    }
    unit.commit().await.unwrap();
    let nobody = AuditQuery {
        client_id: Some("nobody".parse().unwrap()),
        ..AuditQuery::default()
    };
    let mut unit = log.store.read().await.unwrap();
    let found = page(unit.as_mut(), &nobody, 0, 10).await.unwrap();
    assert!(found.entries.is_empty());
    assert_eq!(found.next, Some(u64::from(MAX_SCANNED)), "more follow");
    let rest = page(unit.as_mut(), &nobody, u64::from(MAX_SCANNED), 10).await;
    assert_eq!(rest.unwrap().next, None);
}
