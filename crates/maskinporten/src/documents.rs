//! Metadata (RFC 8414) and keys (RFC 7517): documents that anybody may read and keep for a while.

use axum::body::Bytes;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use portvakt_core::issuer::{Issuer, Profile};
use portvakt_http::is_kept;
use portvakt_jose::Algorithm;
use portvakt_oauth_types::metadata::{OAUTH_AUTHORIZATION_SERVER_PATH, OPENID_CONFIGURATION_PATH};
use portvakt_oauth_types::{AuthorizationServerMetadata, GrantType};

use crate::state::Served;

/// What does not change while the server runs.
pub(crate) struct Documents {
    metadata: Bytes,
    metadata_path: &'static str,
    metadata_url: String,
    host: String,
    cache_control: HeaderValue,
}

impl Documents {
    pub(crate) fn new(issuer: &Issuer, cache_seconds: u32) -> Self {
        let metadata_path = match issuer.profile {
            Profile::Maskinporten => OAUTH_AUTHORIZATION_SERVER_PATH,
            Profile::Skyporten => OPENID_CONFIGURATION_PATH,
        };
        let cache_control = format!("public, max-age={cache_seconds}");
        let host = issuer.identifier.split("://").nth(1).unwrap_or_default();
        Self {
            metadata: serde_json::to_vec(&describe(issuer))
                .unwrap_or_default()
                .into(),
            metadata_path,
            metadata_url: issuer.url(metadata_path.trim_start_matches('/')),
            host: host
                .split('/')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase(),
            cache_control: HeaderValue::try_from(cache_control)
                .unwrap_or(HeaderValue::from_static("no-store")),
        }
    }

    /// Whether a `Host` header names this issuer's host and port.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        self.host.eq_ignore_ascii_case(host)
    }

    /// Whether the issuer's profile has its metadata at this path.
    pub(crate) fn are_at(&self, path: &str) -> bool {
        self.metadata_path == path
    }

    pub(crate) fn metadata_url(&self) -> &str {
        &self.metadata_url
    }

    /// `GET /.well-known/...`
    pub(crate) fn metadata(&self) -> Response {
        (public(&self.cache_control), self.metadata.clone()).into_response()
    }
}

fn describe(issuer: &Issuer) -> AuthorizationServerMetadata {
    let strings = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let sky = issuer.profile == Profile::Skyporten;
    AuthorizationServerMetadata {
        issuer: issuer.identifier.clone(),
        token_endpoint: issuer.url("token"),
        jwks_uri: issuer.url("jwk"),
        token_endpoint_auth_methods_supported: strings(&["private_key_jwt"]),
        grant_types_supported: strings(&[GrantType::JWT_BEARER]),
        token_endpoint_auth_signing_alg_values_supported: issuer
            .grant_algorithms
            .iter()
            .map(|algorithm| algorithm.as_str().to_owned())
            .collect(),
        authorization_details_types_supported: strings(&issuer.authorization_details_types()),
        response_types_supported: if sky {
            Some(strings(&["id_token"]))
        } else {
            issuer.response_types_in_metadata.then(Vec::new)
        },
        subject_types_supported: sky.then(|| strings(&["public"])),
        id_token_signing_alg_values_supported: sky.then(|| strings(&[Algorithm::Rs256.as_str()])),
    }
}

/// `GET /jwk`: every key that verifies a token now, or will soon.
pub(crate) fn keys(served: &Served, headers: &HeaderMap) -> Response {
    let ring = served.exchange.keys().current();
    let document = ring.document();
    let etag = format!("\"{}\"", document.fingerprint);
    let fresh = is_kept(headers, &etag);
    let headers = (public(&served.documents.cache_control), [(ETAG, etag)]);
    if fresh {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, document.json.to_string()).into_response()
}

fn public(cache_control: &HeaderValue) -> [(axum::http::HeaderName, HeaderValue); 3] {
    [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, cache_control.clone()),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ]
}
