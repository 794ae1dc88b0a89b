//! What the audit log says of uses of the companion APIs (spec: companion-apis §1.3).

use portvakt_core::audit::{AuditEntry, AuditFilter, ObjectKind};
use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK};
use reqwest::Method;
use serde_json::{Value, json};

use super::contacts::{DETAILS, LANGUAGE, MANY, OWN, OWN_DETAILS, world as contacts_world};
use super::{
    AUTHORIZATIONS, HISTORY, INSIGHT, LEVEL, app_login, ask, get, organization,
    organization_claims, person, post,
};
use crate::harness::{API, APP, LoginServer, OTHER_PID, PID, sign_as_machine_issuer};

const CLIENTS: &str = "/clients/authorizations?require_user_consent=false";
const LEVELS: &str = "/authlevel/rest/v1/sikkerhetsnivaa";

async fn server() -> LoginServer {
    LoginServer::with(contacts_world(), |_| ()).await
}

async fn log(server: &LoginServer) -> Vec<AuditEntry> {
    server.audit_log(AuditFilter::default()).await
}

/// The one entry that something leaves.
async fn entry(server: &LoginServer, used: impl Future<Output = u16>, status: u16) -> AuditEntry {
    let before = log(server).await.len();
    assert_eq!(used.await, status);
    let mut log = log(server).await;
    assert_eq!(log.len(), before + 1);
    log.pop().unwrap()
}

/// What the log calls somebody: what it says of a look at their level.
async fn pseudonym(server: &LoginServer, pid: &str) -> String {
    let token = organization(server, HAVBRIS, LEVEL).await;
    let asked = json!({"personidentifikator": pid});
    post(server, LEVELS, &token, &asked).await;
    let log = log(server).await.into_iter();
    let mut told = log.filter(|entry| entry.operation == "level.read");
    told.next_back().unwrap().object.key
}

#[tokio::test]
async fn whatever_an_organization_is_told_of_people_is_recorded() {
    let server = server().await;
    app_login(&server, PID).await;
    let (kari, ola) = (
        pseudonym(&server, PID).await,
        pseudonym(&server, OTHER_PID).await,
    );
    assert_ne!(kari, ola);
    let people = |pids: &[&str]| json!({"personidentifikatorer": pids});
    for (path, scope, body, operation, key, after) in [
        (
            CLIENTS,
            AUTHORIZATIONS,
            json!({"pid": PID}),
            "authorization.read",
            kari.as_str(),
            json!({"told": 1}),
        ),
        (
            CLIENTS,
            AUTHORIZATIONS,
            json!({"pid": OTHER_PID}),
            "authorization.read",
            &ola,
            json!({"told": 0}),
        ),
        (
            LEVELS,
            LEVEL,
            json!({"personidentifikator": PID}),
            "level.read",
            &kari,
            json!({"told": 1}),
        ),
        (
            MANY,
            DETAILS,
            people(&[PID]),
            "contact.read",
            &kari,
            json!({"told": 1}),
        ),
        (
            MANY,
            DETAILS,
            people(&[OTHER_PID, PID]),
            "contact.read",
            "(several)",
            json!({"told": 2, "people": [ola, kari]}),
        ),
    ] {
        let mut claims = organization_claims(&server, HAVBRIS, scope);
        claims["supplier"] =
            json!({"authority": "iso6523-actorid-upis", "ID": format!("0192:{LYNGVIK}")});
        let token = sign_as_machine_issuer(&claims).await;
        let used = async { post(&server, path, &token, &body).await.status.as_u16() };
        let entry = entry(&server, used, 200).await;
        assert_eq!(entry.operation, operation);
        assert_eq!(
            (entry.object.kind, entry.object.key.as_str()),
            (ObjectKind::Person, key)
        );
        assert_eq!((entry.before, entry.after), (None, Some(after)));
        let actor = serde_json::to_value(&entry.actor).unwrap();
        assert_eq!(
            actor,
            json!({"channel": "companion_api", "client_id": "maskin", "organization": HAVBRIS,
                   "supplier": LYNGVIK})
        );
        assert_eq!(entry.request_id.unwrap().len(), 32);
    }
}

