//! Refusals outlive the process, and what is kept of them holds no secret.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, CLIENT, Dev, SCOPE, form, send};

/// Nobody of the sample registry.
const PID: &str = "05868994757";

async fn explained(dev: &Dev, body: &Value) -> Answer {
    let url = format!("{}/explain", dev.selfservice());
    send(dev.http().post(url).json(body)).await
}

/// Asks until the refusal is written, which takes a moment after the answer.
async fn remembered(dev: &Dev, body: &Value) -> Value {
    loop {
        let answer = explained(dev, body).await;
        if answer.status == 200 {
            return answer.body;
        }
        assert_eq!(answer.status, 404, "{}", answer.body);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_refusal_is_explained_after_a_restart() {
    let mut dev = Dev::start_on_lasting_ports().await;
    let grant = dev.grant().claim("scope", json!("nav:unknown")).sign();
    let request_id = dev.exchange(&grant).await.request_id().to_owned();
    let question = json!({ "request_id": request_id, "assertion": grant });
    // What was refused just before the end is written before the end.
    dev.signal("TERM");
    assert!(dev.ended().await.success());
    dev.start_again().await;
    let before = remembered(&dev, &question).await;
    assert_eq!(before["proof"], json!(["client"]));
    assert_eq!(before["refusal"]["mp_code"], "MP-200");
    assert!(before.to_string().contains("nav:unknown does not exist"));
    dev.kill();
    dev.start_again().await;
    assert_eq!(remembered(&dev, &question).await, before);
    dev.order(
        Method::PUT,
        "/dev/clock",
        json!({ "advance_seconds": 86_400 }),
    )
    .await;
    assert_eq!(explained(&dev, &question).await.status, 404);

    let log = dev.run_json(&["audit", "show", "--request-id", &request_id]);
    assert_eq!(log[0]["operation"], "token.refuse");
    assert_eq!(log[0]["object"]["key"], CLIENT);
    assert_eq!(log[0]["after"]["refusal"], "InvalidScopes");
    assert!(dev.run(&["audit", "verify"]).status.success());
}

#[tokio::test]
async fn the_command_proves_the_client_with_the_key_at_hand() {
    let dev = Dev::start().await;
    let grant = dev.grant().claim("scope", json!("nav:unknown")).sign();
    let request_id = dev.exchange(&grant).await.request_id().to_owned();
    remembered(&dev, &json!({ "request_id": request_id })).await;
    let url = dev.selfservice();
    let explain = |more: &[&str]| {
        let mut arguments = vec!["--output", "json", "explain", "--request-id", &request_id];
        arguments.extend(more);
        let output = dev.run(&arguments);
        assert_eq!(output.status.code(), Some(1), "it was refused");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(explain(&[])["proof"], json!(["client"]));
    // Another server's clients are not in the folder unless one is named.
    assert_eq!(explain(&["--selfservice", url])["proof"], json!([]));
    let named = explain(&["--selfservice", url, "--client", CLIENT]);
    assert_eq!(named["proof"], json!(["client"]));
    let other = explain(&["--client", "eksempel-es256"]);
    assert_eq!(other["proof"], json!([]));
    let unknown = dev.run(&["explain", "--request-id", &"0".repeat(32)]);
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains("last 24 hours"), "{said}");
}

#[tokio::test]
async fn a_grant_is_explained_by_the_issuer_that_it_is_for() {
    let dev = Dev::start().await;
    let sibling = dev.endpoints()["skyporten"]["issuer"].clone();
    for issuer in [json!(dev.issuer()), sibling] {
        let grant = dev.grant().claim("aud", issuer.clone()).sign();
        let answer = explained(&dev, &json!({ "assertion": grant })).await;
        assert_eq!(answer.body["issuer"], issuer);
        assert_eq!(answer.body["outcome"], "issued", "{}", answer.body);
    }
}

#[tokio::test]
async fn the_owner_is_shown_its_scope_by_the_command() {
    let dev = Dev::start().await;
    let token = |client: &str, scope: &str| {
        let output = dev.run(&["token", "--client", client, "--scope", scope]);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let token = token("nav-administrasjon", "idporten:scopes.write");
    let grant = dev.grant().sign();
    dev.exchange(&grant).await.token();
    let output = dev.run(&["explain", &grant, "--token", &token]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let line = format!("{SCOPE}: active; access of 123456789 is APPROVED");
    assert!(printed.contains(&line), "{printed}");
}

#[tokio::test]
async fn no_file_of_the_store_holds_a_grant_or_a_person() {
    let mut dev = Dev::start().await;
    let grants = [
        dev.grant().claim("pid", json!(PID)).claim("exp", json!(5)),
        dev.grant().claim("consumer_org", json!(PID)),
        dev.grant()
            .claim("scope", json!(format!("nav:{PID} {SCOPE}"))),
        dev.grant().claim("aud", json!([PID])),
        dev.grant().claim(PID, json!(PID)),
        dev.grant().claim("iss", json!(PID)),
        dev.grant()
            .claim("resource", json!([PID, format!("urn:{PID}")])),
    ];
    let mut secrets = vec![PID.to_owned()];
    for grant in grants {
        let grant = grant.sign();
        for body in [grant.clone(), format!("{grant}x")] {
            let request = dev.http().post(dev.token_endpoint()).body(form(&body));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = send(request).await;
            remembered(&dev, &json!({ "request_id": answer.request_id() })).await;
        }
        secrets.extend(grant.split('.').skip(1).map(str::to_owned));
    }
    let token = dev.exchange(&dev.grant().sign()).await.token().to_owned();
    let url = format!("{}/scopes", dev.selfservice());
    send(dev.http().post(url).bearer_auth(&token).json(&json!({}))).await;
    secrets.extend(token.split('.').skip(1).map(str::to_owned));
    dev.signal("TERM");
    assert!(dev.ended().await.success());

    let mut seen = 0;
    for file in std::fs::read_dir(dev.data_dir()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("portvakt.db") {
            continue;
        }
        let content = std::fs::read(&path).unwrap();
        let holds = |text: &str| {
            content
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        seen += u32::from(holds("token.refuse") && holds("administration.refuse"));
        for secret in &secrets {
            assert!(!holds(secret), "{name} holds {secret}");
        }
    }
    assert_eq!(seen, 1, "the refusals are in the file");
}
