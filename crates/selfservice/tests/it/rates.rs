//! How often somebody may ask: 429 in the shape of every refusal (spec: selfservice §4).

use std::sync::Arc;

use portvakt_http::{AddressLimit, FairShares, Rate, RateLimits, TrustedProxies};
use portvakt_testkit::{FJORDETATEN, HAVBRIS};

use crate::harness::{Api, Checked, READ, send};

const RATE: Rate = Rate {
    requests_per_minute: 1,
    burst: 5,
};

async fn limited_by(shares: FairShares) -> Api {
    Api::limited(RateLimits {
        addresses: None,
        shares: Some(Arc::new(shares)),
    })
    .await
}

#[tokio::test]
async fn a_client_repeats_a_request_five_times_and_is_then_told_to_wait() {
    let api = limited_by(FairShares::new(Some(RATE), None)).await;
    let token = api.sign(&api.claims(HAVBRIS, &[READ]));
    for left in (0..5).rev() {
        let answer = send(api.request("GET", "/api/v1/clients").bearer_auth(&token)).await;
        let answer = answer.ok();
        let told = format!("\"client\";r={left};t=");
        assert!(answer.header("ratelimit").starts_with(&told), "{told}");
        assert_eq!(answer.header("ratelimit-policy"), "\"client\";q=5;w=300");
    }
    let answer = send(api.request("GET", "/api/v1/clients").bearer_auth(&token)).await;
    let answer = answer.refused(429, "");
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // Without a token nobody is asked about.
    send(api.request("GET", "/api/v1/scopes/all")).await.ok();
}

/// Threat: a stranger uses up somebody else's share by naming it.
#[tokio::test]
async fn a_token_that_proves_nobody_uses_nobodys_share() {
    let api = limited_by(FairShares::new(Some(RATE), Some(RATE))).await;
    let token = api.sign(&api.claims(HAVBRIS, &[READ]));
    let broken = format!("{}x", &token[..token.len() - 1]);
    for _ in 0..20 {
        let answer = send(api.request("GET", "/api/v1/clients").bearer_auth(&broken)).await;
        answer.refused(401, "");
    }
    for _ in 0..5 {
        send(api.request("GET", "/api/v1/clients").bearer_auth(&token))
            .await
            .ok();
    }
}

#[tokio::test]
async fn the_clients_of_an_organization_have_its_share_together() {
    let api = limited_by(FairShares::new(None, Some(RATE))).await;
    let of = |orgno, client_id: &str| {
        let mut claims = api.claims(orgno, &[READ]);
        claims["client_id"] = client_id.into();
        api.request("GET", "/api/v1/clients")
            .bearer_auth(api.sign(&claims))
    };
    for number in 0..5 {
        send(of(HAVBRIS, &format!("klient-{number}"))).await.ok();
    }
    let answer = send(of(HAVBRIS, "klient-6")).await.refused(429, "");
    assert!(
        answer
            .header("ratelimit")
            .starts_with("\"organization\";r=0;t=")
    );
    send(of(FJORDETATEN, "klient-7")).await.ok();
}

#[tokio::test]
async fn an_address_is_limited_before_a_token_is_looked_at() {
    let limit = AddressLimit::new(RATE, Arc::new(TrustedProxies::default()));
    let api = Api::limited(RateLimits {
        addresses: Some(Arc::new(limit)),
        shares: None,
    })
    .await;
    for _ in 0..5 {
        send(api.request("GET", "/api/v1/clients"))
            .await
            .refused(401, "");
    }
    let answer = send(api.request("GET", "/api/v1/clients")).await;
    let answer = answer.refused(429, "");
    assert_eq!(answer.header("www-authenticate"), "");
    assert!(answer.header("ratelimit").starts_with("\"address\";r=0;t="));
}
