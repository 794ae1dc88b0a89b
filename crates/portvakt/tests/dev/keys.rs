//! Signing keys: rotated, kept, and verified with.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Dev;
use crate::tokens::{json_part, verified};

#[tokio::test]
async fn a_token_of_the_old_key_verifies_after_a_rotation() {
    let dev = Dev::start().await;
    let old = dev.exchange(&dev.grant().sign()).await.token().to_owned();
    let rotation = dev.order(Method::POST, "/dev/keys/rotate", json!({})).await;
    let new = dev.exchange(&dev.grant().sign()).await.token().to_owned();
    let (old_header, _) = verified(&dev, &old).await;
    let (new_header, _) = verified(&dev, &new).await;
    assert_eq!(rotation["active"], new_header["kid"]);
    assert_eq!(rotation["retired"], json!([old_header["kid"]]));
    assert_ne!(old_header["kid"], new_header["kid"]);
}

#[tokio::test]
async fn keys_and_tokens_survive_a_crash() {
    let mut dev = Dev::start_on_lasting_ports().await;
    dev.order(Method::POST, "/dev/keys/rotate", json!({})).await;
    let before = dev.get(&format!("{}jwk", dev.issuer())).await.body;
    let token = dev.exchange(&dev.grant().sign()).await.token().to_owned();
    dev.kill();
    dev.start_again().await;
    verified(&dev, &token).await;
    let kids = |document: &Value| {
        let keys = document["keys"].as_array().unwrap().iter();
        let mut kids: Vec<_> = keys.map(|key| key["kid"].to_string()).collect();
        kids.sort();
        kids
    };
    let after = dev.get(&format!("{}jwk", dev.issuer())).await.body;
    assert_eq!(kids(&before), kids(&after));
    let again = dev.exchange(&dev.grant().sign()).await;
    assert_eq!(
        json_part(again.token(), 0)["kid"],
        json_part(&token, 0)["kid"]
    );
}

#[tokio::test]
async fn rotations_at_the_same_time_take_turns() {
    let dev = Dev::start().await;
    let (a, b, c) = tokio::join!(
        dev.order(Method::POST, "/dev/keys/rotate", json!({})),
        dev.order(Method::POST, "/dev/keys/rotate", json!({})),
        dev.order(Method::POST, "/dev/keys/rotate", json!({})),
    );
    let retired = |rotation: &Value| rotation["retired"].as_array().unwrap().len();
    let mut order = [a, b, c];
    order.sort_by_key(retired);
    assert_eq!(order.each_ref().map(retired), [1, 2, 3]);
    let token = dev.exchange(&dev.grant().sign()).await;
    assert_eq!(json_part(token.token(), 0)["kid"], order[2]["active"]);
    let keys = dev.get(&format!("{}jwk", dev.issuer())).await.body;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn each_surface_rotates_its_own_keys() {
    let dev = Dev::start().await;
    let login = dev.endpoints()["idporten"]["issuer"].as_str().unwrap();
    let login_keys = format!("{login}/jwks.json");
    let kids = |document: &Value| {
        let keys = document["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let machines = dev.get(&format!("{}jwk", dev.issuer())).await.body;
    let before = kids(&dev.get(&login_keys).await.body);
    let body = json!({ "surface": "idporten" });
    let rotation = dev.order(Method::POST, "/dev/keys/rotate", body).await;
    let after = kids(&dev.get(&login_keys).await.body);
    assert_eq!(rotation["retired"], json!(before));
    assert!(after.contains(&rotation["active"]) && after.contains(&before[0]));
    assert_eq!(
        dev.get(&format!("{}jwk", dev.issuer())).await.body,
        machines
    );

    let script = json!({
        "surface": "idporten", "endpoint": "/jwks.json", "fault": { "rotate_keys": true },
    });
    dev.order(Method::POST, "/dev/faults", script).await;
    assert_eq!(kids(&dev.get(&login_keys).await.body).len(), 3);
    let unknown = json!({ "surface": "portal" });
    let refused = dev
        .control(Method::POST, "/dev/keys/rotate", &unknown)
        .await;
    assert_eq!(refused.status, 400);
}
