//! `POST /explain`: each proof shows its side, and a stranger learns what the token endpoint says.

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::access::AccessState;
use portvakt_core::ports::Store;
use portvakt_core::refusals;
use portvakt_core::scope::Visibility;
use portvakt_testkit::{
    Answer, FJORDETATEN, Grant, HAVBRIS, HAVBRIS_CLIENT, LYNGVIK, Options, SCOPE, TINDESYSTEM,
    TestServer, World, second_signing_key,
};
use serde_json::{Value, json};

use crate::harness::{
    Api, Checked, Heard, MODIFY, READ, SCOPES_READ, SCOPES_WRITE, SUPPLIER, WRITE, send,
};

const PID: &str = "17869010057";
const ANSWER: [&str; 5] = ["decided_at", "issuer", "outcome", "proof", "refusal"];

/// A token endpoint with its self-service API, where Havbris has lost access to [`SCOPE`].
struct Desk {
    server: TestServer,
    api: Api,
}

impl Desk {
    async fn start() -> Self {
        Self::with(|world| world.withdraw(SCOPE, HAVBRIS)).await
    }

    async fn with(change: impl FnOnce(&mut World)) -> Self {
        let heard: Arc<Heard> = Arc::default();
        let mut options = Options {
            observer: heard.clone(),
            ..Options::default()
        };
        change(&mut options.world);
        let server = TestServer::with(options).await;
        let api = Api::beside(&server, heard).await;
        Self { server, api }
    }

    /// Sends a grant that is refused, and gives the id of the request.
    async fn refused(&self, assertion: &str) -> String {
        let answer = self.server.exchange(assertion).await;
        assert!(answer.status >= 400, "{}", answer.text);
        self.api.heard.write(self.api.store.as_ref()).await;
        answer.header("x-request-id").to_owned()
    }

    async fn ask(&self, body: &Value, token: Option<&str>) -> Answer {
        let mut request = self.api.request("POST", "/api/v1/explain").json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        send(request).await
    }

    /// What is seen without a token.
    async fn explained(&self, body: &Value) -> Value {
        let answer = self.ask(body, None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    }

    /// What is seen with a token of this organization.
    async fn explained_to(&self, body: &Value, orgno: &str, scopes: &[&str]) -> Value {
        let token = self.api.caller(orgno, scopes).token;
        let answer = self.ask(body, Some(&token)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    }
}

fn names(seen: &Value) -> Vec<&str> {
    let mut names: Vec<_> = seen
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.retain(|name| *name != "request_id");
    names
}

fn failed(seen: &Value) -> Vec<&str> {
    let checks = seen["checks"].as_array().into_iter().flatten();
    checks
        .filter(|check| check["result"] == "failed")
        .map(|check| check["check"].as_str().unwrap())
        .collect()
}

fn result<'s>(seen: &'s Value, check: &str) -> &'s Value {
    let mut checks = seen["checks"].as_array().unwrap().iter();
    &checks.find(|found| found["check"] == check).unwrap()["result"]
}

#[tokio::test]
async fn each_proof_shows_its_side_of_a_refusal_and_nothing_else() {
    let desk = Desk::start().await;
    let request_id = desk.refused(&Grant::havbris(&desk.server).sign()).await;
    let client = ["checks", "client_id", "scopes"];
    let with = |more: &[&'static str]| {
        let mut all = [&ANSWER[..], more].concat();
        all.sort_unstable();
        all
    };
    let question = json!({ "request_id": request_id });
    let signed = json!({
        "request_id": request_id, "assertion": Grant::havbris(&desk.server).sign(),
    });
    let other = Grant::tindesystem(&desk.server, HAVBRIS).sign();
    let other = json!({ "request_id": request_id, "assertion": other });
    let forged = Grant::havbris(&desk.server)
        .key(second_signing_key())
        .sign();
    let forged = json!({ "request_id": request_id, "assertion": forged });

    for (question, seen) in [
        (&question, &[][..]),
        (&other, &[]),
        (&forged, &[]),
        (&signed, &client),
    ] {
        assert_eq!(names(&desk.explained(question).await), with(seen));
    }
    let rows: [(&str, &[&str], &[&str]); 11] = [
        (HAVBRIS, &[READ], &client),
        (HAVBRIS, &[MODIFY], &client),
        (HAVBRIS, &[WRITE], &client),
        (HAVBRIS, &[SUPPLIER], &[]),
        (HAVBRIS, &[SCOPES_READ, SCOPES_WRITE], &[]),
        (FJORDETATEN, &[SCOPES_READ], &["owner"]),
        (FJORDETATEN, &[SCOPES_WRITE], &["owner"]),
        (FJORDETATEN, &[READ, WRITE], &[]),
        (LYNGVIK, &[READ, SCOPES_READ], &[]),
        (TINDESYSTEM, &[READ, SUPPLIER, SCOPES_WRITE], &[]),
        (HAVBRIS, &[READ, SCOPES_READ], &client),
    ];
    for (orgno, scopes, expected) in rows {
        let seen = desk.explained_to(&question, orgno, scopes).await;
        assert_eq!(names(&seen), with(expected), "{orgno} {scopes:?}");
    }
    // Whoever has both proofs sees both sides.
    let token = desk.api.caller(FJORDETATEN, &[SCOPES_READ]).token;
    let both = desk.ask(&signed, Some(&token)).await.body;
    assert_eq!(both["proof"], json!(["client", "owner"]));
    assert_eq!(failed(&both), ["Access"]);
}

