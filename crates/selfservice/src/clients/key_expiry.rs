//! Keys that expire soon, told beside the key set: a header that clients which do not know it pass over.

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use portvakt_core::Timestamp;
use portvakt_core::client::expiry::{Nearness, expiring, has_only_expired};
use portvakt_core::client::{Client, ClientKey};
use portvakt_core::ports::StoredKey;

/// A list (RFC 9651 §3.1) of key ids, each with the days before its end from which it is warned about;
/// 0 means that it has expired.
const KEY_EXPIRY: HeaderName = HeaderName::from_static("portvakt-key-expiry");

/// Adds the header if there is anything to tell.
pub(super) fn tell(response: &mut Response, keys: &[StoredKey], now: Timestamp) {
    let told: Vec<_> = expiring(active(keys), now)
        .iter()
        .map(|expiring| {
            let days = match expiring.nearness {
                Nearness::Expired => 0,
                Nearness::Within(days) => days,
            };
            format!("\"{}\";days={days}", expiring.key.jwk.key_id())
        })
        .collect();
    if told.is_empty() {
        return;
    }
    // Key ids have letters, digits and `._-` only.
    if let Ok(value) = HeaderValue::try_from(told.join(", ")) {
        response.headers_mut().insert(KEY_EXPIRY, value);
    }
}

/// A client that just lost its last usable key gets no token, which nobody should learn from refusals
/// alone. It is allowed all the same: a set may be posted with an end in its past (spec: selfservice
/// §5.6.1).
pub(super) fn log_if_unusable(client: &Client, keys: &[StoredKey], now: Timestamp) {
    if has_only_expired(active(keys), now) {
        tracing::warn!(client_id = %client.client_id, "every key of the client's new set has expired");
    }
}

fn active(keys: &[StoredKey]) -> impl Iterator<Item = &ClientKey> {
    keys.iter()
        .filter(|stored| stored.active)
        .map(|stored| &stored.key)
}
