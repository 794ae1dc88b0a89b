//! What automated tests of relying parties may depend on: paths, fields and ids (spec: idporten §18.4).

use portvakt_idporten::pages::Language;

use crate::samples::{Given, Hosts, pages};

const HOSTS: Hosts<'static> = Hosts {
    service: "https://havbris.eksempel.no",
};

/// Checks that a page has one form, to this path, with these fields, and an element for each id.
#[track_caller]
fn check(name: &str, action: &str, fields: &[&str], ids: &[&str]) {
    let pages = pages(&Given::usual(), Language::Bokmal, HOSTS);
    let page = pages.iter().find(|(known, _)| known == name);
    let html = &page.expect(name).1.html;
    assert_eq!(html.matches("<form").count(), 1);
    assert!(
        html.contains(&format!("method=\"post\" action=\"{action}\"")),
        "{html}"
    );
    for field in fields {
        assert!(
            html.contains(&format!(" name=\"{field}\"")),
            "{field}:\n{html}"
        );
    }
    for id in ids {
        assert_eq!(
            html.matches(&format!(" id=\"{id}\"")).count(),
            1,
            "{id}:\n{html}"
        );
    }
}

#[test]
fn the_form_of_testid() {
    let fields = ["txn", "csrf", "pid", "level", "action", "person"];
    let ids = [
        "txn",
        "csrf",
        "pid",
        "person",
        "level",
        "level-substantial",
        "level-high",
        "action-login",
        "action-random",
        "action-cancel",
    ];
    check("testid", "/login/testid", &fields, &ids);
}

#[test]
fn enter_in_a_text_field_logs_in() {
    for name in ["testid", "eidas-login"] {
        let pages = pages(&Given::usual(), Language::Bokmal, HOSTS);
        let html = &pages
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .html;
        // Browsers take the first button of the form.
        let first = html.split("<button").nth(1).unwrap();
        assert!(first.contains("value=\"login\""), "{first}");
    }
}

#[test]
fn the_forms_of_eidas() {
    let ids = ["txn", "csrf", "country", "action-country", "action-cancel"];
    check(
        "eidas-country",
        "/login/eidas",
        &["txn", "csrf", "country", "action"],
        &ids,
    );
    let fields = [
        "txn",
        "csrf",
        "country",
        "identifier",
        "given_name",
        "family_name",
        "date_of_birth",
        "eidas_birth_name",
        "level",
        "match",
        "action",
    ];
    let ids = [
        "txn",
        "csrf",
        "country",
        "identifier",
        "given_name",
        "family_name",
        "date_of_birth",
        "eidas_birth_name",
        "level-low",
        "match",
        "action-login",
        "action-back",
        "action-cancel",
    ];
    check("eidas-login", "/login/eidas", &fields, &ids);
}

#[test]
fn the_forms_of_email() {
    check(
        "email-address",
        "/login/email",
        &["txn", "csrf", "email", "action"],
        &["txn", "csrf", "email", "action-send", "action-cancel"],
    );
    let ids = [
        "txn",
        "csrf",
        "code",
        "action-login",
        "action-back",
        "action-cancel",
    ];
    let fields = ["txn", "csrf", "code", "action"];
    check("email-code", "/login/email", &fields, &ids);
}

#[test]
fn the_other_forms() {
    let fields = ["txn", "csrf", "action"];
    check("selector", "/login", &fields, &["action-cancel"]);
    check(
        "consent",
        "/consent",
        &fields,
        &["action-accept", "action-decline"],
    );
    check(
        "logout-confirmation",
        "/logout",
        &fields,
        &["action-logout", "action-cancel"],
    );
    check(
        "form-post",
        "https://havbris.eksempel.no/callback",
        &["code", "iss", "state"],
        &["response"],
    );
}