#[tokio::test]
async fn without_proof_there_are_the_words_of_the_token_endpoint() {
    let desk = Desk::start().await;
    let answer = desk
        .server
        .exchange(&Grant::havbris(&desk.server).sign())
        .await;
    desk.api.heard.write(desk.api.store.as_ref()).await;
    let request_id = answer.header("x-request-id");
    let seen = desk.explained(&json!({ "request_id": request_id })).await;
    let refusal = &seen["refusal"];
    let said = answer.member("error_description");
    let (said, _) = said.split_once(" (trace_id").unwrap();
    assert_eq!(refusal["error_description"], said);
    assert_eq!(refusal["error"], answer.body["error"]);
    assert_eq!(refusal["http_status"], answer.status);
    assert_eq!(refusal["mp_code"], "MP-250");
    assert_eq!(seen["outcome"], "refused");
    assert_eq!(seen["request_id"], request_id);
}

#[tokio::test]
async fn an_owner_sees_its_scopes_and_not_the_client() {
    let desk = Desk::with(|world| {
        world.withdraw(SCOPE, HAVBRIS);
        world.organization("987654321", "Annen");
        world.scope("annen:tjeneste").owner_orgno = "987654321".parse().unwrap();
        let scope = "annen:tjeneste".parse().unwrap();
        world.client_mut(HAVBRIS_CLIENT).0.scopes.push(scope);
    })
    .await;
    let both = format!("{SCOPE} annen:tjeneste");
    let request_id = desk
        .refused(&Grant::new(&desk.server, HAVBRIS_CLIENT, &both).sign())
        .await;
    let question = json!({ "request_id": request_id });
    let seen = desk
        .explained_to(&question, FJORDETATEN, &[SCOPES_READ])
        .await;
    let owner = &seen["owner"];
    assert_eq!(owner["consumer_orgno"], HAVBRIS);
    let scopes = owner["scopes"].as_array().unwrap();
    assert_eq!(scopes.len(), 1, "{owner}");
    assert_eq!(scopes[0]["scope"], SCOPE);
    assert_eq!(scopes[0]["access"], "DENIED");
    let owners_side = owner.to_string();
    for hidden in [HAVBRIS_CLIENT, "annen", "havbris-2026a", "kid"] {
        assert!(!owners_side.contains(hidden), "{owners_side}");
    }
}

#[tokio::test]
async fn an_owner_sees_whether_the_consumer_has_delegated() {
    let scope = "fjord:havn/anlop.write";
    for delegated in [true, false] {
        let desk = Desk::with(|world| {
            if delegated {
                world.delegate(scope, HAVBRIS, TINDESYSTEM);
            }
        })
        .await;
        let grant = Grant::tindesystem(&desk.server, HAVBRIS).sign();
        let question = json!({ "assertion": grant });
        let seen = desk
            .explained_to(&question, FJORDETATEN, &[SCOPES_READ])
            .await;
        let found = &seen["owner"]["scopes"][0];
        assert_eq!(found["delegated"], delegated);
        assert_eq!(found["access"], "APPROVED");
        assert_eq!(seen["owner"]["supplier_orgno"], TINDESYSTEM);
    }
}

