//! The clock that developers turn.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Dev, now};

async fn put(dev: &Dev, change: Value) -> Value {
    dev.order(Method::PUT, "/dev/clock", change).await
}

#[tokio::test]
async fn starts_as_the_machines_clock_and_returns_to_it() {
    let dev = Dev::start().await;
    let reading = dev.order(Method::GET, "/dev/clock", Value::Null).await;
    assert_eq!(reading["frozen"], false);
    assert!((reading["seconds"].as_i64().unwrap() - now()).abs() < 30);

    put(
        &dev,
        json!({ "now": "2030-01-01T12:00:00Z", "frozen": true }),
    )
    .await;
    let reading = dev.order(Method::DELETE, "/dev/clock", Value::Null).await;
    assert_eq!(
        (&reading["frozen"], &reading["offset_seconds"]),
        (&json!(false), &json!(0))
    );
}

#[tokio::test]
async fn a_frozen_clock_shows_the_instant_that_it_was_given() {
    let dev = Dev::start().await;
    let change = json!({ "now": "2030-01-01T12:00:00Z", "frozen": true });
    let reading = put(&dev, change).await;
    assert_eq!(reading["now"], "2030-01-01T12:00:00.000Z");
    let reading = put(&dev, json!({ "advance_seconds": 90 })).await;
    assert_eq!(reading["now"], "2030-01-01T12:01:30.000Z");
    assert_eq!(reading["frozen"], true);
    let reading = put(&dev, json!({ "now": 1_772_442_900 })).await;
    assert_eq!(reading["now"], "2026-03-02T09:15:00.000Z");

    let grant = dev.grant();
    let grant = grant
        .claim("iat", json!(1_772_442_900))
        .claim("exp", json!(1_772_442_960));
    let answer = dev.exchange(&grant.sign()).await;
    let claims = crate::tokens::json_part(answer.token(), 1);
    assert_eq!(claims["iat"], 1_772_442_900);
}

#[tokio::test]
async fn decisions_follow_the_clock() {
    let dev = Dev::start().await;
    let grant = dev.grant().sign();
    put(&dev, json!({ "advance_seconds": 3600 })).await;
    let late = dev.exchange(&grant).await;
    assert_eq!(
        (late.status, late.mp_code()),
        (400, "MP-130"),
        "{}",
        late.text
    );
    put(&dev, json!({ "advance_seconds": -7200 })).await;
    let early = dev.exchange(&grant).await;
    assert_eq!((early.status, early.mp_code()), (400, ""), "{}", early.text);
    dev.order(Method::DELETE, "/dev/clock", Value::Null).await;
    dev.exchange(&grant).await.token();
}

#[tokio::test]
async fn refuses_what_it_does_not_understand() {
    let dev = Dev::start().await;
    for wrong in [
        json!({}),
        json!([]),
        json!({ "now": "tomorrow" }),
        json!({ "now": 1.5 }),
        json!({ "now": 5, "advance_seconds": 5 }),
        json!({ "advance_seconds": "5" }),
        json!({ "frozen": "yes" }),
        json!({ "frozen": true, "speed": 2 }),
    ] {
        let answer = dev.control(Method::PUT, "/dev/clock", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert_eq!(answer.body["error"], "invalid_request", "{wrong}");
        assert!(answer.body["error_description"].is_string(), "{wrong}");
    }
    let reading = dev.order(Method::GET, "/dev/clock", Value::Null).await;
    assert_eq!(reading["offset_seconds"], 0);
}
