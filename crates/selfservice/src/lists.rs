//! The open lists beside the catalogue of scopes (spec: selfservice §8).

use axum::http::StatusCode;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW,
};
use axum::response::{IntoResponse, Response};
use portvakt_api_types::{DelegationSourceResponse, PrefixResponse};
use portvakt_core::delegation::DelegationSource;
use portvakt_core::ports::{Listing, PrefixAssignment};

use crate::call::Call;
use crate::problem::Problem;
use crate::reply;

/// `GET /delegationsources`
pub(crate) async fn delegation_sources(call: Call) -> Result<Response, Problem> {
    let mut unit = call.read().await?;
    let sources = unit.list_delegation_sources().await;
    let sources = sources.map_err(|error| Problem::storage(&error))?;
    let offered = sources.into_iter().filter(|source| source.active);
    let body: Vec<_> = offered.map(source).collect();
    let revision = reply::commit(unit).await?;
    Ok(reply::open(&call.headers, &body, revision))
}

/// `GET /prefix/all`
pub(crate) async fn prefixes(call: Call) -> Result<Response, Problem> {
    let mut unit = call.read().await?;
    let prefixes = unit.list_prefixes(None, Listing::Active).await;
    let prefixes = prefixes.map_err(|error| Problem::storage(&error))?;
    let body: Vec<_> = prefixes.iter().map(prefix).collect();
    let revision = reply::commit(unit).await?;
    Ok(reply::open(&call.headers, &body, revision))
}

/// `OPTIONS` of an open list: pages send their token along although nobody looks at it.
pub(crate) async fn preflight() -> Response {
    let headers = [
        (ALLOW, "GET, HEAD, OPTIONS"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, If-None-Match, Portvakt-Min-Revision",
        ),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn source(source: DelegationSource) -> DelegationSourceResponse {
    DelegationSourceResponse {
        name: source.name,
        issuer: source.issuer,
        created: source.created.to_string(),
        last_updated: source.last_updated.to_string(),
    }
}

fn prefix(assignment: &PrefixAssignment) -> PrefixResponse {
    PrefixResponse {
        prefix: assignment.prefix.to_string(),
        owner_orgno: assignment.owner_orgno.to_string(),
        created: assignment.created.to_string(),
        last_updated: assignment.last_updated.to_string(),
    }
}