#[tokio::test]
async fn whoever_asks_in_a_clients_name_without_its_key_learns_nothing_of_its_scopes() {
    let desk = Desk::start().await;
    let forged = Grant::havbris(&desk.server)
        .key(second_signing_key())
        .sign();
    let request_id = desk.refused(&forged).await;
    for question in [
        json!({ "assertion": forged }),
        json!({ "request_id": request_id }),
    ] {
        assert_eq!(names(&desk.explained(&question).await), ANSWER);
        let owner = desk
            .explained_to(&question, FJORDETATEN, &[SCOPES_READ])
            .await;
        assert_eq!(names(&owner), ANSWER, "the consumer is not proven");
        // The organization itself is told what was tried with its client, as far as it came.
        let own = desk.explained_to(&question, HAVBRIS, &[READ]).await;
        assert_eq!(own["refusal"]["refusal"], "InvalidSignature");
        assert_eq!(result(&own, "Key"), "passed");
        assert_eq!(own["proof"], json!(["client"]));
    }
    let own = desk
        .explained_to(&json!({ "request_id": request_id }), HAVBRIS, &[READ])
        .await;
    assert_eq!(result(&own, "Access"), "not_evaluated");
}

#[tokio::test]
async fn a_server_that_examines_everything_still_shows_owners_proven_senders_only() {
    let heard: Arc<Heard> = Arc::default();
    let server = TestServer::with(Options {
        observer: heard.clone(),
        parts: Box::new(|parts| parts.explain_refusals = true),
        ..Options::default()
    })
    .await;
    let api = Api::beside(&server, heard).await;
    let desk = Desk { server, api };
    let forged = Grant::havbris(&desk.server)
        .key(second_signing_key())
        .sign();
    let question = json!({ "request_id": desk.refused(&forged).await });
    let seen = desk
        .explained_to(&question, FJORDETATEN, &[SCOPES_READ])
        .await;
    assert_eq!(names(&seen), ANSWER);
}

#[tokio::test]
async fn the_key_proves_the_client_whatever_else_is_wrong() {
    let desk = Desk::start().await;
    let used = Grant::havbris(&desk.server).sign();
    desk.refused(&used).await;
    let now = desk.server.now();
    let long_ago = Grant::havbris(&desk.server)
        .claim("iat", json!(now - 9000))
        .claim("exp", json!(now - 8900));
    let elsewhere = Grant::havbris(&desk.server).claim("aud", json!("https://other.example/"));
    for (assertion, expected) in [
        (used, vec!["OneTimeUse", "Access"]),
        (long_ago.sign(), vec!["Expiry", "Access"]),
        (elsewhere.sign(), vec!["Audience", "Access"]),
    ] {
        let seen = desk.explained(&json!({ "assertion": assertion })).await;
        assert_eq!(seen["proof"], json!(["client"]));
        assert_eq!(failed(&seen), expected);
    }
}

#[tokio::test]
async fn a_client_that_may_not_use_the_endpoint_learns_that_and_nothing_about_scopes() {
    let desk = Desk::with(|world| world.client_mut(HAVBRIS_CLIENT).0.active = false).await;
    let grant = Grant::havbris(&desk.server).sign();
    let request_id = desk.refused(&grant).await;
    for question in [
        json!({ "assertion": grant }),
        json!({ "assertion": grant, "request_id": request_id }),
    ] {
        let seen = desk.explained(&question).await;
        assert_eq!(failed(&seen), ["Client"]);
        assert!(seen.to_string().contains("the client is deactivated"));
        assert_eq!(result(&seen, "Scopes"), "not_evaluated");
    }
}

#[tokio::test]
async fn an_explained_grant_is_not_used_up() {
    let desk = Desk::with(|_| ()).await;
    let grant = Grant::havbris(&desk.server).sign();
    for _ in 0..2 {
        let seen = desk.explained(&json!({ "assertion": grant })).await;
        assert_eq!(seen["outcome"], "issued");
        assert!(seen.get("refusal").is_none());
    }
    assert_eq!(desk.server.exchange(&grant).await.status, 200);
}

#[tokio::test]
async fn the_form_of_the_token_endpoint_is_read_too() {
    let desk = Desk::with(|_| ()).await;
    let grant = Grant::havbris(&desk.server).sign();
    let form = format!("grant_type=x&assertion={grant}");
    let post = |form: String| {
        let request = desk.api.request("POST", "/explain/").body(form);
        request.header("content-type", "application/x-www-form-urlencoded")
    };
    let seen = send(post(form.clone())).await;
    assert_eq!(seen.body["outcome"], "issued", "{}", seen.text);
    let twice = send(post(format!("{form}&assertion=a"))).await;
    twice.refused(400, "assertion");
}

