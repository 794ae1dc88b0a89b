//! The contact registry (spec: companion-apis §6).

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::client::{ApplicationType, AuthenticationMethod};
use portvakt_core::clock::Timestamp;
use portvakt_core::contact::{Contact, ContactChannel, ContactStatus, Mailbox};
use portvakt_core::login::Locale;
use portvakt_core::person::{Person, Pid, PidCheck};
use portvakt_core::ports::Store;
use portvakt_jose::{JwkSet, Jws, verify_with_set};
use portvakt_store_sqlite::SqliteStore;
use portvakt_testkit::{HAVBRIS, World};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    INSIGHT, ask, get, organization, organization_claims, person, post, world as logins_world,
};
use crate::harness::{Answer, LoginServer, OTHER_PID, PID, SPA, sign_as_machine_issuer};

pub(super) const DETAILS: &str = "krr:global/kontaktinformasjon.read";
const POST: &str = "krr:global/digitalpost.read";
pub(super) const OWN_DETAILS: &str = "krr:user/kontaktinformasjon.read";
const OWN_POST: &str = "krr:user/digitalpost.read";
pub(super) const LANGUAGE: &str = "krr:user/spraak.write";
const RESERVED: &str = "29880051200";
const DELETED: &str = "41857430008";
const UNKNOWN: &str = "01899940179";
pub(super) const MANY: &str = "/rest/v2/personer";
pub(super) const OWN: &str = "/rest/v2/person";

pub(super) fn world() -> World {
    let mut world = logins_world();
    for name in [
        DETAILS,
        POST,
        OWN_DETAILS,
        OWN_POST,
        LANGUAGE,
        "user/spraak.write",
    ] {
        world.scope(name).accessible_for_all = true;
    }
    let own = [OWN_DETAILS, OWN_POST, LANGUAGE].map(|name| name.parse().unwrap());
    for client_id in [INSIGHT, SPA] {
        let known = |client: &&mut (_, _)| client_of(client).client_id.as_str() == client_id;
        let client = &mut world.clients.iter_mut().find(known).unwrap().0;
        client.scopes.extend(own.clone());
    }
    world
}

