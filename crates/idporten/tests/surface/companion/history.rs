//! Logins of whoever is logged in (spec: companion-apis §3).

use std::time::Duration;

use portvakt_core::client::OnBehalfOf;
use portvakt_core::clock::Timestamp;
use portvakt_testkit::{HAVBRIS, LYNGVIK};
use serde_json::{Value, json};

use super::{FJORD_INSIGHT, HISTORY, INSIGHT, STRANGER, get, person, server, world};
use crate::harness::{APP, Browser, LoginServer, OTHER_PID, PID, request};

const PATH: &str = "/innlogginger/logg/idporten";

async fn history(server: &LoginServer, query: &str, token: &str) -> Value {
    let answer = get(server, &format!("{PATH}{query}"), token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn logins_to_the_organizations_services_are_told_newest_first() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    server.clock.advance(Duration::from_secs(61));
    browser.sso_code(APP).await;
    Browser::new(&server).code(APP, OTHER_PID).await;
    server.clock.advance(Duration::from_mins(1));
    let own = person(&server, INSIGHT, PID, HISTORY).await;
    person(&server, FJORD_INSIGHT, PID, HISTORY).await;
    let entry = |tidspunkt: &str, eid: &str, client_id: &str, tjeneste: &str| {
        json!({"tidspunkt": tidspunkt, "tjeneste": tjeneste, "eid": eid,
               "integrasjon_id": client_id, "orgno": HAVBRIS})
    };
    let app = format!("Tjenesten {APP}");
    let expected = [
        entry("2026-03-02T10:17:01", "TestID", INSIGHT, INSIGHT),
        entry("2026-03-02T10:16:01", "Federated", APP, &app),
        entry("2026-03-02T10:15:00", "TestID", APP, &app),
    ];
    assert_eq!(history(&server, "", &own).await, json!(expected));
    assert_eq!(
        history(&server, "?maxhits=2", &own).await,
        json!(expected[..2])
    );
    assert_eq!(
        history(&server, "?maxhits=1000", &own).await,
        json!(expected)
    );
    for wrong in ["0", "1001", "-1", "%2B5", "5.0", "alle", "4294967297"] {
        let answer = get(&server, &format!("{PATH}?maxhits={wrong}"), &own).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert_eq!(answer.error(), "invalid_request", "{wrong}");
    }
}

/// An hour that does not exist, and one that comes twice.
#[tokio::test]
async fn times_are_norwegian_across_the_changes_of_the_clock() {
    for (instants, locals) in [
        (
            ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"],
            ["2026-03-29T01:59:59", "2026-03-29T03:00:00"],
        ),
        (
            ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"],
            ["2026-10-25T02:30:00", "2026-10-25T02:30:00"],
        ),
    ] {
        let server = server().await;
        let mut own = String::new();
        for instant in instants {
            server.clock.set(Timestamp::parse(instant).unwrap());
            own = person(&server, INSIGHT, PID, HISTORY).await;
        }
        let told = history(&server, "", &own).await;
        assert_eq!(told[1]["tidspunkt"], locals[0]);
        assert_eq!(told[0]["tidspunkt"], locals[1]);
    }
}

/// A login on behalf of a customer is the customer's.
#[tokio::test]
async fn logins_on_behalf_of_a_customer_are_the_customers() {
    let mut world = world();
    let now = Timestamp::from_seconds(portvakt_testkit::NOW);
    world.on_behalf_of.push(OnBehalfOf {
        client_id: APP.parse().unwrap(),
        onbehalfof: "kafe".to_owned(),
        name: "Kaféen".to_owned(),
        orgno: LYNGVIK.parse().unwrap(),
        client_uri: None,
        description: None,
        active: true,
        created: now,
        last_updated: now,
    });
    let server = LoginServer::with(world, |_| ()).await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("onbehalfof", "kafe".to_owned());
    let selector = browser.authorize(&parameters).await;
    browser.log_in(&selector, PID, "substantial").await;
    server.clock.advance(Duration::from_secs(1));
    let own = person(&server, INSIGHT, PID, HISTORY).await;
    let of_havbris = history(&server, "", &own).await;
    assert_eq!(of_havbris.as_array().unwrap().len(), 1, "{of_havbris}");
    let own = person(&server, STRANGER, PID, HISTORY).await;
    let of_customer = history(&server, "", &own).await;
    assert_eq!(of_customer[1]["tjeneste"], "Kaféen", "{of_customer}");
    assert_eq!(of_customer[1]["integrasjon_id"], APP);
    assert_eq!(of_customer[1]["orgno"], LYNGVIK);
}
