//! Access tokens that were revoked (spec: companion-apis §5).

use std::io::Write;

use axum::extract::State;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE,
    ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use portvakt_core::Timestamp;
use portvakt_core::login::companion::{Companion, RevokeList};
use portvakt_core::login::provider::Denied;
use portvakt_core::login::refusal::LoginRefusal;
use portvakt_http::is_kept;

use super::bodies::{RevokeListResponse, RevokedTokenResponse};
use super::call::{Call, malformed, one, wants};

/// What is shorter gains nothing by being compressed.
const MIN_COMPRESSED: usize = 1024;

/// `GET /revokelist`: open to everybody.
pub(super) async fn list(State(companion): State<Companion>, call: Call) -> Response {
    let mut response = call.answer(find(&companion, &call).await);
    let everybody = HeaderValue::from_static("*");
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
    response
}

async fn find(companion: &Companion, call: &Call) -> Result<Response, Denied> {
    let query = call.query()?;
    let since = since(one(&query, "since")?)?;
    let list = companion.revoke_list(one(&query, "client_id")?, since);
    let list = list.await?;
    // Weak, because `created` moves on although nothing else does.
    let tag = format!("\"{}\"", list.tag());
    let public = [
        (CACHE_CONTROL, "public, max-age=10".to_owned()),
        (ETAG, format!("W/{tag}")),
        (VARY, "Accept-Encoding".to_owned()),
    ];
    if is_kept(&call.headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, public).into_response());
    }
    let json = serde_json::to_vec(&RevokeListResponse::from(list)).unwrap_or_default();
    let json_type = [(CONTENT_TYPE, "application/json")];
    if json.len() >= MIN_COMPRESSED && takes_gzip(&call.headers) {
        let encoding = [(CONTENT_ENCODING, "gzip")];
        return Ok((public, json_type, encoding, compressed(&json)).into_response());
    }
    Ok((public, json_type, json).into_response())
}

/// Milliseconds since 1970; from the beginning if nobody says.
fn since(text: Option<&str>) -> Result<Timestamp, LoginRefusal> {
    let milliseconds = match text {
        None => Some(0),
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Some(_) => None,
    };
    let milliseconds = milliseconds.ok_or_else(|| malformed("since"))?;
    Ok(Timestamp::from_milliseconds(milliseconds))
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| wants(accepted, |coding| coding.eq_ignore_ascii_case("gzip")))
}

fn compressed(json: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(json);
    encoder.finish().unwrap_or_default()
}

impl From<RevokeList> for RevokeListResponse {
    fn from(list: RevokeList) -> Self {
        let tokens = list.tokens.into_iter().map(|token| RevokedTokenResponse {
            expires: token.expires_at.milliseconds(),
            revoked: token.revoked_at.milliseconds(),
            access_token_id: token.id.to_string(),
        });
        Self {
            created: list.created.milliseconds(),
            revoked_access_tokens: tokens.collect(),
        }
    }
}
