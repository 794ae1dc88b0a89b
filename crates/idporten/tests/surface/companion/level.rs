//! Whether somebody has lately used the highest level (spec: companion-apis §4).

use std::time::Duration;

use portvakt_core::clock::Timestamp;
use portvakt_core::login::port::LoginPeople;
use portvakt_core::login::record::Identity;
use portvakt_core::person::{Pid, PidCheck};
use portvakt_testkit::HAVBRIS;
use serde_json::{Value, json};

use super::{INSIGHT, LEVEL, log_in_at, organization, post, server};
use crate::harness::{APP, Answer, Browser, LoginServer, OTHER_PID, PID, request};

const PATH: &str = "/authlevel/rest/v1/sikkerhetsnivaa";

async fn level(server: &LoginServer, body: &Value) -> Answer {
    let token = organization(server, HAVBRIS, LEVEL).await;
    post(server, PATH, &token, body).await
}

async fn has_used_it(server: &LoginServer, body: Value) -> bool {
    let answer = level(server, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = answer.json();
    assert_eq!(told["personidentifikator"], body["personidentifikator"]);
    told["harbruktnivaa4"].as_bool().unwrap()
}

#[tokio::test]
async fn a_login_at_the_highest_level_counts_for_18_calendar_months() {
    let server = server().await;
    let asked = || json!({"personidentifikator": PID});
    let answer = level(&server, &asked()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (404, "not_found".to_owned())
    );
    log_in_at(&server, INSIGHT, PID, "openid", "substantial").await;
    assert!(!has_used_it(&server, asked()).await);
    log_in_at(&server, INSIGHT, PID, "openid", "high").await;
    log_in_at(&server, INSIGHT, OTHER_PID, "openid", "high").await;
    assert!(has_used_it(&server, asked()).await);
    // It was 2 March 2026, 10:15 in Norway; in September there is summer time.
    let last = Timestamp::parse("2027-09-02T08:15:00Z").unwrap();
    server.clock.set(last);
    assert!(has_used_it(&server, asked()).await);
    server.clock.set(last.plus(Duration::from_millis(1)));
    assert!(!has_used_it(&server, asked()).await);
}

#[tokio::test]
async fn the_beginning_may_be_a_day_or_an_instant() {
    let server = server().await;
    log_in_at(&server, INSIGHT, PID, "openid", "high").await;
    server.clock.advance(Duration::from_hours(24));
    for (since, expected) in [
        ("2026-03-02", true),
        ("2026-03-03", false),
        ("2026-03-02T10:15:00+01:00", true),
        ("2026-03-02T09:15:00.001Z", false),
    ] {
        let asked = json!({"personidentifikator": PID, "fraDato": since});
        assert_eq!(has_used_it(&server, asked).await, expected, "{since}");
    }
    for wrong in [
        json!("2026-03-04"),
        json!("i går"),
        json!(20_260_302),
        json!("1772442900"),
    ] {
        let asked = json!({"personidentifikator": PID, "fraDato": wrong});
        let answer = level(&server, &asked).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (400, "invalid_request".to_owned())
        );
    }
}

/// Single sign-on counts, and a blocked person has used nothing.
#[tokio::test]
async fn reused_sessions_count_and_blocked_people_do_not() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&request(APP)).await;
    browser.log_in(&selector, PID, "high").await;
    server.clock.advance(Duration::from_mins(1));
    browser.sso_code(APP).await;
    let reused = Timestamp::from_seconds(server.now()).to_string();
    let asked = json!({"personidentifikator": PID, "fraDato": reused});
    assert!(has_used_it(&server, asked.clone()).await);
    let identity = Identity::Pid(Pid::parse(PID, PidCheck::LengthOnly).unwrap());
    let person = server.store.find_person_by_identity(&identity).await;
    let person = person.unwrap().unwrap();
    let now = Timestamp::from_seconds(server.now());
    server
        .store
        .block_person(&person.id, "misbruk", now)
        .await
        .unwrap();
    assert!(!has_used_it(&server, asked).await);
}
