//! Refusals of the login surface and of companion APIs in the audit log of a server.

use serde_json::{Value, json};

use crate::harness::Deployment;
use crate::people::{Answer, SPA, WEB};

const OWN: &str = "312773023";

#[tokio::test]
async fn refused_logins_are_in_the_audit_log_on_sqlite() {
    refused_logins_are_in_the_audit_log(Deployment::new()).await;
}

#[tokio::test]
async fn refused_logins_are_in_the_audit_log_on_postgresql() {
    refused_logins_are_in_the_audit_log(Deployment::on_postgres()).await;
}

/// Threat: somebody tries clients, codes and tokens out, and nobody can tell afterwards; or floods the
/// log so that nothing else is in it.
async fn refused_logins_are_in_the_audit_log(deployment: Deployment) {
    let deployment = deployment.with_logins();
    let server = deployment.start().await;
    let site = server.site();
    for _ in 0..100 {
        let stranger = site.get("/login?txn=x").await;
        assert_eq!(stranger.status, 410, "{stranger:?}");
    }
    let proven = site.redeem(WEB, &"A".repeat(43)).await;
    let claimed = site.refresh(SPA, &"A".repeat(43)).await;
    let nobody = site.get("/rest/v2/person").await;
    // What was refused just before the end is written before the end.
    assert!(server.stopped().await.success());

    let shown = |answer: &Answer| {
        let request_id = answer.header("x-request-id");
        let log = deployment.operated(&["audit", "show", "--request-id", request_id]);
        let log = log.as_array().unwrap();
        assert_eq!(log.len(), 1, "{log:?}");
        log[0].clone()
    };
    let entry = shown(&proven);
    assert_eq!(entry["operation"], "login.refuse");
    let actor = json!({"channel": "login", "client_id": WEB, "organization": OWN});
    assert_eq!(entry["actor"], actor);
    let after = json!({
        "refusal": "CodeInvalid", "http_status": 400, "endpoint": "/token", "proven": true,
    });
    assert_eq!(entry["after"], after);
    assert!(
        deployment
            .text("server.log")
            .contains("\"endpoint\":\"/token\"")
    );
    assert_eq!(shown(&nobody)["operation"], "companion.refuse");

    // The strangers have filled their part, which the public client's request was in.
    let log = deployment.operated(&["audit", "show", "--limit", "1000"]);
    let log = log.as_array().unwrap();
    let is = |entry: &&Value, operation: &str| entry["operation"] == operation;
    let strangers = log.iter().filter(|entry| is(entry, "login.refuse"));
    let strangers = strangers.filter(|entry| entry["after"]["proven"] == false);
    let single = strangers.count();
    assert!((30..=60).contains(&single), "{single}");
    let summaries = log.iter().filter(|entry| is(entry, "refusal.summarize"));
    let counts = summaries.map(|entry| {
        let counts = entry["after"]["counts"].as_object().unwrap();
        assert!(counts.keys().all(|name| name.starts_with("login.")));
        counts.values().filter_map(Value::as_u64).sum::<u64>()
    });
    assert_eq!(counts.sum::<u64>() + single as u64, 101, "{claimed:?}");
    let verified = deployment.operate(&["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");

    let concerned = deployment.operated(&["audit", "show", "--org", OWN, "--limit", "1000"]);
    assert!(concerned.as_array().unwrap().contains(&entry));
}
