//! Every row of the table of refusals, as it is received over HTTP (spec: idporten §19, companion-apis §1.4).
//!
//! Each module below has rows of its own and a test that receives them, and finds in the audit log what a
//! handler refused. A row that nobody receives fails [`every_row_is_received`].

mod authorization;
mod clients;
mod companion;
mod people;
mod transport;

use std::collections::BTreeSet;

use portvakt_core::audit::AuditFilter;
use portvakt_core::login::refusal::{LoginRefusalCode, Shown};
use reqwest::StatusCode;

use crate::harness::{Answer, LoginServer};

/// Rows that no request gets to see, each with the test that shows what stands before it.
const BEHIND: [(LoginRefusalCode, &str); 3] = [
    // People choose again, and cancel, before the decision would refuse.
    (
        LoginRefusalCode::LevelNotReached,
        "crates/core/src/login/decision/tests.rs::a_login_that_delivered_less_than_was_asked_for_is_refused",
    ),
    (
        LoginRefusalCode::IdentityRequired,
        "crates/core/src/login/decision/tests.rs::a_login_that_delivered_less_than_was_asked_for_is_refused",
    ),
    // A hundred thousand revoked tokens are too many to make.
    (
        LoginRefusalCode::RevokeListTooLong,
        "crates/core/src/login/companion/revoked.rs::a_list_that_is_too_long_is_not_cut",
    ),
];

/// Panics with the answer unless it is this row: its place, its status, its `error`, its text.
#[track_caller]
fn check(code: LoginRefusalCode, answer: &Answer) {
    let row = code.row();
    let told = format!("{}: {answer:?}", code.name());
    let error = row.error.as_str();
    if !answer.header("location").is_empty() {
        assert_eq!(row.shown, Shown::Client, "{told}");
        assert!(
            [StatusCode::FOUND, StatusCode::SEE_OTHER].contains(&answer.status),
            "{told}"
        );
        let parameters = answer.location();
        assert_eq!(parameters["error"], error, "{told}");
        assert!(
            parameters["error_description"].starts_with(row.text),
            "{told}"
        );
        assert!(parameters.contains_key("iss"), "{told}");
        return;
    }
    assert_eq!(answer.status, row.http_status, "{told}");
    assert_eq!(answer.header("x-request-id").len(), 32, "{told}");
    assert!(
        answer.header("cache-control").contains("no-store"),
        "{told}"
    );
    if row.http_status == 429 || row.http_status == 503 {
        assert!(!answer.header("retry-after").is_empty(), "{told}");
    }
    if answer.header("content-type").starts_with("text/html") {
        assert_eq!(row.shown, Shown::Page, "{told}");
        let escaped = row.text.replace('\'', "&#39;");
        assert!(answer.body.contains(&escaped), "{told}");
        assert!(
            answer.body.contains(&format!("<code>{error}</code>")),
            "{told}"
        );
    } else {
        assert_ne!(row.shown, Shown::Page, "{told}");
        let body = answer.json();
        assert_eq!(body["error"], error, "{told}");
        let description = body["error_description"].as_str().unwrap();
        assert!(description.starts_with(row.text), "{told}");
    }
}

/// As [`check`], of what a handler refused: it is in the audit log under the answer's request id, unless
/// it is no refusal but how a login ended.
async fn received(server: &LoginServer, code: LoginRefusalCode, answer: &Answer) {
    check(code, answer);
    let filter = AuditFilter {
        request_id: Some(answer.header("x-request-id").to_owned()),
        ..AuditFilter::default()
    };
    let log = server.audit_log(filter).await;
    // What a companion API was about to tell is there as well.
    let refusals = log
        .iter()
        .filter(|entry| entry.operation.ends_with(".refuse"));
    let names = refusals.map(|entry| entry.after.as_ref().unwrap()["refusal"].clone());
    let expected = if code.is_outcome() {
        Vec::new()
    } else {
        vec![code.name()]
    };
    assert_eq!(names.collect::<Vec<_>>(), expected, "{answer:?}");
}

#[test]
fn every_row_is_received() {
    let received = [
        &authorization::rows()[..],
        people::ROWS,
        clients::ROWS,
        companion::ROWS,
        transport::ROWS,
    ]
    .concat();
    let names: Vec<_> = received.iter().map(|code| code.name()).collect();
    let behind = BEHIND.map(|(code, _)| code.name());
    let known: BTreeSet<_> = names.iter().copied().chain(behind).collect();
    assert_eq!(known.len(), names.len() + behind.len(), "{names:?} twice");
    let all = LoginRefusalCode::ALL.iter().map(|code| code.name());
    let missing: Vec<_> = all.filter(|name| !known.contains(name)).collect();
    assert!(missing.is_empty(), "no test receives {missing:?}");
    for (code, test) in BEHIND {
        let (file, name) = test.split_once("::").unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let source = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(source.contains(&format!("fn {name}(")), "{}", code.name());
    }
}
