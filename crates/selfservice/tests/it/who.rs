//! Who may do what (spec: selfservice §3.2 to §3.4): every operation with every scope, and what
//! belongs to somebody else.

use portvakt_testkit::{Answer, FJORDETATEN, HAVBRIS, LYNGVIK, TINDESYSTEM};
use serde_json::{Value, json};

use crate::harness::{
    Api, Caller, Checked, MODIFY, READ, REGISTRATIONS, SCOPES_READ, SCOPES_WRITE, SUPPLIER, WRITE,
    but, grant, havbris, registered, send, tidevann, with_scope,
};

const SCOPES: [&str; 7] = [
    READ,
    MODIFY,
    WRITE,
    REGISTRATIONS,
    SUPPLIER,
    SCOPES_READ,
    SCOPES_WRITE,
];

/// Method, address, and the scopes of which one is needed. `{own}` is a client that the caller
/// administers with that scope.
const OPERATIONS: [(&str, &str, &[&str]); 22] = [
    ("GET", "/clients", &[READ, MODIFY, WRITE, SUPPLIER]),
    ("POST", "/clients", &[WRITE, SUPPLIER]),
    ("GET", "/clients/{own}", &[READ, MODIFY, WRITE, SUPPLIER]),
    ("PUT", "/clients/{own}", &[MODIFY, WRITE, SUPPLIER]),
    ("DELETE", "/clients/{own}", &[MODIFY, WRITE, SUPPLIER]),
    (
        "GET",
        "/clients/{own}/jwks",
        &[READ, MODIFY, WRITE, SUPPLIER],
    ),
    ("POST", "/clients/{own}/jwks", &[MODIFY, WRITE, SUPPLIER]),
    ("PUT", "/clients/{own}/jwks", &[MODIFY, WRITE, SUPPLIER]),
    ("DELETE", "/clients/{own}/jwks", &[MODIFY, WRITE, SUPPLIER]),
    ("POST", "/clients/{own}/secret", &[MODIFY, WRITE, SUPPLIER]),
    ("PUT", "/clients/{own}/secret", &[MODIFY, WRITE, SUPPLIER]),
    (
        "GET",
        "/clients/{own}/onbehalfof",
        &[READ, MODIFY, WRITE, REGISTRATIONS],
    ),
    (
        "GET",
        "/clients/{own}/onbehalof/a",
        &[READ, MODIFY, WRITE, REGISTRATIONS],
    ),
    ("POST", "/clients/{own}/onbehalfof", &[REGISTRATIONS]),
    ("PUT", "/clients/{own}/onbehalfof/a", &[REGISTRATIONS]),
    ("DELETE", "/clients/{own}/onbehalfof/a", &[REGISTRATIONS]),
    ("GET", "/scopes", &[SCOPES_READ, SCOPES_WRITE]),
    (
        "GET",
        "/scopes/access?scope=fjord:tidevann.read",
        &[SCOPES_READ, SCOPES_WRITE],
    ),
    ("POST", "/scopes", &[SCOPES_WRITE]),
    ("PUT", "/scopes?scope=fjord:tidevann.read", &[SCOPES_WRITE]),
    (
        "DELETE",
        "/scopes?scope=fjord:tidevann.read",
        &[SCOPES_WRITE],
    ),
    ("GET", "/scopes/access/all", &SCOPES),
];

async fn call(caller: &Caller<'_>, method: &str, path: &str) -> Answer {
    send(
        caller
            .request(method, path)
            .header("content-type", "application/json"),
    )
    .await
}

