//! `/dev/keys/rotate`: sign with a new key from now on.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::Controls;
use super::answer::{Problem, document, read};
use crate::dev::surface_name::SurfaceName;

/// Whose keys.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Request {
    surface: SurfaceName,
}

/// `POST`, with `{"surface": ...}`, `{}` or nothing.
pub(super) async fn rotate(
    State(controls): State<Controls>,
    body: Bytes,
) -> Result<Response, Problem> {
    let request = if body.is_empty() {
        Request::default()
    } else {
        read(&body)?
    };
    let keys = match request.surface {
        SurfaceName::Maskinporten => controls.keys,
        SurfaceName::Idporten => controls.login_keys,
    };
    let rotation = keys.rotate().await;
    let rotation = rotation.map_err(|error| Problem::internal(&error))?;
    Ok(document(&rotation))
}
