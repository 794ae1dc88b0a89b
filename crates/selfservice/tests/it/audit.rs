//! What is done through the API is in the audit log.

use portvakt_core::audit::AuditFilter;
use portvakt_core::ports::Store;
use portvakt_testkit::FJORDETATEN;
use serde_json::{Value, json};

use crate::harness::{Api, Checked, tidevann};

/// The entries of one request.
async fn entries(api: &Api, request_id: &str) -> Vec<Value> {
    let filter = AuditFilter {
        request_id: Some(request_id.to_owned()),
        ..AuditFilter::default()
    };
    let mut unit = api.store.read().await.unwrap();
    let stored = unit.list_audit(&filter, 0, 100).await.unwrap();
    let read = |entry: &portvakt_core::audit::StoredEntry| serde_json::from_str(&entry.text);
    stored.iter().map(read).collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn a_change_is_recorded_with_its_actor_and_its_request() {
    let api = Api::start().await;
    let made = api.provider().post("/scopes", &tidevann()).await.ok();
    let recorded = entries(&api, made.header("x-request-id")).await;
    assert_eq!(recorded.len(), 1);
    let entry = &recorded[0];
    assert_eq!(entry["operation"], "scope.create");
    assert_eq!(entry["actor"]["channel"], "selfservice");
    assert_eq!(entry["actor"]["organization"], FJORDETATEN);
    assert!(entry["actor"]["client_id"].is_string());
    assert_eq!(entry["before"], Value::Null);
    assert_eq!(entry["after"]["name"], made.body["name"]);
}

#[tokio::test]
async fn reads_refusals_and_changes_that_change_nothing_leave_no_entry() {
    let api = Api::start().await;
    let provider = api.provider();
    provider.post("/scopes", &tidevann()).await.ok();
    let access = "/scopes/access/312773023?scope=fjord:tidevann.read";
    provider.put_nothing(access).await.ok();
    for answer in [
        provider.put_nothing(access).await,
        provider.get("/scopes").await,
        provider.post("/scopes", &tidevann()).await,
        provider.post("/scopes", &json!({})).await,
    ] {
        assert_eq!(
            entries(&api, answer.header("x-request-id")).await,
            Vec::<Value>::new()
        );
    }
}
