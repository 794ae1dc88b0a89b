//! The operator's acts on clients (spec: selfservice §9, §14).

use portvakt_testkit::{
    FJORDETATEN, Grant, HAVBRIS, HAVBRIS_CLIENT, LYNGVIK, TINDESYSTEM, second_signing_key,
};
use serde_json::{Value, json};

use crate::harness::{Checked, but, havbris, send, without};
use crate::operator_harness::Operated;

const DCR_WRITE: &str = "idporten:dcr.write";

/// An administration client of Havbris.
fn admin() -> Value {
    json!({
        "client_id": "havbris-admin", "client_name": "Havbris administrasjon",
        "client_orgno": HAVBRIS, "integration_type": "maskinporten", "scopes": [DCR_WRITE],
    })
}

/// What Havbris' own automation does over the public API.
async fn as_havbris(
    world: &Operated,
    method: &str,
    path: &str,
    body: &Value,
) -> portvakt_testkit::Answer {
    let token = world.sign(&world.claims(HAVBRIS, "havbris-admin", &[DCR_WRITE]));
    let request = world.at_public(method, &format!("/api/v1{path}"));
    send(request.bearer_auth(token).json(body)).await
}

#[tokio::test]
async fn a_client_of_any_organization_gets_the_id_that_is_chosen_once() {
    let world = Operated::start().await;
    let writer = world.writer();
    let made = writer.post("/clients", &admin()).await.ok();
    assert_eq!(made.body["client_id"], "havbris-admin");
    assert_eq!(made.body["client_orgno"], HAVBRIS);
    assert_eq!(made.body.get("self_managed"), None);
    writer
        .post("/clients", &admin())
        .await
        .refused(409, "client_id");
    let random = writer
        .post("/clients", &without(admin(), "client_id"))
        .await
        .ok();
    assert_eq!(random.member("client_id").len(), 36);
    let managed = but(
        admin(),
        &json!({"client_id": "levert", "supplier_orgno": TINDESYSTEM}),
    );
    let managed = writer.post("/clients", &managed).await.ok();
    assert_eq!(managed.body["supplier_orgno"], TINDESYSTEM);
    let listed = writer
        .get(&format!("/clients?organization={TINDESYSTEM}"))
        .await
        .ok();
    assert!(listed.text.contains("\"levert\""));
    writer.get("/clients").await.refused(400, "organization");

    let other = but(admin(), &json!({"client_id": "annen"}));
    for (field, value) in [
        ("client_id", json!("a/b")),
        ("client_orgno", json!("31277302")),
        ("client_orgno", Value::Null),
        ("supplier_orgno", json!(HAVBRIS)),
        ("token_endpoint_auth_signing_alg", json!("HS256")),
        ("client_name", json!("")),
    ] {
        let answer = writer
            .post("/clients", &but(other.clone(), &json!({ field: value })))
            .await;
        answer.refused(400, field);
    }
}

#[tokio::test]
async fn a_first_key_comes_with_the_client_and_gives_a_token() {
    let world = Operated::start().await;
    let (machine, writer) = (&world.machine, world.writer());
    let (key, kid) = (second_signing_key(), "forste");
    let jwks = json!({"keys": [key.public_jwk(kid).to_json()]});
    let body = but(admin(), &json!({"jwks": jwks}));
    writer.post("/clients", &body).await.ok();
    let grant = Grant::new(machine, "havbris-admin", DCR_WRITE);
    let grant = grant.key(key).header("kid", json!(kid)).sign();
    let token = machine.exchange(&grant).await;
    assert_eq!(token.status, 200, "{}", token.text);

    let keys = "/clients/havbris-admin/jwks";
    assert_eq!(writer.get(keys).await.ok().body["keys"][0]["kid"], kid);
    writer.delete(keys).await.ok();
    assert_eq!(writer.get(keys).await.ok().body["keys"], json!([]));
    writer.put(keys, &jwks).await.ok();
    let private = but(
        admin(),
        &json!({"client_id": "b", "jwks": {"keys": [{"kty": "RSA", "d": "x"}]}}),
    );
    writer
        .post("/clients", &private)
        .await
        .refused(400, "keys[0]");
    writer.get("/clients/b").await.refused(404, "");
    let late = but(admin(), &json!({"jwks": jwks}));
    writer
        .put("/clients/havbris-admin", &late)
        .await
        .refused(400, "jwks");
}

