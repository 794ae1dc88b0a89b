//! Answers of token servers: JSON that nobody may keep, and what a refusal says beside its body.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::rate::retry_after;

/// After which time a request that could not be answered may be tried again.
pub const SOON: Duration = Duration::from_secs(1);

/// Room for the headers of an answer.
const USUAL_HEADERS: usize = 10;

/// JSON that nobody may keep (RFC 6749 §5.1).
pub fn private_json(status: StatusCode, body: &impl Serialize) -> Response {
    private(status, serde_json::to_vec(body))
}

/// The same of a text that is JSON already. What could not be written is answered with 500.
pub fn private(status: StatusCode, json: serde_json::Result<Vec<u8>>) -> Response {
    let Ok(json) = json else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // With those that are added on the way out.
    headers.reserve(USUAL_HEADERS);
    for (name, value) in [
        (CONTENT_TYPE, "application/json;charset=UTF-8"),
        (CACHE_CONTROL, "no-store"),
        (PRAGMA, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Says in a refusal's headers what to do: when to come again, if `wait` is known or the server cannot
/// answer now, and that an endpoint of tokens is posted to.
pub fn advise(response: &mut Response, wait: Option<Duration>) {
    let status = response.status();
    let headers = response.headers_mut();
    let soon = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(SOON);
    if let Some(wait) = wait.or(soon) {
        headers.insert(RETRY_AFTER, retry_after(wait));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advised(status: StatusCode, wait: Option<Duration>) -> (String, String) {
        let mut response = private_json(status, &"a");
        advise(&mut response, wait);
        let header = |name| {
            let value = response.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        (header(RETRY_AFTER), header(ALLOW))
    }

    #[test]
    fn a_refusal_says_when_and_how_to_come_again() {
        let pair = |wait: &str, allow: &str| (wait.to_owned(), allow.to_owned());
        let minute = Some(Duration::from_mins(1));
        let (busy, many) = (
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        );
        assert_eq!(advised(busy, None), pair("1", ""));
        assert_eq!(advised(many, minute), pair("60", ""));
        assert_eq!(
            advised(StatusCode::METHOD_NOT_ALLOWED, None),
            pair("", "POST")
        );
        assert_eq!(advised(StatusCode::BAD_REQUEST, None), pair("", ""));
    }
}
