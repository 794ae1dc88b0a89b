//! The headers that defend pages (spec: idporten §17.8).

use portvakt_idporten::pages::{FormPost, Frame, Language, Name, Nonce, Page, ReturnAddress, Site};

use crate::samples::{Given, Hosts, pages};

const HOSTS: Hosts<'static> = Hosts {
    service: "https://havbris.eksempel.no",
};

fn all() -> Vec<(String, Page)> {
    pages(&Given::usual(), Language::English, HOSTS)
}

fn policy(page: &Page) -> &str {
    page.headers["content-security-policy"]
        .to_str()
        .expect("it is text")
}

fn policy_of(name: &str) -> String {
    let pages = all();
    let (_, page) = pages.iter().find(|(known, _)| known == name).expect(name);
    policy(page).to_owned()
}

#[test]
fn every_page_is_kept_by_nobody_framed_by_nobody_and_tells_nobody() {
    for (name, page) in all() {
        for (header, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(page.headers[header], value, "{name}");
        }
        let permissions = page.headers["permissions-policy"].to_str().unwrap();
        assert!(
            permissions
                .split(", ")
                .all(|feature| feature.ends_with("=()"))
        );
        assert!(permissions.contains("camera=()") && permissions.contains("geolocation=()"));
        let policy = policy(&page);
        assert!(policy.starts_with("default-src 'none'; "), "{name}");
        assert!(
            policy.ends_with("frame-ancestors 'none'; base-uri 'none'"),
            "{name}"
        );
        assert!(!policy.contains("unsafe"), "{name}");
    }
}

#[test]
fn strict_transport_is_for_deployments_with_tls() {
    assert!(
        all()
            .iter()
            .all(|(_, page)| !page.headers.contains_key("strict-transport-security"))
    );
    let site = Site {
        strict_transport: true,
        ..site()
    };
    let header =
        form_post(&site, "https://havbris.eksempel.no/").headers["strict-transport-security"]
            .clone();
    assert_eq!(header, "max-age=31536000; includeSubDomains");
}

#[test]
fn a_form_may_lead_back_to_the_service_where_its_answer_does() {
    let policy = policy_of("consent");
    assert_eq!(
        policy,
        "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         script-src 'self'; form-action 'self' https://havbris.eksempel.no; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    for page in ["selector", "testid", "eidas-country", "eidas-login"] {
        assert_eq!(policy_of(page), policy);
    }
    for page in [
        "error-request",
        "logged-out",
        "logout-confirmation",
        "still-logged-in",
        "logout-progress",
    ] {
        assert!(policy_of(page).contains("; form-action 'self'; "), "{page}");
    }
}

#[test]
fn frames_are_for_logging_out_and_for_the_services_of_the_session() {
    for (name, page) in all() {
        let frames = policy(&page).contains("frame-src");
        let tells = ["logout-progress", "logout-former"];
        assert_eq!(frames, tells.contains(&name.as_str()), "{name}");
    }
    assert!(policy_of("logout-progress").contains("; frame-src https://havbris.eksempel.no; "));
}

#[test]
fn one_script_runs_by_its_nonce() {
    for (name, page) in all() {
        let nonce = policy(&page).contains("'nonce-");
        assert_eq!(nonce, name == "form-post", "{name}");
    }
    let nonce = "07".repeat(16);
    assert!(policy_of("form-post").contains(&format!("script-src 'self' 'nonce-{nonce}';")));
    let pages = all();
    let (_, page) = pages.iter().find(|(name, _)| name == "form-post").unwrap();
    assert!(page.html.contains(&format!("<script nonce=\"{nonce}\">")));
}

fn site() -> Site {
    Site {
        provider: Name::new("Fjordporten"),
        logo: None,
        test_environment: false,
        strict_transport: false,
        links: portvakt_idporten::pages::FooterLinks::default(),
    }
}

fn form_post(site: &Site, action: &str) -> Page {
    let page = FormPost {
        frame: Frame::new(site, Language::English),
        action: &ReturnAddress::parse(action).expect(action),
        fields: &[("code", "a")],
        nonce: &Nonce::new([0; 16]),
    };
    page.page()
}

#[test]
fn an_installed_application_is_returned_to_by_its_scheme() {
    let page = form_post(&site(), "no.eksempel.app:/cb");
    assert!(policy(&page).contains("; form-action 'self' no.eksempel.app:; "));
}

#[test]
fn what_is_not_set_is_not_shown() {
    let html = form_post(&site(), "https://havbris.eksempel.no/").html;
    assert!(!html.contains("test-environment"));
    assert!(!html.contains("<li>"));
    assert!(html.contains("<title>You are being sent back to the service – Fjordporten</title>"));
}
