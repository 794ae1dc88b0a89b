//! Secrets in every place where one could be, wrongly.

use reqwest::Client;
use serde_json::json;

use super::secrets::Secrets;
use super::stories::Holder;
use super::{AGENT, SECRET};
use crate::harness::Server;
use crate::people::{self, Answer, Browser, PID, READER, WEB};

/// A number of nobody: its control digits are wrong.
const WRONG_PID: &str = "17869010058";

fn assert_refused(answer: &Answer) {
    assert!((300..500).contains(&answer.status), "{answer:?}");
}

pub(super) async fn go_wrong(server: &Server, secrets: &mut Secrets) {
    in_forms(server, secrets).await;
    in_addresses(server).await;
    in_headers(server, secrets).await;
    in_bodies(server).await;
    at_the_login(server, secrets).await;
}

async fn in_forms(server: &Server, secrets: &mut Secrets) {
    let site = server.site().with_agent(AGENT);
    let assertion = people::assertion(READER);
    secrets.add(assertion.rsplit('.').next().unwrap());
    for path in [
        "/par",
        "/token",
        "/token/introspect",
        "/token/revoke",
        "/logout",
    ] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", SECRET),
            ("client_secret", SECRET),
            ("refresh_token", SECRET),
            ("token", SECRET),
            ("code", SECRET),
            ("code_verifier", SECRET),
            ("login_hint", PID),
            ("id_token_hint", SECRET),
            ("request", &assertion),
            ("request_uri", SECRET),
            ("client_assertion", &assertion),
            ("state", "\u{7f}hemmelig-verdi"),
        ];
        assert_refused(&site.post(path, &fields).await);
        let path = format!("{path}/{SECRET}?pid={PID}");
        assert_refused(&site.get(&path).await);
    }
}

async fn in_addresses(server: &Server) {
    let site = server.site().with_agent(AGENT);
    let mut browser = Browser::new(&site);
    for path in [
        format!("/authorize?client_id={SECRET}&login_hint=testid:{PID}&state={SECRET}"),
        format!("/authorize?client_id={WEB}&redirect_uri=https://{SECRET}.example/"),
        format!("/authorize?client_id={WEB}&request_uri=urn:idporten:{SECRET}"),
        format!("/authorize?client_id={WEB}&request={SECRET}.{SECRET}.{SECRET}"),
        format!("/authorize/callback/fjordid?code={SECRET}&state={SECRET}.{SECRET}"),
        format!("/authorize/callback/{SECRET}?error={SECRET}&error_description={SECRET}"),
        format!("/login?txn={SECRET}"),
        format!("/login/{SECRET}?txn={SECRET}"),
        format!("/consent?txn={SECRET}"),
        format!("/userinfo?access_token={SECRET}"),
        format!("/logout?l={SECRET}&id_token_hint={SECRET}"),
        format!("/rest/v2/person?pid={PID}"),
        format!("/authorizations/{SECRET}?pid={PID}"),
        format!("/innlogginger/{SECRET}/{PID}"),
    ] {
        assert_refused(&browser.get(&path).await);
    }
}

/// A token, a proof of a key, a client's secret and a cookie that are not right.
async fn in_headers(server: &Server, secrets: &mut Secrets) {
    assert_refused(&server.site().userinfo(SECRET).await);
    let proof = Holder::new().proof("GET", "/elsewhere", Some(SECRET));
    secrets.add_signed(&proof);
    for path in [
        "/userinfo",
        "/token",
        "/par",
        "/rest/v2/person",
        "/revokelist/",
    ] {
        for authorization in [
            format!("DPoP {SECRET}"),
            format!("Bearer {SECRET}"),
            format!("Basic {SECRET}"),
            format!("{SECRET} {SECRET}"),
        ] {
            let asked = Client::new().post(server.url("idporten", path));
            let asked = asked
                .header("authorization", authorization)
                .header("dpop", &proof)
                .header("cookie", format!("__Host-session={SECRET}; {SECRET}"))
                .header("content-type", "application/x-www-form-urlencoded");
            assert_refused(&Answer::of(asked).await);
        }
    }
}

async fn in_bodies(server: &Server) {
    for (path, body) in [
        ("/clients/authorizations", json!({"pid": PID})),
        (
            "/rest/v2/personer",
            json!({"personidentifikatorer": [PID, {}]}),
        ),
        (
            "/authlevel/rest/v1/sikkerhetsnivaa",
            json!({PID: SECRET, "n": [PID]}),
        ),
    ] {
        let asked = Client::new().post(server.url("idporten", path)).json(&body);
        assert_refused(&Answer::of(asked.bearer_auth(SECRET)).await);
    }
}

async fn at_the_login(server: &Server, secrets: &mut Secrets) {
    let site = server.site().with_agent(AGENT);
    let mut browser = Browser::new(&site);
    let selector = browser.ask(WEB, "openid profile").await;
    let txn = secrets.add_returned(&selector, "txn");
    let wrong = browser.log_in(&selector, WRONG_PID).await;
    assert_eq!(wrong.status, 200, "asked again: {wrong:?}");
    secrets.add(WRONG_PID);
    secrets.add_cookies(&browser);
    // An answer of the other provider's that nobody asked it for.
    let back = format!("/authorize/callback/fjordid?code={SECRET}&state={txn}.{SECRET}");
    assert_refused(&browser.get(&back).await);
}
