//! How often somebody may ask (spec: maskinporten §11).

use std::sync::Arc;

use portvakt_core::ports::ReplayLedger;
use portvakt_http::{AddressLimit, FairShares, ForwardingHeader, Rate, RateLimits, TrustedProxies};
use portvakt_maskinporten::TokenShares;
use portvakt_testkit::{Answer, Grant, Options, TINDESYSTEM_CLIENT, TestServer};
use serde_json::json;

use crate::rows::assert_issued;

pub(crate) const BURST: u32 = 5;
const RATE: Rate = Rate {
    requests_per_minute: 1,
    burst: BURST,
};

/// A server on which each client, or each organization, gets five tokens.
pub(crate) async fn sharing(client: bool, organization: bool) -> TestServer {
    let rate = |is_limited: bool| is_limited.then_some(RATE);
    let shares = Arc::new(FairShares::new(rate(client), rate(organization)));
    let kept = TokenShares(shares.clone());
    TestServer::with(Options {
        rates: RateLimits {
            addresses: None,
            shares: Some(shares),
        },
        parts: Box::new(move |parts| parts.shares = Some(Arc::new(kept))),
        ..Options::default()
    })
    .await
}

async fn with_address_limit(proxies: TrustedProxies) -> TestServer {
    let limit = AddressLimit::new(RATE, Arc::new(proxies));
    TestServer::with(Options {
        rates: RateLimits {
            addresses: Some(Arc::new(limit)),
            shares: None,
        },
        ..Options::default()
    })
    .await
}

/// inferred §11: Answers say how a client stands to its share.
#[tokio::test]
async fn answers_tell_what_is_left() {
    let server = sharing(true, true).await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_issued(&answer);
    let values = |name: &str| -> Vec<String> {
        let values = answer.headers.get_all(name).iter();
        values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        values("ratelimit-policy"),
        ["\"client\";q=5;w=300", "\"organization\";q=5;w=300"]
    );
    let left = values("ratelimit");
    assert!(left[0].starts_with("\"client\";r=4;t="), "{left:?}");
    assert!(left[1].starts_with("\"organization\";r=4;t="), "{left:?}");
    // A grant that is refused for another reason costs as much.
    let replayed = Grant::havbris(&server).claim("scope", json!("fjord:finnes.ikke"));
    let answer = server.exchange(&replayed.sign()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.header("ratelimit").starts_with("\"client\";r=3;t="));
}

/// inferred §11: Whoever names a client without its key uses nothing of its share.
#[tokio::test]
async fn strangers_cannot_use_up_a_share() {
    let server = sharing(true, true).await;
    let stranger = portvakt_testkit::second_signing_key();
    for _ in 0..20 {
        for forged in [
            Grant::havbris(&server).key(stranger).sign(),
            Grant::havbris(&server)
                .header("kid", json!("ukjent"))
                .sign(),
            Grant::havbris(&server)
                .claim("aud", json!("https://annen/"))
                .sign(),
            format!("{}AAAA", Grant::havbris(&server).sign()),
        ] {
            let answer = server.exchange(&forged).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
        }
    }
    for left in (0..BURST).rev() {
        let answer = server.exchange(&Grant::havbris(&server).sign()).await;
        assert_issued(&answer);
        let told = format!("\"client\";r={left};t=");
        assert!(answer.header("ratelimit").starts_with(&told), "{told}");
    }
}

/// inferred §11: An organization that has used up its share takes nothing from others, and nothing is
/// written for it.
#[tokio::test]
async fn an_organization_has_its_own_share() {
    let server = sharing(false, true).await;
    for _ in 0..BURST {
        assert_issued(&server.exchange(&Grant::havbris(&server).sign()).await);
    }
    let before = server.store.ledger_counters().records;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_eq!(answer.status, 429);
    assert!(
        answer
            .header("ratelimit")
            .starts_with("\"organization\";r=0;t=")
    );
    assert_eq!(server.store.ledger_counters().records, before);
    let other = Grant::new(&server, TINDESYSTEM_CLIENT, "fjord:apen.read");
    assert_issued(&server.exchange(&other.sign()).await);
}

/// inferred §11: An address is limited whatever it asks, before anything of it is read.
#[tokio::test]
async fn an_address_is_limited_before_anything_is_read() {
    let server = with_address_limit(TrustedProxies::default()).await;
    for _ in 0..BURST {
        assert_eq!(server.post_form("rot").await.status, 400);
    }
    // Nobody vouches for what a client says of itself.
    let headers = [
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"),
    ];
    for body in ["rot".to_owned(), "x".repeat(1024 * 1024)] {
        let answer = server.post_with(&headers, body).await;
        answer.assert_refused(429, "temporarily_unavailable", "", "Too many requests");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() <= 60);
        assert!(answer.header("ratelimit").starts_with("\"address\";r=0;t="));
        assert_eq!(answer.header("x-request-id").len(), 32);
    }
}

/// inferred §11: Behind a trusted proxy each client has a rate of its own, whatever it claims.
#[tokio::test]
async fn a_trusted_proxy_tells_clients_apart() {
    let proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let proxies = TrustedProxies::new(proxies, ForwardingHeader::XForwardedFor);
    let server = with_address_limit(proxies).await;
    let ask = async |forwarded: &str| -> Answer {
        server
            .post_with(&[("x-forwarded-for", forwarded)], String::new())
            .await
    };
    for number in 0..BURST {
        let claimed = format!("198.51.100.{number}, 192.0.2.1");
        assert_ne!(ask(&claimed).await.status, 429);
    }
    assert_eq!(ask("198.51.100.77, 192.0.2.1").await.status, 429);
    assert_ne!(ask("192.0.2.1, 192.0.2.2").await.status, 429);
    for host in 0..BURST {
        assert_ne!(ask(&format!("2001:db8::{host:x}")).await.status, 429);
    }
    assert_eq!(ask("2001:db8::ffff:1").await.status, 429, "one subscriber");
    assert_ne!(ask("2001:db8:0:1::1").await.status, 429);
}
