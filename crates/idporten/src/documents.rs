//! Metadata (OpenID Connect Discovery, RFC 8414) and keys: documents that anybody may read and keep
//! for a while (spec: idporten §2).

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use portvakt_core::login::acr::{Acr, Framework};
use portvakt_core::login::claims::foreign_claim_names;
use portvakt_core::login::issuer::EidasClaimNames;
use portvakt_core::login::locale::Locale;
use portvakt_core::login::provider::Provider;
use portvakt_core::login::request::RESPONSE_MODES;
use portvakt_http::is_kept;
use portvakt_jose::{Algorithm, DpopProof};
use portvakt_oauth_types::media_type;
use portvakt_oauth_types::metadata::{OAUTH_AUTHORIZATION_SERVER_PATH, OPENID_CONFIGURATION_PATH};
use serde_json::{Value, json};

/// Where metadata is.
pub(crate) const METADATA_PATHS: [&str; 2] =
    [OPENID_CONFIGURATION_PATH, OAUTH_AUTHORIZATION_SERVER_PATH];

/// Where keys are; the metadata names the first.
pub(crate) const KEY_PATHS: [&str; 4] = ["/jwks.json", "/jwk", "/jwks", "/.well-known/jwks.json"];

/// What changes with the signing keys alone.
pub(crate) struct Documents {
    metadata: ArcSwap<Metadata>,
    metadata_url: String,
    cache_control: HeaderValue,
}

impl Documents {
    pub(crate) fn new(provider: &Provider, cache_seconds: u32) -> Self {
        let cache_control = format!("public, max-age={cache_seconds}");
        Self {
            metadata: ArcSwap::from_pointee(Metadata::of(provider, signing_algorithms(provider))),
            metadata_url: provider
                .issuer()
                .url(OPENID_CONFIGURATION_PATH.trim_start_matches('/')),
            cache_control: HeaderValue::try_from(cache_control)
                .unwrap_or(HeaderValue::from_static("no-store")),
        }
    }

    /// The metadata, made anew when keys of another algorithm are published.
    fn metadata(&self, provider: &Provider) -> Bytes {
        let present = self.metadata.load();
        let algorithms = signing_algorithms(provider);
        if present.algorithms == algorithms {
            return present.json.clone();
        }
        let metadata = Arc::new(Metadata::of(provider, algorithms));
        self.metadata.store(Arc::clone(&metadata));
        metadata.json.clone()
    }
}

/// The metadata as it travels, and the algorithms that it says tokens are signed with.
struct Metadata {
    algorithms: Vec<Algorithm>,
    json: Bytes,
}

impl Metadata {
    fn of(provider: &Provider, algorithms: Vec<Algorithm>) -> Self {
        let json = serde_json::to_vec(&describe(provider, &algorithms)).unwrap_or_default();
        Self {
            json: json.into(),
            algorithms,
        }
    }
}

/// Those of all published keys, the present one's first: clients keep metadata for a while, in which the next
/// key may begin to sign, and tokens of the last one are about.
fn signing_algorithms(provider: &Provider) -> Vec<Algorithm> {
    let ring = provider.keys().current();
    let mut algorithms = vec![ring.active().algorithm()];
    for key in ring.published().keys() {
        if !algorithms.contains(&key.algorithm()) {
            algorithms.push(key.algorithm());
        }
    }
    algorithms
}

