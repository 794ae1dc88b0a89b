//! Limits of a configured server.

use crate::harness::Deployment;

#[tokio::test]
async fn configured_limits_are_kept_on_every_public_surface() {
    let deployment = Deployment::new()
        .with("PORTVAKT__LIMITS__CLIENT__REQUESTS_PER_MINUTE", "1")
        .with("PORTVAKT__LIMITS__CLIENT__BURST", "5")
        .with("PORTVAKT__LIMITS__ADDRESS__REQUESTS_PER_MINUTE", "1")
        .with("PORTVAKT__LIMITS__ADDRESS__BURST", "8");
    let server = deployment.start().await;
    for _ in 0..5 {
        assert_eq!(server.exchange(&Deployment::grant()).await.0, 200);
    }
    let (status, refused) = server.exchange(&Deployment::grant()).await;
    assert_eq!(
        (status, &refused["error"]),
        (429, &"temporarily_unavailable".into())
    );
    // Addresses have one rate for all public surfaces: two requests are left.
    for status in [200, 200, 429] {
        let (answered, _) = server.get("selfservice", "/api/v1/scopes/all").await;
        assert_eq!(answered, status);
    }
    for _ in 0..10 {
        assert_eq!(server.get("operations", "/ready").await.0, 200);
    }
    let metrics = server.send("operations", "/metrics", Vec::new()).await;
    let metrics = metrics.text().await.unwrap();
    for (limit, count) in [("address", 1), ("client", 1), ("organization", 0)] {
        let line = format!("portvakt_rate_limited_total{{limit=\"{limit}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line}");
    }
    assert!(server.stopped().await.success());
}

#[test]
fn limits_that_cannot_be_meant_are_refused() {
    for (variable, value, named) in [
        (
            "PORTVAKT__LIMITS__CLIENT__BURST",
            "4",
            "limits.client.burst",
        ),
        (
            "PORTVAKT__LIMITS__ADDRESS__REQUESTS_PER_MINUTE",
            "0",
            "limits.address.requests_per_minute",
        ),
        (
            "PORTVAKT__HTTP__TRUSTED_PROXIES",
            "[\"proxy\"]",
            "http.trusted_proxies",
        ),
        (
            "PORTVAKT__HTTP__TRUSTED_PROXIES",
            "[\"10.0.0.0/33\"]",
            "http.trusted_proxies",
        ),
        (
            "PORTVAKT__HTTP__FORWARDING_HEADER",
            "x-real-ip",
            "forwarding_header",
        ),
    ] {
        let checked = Deployment::new().with(variable, value).config(&["check"]);
        let line = String::from_utf8(checked.stderr).unwrap();
        assert_eq!(checked.status.code(), Some(1), "{variable}={value}");
        assert!(line.contains(named), "{line}");
    }
}
