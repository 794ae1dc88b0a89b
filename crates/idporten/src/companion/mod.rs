//! The companion APIs over HTTP (spec: companion-apis).
//!
//! Handlers read a request into the types of [`portvakt_core::login::companion`], call it, and write
//! what comes of it as JSON. Start reading at [`routes`]; `call` is what all of them share.

mod authorizations;
mod bodies;
mod call;
mod contacts;
mod history;
mod level;
mod openapi;
mod revokelist;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{any, delete, get, post};
use portvakt_core::login::companion::{Companion, View};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_http::{Limits, RequestIdSource, bounded};

use self::contacts::Version;
use crate::answer;
use crate::observer::Observer;

/// The largest body: a thousand identity numbers are a sixtieth of it.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Every address of the companion APIs.
pub const ROUTES: &[&str] = &[
    "/clients/authorizations",
    "/api-provider/authorizations",
    "/authorizations",
    "/authorizations/{authorization_id}",
    "/authorizations/clients/authorizations",
    "/authorizations/api-provider/authorizations",
    "/authorizations/authorizations",
    "/authorizations/authorizations/{authorization_id}",
    "/innlogginger/logg/idporten",
    "/authlevel/rest/v1/sikkerhetsnivaa",
    "/rest/v1/personer",
    "/rest/v2/personer",
    "/rest/v1/person",
    "/rest/v2/person",
    "/revokelist",
    "/idporten-oidc-provider/revokelist",
    "/authorizations/openapi.json",
    "/innlogginger/openapi.json",
    "/authlevel/openapi.json",
    "/revokelist/openapi.json",
    "/openapi.json",
];

/// What is below these belongs to companion APIs, and is told so in their form.
const BELOW: [&str; 5] = [
    "/clients",
    "/api-provider",
    "/innlogginger",
    "/authlevel",
    "/rest",
];

/// The APIs, and who hears of what they refuse.
#[derive(Clone)]
pub(crate) struct Apis {
    pub(crate) companion: Companion,
    pub(crate) observer: Arc<dyn Observer>,
}

impl FromRef<Apis> for Companion {
    fn from_ref(apis: &Apis) -> Self {
        apis.companion.clone()
    }
}

/// The APIs as a router of their own, because their bodies may be larger.
pub(crate) fn router(apis: Apis, limits: &Limits, request_ids: RequestIdSource) -> Router {
    let limits = Limits {
        max_body_bytes: MAX_BODY_BYTES,
        ..*limits
    };
    let issuer = &apis.companion.provider().issuer().identifier;
    let router = openapi::add(routes(), apis.companion.settings(), issuer);
    let router = router.with_state(apis);
    let router = router.layer(map_response(said_by_the_router));
    bounded(router, &limits, request_ids, answer::transport_fault)
}

fn routes() -> Router<Apis> {
    let mut router = Router::new()
        .route("/innlogginger/logg/idporten", get(history::list))
        .route("/authlevel/rest/v1/sikkerhetsnivaa", post(level::ask));
    // The published base address ends in the name of the API, and published examples do not.
    for base in ["", "/authorizations"] {
        router = router
            .route(
                &format!("{base}/clients/authorizations"),
                view(View::Clients),
            )
            .route(
                &format!("{base}/api-provider/authorizations"),
                view(View::ApiProvider),
            )
            .route(
                &format!("{base}/authorizations"),
                get(|state, call| authorizations::own(state, call, View::Clients)),
            )
            .route(
                &format!("{base}/authorizations/{{authorization_id}}"),
                delete(authorizations::end),
            );
    }
    for (number, version) in [("v1", Version::V1), ("v2", Version::V2)] {
        let many = post(move |state, call, body| contacts::many(state, call, body, version));
        let own = get(move |state, call| contacts::own(state, call, version))
            .patch(move |state, call, body| contacts::change(state, call, body, version))
            .options(contacts::preflight);
        router = router
            .route(&format!("/rest/{number}/personer"), many)
            .route(&format!("/rest/{number}/person"), own);
    }
    for path in ["/revokelist", "/idporten-oidc-provider/revokelist"] {
        router = router.route(path, get(revokelist::list));
    }
    for prefix in BELOW {
        router = router.route(&format!("{prefix}/{{*rest}}"), any(nothing));
    }
    router
}

fn view(view: View) -> axum::routing::MethodRouter<Apis> {
    get(move |state, call| authorizations::own(state, call, view))
        .post(move |state, call, body| authorizations::of_person(state, call, body, view))
}

async fn nothing() -> Response {
    answer::refusal(&LoginRefusalCode::ResourceNotFound.into())
}

/// Gives what the router answers without a handler the form of a refusal.
async fn said_by_the_router(response: Response) -> Response {
    let is_bare = !response.headers().contains_key(CONTENT_TYPE);
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || !is_bare {
        return response;
    }
    let mut refusal = answer::refusal(&LoginRefusalCode::MethodNotAllowed.into());
    // The router adds what it offers where nothing is said.
    refusal.headers_mut().remove(ALLOW);
    refusal
}