#[tokio::test]
async fn what_only_the_operator_sets_is_set_and_read_back() {
    let world = Operated::start().await;
    let writer = world.writer();
    let body = json!({
        "client_id": "ef", "client_name": "eFormidling", "client_orgno": LYNGVIK,
        "integration_type": "eformidling", "scopes": [DCR_WRITE], "self_managed": true,
        "token_endpoint_auth_signing_alg": "ES256",
    });
    // The scope admits other types only; a scope that admits every type will do.
    writer
        .post("/clients", &body)
        .await
        .refused(400, "scopes[0]");
    let body = but(body, &json!({"scopes": ["idporten:token.introspection"]}));
    let made = writer.post("/clients", &body).await.ok();
    assert_eq!(made.body["integration_type"], "eformidling");
    assert_eq!(made.body["self_managed"], true);
    assert_eq!(made.body["token_endpoint_auth_signing_alg"], "ES256");
    // What was read can be sent back.
    let same = writer.put("/clients/ef", &made.body).await.ok();
    let untimed = |body: &Value| without(body.clone(), "last_updated");
    assert_eq!(untimed(&same.body), untimed(&made.body));
    let plain = but(
        without(body, "self_managed"),
        &json!({"token_endpoint_auth_signing_alg": null}),
    );
    let plain = writer.put("/clients/ef", &plain).await.ok();
    assert_eq!(
        plain.body.get("self_managed"),
        None,
        "left out, it is not so"
    );
    let moved = but(plain.body, &json!({"client_orgno": HAVBRIS}));
    writer
        .put("/clients/ef", &moved)
        .await
        .refused(400, "client_orgno");
}

#[tokio::test]
async fn a_client_is_stopped_and_put_back_by_its_active_member() {
    let world = Operated::start().await;
    let (machine, writer) = (&world.machine, world.writer());
    let path = format!("/clients/{HAVBRIS_CLIENT}");
    let known = writer.get(&path).await.ok().body;
    let token = async || {
        machine
            .exchange(&Grant::havbris(machine).sign())
            .await
            .status
    };
    for _ in 0..2 {
        let off = writer
            .put(&path, &but(known.clone(), &json!({"active": false})))
            .await
            .ok();
        assert_eq!(off.body["active"], false);
        assert_ne!(token().await, 200);
    }
    let kept = writer
        .put(&path, &without(known.clone(), "active"))
        .await
        .ok();
    assert_eq!(kept.body["active"], false, "unsaid, it stays as it is");
    let on = writer
        .put(&path, &but(known, &json!({"active": true})))
        .await
        .ok();
    assert_eq!(on.body["active"], true);
    assert_eq!(token().await, 200);
    writer
        .put("/clients/ukjent", &admin())
        .await
        .refused(404, "");
}

#[tokio::test]
async fn an_operator_only_scope_is_added_with_access_and_taken_again() {
    let world = Operated::start().await;
    let (machine, writer) = (&world.machine, world.writer());
    let path = format!("/clients/{HAVBRIS_CLIENT}/scopes?scope={DCR_WRITE}");
    let token = async || {
        let grant = Grant::new(machine, HAVBRIS_CLIENT, DCR_WRITE).sign();
        machine.exchange(&grant).await.status
    };
    assert_ne!(token().await, 200);
    let added = writer.call("PUT", &path).await.ok();
    assert!(
        added.body["scopes"]
            .as_array()
            .unwrap()
            .contains(&json!(DCR_WRITE))
    );
    assert_eq!(token().await, 200, "access came with it");
    assert_eq!(writer.call("PUT", &path).await.ok().body, added.body);
    writer.delete(&path).await.ok();
    assert_ne!(token().await, 200);
    writer.delete(&path).await.ok();

    let unknown = format!("/clients/{HAVBRIS_CLIENT}/scopes?scope=fjord:ukjent");
    writer.call("PUT", &unknown).await.refused(400, "scopes[4]");
    let missing = format!("/clients/{HAVBRIS_CLIENT}/scopes");
    writer.call("PUT", &missing).await.refused(400, "scope");
    let nobody = format!("/clients/ukjent/scopes?scope={DCR_WRITE}");
    writer.call("PUT", &nobody).await.refused(404, "");
    writer.post("/clients", &admin()).await.ok();
    let last = format!("/clients/havbris-admin/scopes?scope={DCR_WRITE}");
    writer.delete(&last).await.refused(400, "scopes");
}

