//! The demonstration of a login: what it refuses. What it does is driven in a browser (`login_flows`).

use reqwest::{Client, Response};

use crate::harness::Dev;

fn page(dev: &Dev) -> String {
    dev.endpoints()["relying_party"]["base_url"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_page_runs_nothing_and_is_for_this_machine_alone() {
    let dev = Dev::start().await;
    let page = page(&dev);
    let http = Client::builder().no_proxy().build().unwrap();
    let shown = http.get(&page).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    let policy = header(&shown, "content-security-policy");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
    assert_eq!(header(&shown, "cache-control"), "no-store");
    let shown = shown.text().await.unwrap();
    for client_id in ["demo-nettsted", "demo-spa", "demo-mobil"] {
        assert!(shown.contains(client_id), "{shown}");
    }
    assert!(!shown.contains("<script"), "{shown}");

    let rebound = http.get(&page).header("host", "evil.example").send().await;
    assert_eq!(rebound.unwrap().status(), 403);
    for path in ["/login", "/act", "/logout"] {
        let foreign = http.post(format!("{page}{path}"));
        let foreign = foreign
            .header("origin", "https://evil.example")
            .send()
            .await;
        assert_eq!(foreign.unwrap().status(), 403, "{path}");
    }
}

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_asked_and_once() {
    let dev = Dev::start().await;
    let page = page(&dev);
    let http = Client::builder().no_proxy();
    let http = http
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let begun = http
        .post(format!("{page}/login"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("client=browser&acr=high&prompt=none")
        .send()
        .await
        .unwrap();
    assert_eq!(begun.status(), 303, "{}", begun.text().await.unwrap());
    let cookie = header(&begun, "set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let sent = reqwest::Url::parse(header(&begun, "location")).unwrap();
    let state = sent
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let issuer = dev.endpoints()["idporten"]["issuer"].as_str().unwrap();
    let answer = reqwest::Url::parse_with_params(
        &format!("{page}/callback"),
        [
            ("error", "login_required"),
            ("iss", issuer),
            ("state", state.as_str()),
        ],
    );
    let answer = answer.unwrap();

    // A login that somebody else began is not finished here, however much is known of it.
    let stranger = http.get(answer.clone()).send().await.unwrap();
    assert_eq!(stranger.status(), 400);
    // It is used up all the same: whoever tried has seen the state.
    let own = http
        .get(answer)
        .header("cookie", cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(own.status(), 400);
    for (path, query) in [
        ("/callback", ""),
        ("/callback", "?state=nothing&code=x"),
        ("/app", "?state=nothing"),
        ("/after", "?state=nothing"),
    ] {
        let nobody = http.get(format!("{page}{path}{query}")).send().await;
        assert_eq!(nobody.unwrap().status(), 400, "{path}{query}");
    }
    for path in ["/act", "/logout"] {
        let nobody = http.post(format!("{page}{path}")).send().await;
        assert_eq!(nobody.unwrap().status(), 400, "{path}");
    }
}