/// Spec: idporten §2.1.
fn describe(provider: &Provider, signing: &[Algorithm]) -> Value {
    let issuer = provider.issuer();
    let algorithms: Vec<_> = issuer
        .client_algorithms
        .iter()
        .map(Algorithm::as_str)
        .collect();
    let signing: Vec<_> = signing.iter().map(|algorithm| algorithm.as_str()).collect();
    let with_none = [
        "client_secret_basic",
        "client_secret_post",
        "none",
        "private_key_jwt",
    ];
    let without_none = [with_none[0], with_none[1], with_none[3]];
    let locales = {
        let mut locales = Locale::ALL.map(Locale::as_str);
        locales.sort_unstable();
        locales
    };
    let mut metadata = json!({
        "issuer": issuer.identifier,
        "authorization_endpoint": issuer.login_url("authorize"),
        "pushed_authorization_request_endpoint": issuer.url("par"),
        "token_endpoint": issuer.url("token"),
        "userinfo_endpoint": issuer.url("userinfo"),
        "jwks_uri": issuer.url("jwks.json"),
        "introspection_endpoint": issuer.url("token/introspect"),
        "revocation_endpoint": issuer.url("token/revoke"),
        "end_session_endpoint": issuer.login_url("logout"),
        "scopes_supported": ["openid", "profile", "no_pid", "eidas"],
        "response_types_supported": ["code"],
        "response_modes_supported": RESPONSE_MODES,
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["pairwise"],
        "acr_values_supported": levels(provider.levels()),
        "ui_locales_supported": locales,
        "prompt_values_supported": ["consent", "login", "none"],
        "display_values_supported": ["page"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": with_none,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": without_none,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": with_none,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "id_token_signing_alg_values_supported": signing,
        "authorization_signing_alg_values_supported": signing,
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": issuer.request_objects,
        "request_uri_parameter_supported": false,
        "require_pushed_authorization_requests": false,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "claim_types_supported": ["normal"],
        "claims_supported": claims(provider),
    });
    for name in [
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
    ] {
        metadata[name] = json!(provider.tells_servers());
    }
    if issuer.dpop {
        let algorithms = DpopProof::ALGORITHMS.map(Algorithm::as_str);
        metadata["dpop_signing_alg_values_supported"] = json!(algorithms);
    }
    if issuer.request_objects {
        metadata["request_object_signing_alg_values_supported"] = json!(algorithms);
    }
    metadata
}

/// Those of every login, and those of the ways to log in that there are. The scope `eidas` adds the
/// oldest names of a foreign identity.
fn claims(provider: &Provider) -> Vec<&'static str> {
    let mut claims = vec![
        "sub",
        "pid",
        "acr",
        "amr",
        "auth_time",
        "locale",
        "sid",
        "iss",
        "aud",
        "exp",
        "iat",
        "jti",
        "nonce",
    ];
    let reaches = |framework| {
        let mut levels = provider.levels().iter();
        levels.any(|level| level.framework() == framework)
    };
    if reaches(Framework::Eidas) {
        claims.extend(foreign_claim_names(EidasClaimNames {
            legacy: true,
            ..provider.issuer().eidas_claims
        }));
    }
    if reaches(Framework::Email) {
        claims.push("email");
    }
    claims
}

/// Those that a provider reaches, and the Norwegian three, which relying parties look for before they
/// start. One level is compared and never published.
fn levels(reached: &[Acr]) -> Vec<&'static str> {
    let norwegian = [
        Acr::IdportenLow,
        Acr::IdportenSubstantial,
        Acr::IdportenHigh,
    ];
    let published: BTreeSet<_> = norwegian
        .iter()
        .chain(reached)
        .filter(|acr| **acr != Acr::IdportenSubstantialLimited)
        .collect();
    published.into_iter().map(|acr| acr.as_str()).collect()
}

/// `GET /.well-known/...`
pub(crate) async fn metadata(State(state): State<Arc<crate::State>>) -> Response {
    let documents = &state.documents;
    let metadata = documents.metadata(&state.provider);
    (public(&documents.cache_control), metadata).into_response()
}

/// `GET /jwks.json`: every key that verifies a token now, or will soon.
pub(crate) async fn keys(State(state): State<Arc<crate::State>>, headers: HeaderMap) -> Response {
    let ring = state.provider.keys().current();
    let document = ring.document();
    let etag = format!("\"{}\"", document.fingerprint);
    let fresh = is_kept(&headers, &etag);
    let headers = (public(&state.documents.cache_control), [(ETAG, etag)]);
    if fresh {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, document.json.to_string()).into_response()
}

/// `GET /`: people who look here are led to the metadata.
pub(crate) async fn root(State(state): State<Arc<crate::State>>) -> Response {
    (
        StatusCode::FOUND,
        [(LOCATION, state.documents.metadata_url.clone())],
    )
        .into_response()
}

fn public(cache_control: &HeaderValue) -> [(HeaderName, HeaderValue); 3] {
    [
        (CONTENT_TYPE, HeaderValue::from_static(media_type::JSON)),
        (CACHE_CONTROL, cache_control.clone()),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ]
}
