//! People who log in while nodes take turns, die and come back.

use std::time::{Duration, Instant};

use portvakt_testkit::PostgresServer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Node};
use crate::identity::CONSUMER;
use crate::people::{API, Browser, ISSUER, PID, SPA, Site, WEB, callback, claims, key_id, text};

/// Within which a withdrawal acts on every node.
const BOUND: Duration = Duration::from_secs(1);
const SCOPES: &str = "openid profile fjord:barnehage.read";

fn site(nodes: &[&Node]) -> Site {
    let bases: Vec<_> = nodes.iter().map(|node| node.wire.logins()).collect();
    Site::at(&bases)
}

/// Everything that a relying party and a person do, in its order.
async fn whole_story(site: &Site) {
    let metadata = site.get("/.well-known/openid-configuration").await.done();
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(metadata["token_endpoint"], format!("{ISSUER}/token"));
    let mut browser = Browser::new(site);
    let tokens = browser.tokens(WEB, SCOPES).await;
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["pid"], PID);
    assert_eq!(
        (&id_token["iss"], &id_token["nonce"]),
        (&ISSUER.into(), &"n1".into())
    );
    let keys = site.get("/jwks.json").await.done();
    let access = text(&tokens["access_token"]);
    let mut keys = keys["keys"].as_array().unwrap().iter();
    assert!(keys.any(|key| key["kid"] == key_id(&access)));
    assert_eq!(claims(&tokens["access_token"])["sub"], id_token["sub"]);

    let person = site.userinfo(&access).await.done();
    assert_eq!(
        (&person["sub"], &person["pid"]),
        (&id_token["sub"], &PID.into())
    );
    let known = site.introspect(&access).await.done();
    assert_eq!(
        (&known["active"], &known["scope"]),
        (&true.into(), &API.into())
    );

    let refreshed = site.refresh(WEB, &text(&tokens["refresh_token"])).await;
    let refreshed = refreshed.done();
    let access = text(&refreshed["access_token"]);
    assert_eq!(site.introspect(&access).await.done()["active"], true);

    // Another client without a page: the session is there.
    let again = browser.ask(SPA, "openid").await;
    let code = again.returned("code");
    let other = site.redeem(SPA, &code).await.done();
    assert_ne!(claims(&other["id_token"])["sub"], id_token["sub"]);

    let fields = [("token", access.as_str())];
    let revoked = site.post_as(WEB, "/token/revoke", &fields).await;
    assert_eq!(revoked.status, 200);
    assert_eq!(site.introspect(&access).await.done()["active"], false);
    assert_eq!(site.userinfo(&access).await.status, 401);
    let late = site.refresh(WEB, &text(&refreshed["refresh_token"])).await;
    assert_eq!(late.refusal(), (400, "invalid_grant".to_owned()));

    let out =
        format!("/logout?client_id={WEB}&post_logout_redirect_uri=https://{WEB}.example.no/ut");
    let out = browser.get(&out).await;
    assert_eq!(out.location().path(), "/ut");
    let ended = site.userinfo(&text(&other["access_token"])).await;
    assert_eq!(ended.status, 401, "a login ends with its session");
    let selector = browser.ask(SPA, "openid").await;
    assert_eq!(selector.location().path(), "/login");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_goes_on_at_whichever_node_the_browser_reaches() {
    let cluster = Cluster::on_postgres(PostgresServer::shared());
    let (a, b) = tokio::join!(cluster.node(), cluster.node());
    whole_story(&site(&[&a, &b])).await;
    whole_story(&site(&[&b, &a])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_at_one_node_on_sqlite() {
    let cluster = Cluster::on_sqlite();
    let node = cluster.node().await;
    whole_story(&site(&[&node])).await;
    assert!(node.stop().await.success());
}

/// Threat: what was used at one node is used again at another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_and_a_refresh_token_count_once_on_all_nodes_together() {
    let cluster = Cluster::on_postgres(PostgresServer::shared());
    let (a, b) = tokio::join!(cluster.node(), cluster.node());
    let (both, first, second) = (site(&[&a, &b]), site(&[&a]), site(&[&b]));
    let invalid = (400, "invalid_grant".to_owned());

    let code = Browser::new(&both).code(WEB, SCOPES).await;
    let tokens = first.redeem(WEB, &code).await.done();
    let replayed = second.redeem(WEB, &code).await;
    assert_eq!(replayed.refusal(), invalid);
    let access = text(&tokens["access_token"]);
    assert_eq!(
        first.userinfo(&access).await.status,
        401,
        "all of it is revoked"
    );

    let tokens = Browser::new(&both).tokens(WEB, SCOPES).await;
    let former = text(&tokens["refresh_token"]);
    let refreshed = second.refresh(WEB, &former).await.done();
    assert_eq!(first.refresh(WEB, &former).await.refusal(), invalid);
    let latter = text(&refreshed["refresh_token"]);
    assert_eq!(second.refresh(WEB, &latter).await.refusal(), invalid);

    // At the same instant: whoever shows it again revokes what it stands for, so nobody may get it.
    let code = Browser::new(&both).code(SPA, "openid").await;
    let (one, other) = tokio::join!(first.redeem(SPA, &code), second.redeem(SPA, &code));
    let statuses = [one.status, other.status];
    assert!(statuses.contains(&400), "{statuses:?}");

    // A pushed request belongs to the browser that started it.
    let request_uri = both.push(WEB, SCOPES).await;
    let pushed = [("client_id", WEB), ("request_uri", request_uri.as_str())];
    let started = Browser::new(&first).authorize(&pushed).await;
    assert_eq!(started.status, 302);
    assert_eq!(Browser::new(&second).authorize(&pushed).await.status, 400);
}

/// Asks until it is so, and says how long after the withdrawal it was asked for the last time in vain.
async fn acts(withdrawn: Instant, mut is_so: impl AsyncFnMut() -> bool) {
    loop {
        let asked = withdrawn.elapsed();
        if is_so().await {
            return;
        }
        assert!(asked <= BOUND, "{asked:?} after it was withdrawn");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_on_one_node_stops_for_logins_on_the_other_within_a_second() {
    let cluster = Cluster::on_postgres(PostgresServer::shared());
    let (a, b) = tokio::join!(cluster.node(), cluster.node());
    a.wire.until_it_serves().await;
    let other = site(&[&b]);
    let owner = a.wire.owner().await;
    let operator = a.wire.operator().await;
    let tokens = Browser::new(&other).tokens(WEB, SCOPES).await;
    let mut refresh = text(&tokens["refresh_token"]);
    let issued = text(&tokens["access_token"]);
    assert_eq!(other.introspect(&issued).await.done()["active"], true);

    let access = format!("/scopes/access/{CONSUMER}?scope={API}");
    owner.act(Method::DELETE, &access, Value::Null).await.done();
    let withdrawn = Instant::now();
    acts(withdrawn, async || {
        other.introspect(&issued).await.done()["active"] == false
    })
    .await;
    assert_eq!(other.userinfo(&issued).await.status, 200);
    acts(withdrawn, async || {
        let refreshed = other.refresh(WEB, &refresh).await.done();
        refresh = text(&refreshed["refresh_token"]);
        text(&refreshed["scope"]) == "openid profile"
    })
    .await;

    let path = format!("/clients/{WEB}");
    let mut registered = operator.act(Method::GET, &path, Value::Null).await.done();
    registered["active"] = json!(false);
    operator.act(Method::PUT, &path, registered).await.done();
    let withdrawn = Instant::now();
    acts(withdrawn, async || {
        other.userinfo(&issued).await.status == 401
    })
    .await;
    acts(withdrawn, async || {
        let answer = other.refresh(WEB, &refresh).await;
        if answer.status == 200 {
            refresh = text(&answer.done()["refresh_token"]);
            return false;
        }
        assert_eq!(answer.refusal(), (401, "invalid_client".to_owned()));
        true
    })
    .await;
    acts(withdrawn, async || {
        let answer = Browser::new(&other).ask(WEB, "openid").await;
        // Not at its address: nobody is sent to a client that is gone.
        answer.status == 400
    })
    .await;
}

/// Kills a node between two steps, and goes on at one that was not there before.
async fn killed_between_steps(cluster: &Cluster) {
    let node = cluster.node().await;
    let first = site(&[&node]);
    let mut browser = Browser::new(&first);
    let selector = browser.ask(WEB, SCOPES).await;
    let mut cookies = browser.cookies.clone();
    node.kill();

    let node = cluster.node().await;
    let second = site(&[&node]);
    let mut browser = Browser::new(&second);
    browser.cookies = cookies;
    let answer = browser.log_in(&selector, PID).await;
    assert!(answer.location().as_str().starts_with(&callback(WEB)));
    let code = answer.returned("code");
    cookies = browser.cookies.clone();
    node.kill();

    let node = cluster.node().await;
    let third = site(&[&node]);
    let tokens = third.redeem(WEB, &code).await.done();
    let former = text(&tokens["refresh_token"]);
    let refreshed = third.refresh(WEB, &former).await.done();
    node.kill();

    let node = cluster.node().await;
    let fourth = site(&[&node]);
    let access = text(&refreshed["access_token"]);
    assert_eq!(fourth.userinfo(&access).await.status, 200);
    let mut browser = Browser::new(&fourth);
    browser.cookies = cookies;
    let again = browser.ask(SPA, "openid").await;
    assert_eq!(again.returned("state"), "s1", "the session is there");
    let invalid = (400, "invalid_grant".to_owned());
    assert_eq!(fourth.refresh(WEB, &former).await.refusal(), invalid);
    assert_eq!(fourth.userinfo(&access).await.status, 401);
    assert_eq!(fourth.redeem(WEB, &code).await.refusal(), invalid);
}

/// Threat: what was used comes back with a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_survives_the_nodes_that_it_passes_and_nothing_is_used_again_on_sqlite() {
    killed_between_steps(&Cluster::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_survives_the_nodes_that_it_passes_and_nothing_is_used_again_on_postgresql() {
    killed_between_steps(&Cluster::on_postgres(PostgresServer::shared())).await;
}
