//! Whole logins, and everything that a server tells of them.

mod elsewhere;
mod mistakes;
mod secrets;
mod stories;

use serde_json::json;

use self::elsewhere::{CLIENT, Elsewhere};
use self::secrets::Secrets;
use super::collector::{Collector, TAKEN};
use super::traced;
use crate::harness::Deployment;
use crate::people::{NAME, PID, VERIFIER, callback, text};

const SECRET: &str = "hemmelig-verdi";
const AGENT: &str = "Nettleser/1.0 hemmelig";
/// A client that has a secret and a server that is told of logouts.
const TOLD: &str = "fjord-nettsted";
/// An organization's client that asks about people.
const INSIGHT: &str = "havbris-innsyn";
/// Somebody who is in the contact registry, and what is there.
const PERSON: &str = "08829499873";
const CONTACT: &str = "prove.hemmelig@eksempel.no";

/// A deployment with every way to log in and to be told of it, and the secret of [`TOLD`].
fn deployment(collector: &Collector, elsewhere: &Elsewhere) -> (Deployment, String) {
    let deployment = Deployment::new().with_logins();
    let registry = json!({
        "clients": [
            {
                "client_id": TOLD, "client_orgno": "312773023", "client_name": TOLD,
                "integration_type": "api_klient", "application_type": "web",
                "token_endpoint_auth_method": "client_secret_basic",
                "grant_types": ["authorization_code"],
                "scopes": [
                    "openid", "profile", "idporten:user.log.read",
                    "krr:user/kontaktinformasjon.read",
                ],
                "redirect_uris": [callback(TOLD), format!("{}/callback", elsewhere.base)],
                "backchannel_logout_uri": format!("{}/ended", elsewhere.base),
            },
            {
                "client_id": INSIGHT, "client_orgno": "312773023", "client_name": INSIGHT,
                "integration_type": "maskinporten",
                "scopes": ["idporten:authorizations.read", "krr:global/kontaktinformasjon.read"],
                "jwks": Deployment::public_keys(),
            },
        ],
        "people": [{"pid": PERSON, "name": NAME, "krr": {"epostadresse": CONTACT}}],
    });
    let registry = deployment.file("more.yaml", &registry.to_string());
    let applied = deployment.run(&["registry", "apply", &registry]);
    assert!(applied.status.success(), "{applied:?}");
    let made = deployment.operated(&["client", "secret", TOLD]);

    deployment.file("upstream.secret", SECRET);
    let upstream = json!({
        "id": "fjordid", "name": "FjordID", "issuer": elsewhere.base, "client_id": CLIENT,
        "client_secret_file": "upstream.secret", "acr": {"high": "idporten-loa-high"},
    });
    let upstream = deployment.file("upstream.yaml", &upstream.to_string());
    let deployment = traced(deployment, collector.url())
        .with(
            "PORTVAKT__IDPORTEN__UPSTREAMS",
            &json!([upstream]).to_string(),
        )
        .with("PORTVAKT__IDPORTEN__EIDS", r#"["testid", "email"]"#)
        .with("PORTVAKT__LOG__FILTER", "debug");
    (deployment, text(&made["client_secret"]))
}

/// Threat: who logs in, and what lets somebody in, is found in what a server tells of itself.
#[tokio::test]
async fn nothing_of_a_login_is_in_a_log_a_figure_a_trace_or_the_audit_log() {
    let collector = Collector::start(TAKEN).await;
    let elsewhere = Elsewhere::start().await;
    let (deployment, client_secret) = deployment(&collector, &elsewhere);
    let server = deployment.start().await;
    let mut secrets = Secrets::default();
    for secret in [
        PID,
        PERSON,
        NAME,
        "Testesen",
        CONTACT,
        VERIFIER,
        SECRET,
        AGENT,
        "Nettleser",
        &client_secret,
    ] {
        secrets.add(secret);
    }
    stories::with_test_id(&server, &mut secrets).await;
    stories::with_another_provider(&server, &elsewhere, &client_secret, &mut secrets).await;
    stories::with_email(&server, &mut secrets).await;
    stories::by_an_organization(&server, &mut secrets).await;
    mistakes::go_wrong(&server, &mut secrets).await;
    let figures = server.send("operations", "/metrics", Vec::new()).await;
    let figures = figures.text().await.unwrap();
    assert!(server.stopped().await.success());

    // Each place does say something: the test would see nothing in an empty one.
    let log = deployment.text("server.log");
    for said in [
        "token issued",
        "request refused",
        "back-channel logout",
        "companion API",
        "an eID provider failed",
        "\"DEBUG\"",
    ] {
        assert!(log.contains(said), "{said} in {log}");
    }
    secrets.assert_absent("the log", &log);
    for (eid, outcome) in [
        ("testid", "completed"),
        ("email", "completed"),
        ("fjordid", "completed"),
        ("fjordid", "failed"),
    ] {
        let series = format!("portvakt_logins_total{{eid=\"{eid}\",outcome=\"{outcome}\"}} 1\n");
        assert!(figures.contains(&series), "{series} in {figures}");
    }
    let refused =
        "portvakt_login_refusals_total{outcome=\"refused\",refusal=\"NotAcceptable\"} 2\n";
    assert!(figures.contains(refused), "{refused} in {figures}");
    let told = "portvakt_backchannel_logouts_total{result=\"delivered\"} 1\n";
    assert!(figures.contains(told), "{told} in {figures}");
    secrets.assert_absent("the figures", &figures);
    let spans = collector.spans();
    assert!(spans.len() > 40, "{}", spans.len());
    for (_, message) in collector.messages() {
        secrets.assert_absent("a trace", &String::from_utf8_lossy(&message));
    }
    // That the operator registered test people of this name is a change like any other.
    let secrets = secrets.without(&[NAME]);
    let audit = deployment.operated(&["audit", "show", "--limit", "10000"]);
    let audit = audit.to_string();
    for said in [TOLD, "login.refuse", "companion.refuse"] {
        assert!(audit.contains(said), "{said} in {audit}");
    }
    secrets.assert_absent("the audit log", &audit);
}
