//! Which handler answers which address (spec: selfservice §2.1).

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, delete, get, post, put};

use crate::clients::{keys, many, on_behalf_of, one, secret};
use crate::scopes::{access, catalogue, own};
use crate::{State, audit, changes, explain, lists, openapi, usage};

/// Every resource below each of the base paths that clients are configured with.
pub(crate) fn all() -> Router<Arc<State>> {
    Router::new()
        .merge(resources())
        .nest("/api/v1", resources())
        .nest("/external/api/v1", resources())
}

/// An address of the router without its base and without a slash at its end.
pub fn below_base(path: &str) -> &str {
    let bases = ["/external/api/v1", "/api/v1"];
    let below = bases.into_iter().find_map(|base| path.strip_prefix(base));
    below.unwrap_or(path).trim_end_matches('/')
}

/// The resources, each with and without a slash at its end: clients that build addresses by
/// joining strings append one, and do not follow redirects with their bodies.
fn resources() -> Router<Arc<State>> {
    with_and_without_slash(table())
}

/// Each address with and without a slash at its end.
pub(crate) fn with_and_without_slash(table: impl Iterator<Item = Route>) -> Router<Arc<State>> {
    table.fold(Router::new(), |router, (path, methods)| {
        router
            .route(&format!("{path}/"), methods.clone())
            .route(path, methods)
    })
}

/// The addresses below a base, as the router spells them without a slash at the end.
pub fn paths() -> impl Iterator<Item = &'static str> {
    table().map(|(path, _)| path)
}

fn table() -> impl Iterator<Item = Route> {
    let owned = clients().into_iter().chain(scopes()).chain(counts());
    owned.chain(decisions()).chain(open_documents())
}

/// An address below a base, and what answers there.
pub(crate) type Route = (&'static str, MethodRouter<Arc<State>>);

fn clients() -> Vec<Route> {
    let registrations = || get(on_behalf_of::list).post(on_behalf_of::create);
    let registration = || {
        get(on_behalf_of::read)
            .put(on_behalf_of::update)
            .delete(on_behalf_of::remove)
    };
    let key_set = get(keys::read)
        .post(keys::replace)
        .put(keys::replace)
        .delete(keys::remove);
    vec![
        ("/clients", get(many::list).post(many::create)),
        (
            "/clients/{client_id}",
            get(one::read).put(one::update).delete(one::deactivate),
        ),
        ("/clients/{client_id}/jwks", key_set),
        (
            "/clients/{client_id}/secret",
            post(secret::rotate).put(secret::rotate),
        ),
        ("/clients/{client_id}/onbehalfof", registrations()),
        ("/clients/{client_id}/onbehalfof/{value}", registration()),
        // The documentation's spelling in every example.
        ("/clients/{client_id}/onbehalof", registrations()),
        ("/clients/{client_id}/onbehalof/{value}", registration()),
    ]
}

fn scopes() -> Vec<Route> {
    let methods = get(own::read)
        .post(own::create)
        .put(own::update)
        .delete(own::deactivate);
    vec![
        ("/scopes", methods),
        ("/scopes/access", get(access::list)),
        ("/scopes/access/all", get(access::list_own)),
        (
            "/scopes/access/{consumer_orgno}",
            put(access::grant).merge(delete(access::withdraw)),
        ),
    ]
}

/// Not `/clients/usage`: a client may be called `usage`.
fn counts() -> Vec<Route> {
    vec![
        ("/usage", get(usage::clients::list)),
        ("/clients/{client_id}/usage", get(usage::clients::read)),
        ("/scopes/usage", get(usage::scope::read)),
    ]
}

fn decisions() -> Vec<Route> {
    vec![
        ("/explain", post(explain::explain)),
        ("/audit", get(audit::list)),
        ("/changes", get(changes::list)),
    ]
}

fn open_documents() -> Vec<Route> {
    vec![
        (
            "/scopes/all",
            get(catalogue::list).options(lists::preflight),
        ),
        (
            "/delegationsources",
            get(lists::delegation_sources).options(lists::preflight),
        ),
        (
            "/prefix/all",
            get(lists::prefixes).options(lists::preflight),
        ),
        (
            "/openapi.json",
            get(openapi::serve).options(lists::preflight),
        ),
        ("/docs", get(openapi::page::serve)),
    ]
}
