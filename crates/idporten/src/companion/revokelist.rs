//! Access tokens that were revoked (spec: companion-apis §5).
//!
//! Everybody may ask, so that asking costs little: a list is made about once a second, off the threads
//! that answer, and everybody gets a part of it.

use std::io::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE,
    ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use portvakt_core::Timestamp;
use portvakt_core::client::ClientId;
use portvakt_core::login::companion::{Companion, RevokeList};
use portvakt_core::login::provider::Denied;
use portvakt_core::login::record::RevokedToken;
use portvakt_core::login::refusal::{LoginRefusal, LoginRefusalCode};
use portvakt_core::moment::{Stopwatch, SystemStopwatch};
use portvakt_http::is_kept;
use portvakt_oauth_types::media_type;
use tokio::sync::OnceCell;
use tokio::task::{JoinError, spawn_blocking};

use super::bodies::{RevokeListResponse, RevokedTokenResponse};
use super::call::{Call, malformed, one, wants};
use super::lately::Lately;

/// What is shorter gains nothing by being compressed.
const MIN_COMPRESSED: usize = 1024;

/// The lists that were made lately.
pub(super) struct RevokeLists {
    of_all: Lately<(), Arc<Written>>,
    /// Of clients that exist: strangers do not decide how many are kept.
    of_clients: Lately<ClientId, Arc<Written>>,
}

impl RevokeLists {
    pub(super) fn new(companion: &Companion) -> Self {
        let stopwatch: Arc<dyn Stopwatch> = Arc::new(SystemStopwatch::default());
        let lifetime = companion.settings().revoke_list_lifetime;
        Self {
            of_all: Lately::new(Arc::clone(&stopwatch), lifetime),
            of_clients: Lately::new(stopwatch, lifetime),
        }
    }

    async fn find(
        &self,
        companion: &Companion,
        client_id: Option<&str>,
    ) -> Result<Arc<Written>, Denied> {
        let Some(client_id) = client_id else {
            let made = make(companion.revoke_list(None));
            return self.of_all.find(&(), made).await;
        };
        let Some(client_id) = companion.known_client(client_id).await? else {
            let nothing = RevokeList {
                created: companion.provider().now(),
                tokens: Vec::new(),
            };
            return Ok(Arc::new(Written::of(&nothing)));
        };
        let made = make(companion.revoke_list(Some(&client_id)));
        self.of_clients.find(&client_id, made).await
    }
}

async fn make(
    list: impl Future<Output = Result<RevokeList, Denied>>,
) -> Result<Arc<Written>, Denied> {
    let list = list.await?;
    let written = spawn_blocking(move || Written::of(&list)).await;
    written.map(Arc::new).map_err(|error| failed(&error))
}

/// Ours alone: it stops with the server, or it panicked.
fn failed(_: &JoinError) -> Denied {
    LoginRefusalCode::Internal.into()
}

/// A list as it is sent, of which everybody gets the end that they ask for.
struct Written {
    tag: String,
    whole: Bytes,
    /// What stands before the entries and behind them.
    begin: Bytes,
    end: Bytes,
    /// When each token was revoked, and where in the whole its entry begins.
    places: Vec<(Timestamp, usize)>,
    /// The whole, compressed. Parts are not, because strangers choose how many there are.
    compressed: OnceCell<Bytes>,
}

impl Written {
    fn of(list: &RevokeList) -> Self {
        let empty = RevokeListResponse {
            created: list.created.milliseconds(),
            revoked_access_tokens: Vec::new(),
        };
        // Numbers and texts are written without fail.
        let mut whole = serde_json::to_vec(&empty).unwrap_or_default();
        // The entries are the last member.
        let end = whole.split_off(whole.len().saturating_sub("]}".len()));
        let begin = Bytes::copy_from_slice(&whole);
        let mut places = Vec::with_capacity(list.tokens.len());
        for token in &list.tokens {
            if !places.is_empty() {
                whole.push(b',');
            }
            places.push((token.revoked_at, whole.len()));
            let _ = serde_json::to_writer(&mut whole, &RevokedTokenResponse::from(token));
        }
        whole.extend_from_slice(&end);
        Self {
            tag: list.tag(),
            whole: whole.into(),
            begin,
            end: end.into(),
            places,
            compressed: OnceCell::new(),
        }
    }

    /// The first entry of a token that was revoked at `since` or later.
    fn first(&self, since: Timestamp) -> usize {
        self.places.partition_point(|(at, _)| *at < since)
    }

    /// Tells the part that begins with this entry from every other answer. `created` is no part of it.
    fn tag_from(&self, first: usize) -> String {
        match first {
            0 => format!("\"{}\"", self.tag),
            _ => format!("\"{}-{first}\"", self.tag),
        }
    }

    /// The answer that begins with this entry.
    fn body_from(&self, first: usize) -> Bytes {
        if first == 0 {
            return self.whole.clone();
        }
        match self.places.get(first) {
            Some((_, place)) => [&*self.begin, &self.whole[*place..]].concat().into(),
            None => [&*self.begin, &*self.end].concat().into(),
        }
    }

    /// The whole, compressed: once for everybody.
    async fn compressed(&self) -> Result<Bytes, Denied> {
        let made = self.compressed.get_or_try_init(|| async {
            let whole = self.whole.clone();
            let made = spawn_blocking(move || compressed(&whole)).await;
            made.map_err(|error| failed(&error))
        });
        made.await.cloned()
    }
}

/// `GET /revokelist`: open to everybody.
pub(super) async fn list(
    State(companion): State<Companion>,
    call: Call,
    lists: Arc<RevokeLists>,
) -> Response {
    let mut response = call.answer(find(&companion, &call, &lists).await).await;
    let everybody = HeaderValue::from_static("*");
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
    response
}

async fn find(companion: &Companion, call: &Call, lists: &RevokeLists) -> Result<Response, Denied> {
    let query = call.query()?;
    let since = since(one(&query, "since")?)?;
    let list = lists.find(companion, one(&query, "client_id")?).await?;
    let first = list.first(since);
    let tag = list.tag_from(first);
    let public = [
        (CACHE_CONTROL, "public, max-age=10".to_owned()),
        // Weak, because `created` moves on although nothing else does.
        (ETAG, format!("W/{tag}")),
        (VARY, "Accept-Encoding".to_owned()),
    ];
    if is_kept(&call.headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, public).into_response());
    }
    let json_type = [(CONTENT_TYPE, media_type::JSON)];
    if first == 0 && list.whole.len() >= MIN_COMPRESSED && takes_gzip(&call.headers) {
        let body = list.compressed().await?;
        let encoding = [(CONTENT_ENCODING, "gzip")];
        return Ok((public, json_type, encoding, body).into_response());
    }
    Ok((public, json_type, list.body_from(first)).into_response())
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

fn compressed(json: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(json);
    encoder.finish().unwrap_or_default().into()
}

impl From<&RevokedToken> for RevokedTokenResponse {
    fn from(token: &RevokedToken) -> Self {
        Self {
            expires: token.expires_at.milliseconds(),
            revoked: token.revoked_at.milliseconds(),
            access_token_id: token.id.to_string(),
        }
    }
}
