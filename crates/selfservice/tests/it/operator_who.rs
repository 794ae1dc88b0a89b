//! Who is the operator (spec: selfservice §14), and that nobody else is.

use portvakt_core::client::Client;
use portvakt_core::ports::Store;
use portvakt_testkit::{FJORDETATEN, TINDESYSTEM};
use serde_json::{Value, json};

use crate::harness::{Checked, send};
use crate::operator_harness::{BASE_URL, DIRECTORATE, Operated, READ, READER, WRITE, WRITER};

/// Method and address of every operation but the description, and whether it writes.
async fn operations(world: &Operated) -> Vec<(String, String, bool)> {
    let document = world.nobody().get("/openapi.json").await;
    let mut operations = Vec::new();
    for (path, item) in document.body["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(alternatives) = operation["security"].as_array() else {
                assert_eq!(path, "/openapi.json");
                continue;
            };
            let address = path
                .replace("{orgno}", FJORDETATEN)
                .replace("{prefix}", "fjord")
                .replace("{client_id}", "a")
                .replace("{name}", "altinn");
            operations.push((method.to_uppercase(), address, alternatives.len() == 1));
        }
    }
    assert!(operations.len() > 25, "{}", operations.len());
    operations
}

async fn all_refused(world: &Operated, claims: &Value, status: u16) {
    let caller = world.caller(claims);
    for (method, path, _) in operations(world).await {
        let answer = caller.call(&method, &path).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        answer.refused(status, "");
    }
}

