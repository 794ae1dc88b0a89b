//! What must never be printed, however much is logged.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Dev, form, send};

const PID: &str = "17869010057";

#[tokio::test]
async fn no_log_and_no_journal_holds_a_secret_or_a_person() {
    let mut dev = Dev::start_logging(&[], "trace").await;
    let mut secrets = vec![PID.to_owned()];
    for path in [
        "keys/eksempel-klient.jwk.json",
        "keys/eksempel-es256.jwk.json",
    ] {
        let jwk = std::fs::read(dev.data_dir().join(path)).unwrap();
        let jwk: Value = serde_json::from_slice(&jwk).unwrap();
        secrets.push(jwk["d"].as_str().unwrap().to_owned());
    }
    let ca_key = std::fs::read_to_string(dev.data_dir().join("ca-key.pem")).unwrap();
    secrets.push(ca_key.lines().nth(1).unwrap().to_owned());

    let good = dev.grant().claim("pid", json!(PID)).sign();
    let expired = dev
        .grant()
        .claim("pid", json!(PID))
        .claim("exp", json!(5))
        .claim("iat", json!(1))
        .sign();
    let odd = dev
        .grant()
        .claim("pid", json!([PID]))
        .claim("scope", json!(7))
        .sign();
    let short = dev.grant().claim("pid", json!("178690")).sign();
    let unsigned = format!("{}x", dev.grant().claim("pid", json!(PID)).sign());
    let misplaced = dev
        .grant()
        .claim("consumer_org", json!(PID))
        .claim("resource", json!([PID, format!("urn:{PID}")]))
        .claim("scope", json!(format!("nav:{PID}")))
        .sign();
    for grant in [&good, &good, &expired, &odd, &short, &unsigned, &misplaced] {
        let answer = dev.exchange(grant).await;
        if let Some(token) = answer.body["access_token"].as_str() {
            secrets.push(token.to_owned());
        }
        let url = format!("{}/dev/explain", dev.operations());
        let request = dev
            .http()
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded");
        send(request.body(form(grant))).await;
        secrets.push((*grant).clone());
    }
    let order = json!({ "claims": { "pid": PID } });
    let minted = dev.order(Method::POST, "/dev/tokens", order).await;
    secrets.push(minted["access_token"].as_str().unwrap().to_owned());
    dev.order(Method::POST, "/dev/keys/rotate", json!({})).await;

    secrets.extend(client_secrets(&dev).await);

    let journal = dev.order(Method::GET, "/dev/requests", Value::Null).await;
    assert_eq!(journal["requests"].as_array().unwrap().len(), 8);
    let journal = journal.to_string();
    dev.signal("TERM");
    dev.ended().await;
    let log = dev.log();
    // The log does say something: the test would see nothing in an empty one.
    assert!(
        log.contains("token issued") && log.contains("token refused"),
        "{log}"
    );
    for secret in secrets {
        // Each part of a JWS is a secret of its own; the last is the signature.
        let tail = secret.rsplit('.').next().unwrap();
        let middle = secret.split('.').nth(1).unwrap_or(&secret);
        for part in [tail, middle, &secret] {
            assert!(!log.contains(part), "the log holds {part}");
            assert!(!journal.contains(part), "the journal holds {part}");
        }
    }
}

/// The secrets that a client gets over the self-service API, and the token that asked for them.
async fn client_secrets(dev: &Dev) -> Vec<String> {
    let arguments = ["token", "--client", "eksempel-administrasjon"];
    let token = dev.run(&[&arguments[..], &["--scope", "idporten:dcr.write"]].concat());
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    let post = async |path: &str, body: Value| {
        let url = format!("{}{path}", dev.selfservice());
        let answer = send(dev.http().post(url).bearer_auth(&token).json(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    };
    let login = json!({
        "integration_type": "idporten", "application_type": "web", "client_name": "Innlogging",
        "redirect_uris": ["https://havbris.example/inn"], "scopes": ["openid"],
    });
    let made = post("/clients", login).await;
    let path = format!("/clients/{}/secret", made["client_id"].as_str().unwrap());
    let rotated = post(&path, json!({})).await;
    let secret = |body: &Value| body["client_secret"].as_str().unwrap().to_owned();
    vec![secret(&made), secret(&rotated), token]
}
