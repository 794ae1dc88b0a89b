//! The page itself, in HTML that runs nothing and asks nobody else for anything.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Extracted;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use portvakt_http::{RequestId, TransportFault};

use super::State;
use super::party::Party;
use super::step::Step;
use super::visits::lock;

const STYLE: &str = include_str!("style.css");

/// Everything on the page.
#[derive(Template)]
#[template(path = "relying_party.html")]
struct Whole {
    issuer: String,
    party: Option<Party>,
    steps: Vec<Step>,
    session: Option<Shown>,
}

/// Who is logged in.
struct Shown {
    party: Party,
    subject: String,
    refreshes: bool,
}

/// A page with a sentence.
#[derive(Template)]
#[template(path = "relying_party_note.html")]
struct Note<'a> {
    title: &'a str,
    text: &'a str,
    onward: &'a str,
}

/// `GET /`
pub(super) async fn show(Extracted(state): Extracted<Arc<State>>, headers: HeaderMap) -> Response {
    let mut page = Whole {
        issuer: state.issuer.clone(),
        party: None,
        steps: Vec::new(),
        session: None,
    };
    if let Some(visit) = state.visits.find(&headers) {
        let visit = lock(&visit);
        page.party = visit.party;
        page.steps.clone_from(&visit.steps);
        page.session = visit.session.as_ref().map(|session| Shown {
            party: session.party,
            subject: session.subject.clone(),
            refreshes: session.refresh_token.is_some(),
        });
    }
    html(&state, StatusCode::OK, &page, "'none'")
}

/// `GET /style.css`
pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// What an app shows in the browser that it does not control.
pub(super) fn app_has_it(state: &State) -> Response {
    let note = Note {
        title: "The app has the answer",
        text: "An app would come to the front now, and this window could be closed.",
        onward: &state.origin(),
    };
    html(state, StatusCode::OK, &note, "'none'")
}

/// What is shown in the provider's hidden frame.
pub(super) fn framed(state: &State) -> Response {
    let note = Note {
        title: "Logged out",
        text: "The session that the provider named is over here.",
        onward: &state.origin(),
    };
    html(state, StatusCode::OK, &note, &state.issuer)
}

/// Leads the browser on.
pub(super) fn lead_to(address: &str, cookie: Option<&str>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    for (name, value) in [(LOCATION, Some(address)), (SET_COOKIE, cookie)] {
        // Both are made of what was encoded, so neither can fail to be a header.
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn html(state: &State, status: StatusCode, page: &impl Template, ancestors: &str) -> Response {
    let Ok(html) = page.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    // Redirects that answer a form are held to its policy too: to the provider, and back here.
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src data:; \
         form-action 'self' {} http://127.0.0.1:{}; frame-ancestors {ancestors}; base-uri 'none'",
        state.issuer, state.port
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    let fixed = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        // With none at all, browsers would not say either that a form is this page's own.
        (HeaderName::from_static("referrer-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Why the page does not do what it was asked for.
pub(super) struct Fault {
    status: StatusCode,
    text: String,
}

impl Fault {
    /// The request is at fault.
    pub(super) fn request(text: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            text: text.to_owned(),
        }
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self {
            status: StatusCode::BAD_GATEWAY,
            text: format!("{error:#}"),
        }
    }
}

/// Answers where the handler could not.
pub(super) fn fault(fault: TransportFault, _: RequestId) -> Response {
    let fault = Fault {
        status: fault.status(),
        text: fault.description().to_owned(),
    };
    fault.into_response()
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let note = Note {
            title: "That did not work",
            text: &self.text,
            onward: "/",
        };
        let html = note.render().unwrap_or_default();
        let policy = "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'";
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, policy),
        ];
        (self.status, headers, html).into_response()
    }
}