#[tokio::test]
async fn every_operation_is_open_to_exactly_its_scopes() {
    let api = with_scope().await;
    grant(&api, FJORDETATEN).await;
    let own = registered(&api.caller(FJORDETATEN, &[WRITE])).await;
    let managed = but(havbris(), &json!({"client_orgno": HAVBRIS}));
    let supplier = api.caller(FJORDETATEN, &[SUPPLIER]);
    let managed = supplier.post("/clients", &managed).await.ok();
    for (method, path, needed) in OPERATIONS {
        for scope in SCOPES {
            let caller = api.caller(FJORDETATEN, &[scope]);
            let client = if scope == SUPPLIER {
                managed.member("client_id")
            } else {
                &own
            };
            let path = path.replace("{own}", client);
            let answer = call(&caller, method, &path).await;
            let context = format!("{method} {path} {scope}: {}", answer.text);
            if needed.contains(&scope) {
                // Without a body a write is refused for that, which is a right to write.
                assert!(matches!(answer.status, 200 | 400 | 404), "{context}");
                continue;
            }
            let challenge = answer.header("www-authenticate").to_owned();
            let answer = answer.refused(403, "");
            assert!(
                challenge.contains("error=\"insufficient_scope\""),
                "{context}"
            );
            assert!(challenge.contains(&needed.join(" ")), "{context}");
            assert_eq!(answer.fields(), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn granting_and_withdrawing_need_scopes_write() {
    let api = with_scope().await;
    let path = "/scopes/access/314111044?scope=fjord:tidevann.read";
    for scope in SCOPES {
        let caller = api.caller(FJORDETATEN, &[scope]);
        for method in ["PUT", "DELETE"] {
            let expected = if scope == SCOPES_WRITE { 200 } else { 403 };
            assert_eq!(
                call(&caller, method, path).await.status,
                expected,
                "{scope}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_without_an_administration_scope_does_nothing() {
    let api = with_scope().await;
    let caller = api.caller(
        FJORDETATEN,
        &["idporten:dcr.datasharing", "fjord:tidevann.read"],
    );
    for (method, path, _) in OPERATIONS {
        let path = path.replace("{own}", "a");
        call(&caller, method, &path).await.refused(403, "");
    }
}

/// What tells two refusals apart, beside their ids and times.
fn essence(answer: &Answer, id: &str) -> (u16, Value) {
    let body = answer.text.replace(id, "ID");
    let mut body: Value = serde_json::from_str(&body).unwrap();
    body["timestamp"].take();
    body["correlation_id"].take();
    (answer.status, body)
}

#[tokio::test]
async fn a_foreign_client_is_as_unknown_as_one_that_is_not() {
    let api = with_scope().await;
    let foreign = registered(&api.consumer()).await;
    let unknown = "00000000-0000-4000-8000-000000000000";
    let stranger = api.caller(LYNGVIK, &[READ, WRITE, SUPPLIER, REGISTRATIONS]);
    let body = havbris();
    for (method, rest) in [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("GET", "/jwks"),
        ("POST", "/jwks"),
        ("DELETE", "/jwks"),
        ("POST", "/secret"),
        ("GET", "/onbehalfof"),
        ("GET", "/onbehalfof/a"),
        ("DELETE", "/onbehalfof/a"),
    ] {
        let body = if rest == "/jwks" {
            let key = portvakt_testkit::signing_key().public_jwk("a");
            json!({"keys": [key.to_json()]})
        } else {
            body.clone()
        };
        let answer = async |id: &str| {
            let path = format!("/clients/{id}{rest}");
            let request = stranger.request(method, &path).json(&body);
            let answer = send(request.header("if-match", "\"x\"")).await;
            essence(&answer.refused(404, ""), id)
        };
        assert_eq!(
            answer(&foreign).await,
            answer(unknown).await,
            "{method} {rest}"
        );
        assert_eq!(answer("a%2Fb").await.0, 404);
    }
    let listed = stranger.get("/clients?inactive=true").await.ok();
    assert_eq!(listed.body, json!([]));
    let kept = api
        .consumer()
        .get(&format!("/clients/{foreign}"))
        .await
        .ok();
    assert_eq!(kept.body["active"], true);
}

#[tokio::test]
async fn a_foreign_scope_is_as_unknown_as_one_that_is_not() {
    let api = with_scope().await;
    let private = but(
        tidevann(),
        &json!({"subscope": "skjult", "visibility": "PRIVATE"}),
    );
    api.provider().post("/scopes", &private).await.ok();
    let stranger = api.caller(HAVBRIS, &[SCOPES_WRITE]);
    for (method, path) in [
        ("GET", "/scopes?scope="),
        ("PUT", "/scopes?scope="),
        ("DELETE", "/scopes?scope="),
        ("GET", "/scopes/access?scope="),
        ("PUT", "/scopes/access/312773023?scope="),
        ("DELETE", "/scopes/access/312773023?scope="),
    ] {
        let answer = async |name: &str| {
            let path = format!("{path}{name}");
            let request = stranger.request(method, &path).json(&tidevann());
            let answer = send(request.header("if-match", "\"x\"")).await;
            essence(&answer.refused(404, ""), name)
        };
        let (hidden, unknown) = (answer("fjord:skjult").await, answer("fjord:ukjent").await);
        assert_eq!(hidden, unknown, "{method} {path}");
    }
    let client = |scope: &str| but(havbris(), &json!({"scopes": [scope]}));
    let register = async |name: &str| {
        let answer = api.consumer().post("/clients", &client(name)).await;
        essence(&answer.refused(400, "scopes[0]"), name)
    };
    assert_eq!(
        register("fjord:skjult").await,
        register("fjord:ukjent").await
    );
}

#[tokio::test]
async fn a_scope_lists_a_foreign_client_as_little_as_one_that_does_not_exist() {
    let api = with_scope().await;
    let foreign = registered(&api.consumer()).await;
    let listing = async |id: &str| {
        let body = but(tidevann(), &json!({"enforced_aud_for_introspection": [id]}));
        let provider = api.provider();
        let answer = provider
            .put("/scopes?scope=fjord:tidevann.read", &body)
            .await;
        essence(
            &answer.refused(400, "enforced_aud_for_introspection[0]"),
            id,
        )
    };
    assert_eq!(listing(&foreign).await, listing("nobody").await);
}

#[tokio::test]
async fn an_organization_makes_scopes_below_its_own_prefixes_only() {
    let api = Api::start().await;
    let stranger = api.caller(HAVBRIS, &[SCOPES_WRITE]);
    for prefix in ["fjord", "ukjent", "idporten"] {
        let body = but(tidevann(), &json!({"prefix": prefix}));
        stranger.post("/scopes", &body).await.refused(403, "prefix");
    }
}

#[tokio::test]
async fn only_the_operator_sets_what_is_the_operators() {
    let api = Api::start().await;
    for (field, value) in [
        ("visibility", json!("INTERNAL")),
        ("protected", json!(true)),
        ("supports_european_businesses", json!(true)),
    ] {
        let body = but(tidevann(), &json!({ field: value }));
        let answer = api.provider().post("/scopes", &body).await;
        answer.refused(403, field);
    }
}

#[tokio::test]
async fn the_customer_sees_and_stops_what_its_supplier_manages() {
    let api = with_scope().await;
    grant(&api, TINDESYSTEM).await;
    let body = but(havbris(), &json!({"client_orgno": HAVBRIS}));
    let made = api.supplier().post("/clients", &body).await.ok();
    let path = format!("/clients/{}", made.member("client_id"));
    let reader = api.caller(HAVBRIS, &[READ]);
    assert_eq!(reader.get(&path).await.ok().body, made.body);
    let listed = reader.get("/clients").await.ok();
    assert_eq!(listed.body, json!([made.body]));
    let customer = api.caller(HAVBRIS, &[MODIFY]);
    customer.put(&path, &body).await.refused(403, "");
    let keys = format!("{path}/jwks");
    customer.delete(&keys).await.refused(403, "");
    let alone = api.caller(HAVBRIS, &[SUPPLIER]);
    alone.get(&path).await.refused(404, "");
    let ordinary = api.caller(TINDESYSTEM, &[READ, WRITE]);
    ordinary.get(&path).await.refused(404, "");
    customer.delete(&path).await.ok();
    let stopped = api.supplier().get(&path).await.ok();
    assert_eq!(stopped.body["active"], false);
}

#[tokio::test]
async fn a_right_over_other_clients_is_none_over_these() {
    let api = with_scope().await;
    grant(&api, TINDESYSTEM).await;
    let own = registered(&api.consumer()).await;
    let body = but(havbris(), &json!({"client_orgno": HAVBRIS}));
    let managed = api.supplier().post("/clients", &body).await.ok();
    // Its supplier's right opens the operations, and its reader's right shows the clients.
    let caller = api.caller(HAVBRIS, &[READ, SUPPLIER]);
    for id in [own.as_str(), managed.member("client_id")] {
        let path = format!("/clients/{id}");
        caller.get(&path).await.ok();
        caller.put(&path, &havbris()).await.refused(403, "");
        caller.delete(&path).await.refused(403, "");
        let keys = format!("{path}/jwks");
        caller.delete(&keys).await.refused(403, "");
        let secret = format!("{path}/secret");
        caller.post(&secret, &json!({})).await.refused(403, "");
    }
}

#[tokio::test]
async fn a_supplier_names_a_customer() {
    let api = with_scope().await;
    grant(&api, TINDESYSTEM).await;
    let supplier = api.supplier();
    let answer = supplier.post("/clients", &havbris()).await;
    answer.refused(400, "client_orgno");
    for orgno in [TINDESYSTEM, "31277302"] {
        let body = but(havbris(), &json!({"client_orgno": orgno}));
        let answer = supplier.post("/clients", &body).await;
        answer.refused(400, "client_orgno");
    }
    let both = api.caller(TINDESYSTEM, &[WRITE, SUPPLIER]);
    let ordinary = both.post("/clients", &havbris()).await.ok();
    assert_eq!(ordinary.member("client_orgno"), TINDESYSTEM);
    assert_eq!(ordinary.body.get("supplier_orgno"), None);
    let body = but(
        havbris(),
        &json!({"client_orgno": HAVBRIS, "supplier_orgno": LYNGVIK}),
    );
    let managed = both.post("/clients", &body).await.ok();
    assert_eq!(managed.member("supplier_orgno"), TINDESYSTEM);
    // Nobody granted Lyngvik anything, and being its supplier changes nothing about that.
    let body = but(havbris(), &json!({"client_orgno": TINDESYSTEM}));
    let other = api.caller(LYNGVIK, &[SUPPLIER]);
    let answer = other.post("/clients", &body).await;
    answer.refused(400, "scopes[0]");
}

#[tokio::test]
async fn an_administration_client_is_the_operators_to_change() {
    use portvakt_core::administration::{Role, client};
    use portvakt_core::client::Client;
    let api = Api::start().await;
    let now = portvakt_core::Clock::now(api.clock.as_ref());
    api.operate(async |unit| {
        let scopes = vec![WRITE.parse().unwrap()];
        let (id, orgno) = ("admin".parse().unwrap(), HAVBRIS.parse().unwrap());
        let admin = Client::machine(id, "Admin", orgno, scopes, now);
        client::register(unit, admin, Role::Operator, now)
            .await
            .unwrap();
    })
    .await;
    let consumer = api.consumer();
    consumer.get("/clients/admin").await.ok();
    let body = but(havbris(), &json!({"scopes": [WRITE]}));
    consumer
        .put("/clients/admin", &body)
        .await
        .refused(403, "client_id");
    let key = portvakt_testkit::signing_key().public_jwk("mitt").to_json();
    let answer = consumer.post("/clients/admin/jwks", &json!([key])).await;
    answer.refused(403, "client_id");
    consumer
        .delete("/clients/admin")
        .await
        .refused(403, "client_id");
}
