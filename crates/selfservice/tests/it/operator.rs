//! The operator's acts on organizations, prefixes, scopes and keys (spec: selfservice
//! §14): one test for each row.

use portvakt_testkit::{FJORDETATEN, Grant, HAVBRIS, LYNGVIK, SCOPE, SOURCE};
use serde_json::json;

use crate::harness::Checked;
use crate::operator_harness::{DIRECTORATE, Operated};

const NEW: &str = "314222055";

pub(crate) fn names(answer: &portvakt_testkit::Answer, member: &str) -> Vec<String> {
    let records = answer.body.as_array().unwrap().iter();
    records
        .map(|record| record[member].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_organization_is_recorded_renamed_stopped_and_put_back() {
    let world = Operated::start().await;
    let writer = world.writer();
    let path = format!("/organizations/{NEW}");
    writer.get(&path).await.refused(404, "");
    let made = writer.put(&path, &json!({"name": "Nyetaten"})).await.ok();
    assert_eq!(made.body["active"], true);
    assert_eq!(writer.get(&path).await.ok().body, made.body);
    let renamed = writer.put(&path, &json!({"name": "Nyere etat"})).await.ok();
    assert_eq!(renamed.body["name"], "Nyere etat");

    let stopped = writer.delete(&path).await.ok();
    assert_eq!(stopped.body["active"], false);
    assert_eq!(writer.delete(&path).await.ok().body, stopped.body);
    let active = writer.get("/organizations").await.ok();
    assert!(!names(&active, "orgno").contains(&NEW.to_owned()));
    let all = writer.get("/organizations?inactive=true").await.ok();
    assert!(names(&all, "orgno").contains(&NEW.to_owned()));
    let kept = writer.put(&path, &json!({"name": "Nyest"})).await.ok();
    assert_eq!(kept.body["active"], false, "a new name is no reactivation");
    // What was read can be sent back, with one thing changed.
    let mut body = kept.body;
    body["active"] = json!(true);
    assert_eq!(writer.put(&path, &body).await.ok().body["active"], true);

    let iso = format!("/organizations/0192:{NEW}");
    assert_eq!(writer.get(&iso).await.ok().body["orgno"], NEW);
    writer
        .get("/organizations/31422205")
        .await
        .refused(400, "orgno");
    let own = format!("/organizations/{DIRECTORATE}");
    writer.delete(&own).await.refused(409, "");
}

#[tokio::test]
async fn a_stopped_organization_gets_no_token_from_the_next_request_on() {
    let world = Operated::start().await;
    let (machine, writer) = (&world.machine, world.writer());
    let token = async || machine.exchange(&Grant::havbris(machine).sign()).await;
    assert_eq!(token().await.status, 200);
    for orgno in [HAVBRIS, FJORDETATEN] {
        let path = format!("/organizations/{orgno}");
        writer.delete(&path).await.ok();
        assert_ne!(token().await.status, 200, "{orgno} is stopped");
        let back = json!({"name": "Tilbake", "active": true});
        writer.put(&path, &back).await.ok();
        assert_eq!(token().await.status, 200, "{orgno} is back");
    }
}

#[tokio::test]
async fn a_prefix_is_assigned_withdrawn_and_assigned_again() {
    let world = Operated::start().await;
    let writer = world.writer();
    let path = format!("/organizations/{HAVBRIS}/prefixes/havbris");
    let made = writer.call("PUT", &path).await.ok();
    assert_eq!(made.body["owner_orgno"], HAVBRIS);
    let foreign = format!("/organizations/{LYNGVIK}/prefixes/havbris");
    writer.call("PUT", &foreign).await.refused(409, "prefix");
    writer.delete(&foreign).await.refused(404, "");
    let gone = writer.delete(&path).await.ok();
    assert_eq!(gone.body["active"], false);
    assert_eq!(writer.get("/prefixes/havbris").await.ok().body, gone.body);
    let list = format!("/organizations/{HAVBRIS}/prefixes");
    assert_eq!(writer.get(&list).await.ok().body, json!([]));
    let all = writer.get(&format!("{list}?inactive=true")).await.ok();
    assert_eq!(all.body, json!([gone.body]));
    assert_eq!(writer.call("PUT", &path).await.ok().body["active"], true);
    assert!(names(&writer.get("/prefixes").await.ok(), "prefix").contains(&"krr".to_owned()));

    let upper = format!("/organizations/{HAVBRIS}/prefixes/Havbris");
    writer.call("PUT", &upper).await.refused(400, "prefix");
    let number = format!("/organizations/{HAVBRIS}/prefixes/{LYNGVIK}");
    writer.call("PUT", &number).await.refused(400, "prefix");
    let unknown = format!("/organizations/{NEW}/prefixes/ny");
    writer.call("PUT", &unknown).await.refused(404, "");
    let reserved = format!("/organizations/{HAVBRIS}/prefixes/portvakt");
    writer.call("PUT", &reserved).await.refused(409, "prefix");
}

#[tokio::test]
async fn a_transferred_prefix_takes_its_scopes_along_and_access_stays() {
    let world = Operated::start().await;
    let (machine, writer) = (&world.machine, world.writer());
    let path = "/prefixes/fjord/transfer";
    let scope = format!("/scopes?scope={SCOPE}");
    let alone = writer.post(path, &json!({"to": LYNGVIK})).await.ok();
    assert_eq!(alone.body["scopes"], json!([]));
    let owner = writer.get(&scope).await.ok().body["owner_orgno"].clone();
    assert_eq!(owner, FJORDETATEN, "the scope was not asked for");
    writer.post(path, &json!({"to": FJORDETATEN})).await.ok();

    let moved = writer
        .post(path, &json!({"to": LYNGVIK, "scopes": true}))
        .await
        .ok();
    assert_eq!(moved.body["owner_orgno"], LYNGVIK);
    assert!(
        moved.body["scopes"]
            .as_array()
            .unwrap()
            .contains(&json!(SCOPE))
    );
    assert_eq!(writer.get(&scope).await.ok().body["owner_orgno"], LYNGVIK);
    let token = machine.exchange(&Grant::havbris(machine).sign()).await;
    assert_eq!(token.status, 200, "access moved with it: {}", token.text);

    writer.post(path, &json!({})).await.refused(400, "to");
    writer
        .post(path, &json!({"to": NEW}))
        .await
        .refused(400, "to");
    writer
        .post(path, &json!({"to": "1"}))
        .await
        .refused(400, "to");
    let unknown = writer
        .post("/prefixes/ukjent/transfer", &json!({"to": HAVBRIS}))
        .await;
    unknown.refused(404, "");
    let reserved = writer
        .post("/prefixes/idporten/transfer", &json!({"to": HAVBRIS}))
        .await;
    reserved.refused(403, "prefix");
}

#[tokio::test]
async fn the_operators_attributes_of_a_scope_change_one_at_a_time() {
    let world = Operated::start().await;
    let writer = world.writer();
    let path = format!("/scopes?scope={SCOPE}");
    let before = writer.get(&path).await.ok().body;
    for (name, value) in [
        ("visibility", json!("INTERNAL")),
        ("protected", json!(true)),
        ("supports_european_businesses", json!(true)),
        ("operator_only", json!(true)),
        ("emit_consumer_prefix", json!(true)),
        ("owner_orgno", json!(LYNGVIK)),
        ("active", json!(false)),
    ] {
        let mut expected = before.clone();
        expected[name] = value.clone();
        let changed = writer.patch(&path, &json!({ name: value })).await.ok();
        let mut found = changed.body;
        found["last_updated"] = before["last_updated"].clone();
        assert_eq!(found, expected, "{name}");
        let back = writer
            .patch(&path, &json!({ name: before[name] }))
            .await
            .ok();
        assert_eq!(back.body[name], before[name]);
    }
    writer
        .patch("/scopes", &json!({}))
        .await
        .refused(400, "scope");
    writer
        .patch("/scopes?scope=fjord:ukjent", &json!({}))
        .await
        .refused(404, "");
    let unknown = writer.patch(&path, &json!({"owner_orgno": NEW})).await;
    unknown.refused(400, "owner_orgno");
    let operators = writer
        .patch(
            "/scopes?scope=portvakt:operator.write",
            &json!({"owner_orgno": HAVBRIS}),
        )
        .await;
    operators.refused(403, "owner_orgno");
}

#[tokio::test]
async fn a_scope_that_is_stopped_gives_no_token_from_the_next_request_on() {
    let world = Operated::start().await;
    let (machine, writer) = (&world.machine, world.writer());
    let path = format!("/scopes?scope={SCOPE}");
    writer.patch(&path, &json!({"active": false})).await.ok();
    let refused = machine.exchange(&Grant::havbris(machine).sign()).await;
    assert_ne!(refused.status, 200);
    writer.patch(&path, &json!({"active": true})).await.ok();
    let token = machine.exchange(&Grant::havbris(machine).sign()).await;
    assert_eq!(token.status, 200, "{}", token.text);
}

#[tokio::test]
async fn signing_keys_are_listed_without_their_private_parts_and_rotated() {
    let world = Operated::start().await;
    let writer = world.writer();
    let before = names(&writer.get("/signing-keys").await.ok(), "kid");
    let rotated = writer.call("POST", "/signing-keys/rotate").await.ok();
    let after = names(&rotated, "kid");
    assert_eq!(after.len(), before.len() + 1);
    let rotated = writer.post("/signing-keys/rotate", &json!({})).await.ok();
    assert_eq!(names(&rotated, "kid").len(), before.len() + 2);
    for key in rotated.body.as_array().unwrap() {
        let members: Vec<_> = key
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut expected = [
            "algorithm",
            "created",
            "kid",
            "last_updated",
            "state",
            "surface",
        ];
        let mut members = members;
        members.sort_unstable();
        expected.sort_unstable();
        assert_eq!(members, expected);
    }
    let refused = writer
        .post("/signing-keys/rotate", &json!({"all": true}))
        .await;
    refused.refused(400, "all");
}

#[tokio::test]
async fn a_version_that_is_meant_is_the_only_one_that_is_changed() {
    let world = Operated::start().await;
    let writer = world.writer();
    let organization = format!("/organizations/{HAVBRIS}");
    let scope = format!("/scopes?scope={SCOPE}");
    let prefix = format!("/organizations/{FJORDETATEN}/prefixes/fjord");
    let name = json!({"name": "Havbris"});
    for (method, path, read, body) in [
        ("PUT", organization.as_str(), organization.as_str(), &name),
        ("PATCH", &scope, &scope, &json!({"protected": true})),
        ("DELETE", &prefix, "/prefixes/fjord", &json!(null)),
        ("DELETE", &organization, &organization, &json!(null)),
        (
            "PUT",
            "/delegationsources/altinn",
            "/delegationsources/altinn",
            &json!({"issuer": SOURCE}),
        ),
    ] {
        let tag = writer.get(read).await.ok().header("etag").to_owned();
        let stale = writer.if_match(method, path, "\"stale\"", body).await;
        stale.refused(412, "");
        writer.if_match(method, path, &tag, body).await.ok();
    }
    let new = format!("/organizations/{NEW}");
    writer
        .if_match("PUT", &new, "*", &name)
        .await
        .refused(412, "");
}
