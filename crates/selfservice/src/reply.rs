//! Answers: JSON with the revision that it states, and the open lists that anybody may keep.

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_TYPE, ETAG,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use portvakt_core::ports::{Revision, UnitOfWork};
use serde::Serialize;

use crate::etag;
use crate::problem::Problem;

/// Names the state of the registry that an answer tells of: after a write, the one it made.
const REVISION: HeaderName = HeaderName::from_static("portvakt-revision");

/// How long an open list may be kept.
const OPEN_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// Makes the changes durable, or ends a reading.
pub(crate) async fn commit(unit: Box<dyn UnitOfWork>) -> Result<Revision, Problem> {
    let revision = unit.commit().await;
    revision.map_err(|error| Problem::storage(&error))
}

/// The bytes of a body, which are also what its tag is made of.
pub(crate) fn bytes(body: &impl Serialize) -> Vec<u8> {
    // The types of answers have string keys and no fallible parts.
    serde_json::to_vec(body).unwrap_or_default()
}

/// 200 with one resource and its tag.
pub(crate) fn resource(body: &impl Serialize, revision: Revision) -> Response {
    let bytes = bytes(body);
    let tag = etag::of(&bytes);
    with_tag(bytes, tag, revision)
}

/// As [`resource`], with a tag that is not made of the body alone.
pub(crate) fn tagged(body: &impl Serialize, tag: String, revision: Revision) -> Response {
    with_tag(bytes(body), tag, revision)
}

fn with_tag(bytes: Vec<u8>, tag: String, revision: Revision) -> Response {
    let mut response = json(bytes, revision);
    insert(&mut response, ETAG, tag);
    response
}

/// 200 with a list of the caller's.
pub(crate) fn list(body: &impl Serialize, revision: Revision) -> Response {
    json(bytes(body), revision)
}

/// 200 with what tells of no state of the registry.
pub(crate) fn report(body: &impl Serialize) -> Response {
    json_body(bytes(body).into())
}

/// 200 with nothing to read.
pub(crate) fn empty(revision: Revision) -> Response {
    let mut response = StatusCode::OK.into_response();
    insert(&mut response, REVISION, revision.0.to_string());
    response
}

/// A list that is open to everybody, on any page; 304 if the caller has it already.
pub(crate) fn open(headers: &HeaderMap, body: &impl Serialize, revision: Revision) -> Response {
    let bytes = bytes(body);
    let tag = etag::of(&bytes);
    let mut response = public(headers, bytes.into(), &tag);
    insert(&mut response, REVISION, revision.0.to_string());
    response
}

/// As [`open()`], for a body that is known by its tag alone until somebody wants it.
pub(crate) fn open_version(body: Option<Body>, tag: &str, revision: Revision) -> Response {
    let response = body.map_or_else(|| StatusCode::NOT_MODIFIED.into_response(), json_body);
    let mut response = shared(response, tag);
    insert(&mut response, REVISION, revision.0.to_string());
    response
}

/// What everybody may read, on any page, and keep; 304 if the caller has it already.
pub(crate) fn public(headers: &HeaderMap, json: Bytes, tag: &str) -> Response {
    shared(versioned(headers, json, tag), tag)
}

/// What tells of no state of the registry, with its tag; 304 if the caller has it already.
pub(crate) fn versioned(headers: &HeaderMap, json: Bytes, tag: &str) -> Response {
    let mut response = if portvakt_http::is_kept(headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        json_body(json.into())
    };
    insert(&mut response, ETAG, tag.to_owned());
    response
}

/// Says that everybody may read and keep this.
fn shared(mut response: Response, tag: &str) -> Response {
    insert(&mut response, ETAG, tag.to_owned());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, OPEN_CACHE);
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let exposed = HeaderValue::from_static("ETag, Portvakt-Revision, X-Request-Id");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    response
}

fn json(bytes: Vec<u8>, revision: Revision) -> Response {
    let mut response = json_body(bytes.into());
    insert(&mut response, REVISION, revision.0.to_string());
    response
}

/// JSON that tells of no state of the registry.
fn json_body(json: Body) -> Response {
    let mut response = Response::new(json);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `value` is digits or base64url in quotation marks, so it is always a header value.
fn insert(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}
