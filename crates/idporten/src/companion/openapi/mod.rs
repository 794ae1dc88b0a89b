//! Each API's description for machines, `OpenAPI` 3.1 (spec: companion-apis §1.4).
//!
//! `table` says what there is, `describe` how a document says it. Tests compare the documents with
//! what the server does.

mod describe;
mod table;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portvakt_core::login::companion::Api;
use portvakt_http::is_kept;
use portvakt_oauth_types::media_type;

use super::Apis;

/// Adds the address of an API's document.
pub(super) fn add(router: Router<Apis>, api: Api, base_url: &str) -> Router<Apis> {
    let document = table::document(api);
    let text = describe::document(&document, base_url).to_pretty_json();
    // A document has string keys and no fallible parts.
    let text = text.unwrap_or_default() + "\n";
    let digest = digest(&SHA256, text.as_bytes());
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest));
    let published = Arc::new((Bytes::from(text), tag));
    let serve = move |headers: HeaderMap| {
        let published = Arc::clone(&published);
        async move { serve(&headers, &published) }
    };
    router.route(document.address, get(serve))
}

fn serve(headers: &HeaderMap, (text, tag): &(Bytes, String)) -> Response {
    let public = [
        (CACHE_CONTROL, "public, max-age=60"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (CONTENT_TYPE, media_type::JSON),
        (ETAG, tag.as_str()),
    ];
    if is_kept(headers, tag) {
        return (axum::http::StatusCode::NOT_MODIFIED, public).into_response();
    }
    (public, text.clone()).into_response()
}
