//! What is done through the API, and what is refused, is in the audit log, and each organization
//! reads its own part of it.

use std::sync::Arc;

use portvakt_core::audit::AuditFilter;
use portvakt_core::ports::Store;
use portvakt_core::scope::Visibility;
use portvakt_testkit::{
    Answer, FJORDETATEN, Grant, HAVBRIS, HAVBRIS_CLIENT, LYNGVIK, NOW, Options, SCOPE, TestServer,
    second_signing_key,
};
use serde_json::{Value, json};

use crate::harness::{
    Api, Checked, Heard, READ, REGISTRATIONS, SCOPES_READ, SCOPES_WRITE, SUPPLIER, but, registered,
    send, tidevann, with_scope,
};

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
async fn reads_and_changes_that_change_nothing_leave_no_entry() {
    let api = Api::start().await;
    let provider = api.provider();
    provider.post("/scopes", &tidevann()).await.ok();
    let access = "/scopes/access/312773023?scope=fjord:tidevann.read";
    provider.put_nothing(access).await.ok();
    for answer in [
        provider.put_nothing(access).await,
        provider.get("/scopes").await,
        // What is read amiss is no act.
        provider.get("/scopes?scope=a%20b").await,
        provider.get("/audit?limit=0").await,
        provider.post("/explain", &json!({})).await,
    ] {
        api.heard.write(api.store.as_ref()).await;
        assert_eq!(
            entries(&api, answer.header("x-request-id")).await,
            Vec::<Value>::new()
        );
    }
}

