//! `/dev/keys/rotate`: sign with a new key from now on.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::Controls;
use super::answer::{Problem, document, read};

/// Nothing can be said yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {}

/// `POST`, with `{}` or nothing.
pub(super) async fn rotate(
    State(controls): State<Controls>,
    body: Bytes,
) -> Result<Response, Problem> {
    if !body.is_empty() {
        let Request {} = read(&body)?;
    }
    let rotation = controls.keys.rotate().await;
    let rotation = rotation.map_err(|error| Problem::internal(&error))?;
    Ok(document(&rotation))
}
