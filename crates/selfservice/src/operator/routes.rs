//! Which handler answers which address below the base.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post, put};

use super::{audit, clients, delegations, organizations, prefixes, scopes, signing_keys, sources};
use crate::routes::{Route, with_and_without_slash};
use crate::{State, openapi};

/// Every resource, with and without a slash at its end.
pub(super) fn all() -> Router<Arc<State>> {
    with_and_without_slash(table())
}

/// The addresses below the base.
#[cfg(test)]
pub(crate) fn paths() -> Vec<&'static str> {
    table().map(|(path, _)| path).collect()
}

fn table() -> impl Iterator<Item = Route> {
    let tables = [owners(), administered(), delegation(), server()];
    tables.into_iter().flatten()
}

fn owners() -> Vec<Route> {
    vec![
        ("/organizations", get(organizations::list)),
        (
            "/organizations/{orgno}",
            get(organizations::read)
                .put(organizations::save)
                .delete(organizations::deactivate),
        ),
        (
            "/organizations/{orgno}/prefixes",
            get(prefixes::list_of_organization),
        ),
        (
            "/organizations/{orgno}/prefixes/{prefix}",
            put(prefixes::assign).delete(prefixes::withdraw),
        ),
        ("/prefixes", get(prefixes::list)),
        ("/prefixes/{prefix}", get(prefixes::read)),
        ("/prefixes/{prefix}/transfer", post(prefixes::transfer)),
    ]
}

fn administered() -> Vec<Route> {
    let keys = get(clients::keys::read)
        .post(clients::keys::replace)
        .put(clients::keys::replace)
        .delete(clients::keys::remove);
    vec![
        (
            "/clients",
            get(clients::many::list).post(clients::many::create),
        ),
        (
            "/clients/{client_id}",
            get(clients::one::read).put(clients::one::update),
        ),
        (
            "/clients/{client_id}/scopes",
            put(clients::scopes::add).delete(clients::scopes::remove),
        ),
        ("/clients/{client_id}/jwks", keys),
        (
            "/clients/{client_id}/secret",
            post(clients::secret::rotate).put(clients::secret::rotate),
        ),
        ("/scopes", get(scopes::read).merge(patch(scopes::amend))),
    ]
}

fn delegation() -> Vec<Route> {
    vec![
        ("/delegationsources", get(sources::list)),
        (
            "/delegationsources/{name}",
            get(sources::read)
                .put(sources::save)
                .delete(sources::withdraw),
        ),
        (
            "/delegations",
            get(delegations::list)
                .put(delegations::save)
                .delete(delegations::end),
        ),
    ]
}

fn server() -> Vec<Route> {
    vec![
        ("/signing-keys", get(signing_keys::list)),
        ("/signing-keys/rotate", post(signing_keys::rotate)),
        ("/audit", get(audit::list)),
        ("/openapi.json", get(openapi::serve_operator)),
    ]
}
