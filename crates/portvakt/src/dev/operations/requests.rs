//! `/dev/requests`: the last decisions.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::Controls;
use super::answer::{Problem, document};
use crate::dev::journal::CAPACITY;

/// What the address may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    limit: Option<usize>,
}

/// `GET`: newest first.
pub(super) async fn list(
    State(controls): State<Controls>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(parameters) =
        parameters.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let newest = controls
        .journal
        .newest(parameters.limit.unwrap_or(CAPACITY));
    let newest: Vec<_> = newest.iter().map(AsRef::as_ref).collect();
    Ok(document(&json!({ "requests": newest })))
}

/// `GET` of one, by the `trace_id` of its answer.
pub(super) async fn show(
    State(controls): State<Controls>,
    Path(request_id): Path<String>,
) -> Result<Response, Problem> {
    let entry = controls.journal.find(&request_id).ok_or_else(|| {
        Problem::not_found(format!(
            "no such request among the last {CAPACITY}; a restart forgets them too"
        ))
    })?;
    Ok(document(entry.as_ref()))
}
