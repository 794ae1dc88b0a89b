//! Requests of the relying party, and how they are written down.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use portvakt_oauth_types::media_type;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode, Url};
use serde_json::Value;

use super::step::pretty;

/// How long an answer of the provider, which is this process, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The headers of answers that say something to a relying party.
const TOLD: [&str; 4] = [
    "content-type",
    "cache-control",
    "www-authenticate",
    "retry-after",
];

/// A request to a provider that follows no redirect.
pub(super) struct Wire(Client);

/// What went over the wire.
pub(super) struct Exchange {
    /// The request.
    pub(super) request: String,
    /// The answer.
    pub(super) answer: String,
    /// Its status.
    pub(super) status: StatusCode,
    /// Its body, null if it is not JSON.
    pub(super) body: Value,
}

impl Exchange {
    /// A member of the body that is a text.
    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.body[member].as_str()
    }
}

impl Wire {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .no_proxy()
            .build()?;
        Ok(Self(client))
    }

    /// Asks for a document, with a token if there is one.
    pub(super) async fn get(&self, url: &str, token: Option<&str>) -> anyhow::Result<Exchange> {
        let authorization = token.map(|token| format!("Bearer {token}"));
        self.send(Method::GET, url, authorization, None).await
    }

    /// Sends a form.
    pub(super) async fn post(
        &self,
        url: &str,
        form: &[(&str, String)],
    ) -> anyhow::Result<Exchange> {
        self.send(Method::POST, url, None, Some(form)).await
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        authorization: Option<String>,
        form: Option<&[(&str, String)]>,
    ) -> anyhow::Result<Exchange> {
        let url = Url::parse(url).with_context(|| format!("read the address {url}"))?;
        let mut request = self.0.request(method.clone(), url.clone());
        let mut written = head(&method, &url);
        if let Some(authorization) = authorization {
            let _ = writeln!(written, "Authorization: {authorization}");
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(form) = form {
            let _ = writeln!(written, "Content-Type: {}\n", media_type::FORM);
            let body = encoded(form);
            written.push_str(&in_lines(&body));
            request = request.header(CONTENT_TYPE, media_type::FORM).body(body);
        }
        let sent = request.send().await;
        let response = sent.with_context(|| format!("ask the provider at {url}"))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.context("read the answer")?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Exchange {
            request: written,
            answer: answer(status, &headers, &text, &body),
            status,
            body,
        })
    }
}

/// A request of a browser, as [`Wire`] writes its own down.
pub(super) fn navigation(url: &Url) -> String {
    let mut written = head(&Method::GET, url);
    if let Some(query) = url.query() {
        let _ = write!(written, "\n?{}", in_lines(query));
    }
    written
}

/// An address with these parameters.
pub(super) fn address(base: &str, parameters: &[(&str, String)]) -> anyhow::Result<Url> {
    let mut url = Url::parse(base).with_context(|| format!("read the address {base}"))?;
    url.query_pairs_mut().extend_pairs(parameters);
    Ok(url)
}

fn head(method: &Method, url: &Url) -> String {
    format!(
        "{method} {} HTTP/1.1\nHost: {}\n",
        url.path(),
        url.authority()
    )
}

fn encoded(form: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

/// One parameter in a line.
fn in_lines(encoded: &str) -> String {
    encoded.replace('&', "\n&")
}

fn answer(status: StatusCode, headers: &HeaderMap, text: &str, body: &Value) -> String {
    let mut written = format!("HTTP/1.1 {status}\n");
    for name in TOLD {
        for value in headers.get_all(name) {
            let value = value.to_str().unwrap_or_default();
            let _ = writeln!(written, "{name}: {value}");
        }
    }
    written.push('\n');
    if body.is_null() {
        written.push_str(text);
    } else {
        written.push_str(&pretty(body));
    }
    written
}