#[tokio::test]
async fn without_a_token_nothing_but_the_description_is_answered() {
    let world = Operated::start().await;
    for (method, path, _) in operations(&world).await {
        let answer = world.nobody().call(&method, &path).await.refused(401, "");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn every_administration_scope_together_operates_nothing() {
    let world = Operated::start().await;
    let scopes = [
        "idporten:dcr.read",
        "idporten:dcr.modify",
        "idporten:dcr.write",
        "idporten:dcr/onbehalfof:write",
        "idporten:dcr.supplier",
        "idporten:scopes.read",
        "idporten:scopes.write",
        "portvakt:operator",
        "portvakt:operator.writer",
    ];
    all_refused(&world, &world.claims(DIRECTORATE, WRITER, &scopes), 403).await;
    for scope in scopes {
        let caller = world.caller(&world.claims(DIRECTORATE, WRITER, &[scope]));
        let answer = caller.get("/organizations").await.refused(403, "");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("insufficient_scope"), "{challenge}");
        assert!(
            challenge.contains(&format!("{READ} {WRITE}")),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn the_scope_of_another_organization_is_worth_nothing() {
    let world = Operated::start().await;
    // Misgranted in every way: on its client, with access.
    let body = json!({
        "client_id": "fjord-drift", "client_name": "Fjord", "client_orgno": FJORDETATEN,
        "integration_type": "maskinporten", "scopes": [READ, WRITE],
    });
    world.writer().post("/clients", &body).await.ok();
    let claims = world.claims(FJORDETATEN, "fjord-drift", &[READ, WRITE]);
    all_refused(&world, &claims, 403).await;
}

#[tokio::test]
async fn a_supplier_does_not_operate_for_the_operator() {
    let world = Operated::start().await;
    let mut claims = world.claims(DIRECTORATE, WRITER, &[READ, WRITE]);
    claims["supplier"] = json!({
        "authority": "iso6523-actorid-upis", "ID": format!("0192:{TINDESYSTEM}"),
    });
    all_refused(&world, &claims, 403).await;
}

#[tokio::test]
async fn the_token_of_a_client_that_lost_the_right_stops_at_once() {
    let world = Operated::start().await;
    let writer = world.writer();
    writer.get("/organizations").await.ok();
    let id = WRITER.parse().unwrap();
    let client: Client = {
        let mut unit = world.machine.store.read().await.unwrap();
        unit.find_client(&id).await.unwrap().unwrap()
    };
    let changes = [
        Client {
            active: false,
            ..client.clone()
        },
        Client {
            scopes: vec!["idporten:dcr.write".parse().unwrap()],
            ..client.clone()
        },
    ];
    for changed in changes {
        world
            .store(async |unit| unit.save_client(&changed).await.unwrap())
            .await;
        writer.get("/organizations").await.refused(403, "");
        writer
            .delete(&format!("/organizations/{FJORDETATEN}"))
            .await
            .refused(403, "");
    }
    let unknown = world.claims(DIRECTORATE, "ukjent", &[READ, WRITE]);
    all_refused(&world, &unknown, 403).await;
}

#[tokio::test]
async fn reading_does_not_write_and_writing_reads() {
    let world = Operated::start().await;
    let (reader, writer) = (world.reader(), world.writer());
    for (method, path, writes) in operations(&world).await {
        let answer = reader.call(&method, &path).await;
        if writes {
            let challenge = answer.header("www-authenticate").to_owned();
            answer.refused(403, "");
            assert!(
                challenge.ends_with(&format!("scope=\"{WRITE}\"")),
                "{challenge}"
            );
        } else {
            assert!(matches!(answer.status, 200 | 400 | 404), "{method} {path}");
            let answer = writer.call(&method, &path).await;
            assert!(matches!(answer.status, 200 | 400 | 404), "{method} {path}");
        }
    }
    // A token may have more than its client: both have to have the right.
    let grown = world.caller(&world.claims(DIRECTORATE, READER, &[READ, WRITE]));
    grown.get("/organizations").await.ok();
    let path = format!("/organizations/{FJORDETATEN}");
    grown.delete(&path).await.refused(403, "");
}

#[tokio::test]
async fn a_token_for_another_api_or_issuer_is_refused() {
    let world = Operated::start().await;
    let claims = world.claims(DIRECTORATE, WRITER, &[WRITE]);
    for (name, value) in [
        ("aud", json!("https://selfservice.example/api/v1")),
        ("aud", json!(["https://drift.example/operator/v11"])),
        ("iss", json!("https://other.example/")),
        ("exp", json!(1)),
        ("cnf", json!({"jkt": "a"})),
        ("consumer", json!({"authority": "x", "ID": DIRECTORATE})),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        let answer = world.caller(&claims).get("/organizations").await;
        answer.refused(401, "");
    }
    let mut meant = claims;
    meant["aud"] = json!([format!("{BASE_URL}/organizations")]);
    world.caller(&meant).get("/organizations").await.ok();
}

#[tokio::test]
async fn the_public_listener_knows_nothing_of_it_and_this_one_nothing_of_the_public_api() {
    let world = Operated::start().await;
    let token = world.sign(&world.claims(DIRECTORATE, WRITER, &[WRITE]));
    for (method, path, _) in operations(&world).await {
        for base in [
            "/operator/v1",
            "/api/v1/operator/v1",
            "/external/api/v1/operator/v1",
        ] {
            let request = world.at_public(&method, &format!("{base}{path}"));
            let answer = send(request.bearer_auth(&token)).await;
            answer.refused(404, "");
        }
    }
    for path in ["/organizations", "/signing-keys", "/delegations"] {
        let request = world.at_public("GET", &format!("/api/v1{path}"));
        send(request.bearer_auth(&token)).await.refused(404, "");
    }
    for path in [
        "/api/v1/clients",
        "/clients",
        "/scopes/all",
        "/external/api/v1/scopes",
    ] {
        let request = world.at_operator("GET", path);
        send(request.bearer_auth(&token)).await.refused(404, "");
    }
    // Nor is the scope an administration scope there.
    for path in ["/api/v1/clients", "/api/v1/audit"] {
        let request = world.at_public("GET", path);
        send(request.bearer_auth(&token)).await.refused(403, "");
    }
    let request = world.at_public("GET", "/api/v1/scopes/all");
    let listed = send(request).await.text;
    assert!(
        !listed.contains("portvakt:operator"),
        "strangers are told nothing"
    );
}

#[tokio::test]
async fn what_is_not_there_is_answered_in_the_same_form() {
    let world = Operated::start().await;
    let writer = world.writer();
    writer.get("/nothing").await.refused(404, "");
    writer.get("").await.refused(404, "");
    let answer = writer
        .call("PROBE", "/organizations")
        .await
        .refused(405, "");
    assert_eq!(answer.header("allow"), "GET,HEAD");
    writer.get("/organizations/").await.ok();
}