fn client_of(
    client: &(portvakt_core::client::Client, Vec<portvakt_jose::PublicJwk>),
) -> &portvakt_core::client::Client {
    &client.0
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn pid(text: &str) -> Pid {
    Pid::parse(text, PidCheck::LengthOnly).unwrap()
}

fn channel(value: &str, updated_at: &str, verified_at: Option<&str>) -> ContactChannel {
    ContactChannel {
        value: value.to_owned(),
        updated_at: at(updated_at),
        verified_at: verified_at.map(at),
    }
}

/// The example of the specification, and the other states that a record can be in.
fn contacts() -> [(&'static str, Contact); 4] {
    const ENTERED: &str = "2025-11-02T08:12:40.120Z";
    let mut kari = Contact::new();
    kari.language = Some((Locale::Nn, at(ENTERED)));
    let email = channel("kari@eksempel.no", ENTERED, Some("2026-02-01T19:03:11Z"));
    kari.details.email = Some(email);
    kari.details.mobile = Some(channel("+4799999999", ENTERED, None));
    kari.details.certificate = Some("MIIC".to_owned());
    kari.details.mailbox = Some(Mailbox {
        address: "kari.eksempel#7QXZ".to_owned(),
        supplier: "987654321".parse().unwrap(),
    });
    let mut reserved = Contact::new();
    reserved.details.email = Some(channel("ola@eksempel.no", ENTERED, None));
    reserved.details.reserved = true;
    reserved.details.reserved_at = Some(at("2024-05-06T10:00:00Z"));
    reserved.details.reservation_updated_at = Some(at("2024-05-06T10:00:00Z"));
    let mut expired = Contact::new();
    expired.details.email = Some(channel("gammel@eksempel.no", "2024-09-02T08:15:00Z", None));
    let deleted = Contact {
        status: ContactStatus::Deleted,
        ..Contact::new()
    };
    [
        (PID, kari),
        (RESERVED, reserved),
        (OTHER_PID, expired),
        (DELETED, deleted),
    ]
}

async fn save(store: &Arc<SqliteStore>) {
    let mut unit = store.begin().await.unwrap();
    for (number, contact) in contacts() {
        let person = Person {
            pid: pid(number),
            name: number.to_owned(),
            contact: Some(contact),
        };
        unit.save_person(&person).await.unwrap();
    }
    unit.commit().await.unwrap();
}

async fn server() -> LoginServer {
    let server = LoginServer::with(world(), |_| ()).await;
    save(&server.store).await;
    server
}

async fn look_up(server: &LoginServer, path: &str, scope: &str, numbers: &[&str]) -> Value {
    let token = organization(server, HAVBRIS, scope).await;
    let asked = json!({"personidentifikatorer": numbers});
    let answer = post(server, path, &token, &asked).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["personer"].clone()
}

fn kari_v2() -> Value {
    json!({"personidentifikator": PID, "reservasjon": "NEI", "status": "AKTIV",
        "varslingsstatus": "KAN_VARSLES",
        "kontaktinformasjon": {
            "epostadresse": "kari@eksempel.no", "epostadresse_oppdatert": "2025-11-02T08:12:40.120Z",
            "epostadresse_sist_verifisert": "2026-02-01T19:03:11.000Z",
            "mobiltelefonnummer": "+4799999999", "mobiltelefonnummer_oppdatert": "2025-11-02T08:12:40.120Z"},
        "digital_post": {"postkasseadresse": "kari.eksempel#7QXZ", "postkasseleverandoeradresse": "987654321"},
        "sertifikat": "MIIC", "spraak": "nn", "spraak_oppdatert": "2025-11-02T08:12:40.120Z"})
}

/// Spec: companion-apis §6.7, the example.
#[tokio::test]
async fn people_are_told_in_the_order_in_which_they_are_asked_about_once_each() {
    let server = server().await;
    let numbers = [PID, RESERVED, UNKNOWN, DELETED, PID, "12345678901"];
    let scope = format!("{DETAILS} {POST}");
    let nobody = |number: &str, status: &str| {
        json!({"personidentifikator": number, "reservasjon": "NEI", "status": status,
               "varslingsstatus": "KAN_IKKE_VARSLES"})
    };
    let reserved = json!({"personidentifikator": RESERVED, "reservasjon": "JA",
        "reservasjonstidspunkt": "2024-05-06T10:00:00.000Z",
        "reservasjon_oppdatert": "2024-05-06T10:00:00.000Z",
        "status": "AKTIV", "varslingsstatus": "KAN_IKKE_VARSLES",
        "kontaktinformasjon": {"epostadresse": "ola@eksempel.no",
                               "epostadresse_oppdatert": "2025-11-02T08:12:40.120Z"}});
    assert_eq!(
        look_up(&server, MANY, &scope, &numbers).await,
        json!([
            kari_v2(),
            reserved,
            nobody(UNKNOWN, "IKKE_REGISTRERT"),
            nobody(DELETED, "SLETTET"),
            nobody("12345678901", "IKKE_REGISTRERT"),
        ])
    );
}

#[tokio::test]
async fn version_1_writes_local_time_and_no_times_of_the_reservation() {
    let server = server().await;
    let told = look_up(&server, "/rest/v1/personer", DETAILS, &[PID, RESERVED]).await;
    let contact = &told[0]["kontaktinformasjon"];
    assert_eq!(contact["epostadresse_oppdatert"], "2025-11-02T09:12:40+01");
    assert_eq!(
        contact["epostadresse_sist_verifisert"],
        "2026-02-01T20:03:11+01"
    );
    assert_eq!(told[0]["spraak_oppdatert"], "2025-11-02T09:12:40+01");
    assert_eq!(told[1]["reservasjon"], "JA");
    let members: Vec<_> = told[1].as_object().unwrap().keys().collect();
    assert!(
        !members
            .iter()
            .any(|name| name.starts_with("reservasjon") && *name != "reservasjon")
    );
}

/// Spec: companion-apis §9 item 6: each scope alone, and the boundary of 18 months.
#[tokio::test]
async fn each_scope_releases_its_own_members() {
    let server = server().await;
    let members = |told: &Value| -> Vec<String> {
        let named = told.as_object().unwrap().keys();
        named.cloned().collect()
    };
    let always = ["personidentifikator", "reservasjon", "status"];
    for (scope, more) in [
        (
            DETAILS,
            vec![
                "kontaktinformasjon",
                "spraak",
                "spraak_oppdatert",
                "varslingsstatus",
            ],
        ),
        (POST, vec!["digital_post", "sertifikat"]),
    ] {
        let told = look_up(&server, MANY, scope, &[PID]).await;
        let mut expected: Vec<_> = always.into_iter().chain(more).collect();
        expected.sort_unstable();
        assert_eq!(members(&told[0]), expected, "{scope}");
    }
    // 18 calendar months and not a millisecond more.
    let told = look_up(&server, MANY, DETAILS, &[OTHER_PID]).await;
    assert_eq!(told[0]["varslingsstatus"], "KAN_IKKE_VARSLES");
    assert_eq!(
        told[0]["kontaktinformasjon"]["epostadresse"],
        "gammel@eksempel.no"
    );
    server.clock.set(at("2026-03-02T09:14:59.999Z"));
    let told = look_up(&server, MANY, DETAILS, &[OTHER_PID]).await;
    assert_eq!(told[0]["varslingsstatus"], "KAN_VARSLES");
}

/// Spec: companion-apis §6.6.
#[tokio::test]
async fn details_of_who_may_not_be_notified_are_kept_back_where_that_is_wanted() {
    let strict = |settings: &mut portvakt_core::login::companion::CompanionSettings| {
        settings.filter_expired_contacts = true;
    };
    let server = LoginServer::with_companion(world(), |_| (), strict).await;
    save(&server.store).await;
    let told = look_up(&server, MANY, DETAILS, &[OTHER_PID, PID]).await;
    assert_eq!(told[0]["kontaktinformasjon"], Value::Null);
    assert_ne!(told[1]["kontaktinformasjon"], Value::Null);
    let server = self::server().await;
    let scope = format!("{DETAILS} {POST} global/varslingsstatus.read");
    let told = look_up(&server, MANY, &scope, &[OTHER_PID, RESERVED, PID]).await;
    assert_eq!(told[0]["kontaktinformasjon"], Value::Null);
    assert_eq!(told[1]["kontaktinformasjon"], Value::Null);
    assert_ne!(told[2]["kontaktinformasjon"], Value::Null);
}

#[tokio::test]
async fn one_to_a_thousand_people_are_looked_up_at_a_time() {
    let server = server().await;
    let token = organization(&server, HAVBRIS, DETAILS).await;
    let numbers = |count: u32| -> Vec<String> {
        let others = (1..count).map(|number| format!("{number:011}"));
        others.chain([PID.to_owned()]).collect()
    };
    let asked = json!({"personidentifikatorer": numbers(1000)});
    let told = post(&server, MANY, &token, &asked).await.json();
    let told = told["personer"].as_array().unwrap();
    assert_eq!(told.len(), 1000);
    assert_eq!(told[0]["status"], "IKKE_REGISTRERT");
    assert_eq!(
        told[999]["kontaktinformasjon"]["epostadresse"],
        "kari@eksempel.no"
    );
    for wrong in [
        json!({"personidentifikatorer": numbers(1001)}),
        json!({"personidentifikatorer": []}),
        json!({}),
        json!({"personidentifikatorer": PID}),
        json!({"personidentifikatorer": [17_869_010_057_u64]}),
        json!({"personidentifikatorer": [PID, "1786901005"]}),
        json!({"personidentifikatorer": [PID, "1786901005x"]}),
        json!({"personidentifikatorer": [null]}),
    ] {
        let answer = post(&server, MANY, &token, &wrong).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (400, "invalid_request".to_owned())
        );
        assert!(!answer.body.contains("1786901005"), "{}", answer.body);
    }
}

/// Spec: companion-apis §1.1, §6.3.
#[tokio::test]
async fn tokens_of_the_other_kind_or_without_a_scope_are_refused() {
    let server = server().await;
    let asked = json!({"personidentifikatorer": [PID]});
    let machine = |scope| organization(&server, HAVBRIS, scope);
    for version in ["v1", "v2"] {
        let (many, own) = (
            format!("/rest/{version}/personer"),
            format!("/rest/{version}/person"),
        );
        for (method, path, token, body, error) in [
            (
                Method::POST,
                &many,
                String::new(),
                Some(&asked),
                "invalid_token",
            ),
            (Method::GET, &own, String::new(), None, "invalid_token"),
            (
                Method::POST,
                &many,
                machine(OWN_DETAILS).await,
                Some(&asked),
                "insufficient_scope",
            ),
            (
                Method::POST,
                &many,
                machine("global/idporten.authlevel.read").await,
                Some(&asked),
                "insufficient_scope",
            ),
            (
                Method::GET,
                &own,
                machine(DETAILS).await,
                None,
                "insufficient_scope",
            ),
            (
                Method::GET,
                &own,
                machine(OWN_DETAILS).await,
                None,
                "access_denied",
            ),
            (
                Method::PATCH,
                &own,
                machine(LANGUAGE).await,
                Some(&asked),
                "access_denied",
            ),
            (
                Method::GET,
                &own,
                person(&server, INSIGHT, PID, LANGUAGE).await,
                None,
                "insufficient_scope",
            ),
            (
                Method::PATCH,
                &own,
                person(&server, INSIGHT, PID, OWN_DETAILS).await,
                Some(&asked),
                "insufficient_scope",
            ),
        ] {
            let answer = ask(&server, method.clone(), path, &token, body).await;
            assert_eq!(answer.error(), error, "{method} {path} {answer:?}");
        }
        for (method, path) in [
            (Method::GET, &many),
            (Method::POST, &own),
            (Method::DELETE, &own),
        ] {
            let answer = ask(&server, method, path, "", None).await;
            assert_eq!(
                (answer.status.as_u16(), answer.error()),
                (405, "invalid_request".to_owned())
            );
        }
    }
    let mut restricted = organization_claims(&server, HAVBRIS, DETAILS);
    restricted["pid"] = json!(PID);
    let restricted = sign_as_machine_issuer(&restricted).await;
    assert_eq!(post(&server, MANY, &restricted, &asked).await.status, 200);
    let more = json!({"personidentifikatorer": [PID, RESERVED]});
    assert_eq!(
        post(&server, MANY, &restricted, &more).await.error(),
        "access_denied"
    );
    let answer = get(&server, "/rest/v3/person", "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (404, "not_found".to_owned())
    );
}

#[tokio::test]
async fn whoever_is_logged_in_is_told_about_themselves_signed_if_wanted() {
    let server = server().await;
    let token = person(&server, INSIGHT, PID, &format!("{OWN_DETAILS} {OWN_POST}")).await;
    assert_eq!(get(&server, OWN, &token).await.json(), kari_v2());
    let accept = |accept: &'static str| {
        let request = server.http.get(format!("{}{OWN}", server.base));
        let request = request.bearer_auth(&token).header("accept", accept);
        async move { Answer::read(request.send().await.unwrap()).await }
    };
    assert_eq!(accept("*/*").await.json(), kari_v2());
    assert_eq!(
        accept("application/json, application/jose").await.json(),
        kari_v2()
    );
    assert_eq!(accept("text/html").await.status, 406);
    let signed = accept("application/jose").await;
    assert_eq!(signed.header("content-type"), "application/jose");
    assert_eq!(signed.header("cache-control"), "no-store");
    let jws = Jws::parse(&signed.body).unwrap();
    let keys = get(&server, "/jwks.json", "").await.json();
    let keys = JwkSet::parse_lenient(&keys).unwrap();
    verify_with_set(&jws, &keys).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(jws.payload()).unwrap(),
        kari_v2()
    );
    // It passes for no token.
    let answer = get(&server, OWN, &signed.body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_token".to_owned())
    );

    let token = person(&server, INSIGHT, UNKNOWN, OWN_POST).await;
    let told = get(&server, OWN, &token).await.json();
    assert_eq!(
        told,
        json!({"personidentifikator": UNKNOWN, "reservasjon": "NEI", "status": "IKKE_REGISTRERT"})
    );
}

