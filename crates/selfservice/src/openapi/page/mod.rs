//! The description for people: one page of HTML, made of the document for machines, so that the
//! two cannot differ. It needs no script and asks nobody for anything.

mod html;
mod operation;
mod schema;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Bytes;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use self::html::Html;
use self::operation::Operation;
use crate::{etag, reply};

const STYLE: &str = include_str!("style.css");

struct Page {
    text: Bytes,
    tag: String,
    policy: Option<HeaderValue>,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let text = text(&serde_json::to_value(super::document()).unwrap_or_default());
    Page {
        tag: etag::of(text.as_bytes()),
        text: Bytes::from(text),
        policy: HeaderValue::try_from(policy()).ok(),
    }
});

/// `GET /docs`
pub(crate) async fn serve(headers: HeaderMap) -> Response {
    let page = &*PAGE;
    let mut response = reply::public(&headers, page.text.clone(), &page.tag);
    let headers = response.headers_mut();
    if headers.contains_key(CONTENT_TYPE) {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(CONTENT_TYPE, html);
    }
    if let Some(policy) = &page.policy {
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The page may have its own style, and nothing else.
fn policy() -> String {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

/// The page of a description.
fn text(document: &Value) -> String {
    let mut html = Html::default();
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| head(html, document));
        html.element("body", &[], |html| body(html, document));
    });
    html.finish()
}

fn head(html: &mut Html, document: &Value) {
    html.void("meta", &[("charset", "utf-8")]);
    let viewport = "width=device-width, initial-scale=1";
    html.void("meta", &[("name", "viewport"), ("content", viewport)]);
    html.line("title", title(document));
    html.style(STYLE);
}

fn title(document: &Value) -> &str {
    document["info"]["title"].as_str().unwrap_or_default()
}

fn body(html: &mut Html, document: &Value) {
    let operations = operation::all(document);
    html.element("header", &[], |html| introduction(html, document));
    html.element("nav", &[("aria-label", "Operations")], |html| {
        for (tag, operations) in by_tag(&operations) {
            html.line("p", tag);
            html.element("ul", &[], |html| {
                for operation in operations {
                    operation.entry(html);
                }
            });
        }
        html.element("p", &[], |html| html.link("#schemas", "Bodies"));
    });
    html.element("main", &[], |html| {
        for (tag, operations) in by_tag(&operations) {
            html.element("section", &[("aria-label", tag)], |html| {
                html.line("h2", tag);
                for operation in operations {
                    operation.article(html, document);
                }
            });
        }
        let none = Map::new();
        let schemas = document["components"]["schemas"].as_object();
        schema::section(html, schemas.unwrap_or(&none));
    });
}

fn introduction(html: &mut Html, document: &Value) {
    let info = &document["info"];
    html.line("h1", title(document));
    html.element("p", &[], |html| {
        html.text("Version ");
        html.text(info["version"].as_str().unwrap_or_default());
        html.text(". The same for machines: ");
        // Not relative: the page has an address with a slash at its end, too.
        let base = document["servers"][0]["url"].as_str().unwrap_or_default();
        html.link(&format!("{base}/openapi.json"), "openapi.json");
    });
    let bearer = &document["components"]["securitySchemes"]["bearer"];
    for text in [&info["description"], &bearer["description"]] {
        html.element("p", &[], |html| {
            html.prose(text.as_str().unwrap_or_default());
        });
    }
    html.element("ul", &[], |html| {
        for server in document["servers"].as_array().into_iter().flatten() {
            html.element("li", &[], |html| {
                html.line("code", server["url"].as_str().unwrap_or_default());
                html.text(" ");
                html.prose(server["description"].as_str().unwrap_or_default());
            });
        }
    });
}

/// The operations of each group, in the order in which the groups first occur.
fn by_tag<'a, 'd>(operations: &'a [Operation<'d>]) -> Vec<(&'d str, Vec<&'a Operation<'d>>)> {
    let mut groups: Vec<(&str, Vec<_>)> = Vec::new();
    for operation in operations {
        let tag = operation.tag();
        match groups.iter_mut().find(|(known, _)| *known == tag) {
            Some((_, group)) => group.push(operation),
            None => groups.push((tag, vec![operation])),
        }
    }
    groups
}
