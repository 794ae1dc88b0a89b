//! What is refused before anybody is asked (spec: companion-apis §1.4).

use portvakt_testkit::HAVBRIS;
use reqwest::Method;
use serde_json::json;

use super::{AUTHORIZATIONS, INSIGHT, LEVEL, ask, get, organization, person, post, server};
use crate::harness::{Answer, PID};

const CLIENTS: &str = "/clients/authorizations";

#[tokio::test]
async fn a_token_in_the_address_is_refused() {
    let server = server().await;
    let token = person(&server, INSIGHT, PID, AUTHORIZATIONS).await;
    let answer = get(&server, &format!("{CLIENTS}?access_token={token}"), "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_request".to_owned())
    );
    let answer = get(&server, &format!("{CLIENTS}?access_token=a"), &token).await;
    assert_eq!(answer.status, 400);
    for header in [
        format!("Basic {token}"),
        token.clone(),
        format!("Bearer {token}, a"),
        "Bearer ".to_owned(),
    ] {
        let request = server.http.get(format!("{}{CLIENTS}", server.base));
        let answer = request
            .header("authorization", header)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401);
    }
}

/// No value of a request is repeated.
#[tokio::test]
async fn bodies_that_are_not_what_is_described_are_400_and_not_repeated() {
    let server = server().await;
    let lists = organization(&server, HAVBRIS, AUTHORIZATIONS).await;
    let levels = organization(&server, HAVBRIS, LEVEL).await;
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for (path, token, member) in [
        (CLIENTS, &lists, "pid"),
        (
            "/authlevel/rest/v1/sikkerhetsnivaa",
            &levels,
            "personidentifikator",
        ),
    ] {
        for body in [
            String::new(),
            "null".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            "{".to_owned(),
            deep.clone(),
            format!("{{\"{member}\": 17869010057}}"),
            format!("{{\"{member}\": null}}"),
            format!("{{\"{member}\": \"17869010058\"}}"),
            format!("{{\"{member}\": \"1786901005\"}}"),
            format!("{{\"{member}\": \" 17869010057\"}}"),
            format!("{{\"{member}\": \"17899010057\"}}"),
            format!("{{\"{member}\": \"{PID}\", \"{member}\": \"{PID}\"}}"),
            format!("{{\"{member}\": \"{PID}\"}} x"),
        ] {
            let request = server.http.post(format!("{}{path}", server.base));
            let request = request
                .bearer_auth(token)
                .header("content-type", "application/json");
            let answer = Answer::read(request.body(body.clone()).send().await.unwrap()).await;
            let told = body.chars().take(60).collect::<String>();
            assert_eq!(answer.status, 400, "{told}");
            assert_eq!(answer.error(), "invalid_request", "{told}");
            assert!(!answer.body.contains("1786901005"), "{}", answer.body);
            assert_eq!(answer.header("x-request-id").len(), 32);
        }
    }
}

#[tokio::test]
async fn methods_media_types_and_sizes_are_refused_in_the_same_form() {
    let server = server().await;
    let token = organization(&server, HAVBRIS, AUTHORIZATIONS).await;
    let url = format!("{}{CLIENTS}", server.base);
    let answer = ask(&server, Method::PUT, CLIENTS, &token, None).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (405, "invalid_request".to_owned())
    );
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    let sent = |content_type: Option<&'static str>, body: Vec<u8>| {
        let request = server.http.post(&url).bearer_auth(&token).body(body);
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        async move { Answer::read(request.send().await.unwrap()).await }
    };
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let answer = sent(content_type, b"{}".to_vec()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (415, "invalid_request".to_owned())
        );
    }
    let padded = |bytes: usize| {
        let mut body = format!("{{\"pid\": \"{PID}\"}}").into_bytes();
        body.resize(bytes, b' ');
        body
    };
    let json_type = Some("application/json; charset=utf-8");
    assert_eq!(sent(json_type, padded(1024 * 1024)).await.status, 200);
    let answer = sent(json_type, padded(1024 * 1024 + 1)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (413, "invalid_request".to_owned())
    );
    // The login endpoints' own limit is what it was.
    let form = "token=a&".repeat(10_000);
    let request = server
        .http
        .post(format!("{}/token/introspect", server.base));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body(form).send().await.unwrap().status(), 413);

    let request = server
        .http
        .post(&url)
        .bearer_auth(&token)
        .json(&json!({"pid": PID}));
    let answer = Answer::read(request.header("accept", "text/html").send().await.unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (406, "invalid_request".to_owned())
    );
    for path in [
        "/clients/unknown",
        "/innlogginger/logg",
        "/authlevel/rest/v2/sikkerhetsnivaa",
    ] {
        let answer = get(&server, path, &token).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (404, "not_found".to_owned()),
            "{path}"
        );
    }
    let answer = post(&server, CLIENTS, &token, &json!({"pid": PID})).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}
