//! The audit log: what the operator does is in it, and it can be read a page at a time.

use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK, SCOPE};
use serde_json::{Value, json};

use crate::harness::Checked;
use crate::operator_harness::{DIRECTORATE, Operated, WRITER};

#[tokio::test]
async fn every_act_is_recorded_with_its_channel_client_and_request() {
    let world = Operated::start().await;
    let writer = world.writer();
    let organization = format!("/organizations/{LYNGVIK}");
    let scope = format!("/scopes?scope={SCOPE}");
    let client = json!({
        "client_id": "ny", "client_name": "Ny", "client_orgno": LYNGVIK,
        "integration_type": "maskinporten", "scopes": ["idporten:dcr.read"],
    });
    let prefix = format!("/organizations/{LYNGVIK}/prefixes/lyngvik");
    let row = json!({
        "scope": "fjord:havn/anlop.write", "consumer_orgno": LYNGVIK, "supplier_orgno": FJORDETATEN,
    });
    for (method, path, body, operations) in [
        (
            "PUT",
            organization.as_str(),
            json!({"name": "Ny"}),
            vec!["organization.update"],
        ),
        ("PUT", &prefix, Value::Null, vec!["prefix.create"]),
        ("DELETE", &prefix, Value::Null, vec!["prefix.deactivate"]),
        (
            "POST",
            "/clients",
            client,
            vec!["access.grant", "client.create"],
        ),
        (
            "PUT",
            "/clients/ny/scopes?scope=idporten:dcr.write",
            Value::Null,
            vec!["access.grant", "client.update"],
        ),
        (
            "PATCH",
            &scope,
            json!({"protected": true}),
            vec!["scope.update"],
        ),
        (
            "PUT",
            "/delegationsources/ny",
            json!({"issuer": "https://ny.example/"}),
            vec!["delegation_source.create"],
        ),
        (
            "DELETE",
            "/delegationsources/ny",
            Value::Null,
            vec!["delegation_source.deactivate"],
        ),
        ("PUT", "/delegations", row, vec!["delegation.create"]),
        (
            "POST",
            "/signing-keys/rotate",
            json!({}),
            vec!["signing_key.create"],
        ),
        (
            "DELETE",
            &organization,
            Value::Null,
            vec!["organization.deactivate"],
        ),
    ] {
        let answer = if body.is_null() {
            writer.call(method, path).await.ok()
        } else {
            writer.send(method, path, &body).await.ok()
        };
        let id = answer.header("x-request-id");
        let page = writer
            .get(&format!("/audit?correlation_id={id}"))
            .await
            .ok();
        let entries = page.body["entries"].as_array().unwrap();
        let found: Vec<_> = entries
            .iter()
            .map(|entry| entry["operation"].as_str().unwrap())
            .collect();
        assert_eq!(found, operations, "{method} {path}");
        for entry in entries {
            assert_eq!(entry["request_id"], id);
            let actor = json!({
                "channel": "operator_api", "client_id": WRITER, "organization": DIRECTORATE,
            });
            assert_eq!(entry["actor"], actor);
        }
    }
}

#[tokio::test]
async fn a_refused_act_leaves_no_entry_and_changes_nothing() {
    let world = Operated::start().await;
    let writer = world.writer();
    let count = async || {
        let page = writer.get("/audit?limit=200").await.ok();
        page.body["entries"].as_array().unwrap().len()
    };
    let before = count().await;
    let path = format!("/organizations/{FJORDETATEN}");
    world.reader().delete(&path).await.refused(403, "");
    writer
        .put(&path, &json!({"name": ""}))
        .await
        .refused(400, "name");
    let body = json!({
        "client_id": "halv", "client_name": "Halv", "client_orgno": "314999999",
        "integration_type": "maskinporten", "scopes": ["idporten:dcr.read"],
        "jwks": {"keys": [{"kty": "RSA"}]},
    });
    writer.post("/clients", &body).await.refused(400, "keys[0]");
    writer
        .get("/organizations/314999999")
        .await
        .refused(404, "");
    assert_eq!(count().await, before);
}

#[tokio::test]
async fn pages_follow_each_other_until_there_is_none() {
    let world = Operated::start().await;
    let writer = world.writer();
    for number in 0..5 {
        let path = format!("/organizations/{HAVBRIS}");
        writer
            .put(&path, &json!({"name": format!("Havbris {number}")}))
            .await
            .ok();
    }
    let all = writer.get("/audit?limit=200").await.ok().body["entries"].clone();
    let (mut found, mut path) = (Vec::new(), "/audit?limit=2".to_owned());
    loop {
        let page = writer.get(&path).await.ok().body;
        let entries = page["entries"].as_array().unwrap();
        assert!(entries.len() <= 2);
        found.extend(entries.iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/audit?limit=2&cursor={cursor}");
    }
    assert_eq!(json!(found), all);
    assert!(found.len() >= 5);
}

#[tokio::test]
async fn each_filter_narrows() {
    let world = Operated::start().await;
    let writer = world.writer();
    let path = format!("/organizations/{HAVBRIS}");
    writer.put(&path, &json!({"name": "Havbris"})).await.ok();
    world
        .machine
        .clock
        .advance(std::time::Duration::from_mins(1));
    // The clock of a test moves further than a token lives.
    let writer = world.writer();
    let path = format!("/organizations/{LYNGVIK}");
    writer.put(&path, &json!({"name": "Lyngvik"})).await.ok();
    let find = async |query: &str| {
        let page = writer.get(&format!("/audit?{query}")).await.ok();
        let entries = page.body["entries"].as_array().unwrap().iter();
        entries
            .filter(|entry| entry["object"]["kind"] == "organization")
            .map(|entry| entry["object"]["key"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(find(&format!("organization={LYNGVIK}")).await, [LYNGVIK]);
    assert_eq!(
        find(&format!("organization=0192:{HAVBRIS}")).await,
        [HAVBRIS]
    );
    let both = find(&format!("client_id={WRITER}")).await;
    assert_eq!(both, [HAVBRIS, LYNGVIK]);
    assert_eq!(find("client_id=ukjent").await, Vec::<String>::new());
    assert_eq!(find("from=2026-03-02T09:16:00Z").await, [LYNGVIK]);
    let of_writer = format!("to=2026-03-02T09:16:00Z&client_id={WRITER}");
    assert_eq!(find(&of_writer).await, [HAVBRIS]);
}

#[tokio::test]
async fn a_cursor_that_was_not_given_out_is_refused() {
    let world = Operated::start().await;
    let writer = world.writer();
    let path = format!("/organizations/{HAVBRIS}");
    writer.put(&path, &json!({"name": "Havbris"})).await.ok();
    for cursor in [
        "",
        "0",
        "-1",
        "01",
        "1x",
        "%201",
        "1.0",
        "99999",
        "18446744073709551615",
        "18446744073709551616",
        "1%27--",
        "%00",
    ] {
        let answer = writer.get(&format!("/audit?cursor={cursor}")).await;
        answer.refused(400, "cursor");
    }
    writer.get("/audit?cursor=1").await.ok();
    for limit in ["0", "201", "-1", "a", "4294967297"] {
        writer
            .get(&format!("/audit?limit={limit}"))
            .await
            .refused(400, "limit");
    }
    for (name, value) in [
        ("from", "yesterday"),
        ("to", "2026-13-01T00:00:00Z"),
        ("organization", "1"),
        ("client_id", "a/b"),
        ("correlation_id", "xyz"),
        ("correlation_id", "17869010057"),
    ] {
        writer
            .get(&format!("/audit?{name}={value}"))
            .await
            .refused(400, name);
    }
}