#[tokio::test]
async fn a_private_scope_without_access_looks_like_one_that_does_not_exist() {
    for visibility in [Visibility::Private, Visibility::Internal] {
        let desk = Desk::with(|world| {
            let hidden = world.scope("fjord:hemmelig");
            hidden.visibility = visibility;
            hidden.delegation_source = Some(portvakt_testkit::SOURCE.to_owned());
            world.grant("fjord:hemmelig", LYNGVIK);
        })
        .await;
        for consumer in [None, Some(LYNGVIK)] {
            let mut seen = Vec::new();
            for scope in ["fjord:hemmelig", "fjord:hemmelih"] {
                let mut grant = Grant::new(&desk.server, HAVBRIS_CLIENT, scope);
                if let Some(consumer) = consumer {
                    grant = grant.claim("consumer_org", json!(consumer));
                }
                let grant = grant.sign();
                let now = desk.explained(&json!({ "assertion": grant })).await;
                let request_id = desk.refused(&grant).await;
                let question = json!({ "request_id": request_id });
                let mut later = desk.explained_to(&question, HAVBRIS, &[READ]).await;
                later["request_id"] = Value::Null;
                seen.push(format!("{now} {later}").replace(scope, "SCOPE"));
            }
            assert_eq!(seen[0], seen[1], "{consumer:?}");
        }
    }
}

