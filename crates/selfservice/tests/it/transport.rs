//! What every address has in common (spec: selfservice §2): aliases, slashes, media types, limits,
//! methods, caching.

use portvakt_testkit::FJORDETATEN;
use serde_json::{Value, json};

use crate::harness::{Api, Checked, SCOPES_WRITE, registered, send, tidevann, with_scope};

#[tokio::test]
async fn three_bases_and_a_slash_at_the_end_are_the_same() {
    let api = with_scope().await;
    let id = registered(&api.consumer()).await;
    let mut claims = api.claims(portvakt_testkit::HAVBRIS, &["idporten:dcr.read"]);
    claims["scope"] = json!("idporten:dcr.read idporten:scopes.read");
    let token = api.sign(&claims);
    let one = format!("/clients/{id}");
    let keys = format!("/clients/{id}/jwks");
    for path in [
        "/clients",
        &one,
        &keys,
        "/scopes",
        "/scopes/access/all",
        "/scopes/all",
        "/delegationsources",
        "/prefix/all",
    ] {
        let mut bodies = Vec::new();
        for base in ["", "/api/v1", "/external/api/v1"] {
            for end in ["", "/", "/?inactive=true"] {
                let request = api.request("GET", &format!("{base}{path}{end}"));
                let answer = send(request.bearer_auth(&token)).await.ok();
                bodies.push(answer.body);
            }
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{path}");
    }
    let two = format!("/api/v1{path}//", path = "/clients");
    let answer = send(api.request("GET", &two).bearer_auth(&token)).await;
    answer.refused(404, "");
}

#[tokio::test]
async fn a_method_that_is_not_offered_is_405_with_those_that_are() {
    let api = Api::start().await;
    for (method, path, allowed) in [
        ("PATCH", "/clients", &["GET", "POST"][..]),
        ("POST", "/clients/a", &["GET", "PUT", "DELETE"][..]),
        (
            "PATCH",
            "/clients/a/jwks",
            &["GET", "POST", "PUT", "DELETE"][..],
        ),
        ("GET", "/clients/a/secret", &["POST", "PUT"][..]),
        ("GET", "/scopes/access/312773023", &["PUT", "DELETE"][..]),
        ("POST", "/scopes/all", &["GET", "OPTIONS"][..]),
        ("DELETE", "/delegationsources/", &["GET"][..]),
    ] {
        let request = api.request(method, &format!("/api/v1{path}"));
        let answer = send(request).await.refused(405, "");
        let allow: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        for name in allowed {
            assert!(allow.contains(name), "{method} {path}: {allow:?}");
        }
        assert!(!allow.contains(&method));
    }
}

#[tokio::test]
async fn an_unknown_address_is_404_in_the_same_shape() {
    let api = Api::start().await;
    for path in [
        "/",
        "/api",
        "/api/v2/clients",
        "/scopes/",
        "/x%ff",
        "/clients/%ff",
    ] {
        let answer = send(api.request("GET", &format!("/api/v1/nowhere{path}"))).await;
        answer.refused(404, "");
    }
    let bad = send(api.request("GET", "/clients/%ff")).await;
    assert!(matches!(bad.status, 400 | 401), "{}", bad.text);
    let status = bad.status;
    bad.refused(status, "");
}

#[tokio::test]
async fn a_body_is_json_or_says_nothing_of_itself() {
    let api = Api::start().await;
    let provider = api.provider();
    let post = async |content_type: Option<&str>, body: Value| {
        let mut request = provider.request("POST", "/scopes").body(body.to_string());
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        send(request).await
    };
    post(Some("text/plain"), tidevann()).await.refused(415, "");
    let form = Some("application/x-www-form-urlencoded");
    post(form, tidevann()).await.refused(415, "");
    post(None, tidevann()).await.ok();
    let spelled = Some("Application/JSON ; charset=utf-8");
    post(spelled, tidevann()).await.refused(409, "subscope");
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let api = Api::start().await;
    let provider = api.provider();
    let body = |size: usize| json!({"description": "a".repeat(size)});
    let answer = provider.post("/scopes", &body(256 * 1024)).await;
    answer.refused(413, "");
    let answer = provider.post("/scopes", &body(255 * 1024)).await;
    answer.refused(400, "description");
}

#[tokio::test]
async fn deletes_and_grants_never_read_a_body() {
    let api = with_scope().await;
    let provider = api.provider();
    for (method, path) in [
        ("PUT", "/scopes/access/312773023?scope=fjord:tidevann.read"),
        (
            "DELETE",
            "/scopes/access/312773023?scope=fjord:tidevann.read",
        ),
        ("DELETE", "/scopes?scope=fjord:tidevann.read"),
    ] {
        let request = provider.request(method, path).body("{");
        send(request.header("content-type", "text/plain"))
            .await
            .ok();
    }
}

#[tokio::test]
async fn open_lists_are_kept_for_a_minute_and_protected_ones_not_at_all() {
    let api = with_scope().await;
    for path in ["/scopes/all", "/delegationsources", "/prefix/all"] {
        let path = format!("/api/v1{path}");
        let answer = send(api.request("GET", &path)).await.ok();
        assert_eq!(answer.header("cache-control"), "public, max-age=60");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let tag = answer.header("etag").to_owned();
        let request = api.request("GET", &path).header("if-none-match", &tag);
        let again = send(request).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
        assert_eq!(again.header("etag"), tag);
        let preflight = send(api.request("OPTIONS", &path)).await;
        assert_eq!(preflight.status, 204);
        let headers = preflight.header("access-control-allow-headers");
        assert!(headers.contains("Authorization"));
        let head = send(api.request("HEAD", &path)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
    }
    let protected = api.caller(FJORDETATEN, &[SCOPES_WRITE]);
    let answer = protected.get("/scopes").await.ok();
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_write_states_the_revision_that_reads_then_have() {
    let api = Api::start().await;
    let provider = api.provider();
    let revision = |answer: &portvakt_testkit::Answer| -> u64 {
        answer.header("portvakt-revision").parse().unwrap()
    };
    let before = revision(&provider.get("/scopes").await.ok());
    let written = revision(&provider.post("/scopes", &tidevann()).await.ok());
    assert_eq!(written, before + 1);
    assert_eq!(revision(&provider.get("/scopes").await.ok()), written);
    let path = "/scopes?scope=fjord:tidevann.read";
    let repeated = provider.put(path, &tidevann()).await.ok();
    assert_eq!(revision(&repeated), written, "nothing changed");
    provider
        .post("/scopes", &tidevann())
        .await
        .refused(409, "subscope");
    assert_eq!(revision(&provider.get("/scopes").await.ok()), written);
}

#[tokio::test]
async fn a_read_waits_for_the_revision_that_it_names_and_no_longer_than_that() {
    let api = with_scope().await;
    let provider = api.provider();
    let read = |path: &str, wanted: &str| {
        let request = provider.request("GET", path);
        send(request.header("portvakt-min-revision", wanted))
    };
    let path = "/scopes?scope=fjord:tidevann.read";
    let written = provider.put(path, &json!({"description": "Ny"})).await.ok();
    let revision = written.header("portvakt-revision");
    for path in ["/scopes", "/scopes/all", "/prefix/all"] {
        read(path, revision).await.ok();
        for malformed in ["", "-1", "1.5", "x", "99999999999999999999"] {
            read(path, malformed).await.refused(400, "");
        }
    }
    let ahead = read("/scopes", &format!("{}0", u64::MAX / 10)).await;
    let ahead = ahead.refused(412, "");
    assert_eq!(ahead.header("retry-after"), "1");
    assert!(ahead.text.contains(&format!("revision {revision}")));
}

#[tokio::test]
async fn a_store_that_fails_is_503_without_internals() {
    let api = with_scope().await;
    let provider = api.provider();
    api.store.close().await;
    let answers = [
        provider.get("/scopes").await,
        provider.post("/scopes", &tidevann()).await,
        send(api.request("GET", "/scopes/all")).await,
    ];
    for answer in answers {
        let answer = answer.refused(503, "");
        assert_eq!(answer.header("retry-after"), "1");
        assert!(!answer.text.contains("sql") && !answer.text.contains("pool"));
    }
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let api = Api::start().await;
    let mut ids = std::collections::HashSet::new();
    for path in ["/scopes/all", "/clients", "/nowhere"] {
        let answer = send(api.request("GET", path)).await;
        let id = answer.header("x-request-id").to_owned();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()));
        assert!(ids.insert(id), "no two requests have one id");
    }
}
