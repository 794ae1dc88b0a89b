//! Decisions that are remembered, and decisions that are only asked for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{CLIENT, Dev, SCOPE, form, now, send};

async fn explain(
    dev: &Dev,
    query: &str,
    content_type: &str,
    body: String,
) -> crate::harness::Answer {
    let url = format!("{}/dev/explain{query}", dev.operations());
    let request = dev.http().post(url).header("content-type", content_type);
    send(request.body(body)).await
}

#[tokio::test]
async fn the_last_decisions_are_listed_newest_first() {
    let dev = Dev::start().await;
    let grant = dev.grant().sign();
    let issued = dev.exchange(&grant).await;
    let replayed = dev.exchange(&grant).await;
    let listed = dev.order(Method::GET, "/dev/requests", Value::Null).await;
    let [newest, oldest] = listed["requests"].as_array().unwrap().as_slice() else {
        panic!("two decisions were made: {listed}");
    };
    assert_eq!(oldest["request_id"], issued.request_id());
    assert_eq!(oldest["outcome"], "issued");
    assert_eq!(
        (&oldest["client_id"], &oldest["scope"]),
        (&json!(CLIENT), &json!(SCOPE))
    );
    assert_eq!(newest["request_id"], replayed.request_id());
    assert_eq!(newest["outcome"], "refused");
    assert_eq!(newest["refusal"]["name"], "GrantReplayed");
    assert_eq!(newest["refusal"]["mp_code"], "MP-012");
    let checks = newest["explanation"]["checks"].as_array().unwrap();
    let failed: Vec<_> = checks
        .iter()
        .filter(|check| check["result"] == "failed")
        .map(|check| &check["check"])
        .collect();
    assert_eq!(failed, ["OneTimeUse"]);

    let limited = dev
        .order(Method::GET, "/dev/requests?limit=1", Value::Null)
        .await;
    assert_eq!(limited["requests"], json!([newest]));
    let path = format!("/dev/requests/{}", issued.request_id());
    assert_eq!(dev.order(Method::GET, &path, Value::Null).await, *oldest);
}

#[tokio::test]
async fn what_is_not_remembered_is_not_found() {
    let dev = Dev::start().await;
    for id in ["0", "00000000000000000000000000000000", "%00", "..%2f"] {
        let answer = dev
            .control(Method::GET, &format!("/dev/requests/{id}"), &Value::Null)
            .await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (404, &json!("not_found")),
            "{id}"
        );
    }
    for query in ["limit=-1", "limit=x", "offset=1"] {
        let answer = dev
            .control(Method::GET, &format!("/dev/requests?{query}"), &Value::Null)
            .await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.body["error_description"].is_string(), "{query}");
    }
}

#[tokio::test]
async fn an_explained_grant_can_still_be_used() {
    let dev = Dev::start().await;
    let grant = dev.grant().sign();
    for (content_type, body) in [
        ("text/plain", grant.clone()),
        ("text/plain; charset=utf-8", format!("{grant}\n")),
        ("application/x-www-form-urlencoded", form(&grant)),
        (
            "application/x-www-form-urlencoded",
            format!("assertion={grant}"),
        ),
    ] {
        let answer = explain(&dev, "", content_type, body).await;
        assert_eq!(
            (answer.status, &answer.body["outcome"]),
            (200, &json!("issued")),
            "{content_type}"
        );
    }
    dev.exchange(&grant).await.token();
    let used = explain(&dev, "", "text/plain", grant).await;
    assert_eq!(used.body["outcome"], "refused");
}

#[tokio::test]
async fn a_grant_is_explained_as_of_another_instant_and_for_the_sibling() {
    let dev = Dev::start().await;
    let grant = dev.grant().sign();
    let late = explain(
        &dev,
        &format!("?at={}", now() + 3600),
        "text/plain",
        grant.clone(),
    )
    .await;
    let failed = |answer: &Value| {
        let checks = answer["checks"].as_array().unwrap().clone();
        let failed = checks
            .into_iter()
            .filter(|check| check["result"] == "failed");
        failed
            .map(|check| check["check"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(failed(&late.body), ["Expiry"]);
    let sibling = explain(&dev, "?skyporten=true", "text/plain", grant.clone()).await;
    assert_eq!(failed(&sibling.body), ["Audience"]);
    for query in ["?at=tomorrow", "?when=1", "?skyporten=perhaps"] {
        let answer = explain(&dev, query, "text/plain", grant.clone()).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    for body in ["", "  ", "grant_type=x"] {
        let form = "application/x-www-form-urlencoded";
        let answer = explain(&dev, "", form, body.to_owned()).await;
        assert_eq!(answer.status, 400, "{body:?}");
    }
}