#[tokio::test]
async fn a_client_learns_of_another_organization_what_the_token_endpoint_says() {
    // The supplier asks for a scope that it has not registered, in somebody's name.
    let with_access = |state| {
        Desk::with(move |world: &mut World| {
            world.scope("fjord:annet").delegation_source =
                Some(portvakt_testkit::SOURCE.to_owned());
            world.grant("fjord:annet", LYNGVIK).state = state;
        })
    };
    let mut seen = Vec::new();
    for state in [AccessState::Approved, AccessState::Denied] {
        let desk = with_access(state).await;
        let grant = Grant::tindesystem(&desk.server, LYNGVIK).claim("scope", json!("fjord:annet"));
        let explained = desk.explained(&json!({ "assertion": grant.sign() })).await;
        assert_eq!(failed(&explained), ["Scopes"]);
        seen.push(explained["checks"].clone());
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_refusal_is_remembered_for_24_hours() {
    let desk = Desk::start().await;
    let request_id = desk.refused(&Grant::havbris(&desk.server).sign()).await;
    let known = json!({ "request_id": request_id });
    let unknown = json!({ "request_id": "0123456789abcdef0123456789abcdef" });
    let clock = &desk.server.clock;
    clock.advance(Duration::from_hours(24) - Duration::from_millis(1));
    desk.explained(&known).await;
    let upper = json!({ "request_id": request_id.to_ascii_uppercase() });
    desk.explained(&upper).await;
    clock.advance(Duration::from_millis(1));
    let mut bodies = Vec::new();
    for question in [&known, &unknown] {
        let mut answer = desk.ask(question, None).await.refused(404, "");
        answer.body["correlation_id"] = Value::Null;
        bodies.push(answer.body);
    }
    assert_eq!(
        bodies[0], bodies[1],
        "forgotten and never known look the same"
    );

    let store = desk.api.store.as_ref();
    let now = portvakt_core::Clock::now(clock.as_ref());
    let count = refusals::forget(store, now).await.unwrap();
    assert_eq!(count, 0, "the bound is exclusive");
    let later = now.plus(Duration::from_millis(1));
    assert_eq!(refusals::forget(store, later).await.unwrap(), 1);
    let id = request_id.parse().unwrap();
    let mut unit = store.read().await.unwrap();
    assert_eq!(unit.find_refusal(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_request_without_a_grant_is_remembered_with_its_answer() {
    let desk = Desk::start().await;
    let answer = desk
        .server
        .post_form("grant_type=password&assertion=a")
        .await;
    desk.api.heard.write(desk.api.store.as_ref()).await;
    let question = json!({ "request_id": answer.header("x-request-id") });
    let seen = desk
        .explained_to(&question, HAVBRIS, &[READ, SCOPES_READ])
        .await;
    assert_eq!(names(&seen), ANSWER);
    assert_eq!(seen["refusal"]["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn only_the_client_chooses_the_instant_and_not_far_away() {
    let desk = Desk::with(|_| ()).await;
    let grant = Grant::havbris(&desk.server).sign();
    let forged = Grant::havbris(&desk.server)
        .key(second_signing_key())
        .sign();
    let at = |assertion: &str, seconds: i64| {
        let instant = portvakt_core::Timestamp::from_seconds(desk.server.now() + seconds);
        json!({ "assertion": assertion, "at": instant.to_string() })
    };
    let later = desk.explained(&at(&grant, 3600)).await;
    assert_eq!(failed(&later), ["Expiry"]);
    let earlier = desk.explained(&at(&grant, -3600)).await;
    assert_eq!(failed(&earlier), ["IssuedAt"]);
    desk.ask(&at(&forged, 60), None).await.refused(403, "at");
    for seconds in [86_401, -86_401] {
        let answer = desk.ask(&at(&grant, seconds), None).await;
        answer.refused(400, "at");
    }
    let own = desk.explained_to(&at(&forged, 60), HAVBRIS, &[READ]).await;
    assert_eq!(own["proof"], json!(["client"]));
}

#[tokio::test]
async fn a_token_that_is_sent_must_be_good() {
    let desk = Desk::with(|_| ()).await;
    let question = json!({ "assertion": Grant::havbris(&desk.server).sign() });
    desk.ask(&question, Some("a.b.c")).await.refused(401, "");
    let mut claims = desk.api.claims(HAVBRIS, &[READ]);
    claims["exp"] = json!(desk.server.now() - 60);
    let expired = desk.api.sign(&claims);
    desk.ask(&question, Some(&expired)).await.refused(401, "");
}

#[tokio::test]
async fn questions_that_cannot_be_answered_are_400() {
    let desk = Desk::with(|_| ()).await;
    let id = "0".repeat(32);
    for (question, field) in [
        (json!({}), "assertion"),
        (json!({ "assertion": "" }), "assertion"),
        (json!({ "assertion": 7 }), "assertion"),
        (json!({ "request_id": "x" }), "request_id"),
        (json!({ "request_id": "0".repeat(33) }), "request_id"),
        (json!({ "request_id": [id] }), "request_id"),
        (
            json!({ "request_id": id, "at": "2026-03-02T09:15:00Z" }),
            "at",
        ),
        (json!({ "assertion": "a", "at": "tomorrow" }), "at"),
        (json!({ "assertion": "a", "at": 7 }), "at"),
    ] {
        desk.ask(&question, None).await.refused(400, field);
    }
    for body in ["", "[]", "{", "{\"assertion\":\"a\",\"assertion\":\"b\"}"] {
        let request = desk.api.request("POST", "/explain").body(body);
        send(request).await.refused(400, "");
    }
    let text = desk.api.request("POST", "/explain").body("a");
    let text = text.header("content-type", "text/plain");
    send(text).await.refused(415, "");
    // What is no grant at all is explained, as the token endpoint would say it.
    for nonsense in ["a", "a.b.c", &"a".repeat(70_000)] {
        let seen = desk.explained(&json!({ "assertion": nonsense })).await;
        assert_eq!(names(&seen), ANSWER);
        assert_eq!(seen["refusal"]["mp_code"], "MP-011");
    }
}

#[tokio::test]
async fn what_is_kept_and_shown_holds_no_person_and_no_grant() {
    let desk = Desk::start().await;
    let mut kept = Vec::new();
    for grant in [
        Grant::havbris(&desk.server).claim("pid", json!(PID)),
        Grant::havbris(&desk.server).claim("consumer_org", json!(PID)),
        Grant::havbris(&desk.server).claim("scope", json!(format!("fjord:{PID}"))),
        Grant::havbris(&desk.server).claim("aud", json!([PID])),
        Grant::havbris(&desk.server).header("kid", json!(PID)),
        Grant::havbris(&desk.server).claim(PID, json!(1)),
    ] {
        let assertion = grant.sign();
        let request_id = desk.refused(&assertion).await;
        let question = json!({ "request_id": request_id });
        let seen = desk.explained_to(&question, HAVBRIS, &[READ]).await;
        assert!(!seen.to_string().contains(PID), "{seen}");
        let now = desk.explained(&json!({ "assertion": assertion })).await;
        assert!(!now.to_string().contains(PID), "{now}");
        kept.extend(assertion.split('.').map(str::to_owned).skip(1));
    }
    kept.push(PID.to_owned());
    let mut unit = desk.api.store.read().await.unwrap();
    let everything = portvakt_core::audit::AuditFilter::default();
    let entries = unit.list_audit(&everything, 0, 100).await.unwrap();
    assert_eq!(entries.len(), 6);
    for entry in entries {
        for secret in &kept {
            assert!(!entry.text.contains(secret.as_str()), "{}", entry.text);
        }
    }
}