#[tokio::test]
async fn refused_administration_is_recorded_once_somebody_is_proven() {
    let api = Api::start().await;
    let provider = api.provider();
    provider.post("/scopes", &tidevann()).await.ok();
    let reader = api.caller(FJORDETATEN, &[SCOPES_READ]);
    let scope = tidevann();
    let stale = provider.request("PUT", "/scopes?scope=fjord:tidevann.read");
    let stale = stale.header("if-match", "\"old\"").json(&scope);
    for (answer, route, status) in [
        (provider.post("/scopes", &scope).await, "/scopes POST", 409),
        (
            provider.post("/scopes", &json!({})).await,
            "/scopes POST",
            400,
        ),
        (reader.post("/scopes", &scope).await, "/scopes POST", 403),
        (reader.get("/clients").await, "/clients GET", 403),
        (send(stale).await, "/scopes PUT", 412),
        (
            provider
                .put_nothing("/scopes/access/312773023/?scope=fjord:no")
                .await,
            "/scopes/access/{consumer_orgno} PUT",
            404,
        ),
        (
            api.consumer().delete("/clients/hemmelig-klient").await,
            "/clients/{client_id} DELETE",
            404,
        ),
    ] {
        assert_eq!(answer.status, status, "{route}");
        api.heard.write(api.store.as_ref()).await;
        let recorded = entries(&api, answer.header("x-request-id")).await;
        assert_eq!(recorded.len(), 1, "{route}");
        let entry = &recorded[0];
        assert_eq!(entry["operation"], "administration.refuse");
        assert_eq!(entry["object"], json!({ "kind": "endpoint", "key": route }));
        assert_eq!(entry["after"], json!({ "http_status": status }));
        assert_eq!(entry["actor"]["channel"], "selfservice");
        assert_eq!(entry["actor"]["client_id"], "administrasjon");
        assert_eq!(
            entry["organizations"],
            json!([entry["actor"]["organization"]])
        );
    }
    // Nobody is proven, so nobody is named, and strangers write nothing.
    let request = api.request("POST", "/api/v1/scopes").json(&scope);
    let answer = send(request.bearer_auth("a.b.c")).await.refused(401, "");
    api.heard.write(api.store.as_ref()).await;
    assert!(
        entries(&api, answer.header("x-request-id"))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn an_organization_that_was_deactivated_is_refused_on_record() {
    let api = Api::start().await;
    let provider = api.provider();
    api.operate(async |unit| {
        let orgno = FJORDETATEN.parse().unwrap();
        let mut organization = unit.find_organization(orgno).await.unwrap().unwrap();
        organization.active = false;
        unit.save_organization(&organization).await.unwrap();
    })
    .await;
    let answer = provider.get("/scopes").await.refused(401, "");
    api.heard.write(api.store.as_ref()).await;
    let recorded = entries(&api, answer.header("x-request-id")).await;
    assert_eq!(recorded[0]["after"]["http_status"], 401);
}

/// The operations of the page, in order.
fn operations(page: &Answer) -> Vec<&str> {
    let entries = page.body["entries"].as_array().unwrap();
    let operations = entries.iter().map(|entry| &entry["operation"]);
    operations.map(|text| text.as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_organization_reads_its_own_part_by_its_scopes() {
    let api = with_scope().await;
    let id = registered(&api.consumer()).await;
    let part = async |orgno: &str, scopes: &[&str]| {
        let page = api.caller(orgno, scopes).get("/audit").await.ok();
        assert!(page.body.get("next").is_none());
        page
    };
    let provider = part(FJORDETATEN, &[SCOPES_READ]).await;
    assert_eq!(operations(&provider), ["scope.create", "access.grant"]);
    let access = &provider.body["entries"][1];
    assert_eq!(access["actor"]["client_id"], "administrasjon");
    assert_eq!(
        operations(&part(FJORDETATEN, &[READ]).await),
        Vec::<&str>::new()
    );

    let consumer = part(HAVBRIS, &[READ]).await;
    assert_eq!(operations(&consumer), ["access.grant", "client.create"]);
    assert_eq!(consumer.body["entries"][1]["object"]["key"], json!(id));
    let granted = &consumer.body["entries"][0];
    assert_eq!(granted["after"]["state"], "APPROVED");
    assert!(
        granted["actor"].get("client_id").is_none(),
        "the owner's client: {granted}"
    );
    assert_eq!(
        operations(&part(HAVBRIS, &[SCOPES_WRITE]).await),
        ["access.grant"]
    );

    assert_eq!(
        operations(&part(LYNGVIK, &[READ, SCOPES_READ]).await),
        Vec::<&str>::new()
    );
    for scopes in [&[SUPPLIER, REGISTRATIONS][..], &["fjord:tidevann.read"]] {
        let answer = api.caller(HAVBRIS, scopes).get("/audit").await;
        answer.refused(403, "");
    }
    let request = api.request("GET", "/api/v1/audit");
    send(request).await.refused(401, "");
}

#[tokio::test]
async fn pages_follow_each_other_and_filters_narrow_them() {
    let api = Api::start().await;
    let provider = api.provider();
    for number in 0..7 {
        let body = but(tidevann(), &json!({ "subscope": format!("s{number}") }));
        provider.post("/scopes", &body).await.ok();
        api.clock.advance(std::time::Duration::from_secs(1));
    }
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        let page = provider
            .get(&format!("/audit?limit=3&after={after}"))
            .await
            .ok();
        pages.push(operations(&page).len());
        match page.body["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(pages, [3, 3, 1]);
    let count = async |query: &str| {
        let page = provider.get(&format!("/audit?{query}")).await.ok();
        operations(&page).len()
    };
    assert_eq!(count("object=fjord:s3").await, 1);
    assert_eq!(count("object=fjord:s").await, 0);
    assert_eq!(count("from=2026-03-02T09:15:02Z").await, 5);
    assert_eq!(count("to=2026-03-02T09:15:02Z").await, 2);
    assert_eq!(count(&format!("from={}&to={}", NOW + 1, NOW + 3)).await, 2);
    let page = provider.get("/audit?limit=1").await.ok();
    let id = page.body["entries"][0]["request_id"].as_str().unwrap();
    assert_eq!(count(&format!("request_id={id}")).await, 1);
    assert_eq!(count(&format!("request_id={}", "0".repeat(32))).await, 0);
}

#[tokio::test]
async fn a_cursor_is_a_number_and_nothing_else() {
    let api = Api::start().await;
    for (query, field) in [
        ("after=-1", "after"),
        ("after=%2B1", "after"),
        ("after=1%20", "after"),
        ("after=", "after"),
        ("after=1.0", "after"),
        ("after=0x1", "after"),
        ("after=9223372036854775808", "after"),
        ("after=99999999999999999999999", "after"),
        ("after=1;DROP", "after"),
        ("after=1&after=2", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("from=yesterday", "from"),
        ("to=2026-03-02", "to"),
        ("request_id=1", "request_id"),
    ] {
        let answer = api.provider().get(&format!("/audit?{query}")).await;
        answer.refused(400, field);
    }
    let end = api
        .provider()
        .get("/audit?after=9223372036854775807")
        .await
        .ok();
    assert_eq!(operations(&end), Vec::<&str>::new());
}

#[tokio::test]
async fn a_refused_grant_is_told_to_both_sides_and_to_each_its_own() {
    let heard: Arc<Heard> = Arc::default();
    let mut options = Options {
        observer: heard.clone(),
        ..Options::default()
    };
    options.world.withdraw(SCOPE, HAVBRIS);
    let server = TestServer::with(options).await;
    let api = Api::beside(&server, heard).await;
    let refused = server.exchange(&Grant::havbris(&server).sign()).await;
    let forged = Grant::havbris(&server).key(second_signing_key()).sign();
    server.exchange(&forged).await;
    server.post_form("").await;
    let secret = Grant::new(&server, HAVBRIS_CLIENT, "fjord:hemmelig").sign();
    server.exchange(&secret).await;
    api.heard.write(api.store.as_ref()).await;

    let client = api.caller(HAVBRIS, &[READ]).get("/audit").await.ok();
    assert_eq!(operations(&client), ["token.refuse"; 3]);
    let entries = client.body["entries"].as_array().unwrap();
    assert_eq!(entries[0]["after"]["refusal"], "AccessNotGranted");
    assert_eq!(entries[0]["after"]["scopes"], json!([{ "scope": SCOPE }]));
    assert_eq!(entries[0]["organizations"], json!([HAVBRIS]));
    assert_eq!(entries[0]["object"]["key"], HAVBRIS_CLIENT);
    assert_eq!(entries[1]["after"]["proven"], false);
    assert!(entries[1]["actor"].get("client_id").is_none());

    let owner = api
        .caller(FJORDETATEN, &[SCOPES_READ])
        .get("/audit")
        .await
        .ok();
    let entries = owner.body["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{}", owner.text);
    assert_eq!(entries[0]["request_id"], refused.header("x-request-id"));
    assert_eq!(entries[0]["after"]["consumer_orgno"], HAVBRIS);
    assert_eq!(entries[0]["actor"], json!({ "channel": "token_endpoint" }));
    assert!(!owner.text.contains(HAVBRIS_CLIENT), "{}", owner.text);
    // Nor can the client be found by guessing.
    let guessed = api.caller(FJORDETATEN, &[SCOPES_READ]);
    let guessed = guessed
        .get(&format!("/audit?object={HAVBRIS_CLIENT}"))
        .await
        .ok();
    assert_eq!(operations(&guessed), Vec::<&str>::new());
}

#[tokio::test]
async fn the_log_does_not_say_whether_a_hidden_scope_exists() {
    let heard: Arc<Heard> = Arc::default();
    let mut options = Options {
        observer: heard.clone(),
        ..Options::default()
    };
    options.world.scope("fjord:hemmelig").visibility = Visibility::Private;
    let server = TestServer::with(options).await;
    let api = Api::beside(&server, heard).await;
    for scope in ["fjord:hemmelig", "fjord:hemmelih"] {
        server
            .exchange(&Grant::new(&server, HAVBRIS_CLIENT, scope).sign())
            .await;
    }
    api.heard.write(api.store.as_ref()).await;
    let page = api.caller(HAVBRIS, &[READ]).get("/audit").await.ok();
    let entries = page.body["entries"].as_array().unwrap();
    let told = |entry: &Value| (entry["after"].clone(), entry["organizations"].clone());
    assert_eq!(told(&entries[0]), told(&entries[1]));
}
