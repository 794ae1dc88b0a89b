//! The pages that `error_uri` leads to (spec: maskinporten §3.2, §12.3).

use portvakt_core::refusal::RefusalCode;
use portvakt_testkit::{Grant, SCOPE, TestServer};

/// inferred §3.2: Every MP code has a page that says when it is raised and what to do.
#[tokio::test]
async fn every_code_has_a_page() {
    let server = TestServer::start().await;
    for code in RefusalCode::ALL {
        let Some(mp_code) = code.row().mp_code else {
            continue;
        };
        let page = server.get(&format!("/errors/{mp_code}")).await;
        assert_eq!(page.status, 200, "{mp_code}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("content-security-policy"), "default-src 'none'");
        assert!(
            page.text.contains(&format!("<h1>{mp_code}</h1>")) && page.text.contains("What to do:"),
            "{}",
            page.text
        );
        assert!(page.text.contains(code.row().text), "{mp_code}");
        assert_eq!(page.text.matches('`').count(), 0, "{}", page.text);
    }
}

/// inferred §3.2: The address in a refusal is answered.
#[tokio::test]
async fn the_address_in_a_refusal_is_answered() {
    let server = TestServer::start().await;
    let refusal = server
        .exchange(&Grant::new(&server, "nobody", SCOPE).sign())
        .await;
    let response = server.http().get(refusal.member("error_uri")).send().await;
    assert_eq!(response.expect("the server answers").status(), 200);
}

/// inferred §12.3: An unknown code is 404, and nothing of the request is written to the page.
#[tokio::test]
async fn an_unknown_code_is_404_and_not_repeated() {
    let server = TestServer::start().await;
    for code in [
        "MP-999",
        "mp-100",
        "MP-100x",
        "none",
        "%3Cscript%3E",
        "..%2f..%2fetc",
        "%ff",
    ] {
        let page = server.get(&format!("/errors/{code}")).await;
        assert!([400, 404].contains(&page.status), "{code}: {}", page.status);
        assert!(
            !page.text.contains("script") && !page.text.contains("etc"),
            "{}",
            page.text
        );
    }
}