#[tokio::test]
async fn the_organization_changes_its_administration_client_only_when_it_manages_itself() {
    let world = Operated::start().await;
    let writer = world.writer();
    writer.post("/clients", &admin()).await.ok();
    let own = "/clients/havbris-admin";
    let keys = json!({"keys": [second_signing_key().public_jwk("ny").to_json()]});
    // The public API does not know the member, and ignores what it does not know.
    let body = but(
        havbris(),
        &json!({"scopes": [DCR_WRITE], "self_managed": true}),
    );
    as_havbris(&world, "PUT", own, &body)
        .await
        .refused(403, "client_id");
    as_havbris(&world, "POST", &format!("{own}/jwks"), &keys)
        .await
        .refused(403, "client_id");

    let flagged = but(admin(), &json!({"self_managed": true}));
    writer.put(own, &flagged).await.ok();
    as_havbris(&world, "POST", &format!("{own}/jwks"), &keys)
        .await
        .ok();
    let body = but(
        havbris(),
        &json!({"scopes": [DCR_WRITE], "self_managed": false}),
    );
    let changed = as_havbris(&world, "PUT", own, &body).await.ok();
    assert_eq!(
        changed.body["self_managed"], true,
        "shown, and not the organization's to set"
    );
    let more = but(
        havbris(),
        &json!({"scopes": [DCR_WRITE, "idporten:scopes.write"]}),
    );
    as_havbris(&world, "PUT", own, &more)
        .await
        .refused(403, "scopes[1]");

    writer.put(own, &admin()).await.ok();
    as_havbris(&world, "PUT", own, &body)
        .await
        .refused(403, "client_id");
}

#[tokio::test]
async fn an_organization_cannot_flag_the_clients_that_it_registers() {
    let world = Operated::start().await;
    let body = but(
        havbris(),
        &json!({"self_managed": true, "client_id": "valgt", "active": false}),
    );
    let made = as_havbris(&world, "POST", "/clients", &body).await.ok();
    assert_eq!(made.body.get("self_managed"), None);
    assert_ne!(made.body["client_id"], "valgt");
    assert_eq!(made.body["active"], true);
    let path = format!("/clients/{}", made.member("client_id"));
    let seen = world.reader().get(&path).await.ok();
    assert_eq!(seen.body.get("self_managed"), None);
    assert_ne!(seen.body["client_orgno"], FJORDETATEN);
}

#[tokio::test]
async fn the_version_of_a_client_and_of_its_keys_can_be_meant() {
    let world = Operated::start().await;
    let writer = world.writer();
    writer.post("/clients", &admin()).await.ok();
    let (own, keys) = ("/clients/havbris-admin", "/clients/havbris-admin/jwks");
    let scope = format!("{own}/scopes?scope=idporten:dcr.read");
    let jwks = json!({"keys": [second_signing_key().public_jwk("ny").to_json()]});
    for (method, path, read, body) in [
        ("PUT", own, own, &admin()),
        ("PUT", scope.as_str(), own, &Value::Null),
        ("POST", keys, keys, &jwks),
        ("DELETE", keys, keys, &Value::Null),
    ] {
        writer
            .if_match(method, path, "\"stale\"", body)
            .await
            .refused(412, "");
        let tag = writer.get(read).await.ok().header("etag").to_owned();
        writer.if_match(method, path, &tag, body).await.ok();
    }
}
