//! What is on every page, and what is on one (spec: idporten §17.1 to §17.5).

use std::collections::BTreeSet;

use portvakt_idporten::pages::Language;

use crate::samples::{Given, Hosts, REFERENCE, pages};

const HOSTS: Hosts<'static> = Hosts {
    service: "https://havbris.eksempel.no",
};

fn html(name: &str, language: Language) -> String {
    let pages = pages(&Given::usual(), language, HOSTS);
    let page = pages.into_iter().find(|(known, _)| known == name);
    page.expect(name).1.html
}

#[track_caller]
fn check(name: &str, language: Language, expected: &[&str]) {
    let html = html(name, language);
    for text in expected {
        assert!(html.contains(text), "{name} has no {text}:\n{html}");
    }
}

#[test]
fn every_page_says_its_language_has_a_title_of_its_own_and_one_heading() {
    for language in Language::ALL {
        let mut titles = BTreeSet::new();
        for (name, page) in pages(&Given::usual(), language, HOSTS) {
            let html = &page.html;
            assert!(
                html.contains(&format!("<html lang=\"{language}\"")),
                "{name}"
            );
            assert_eq!(html.matches("<h1").count(), 1, "{name}");
            for landmark in ["<header", "<main id=\"main\"", "<footer", "href=\"#main\""] {
                assert_eq!(html.matches(landmark).count(), 1, "{name}: {landmark}");
            }
            let title = html.split("<title>").nth(1).unwrap();
            let title = title.split("</title>").next().unwrap();
            assert!(
                title.ends_with(" – Havbris søknadsportal"),
                "{name}: {title}"
            );
            titles.insert(title.to_owned());
        }
        // Most faults share a title, and what went wrong with a form does not change it.
        assert_eq!(titles.len(), 21, "{titles:#?}");
    }
}

#[test]
fn every_page_lets_the_language_be_changed_and_says_that_this_is_a_test() {
    for language in Language::ALL {
        for (name, page) in pages(&Given::usual(), language, HOSTS) {
            assert!(page.html.contains("class=\"test-environment\""), "{name}");
            // The one page that nobody reads.
            if name == "form-post" {
                continue;
            }
            for other in Language::ALL {
                let link = format!(
                    "lang=\"{other}\" hreflang=\"{other}\" href=\"/login?txn=1&#38;lang={other}\""
                );
                assert!(page.html.contains(&link), "{name}: {link}\n{}", page.html);
            }
            assert_eq!(page.html.matches("aria-current").count(), 1, "{name}");
        }
    }
}

#[test]
fn no_page_runs_a_script_of_its_own_or_styles_itself() {
    for (name, page) in pages(&Given::usual(), Language::Bokmal, HOSTS) {
        assert!(!page.html.contains("style="), "{name}");
        assert!(!page.html.contains("<style"), "{name}");
        assert!(!page.html.contains(" on"), "{name} has a handler");
        let inline = page.html.matches("<script").count()
            - page.html.matches("<script src=\"/assets/").count();
        assert_eq!(inline, usize::from(name == "form-post"), "{name}");
    }
}

#[test]
fn a_text_in_another_language_says_so() {
    check(
        "selector",
        Language::English,
        &["<span class=\"name\" lang=\"nb\">"],
    );
    check(
        "consent",
        Language::NorthernSami,
        &["<div class=\"long\" lang=\"nb\">"],
    );
    assert!(!html("selector", Language::Bokmal).contains("<span class=\"name\" lang"));
}

#[test]
fn the_selector_lists_ways_with_their_levels() {
    check(
        "selector",
        Language::Bokmal,
        &[
            "Du logger inn hos <strong><bdi>Havbris søknadsportal</bdi></strong>",
            "href=\"/login/testid?txn=1\"",
            "høyt sikkerhetsnivå",
            "alt=\"Havbris søknadsportal\"",
        ],
    );
    assert!(!html("selector", Language::Bokmal).contains("role=\"alert\""));
    check(
        "selector-failed",
        Language::English,
        &["The login was not completed."],
    );
}

#[test]
fn the_consent_dialogue_has_everything_in_its_order() {
    let html = html("consent", Language::Bokmal);
    let mut rest = html.as_str();
    for part in [
        "<h1",
        "En tjeneste ber om tilgang",
        "<strong><bdi>Havbris søknadsportal</bdi></strong> vil ha tilgang til:",
        "<strong><bdi>Se inntektene dine fra de tre siste årene</bdi></strong>",
        "Tjenesten får <strong>lese</strong> skattegrunnlaget ditt, <em>ikke endre det</em>.",
        "<a class=\"ds-link\" href=\"https://eksempel.no/vilkar?a=1&#38;b=2\" target=\"_blank\" rel=\"noopener noreferrer\">vilkårene",
        "(åpnes i nytt vindu)",
        "Tilgangen varer i <strong><bdi>30 dager</bdi></strong>",
        "Gi bare tilgang til tjenester du stoler på.",
        "Ikke godta",
        "Godta",
    ] {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part} is not where it belongs:\n{html}"));
        rest = &rest[at + part.len()..];
    }
    assert!(!html.contains("autofocus"), "neither answer is chosen");
}

#[test]
fn a_failed_form_leads_to_the_fields_to_correct() {
    check(
        "testid-format",
        Language::English,
        &[
            "<title>Error: TestID",
            "tabindex=\"-1\" autofocus",
            "<a class=\"ds-link\" href=\"#pid\">Enter 11 digits</a>",
            "aria-describedby=\"pid-hint pid-error\" aria-invalid=\"true\"",
            "id=\"pid-error\">Enter 11 digits",
        ],
    );
    check(
        "testid-missing",
        Language::English,
        &["href=\"#person\"", "id=\"person-error\""],
    );
    check(
        "eidas-login-errors",
        Language::English,
        &[
            "href=\"#identifier\"",
            "aria-describedby=\"date_of_birth-hint date_of_birth-error\" aria-invalid=\"true\"",
        ],
    );
}

#[test]
fn logging_out_tells_every_service_and_goes_on() {
    check(
        "logout-progress",
        Language::Nynorsk,
        &[
            "<meta http-equiv=\"refresh\" content=\"5;url=https://havbris.eksempel.no/callback\">",
            "id=\"continue\" href=\"https://havbris.eksempel.no/callback\"",
            "<iframe title=\"Loggar ut av Fjordetaten\" src=\"https://havbris.eksempel.no/frontchannel/2?iss=a&#38;sid=b\" referrerpolicy=\"no-referrer\" hidden>",
        ],
    );
    assert!(!html("logout-progress", Language::Nynorsk).contains("sandbox"));
    check(
        "logged-out",
        Language::English,
        &[
            "Close the browser if others use this device.",
            "Back to Havbris søknadsportal",
        ],
    );
}

#[test]
fn an_error_page_says_what_to_do_and_what_to_quote() {
    check(
        "error-expired",
        Language::Bokmal,
        &[
            "Innloggingen tok for lang tid",
            "Gå tilbake til tjenesten du kom fra og start innloggingen derfra.",
            &format!("Referanse: {REFERENCE}"),
            "2026-11-26T04:20:15Z",
            "Gå til Havbris søknadsportal",
            "Tekniske detaljer",
            "redirect_uri is not registered for this client",
            "havbris-portal",
        ],
    );
}
