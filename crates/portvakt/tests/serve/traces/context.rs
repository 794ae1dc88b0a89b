//! Whose trace a request belongs to.

use super::collector::{Collector, TAKEN};
use super::{exchange, hex, traced};
use crate::harness::Deployment;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const TRUSTED: &str = "PORTVAKT__HTTP__TRUSTED_PROXIES";

#[tokio::test]
async fn a_trusted_proxy_continues_its_trace_and_decides_whether_it_is_kept() {
    let collector = Collector::start(TAKEN).await;
    let deployment = traced(Deployment::new(), collector.url()).with(TRUSTED, "[\"127.0.0.1\"]");
    let server = deployment.start().await;
    let kept = format!("00-{TRACE}-{PARENT}-01");
    let headers = [("traceparent", kept.as_str()), ("tracestate", "a=1, b=2")];
    assert_eq!(exchange(&server, &headers).await, 200);
    let other = TRACE.replace('4', "5");
    let not_kept = format!("00-{other}-{PARENT}-00");
    assert_eq!(exchange(&server, &[("traceparent", &not_kept)]).await, 200);
    assert!(server.stopped().await.success());
    let span = collector.request("POST /token");
    assert_eq!(hex(&span.trace_id), TRACE);
    assert_eq!(hex(&span.parent_span_id), PARENT);
    assert_eq!(span.trace_state, "a=1,b=2");
    assert_eq!(span.flags, 0x301, "sampled, and the parent is elsewhere");
    for span in collector.spans() {
        assert_eq!(hex(&span.trace_id), TRACE, "{span:?}");
    }
    let log = deployment.log();
    for id in [TRACE, &other] {
        let lines = log.iter().filter(|line| line["trace_id"] == id);
        assert_eq!(lines.count(), 1, "both are found in the log");
    }
}

/// Threat: strangers write into somebody's trace, or choose what is traced.
#[tokio::test]
async fn whoever_is_not_trusted_begins_a_trace_of_its_own() {
    let collector = Collector::start(TAKEN).await;
    let deployment = traced(Deployment::new(), collector.url()).with(TRUSTED, "[\"10.0.0.0/8\"]");
    let server = deployment.start().await;
    for flags in ["00", "01"] {
        let parent = format!("00-{TRACE}-{PARENT}-{flags}");
        let headers = [
            ("traceparent", parent.as_str()),
            ("tracestate", "fremmed=1"),
            ("x-forwarded-for", "10.0.0.1"),
        ];
        assert_eq!(exchange(&server, &headers).await, 200);
    }
    assert!(server.stopped().await.success());
    let spans = collector.requests("POST /token");
    assert_eq!(spans.len(), 2);
    for span in spans {
        assert_ne!(hex(&span.trace_id), TRACE);
        assert!(span.parent_span_id.is_empty() && span.trace_state.is_empty());
    }
}

#[tokio::test]
async fn a_ratio_of_zero_traces_nothing_but_what_a_trusted_proxy_keeps() {
    let collector = Collector::start(TAKEN).await;
    let deployment = traced(Deployment::new(), collector.url())
        .with(TRUSTED, "[\"127.0.0.1\"]")
        .with("PORTVAKT__TRACES__SAMPLING_RATIO", "0");
    let server = deployment.start().await;
    let kept = format!("00-{TRACE}-{PARENT}-01");
    assert_eq!(exchange(&server, &[]).await, 200);
    assert_eq!(exchange(&server, &[("traceparent", &kept)]).await, 200);
    assert!(server.stopped().await.success());
    assert_eq!(hex(&collector.request("POST /token").trace_id), TRACE);
}
