//! The companion APIs over HTTP (spec: companion-apis).
//!
//! Handlers read a request into the types of [`portvakt_core::login::companion`], call it, and write
//! what comes of it as JSON. Start reading at [`routes`]; `call` is what all of them share.

mod authorizations;
mod bodies;
mod call;
mod contacts;
mod history;
mod lately;
mod level;
mod openapi;
mod revokelist;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, Request};
use axum::http::header::ALLOW;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{MethodRouter, any, delete, get, post};
use portvakt_core::login::companion::{Api, Companion, View};
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_http::{Limits, RequestIdSource, bounded};

use self::contacts::Version;
use self::revokelist::RevokeLists;
use crate::answer;
use crate::refused::Listeners;

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
    pub(crate) listeners: Listeners,
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
    let companion = &apis.companion;
    let mut router = Router::new();
    for api in Api::ALL {
        let one = openapi::add(routes(api, companion), api, companion.base_url(api));
        let one = one.method_not_allowed_fallback(other_method);
        router = router.merge(if companion.settings().served.contains(&api) {
            one
        } else {
            one.route_layer(from_fn(absent))
        });
    }
    for prefix in BELOW {
        router = router.route(&format!("{prefix}/{{*rest}}"), any(nothing));
    }
    let router = router.with_state(apis);
    bounded(router, &limits, request_ids, answer::transport_fault)
}

fn routes(api: Api, companion: &Companion) -> Router<Apis> {
    match api {
        Api::Authorizations => authorization_routes(),
        Api::History => Router::new().route("/innlogginger/logg/idporten", get(history::list)),
        Api::AuthenticationLevel => {
            Router::new().route("/authlevel/rest/v1/sikkerhetsnivaa", post(level::ask))
        }
        Api::RevokeList => {
            let lists = Arc::new(RevokeLists::new(companion));
            let list = get(move |state, call| revokelist::list(state, call, Arc::clone(&lists)));
            Router::new()
                .route("/revokelist", list.clone())
                .route("/idporten-oidc-provider/revokelist", list)
        }
        Api::Contacts => contact_routes(),
    }
}

fn authorization_routes() -> Router<Apis> {
    let mut router = Router::new();
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
    router
}

fn view(view: View) -> MethodRouter<Apis> {
    get(move |state, call| authorizations::own(state, call, view))
        .post(move |state, call, body| authorizations::of_person(state, call, body, view))
}

fn contact_routes() -> Router<Apis> {
    let mut router = Router::new();
    for (number, version) in [("v1", Version::V1), ("v2", Version::V2)] {
        let many = post(move |state, call, body| contacts::many(state, call, body, version));
        let own = get(move |state, call| contacts::own(state, call, version))
            .patch(move |state, call, body| contacts::change(state, call, body, version))
            .options(contacts::preflight);
        router = router
            .route(&format!("/rest/{number}/personer"), many)
            .route(&format!("/rest/{number}/person"), own);
    }
    router
}

async fn nothing() -> Response {
    answer::refusal(&LoginRefusalCode::ResourceNotFound.into())
}

/// An API that is not served here looks like none to everybody, whatever they ask and show.
async fn absent(_: Request, _: Next) -> Response {
    nothing().await
}

async fn other_method() -> Response {
    let mut refusal = answer::refusal(&LoginRefusalCode::MethodNotAllowed.into());
    // The router adds what it offers where nothing is said.
    refusal.headers_mut().remove(ALLOW);
    refusal
}