#[tokio::test]
async fn a_language_is_chosen_and_nothing_else_changes() {
    let server = server().await;
    server.clock.advance(Duration::from_secs(1));
    for (number, status) in [(PID, "AKTIV"), (UNKNOWN, "AKTIV"), (DELETED, "AKTIV")] {
        let scope = format!("{LANGUAGE} {OWN_DETAILS} {OWN_POST}");
        let token = person(&server, INSIGHT, number, &scope).await;
        let before = get(&server, OWN, &token).await.json();
        for (path, language, at) in [
            ("/rest/v1/person", "se", "2026-03-02T10:15:01+01"),
            (OWN, "en", "2026-03-02T09:15:01.000Z"),
        ] {
            let wanted = json!({"spraak": language});
            let answer = ask(&server, Method::PATCH, path, &token, Some(&wanted)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let expected =
                json!({"personidentifikator": number, "spraak": language, "spraak_oppdatert": at});
            assert_eq!(answer.json(), expected);
        }
        let mut expected = before;
        expected["status"] = json!(status);
        expected["spraak"] = json!("en");
        expected["spraak_oppdatert"] = json!("2026-03-02T09:15:01.000Z");
        assert_eq!(get(&server, OWN, &token).await.json(), expected);
        for wrong in [
            json!({"spraak": "sv"}),
            json!({"spraak": "NB"}),
            json!({"spraak": null}),
            json!({}),
            json!([]),
            json!({"spraak": "nb", "reservasjon": "JA"}),
        ] {
            let answer = ask(&server, Method::PATCH, OWN, &token, Some(&wrong)).await;
            assert_eq!(
                (answer.status.as_u16(), answer.error()),
                (400, "invalid_request".to_owned())
            );
        }
        assert_eq!(get(&server, OWN, &token).await.json(), expected);
    }
}

/// Spec: companion-apis §1.4: scripts of a browser client read what is about its user.
#[tokio::test]
async fn scripts_of_registered_browser_clients_read_what_is_about_their_user() {
    let mut world = world();
    let spa = world
        .clients
        .iter_mut()
        .find(|client| client_of(client).client_id.as_str() == SPA);
    let spa = &mut spa.unwrap().0;
    assert_eq!(spa.application_type, ApplicationType::Browser);
    assert_eq!(spa.token_endpoint_auth_method, AuthenticationMethod::None);
    let server = LoginServer::with(world, |_| ()).await;
    let token = person(&server, SPA, PID, OWN_DETAILS).await;
    let origin = format!("https://{SPA}.eksempel.no");
    for (origin, readable) in [(origin.as_str(), true), ("https://ond.eksempel.no", false)] {
        let url = format!("{}{OWN}", server.base);
        let request = server
            .http
            .request(Method::OPTIONS, &url)
            .header("origin", origin);
        let preflight = request.send().await.unwrap();
        assert_eq!(preflight.status(), 204);
        assert_eq!(
            preflight.headers()["access-control-allow-methods"],
            "GET, PATCH"
        );
        assert!(
            !preflight
                .headers()
                .contains_key("access-control-allow-credentials")
        );
        let request = server
            .http
            .get(&url)
            .bearer_auth(&token)
            .header("origin", origin);
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert_eq!(answer.status, 200);
        let expected = if readable { origin } else { "" };
        assert_eq!(answer.header("access-control-allow-origin"), expected);
        // A refusal too, so that the script learns what to do.
        let request = server
            .http
            .patch(&url)
            .bearer_auth(&token)
            .header("origin", origin);
        let refused =
            Answer::read(request.json(&json!({"spraak": "nb"})).send().await.unwrap()).await;
        assert_eq!(refused.error(), "insufficient_scope");
        assert_eq!(refused.header("access-control-allow-origin"), expected);
    }
}
