//! Collectors that fail.

use std::time::Duration;

use futures_util::future::join_all;
use prost::Message;

use super::collector::otlp::{ExportResponse, PartialSuccess};
use super::collector::{Answer, Collector};
use super::{counted, exchange, traced, until_counted};
use crate::harness::Deployment;

/// Threat: whoever collects traces, or cuts it off, stops the server.
#[tokio::test]
async fn a_collector_that_fails_changes_nothing_for_requests() {
    let partly = ExportResponse {
        partial_success: Some(PartialSuccess { rejected_spans: 3 }),
    };
    let partly: &[u8] = partly.encode_to_vec().leak();
    let (hangs, is_away): (Answer, Answer) = (None, Some((503, b"later")));
    let answers = [
        hangs,
        is_away,
        Some((200, b"<html>\xff garbage")),
        Some((400, b"no")),
        Some((307, b"elsewhere")),
        Some((200, partly)),
    ];
    let served = answers.map(|answer| async move {
        let collector = Collector::start(answer).await;
        let deployment = traced(Deployment::new(), collector.url())
            .with("PORTVAKT__TRACES__TIMEOUT_SECONDS", "60");
        let server = deployment.start().await;
        assert_eq!(server.token().await.0, 200, "{answer:?}");
        if answer == is_away {
            collector.until_asked(2).await;
        } else if answer == hangs {
            collector.until_asked(1).await;
        } else {
            until_counted(&server, "failed").await;
        }
        assert_eq!(exchange(&server, &[]).await, 200, "{answer:?}");
        // This waits for less than the collector may take.
        assert!(server.stopped().await.success(), "{answer:?}");
    });
    join_all(served).await;
}

#[tokio::test]
async fn spans_that_nobody_takes_are_dropped_and_counted() {
    let endpoint = Collector::nowhere().await;
    let deployment =
        traced(Deployment::new(), &endpoint).with("PORTVAKT__TRACES__MAX_WAITING_SPANS", "8");
    let server = deployment.start().await;
    assert_eq!(counted(&server, "dropped").await, 0);
    let asked = async {
        while counted(&server, "dropped").await == 0 {
            assert_eq!(exchange(&server, &[]).await, 200);
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, asked).await.unwrap();
    assert_eq!(server.get("operations", "/ready").await.0, 200);
    assert_eq!(counted(&server, "exported").await, 0);
    assert!(server.stopped().await.success());
}