#[tokio::test]
async fn whatever_a_client_is_told_of_whoever_is_logged_in_is_recorded() {
    let server = server().await;
    let kari = pseudonym(&server, PID).await;
    let scopes = format!("{AUTHORIZATIONS} {HISTORY} {OWN_DETAILS} {LANGUAGE}");
    let token = person(&server, INSIGHT, PID, &scopes).await;
    let english = json!({"spraak": "en"});
    for (method, path, body, operation, after) in [
        (
            Method::GET,
            CLIENTS,
            None,
            "authorization.read",
            json!({"told": 1}),
        ),
        (
            Method::GET,
            "/innlogginger/logg/idporten",
            None,
            "history.read",
            json!({"told": 1}),
        ),
        (Method::GET, OWN, None, "contact.read", json!({"told": 1})),
        (
            Method::PATCH,
            OWN,
            Some(&english),
            "contact.update",
            english.clone(),
        ),
    ] {
        let used = async {
            ask(&server, method, path, &token, body)
                .await
                .status
                .as_u16()
        };
        let entry = entry(&server, used, 200).await;
        assert_eq!(
            (entry.operation.as_str(), &entry.object.key),
            (operation, &kari)
        );
        assert_eq!(entry.after, Some(after));
        let actor = serde_json::to_value(&entry.actor).unwrap();
        assert_eq!(
            actor,
            json!({"channel": "companion_api", "client_id": INSIGHT, "organization": HAVBRIS,
                   "person": kari})
        );
    }
}

#[tokio::test]
async fn an_authorization_that_is_ended_is_recorded_with_whom_it_concerns() {
    let server = server().await;
    app_login(&server, PID).await;
    let token = organization(&server, FJORDETATEN, AUTHORIZATIONS).await;
    let listed = "/api-provider/authorizations";
    let listed = post(&server, listed, &token, &json!({"pid": PID}))
        .await
        .json();
    let id = listed[0]["authorization_id"].as_str().unwrap();
    let kari = pseudonym(&server, PID).await;
    let path = format!("/authorizations/{id}");
    let end = async || {
        ask(&server, Method::DELETE, &path, &token, None)
            .await
            .status
            .as_u16()
    };
    let entry = entry(&server, end(), 204).await;
    assert_eq!(entry.operation, "authorization.revoke");
    assert_eq!(entry.object.kind, ObjectKind::Authorization);
    assert_eq!(entry.object.key, format!("{kari} {id}"));
    let concerned: Vec<_> = entry
        .organizations
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(concerned.contains(&FJORDETATEN.to_owned()) && concerned.contains(&HAVBRIS.to_owned()));
    assert_eq!(
        (entry.before, entry.after),
        (
            Some(json!({"authorization_id": id, "client_id": APP,
                        "scopes": ["openid", "profile", API]})),
            None
        )
    );
    let before = log(&server).await.len();
    assert_eq!(end().await, 404);
    let log = log(&server).await;
    assert_eq!(log.len(), before + 1, "nothing was ended");
    assert_eq!(log[before].operation, "companion.refuse");
}

/// What is refused tells nothing, and its entry says so.
#[tokio::test]
async fn what_is_refused_was_not_told() {
    let server = server().await;
    let token = organization(&server, HAVBRIS, LEVEL).await;
    let refused: [(&str, Value); 3] = [
        (CLIENTS, json!({"pid": PID})),
        (LEVELS, json!({"personidentifikator": "1"})),
        (MANY, json!({"personidentifikatorer": [PID]})),
    ];
    for (path, body) in refused {
        let status = post(&server, path, &token, &body).await.status.as_u16();
        assert!((400..500).contains(&status), "{path}: {status}");
    }
    assert_eq!(get(&server, OWN, &token).await.status, 403);
    let log = log(&server).await;
    assert_eq!(log.len(), 4);
    for entry in log {
        assert_eq!(entry.operation, "companion.refuse");
    }
}
