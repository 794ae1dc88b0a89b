//! `Portvakt-Min-Revision`: the caller reads what it, or somebody else, has written.

use axum::http::{HeaderMap, StatusCode};
use portvakt_core::ports::{Revision, Store};
use portvakt_core::revision::{WaitError, wait_for};
use portvakt_http::min_revision;

use crate::problem::{Object, Problem};

/// Waits until the store tells of the revision that the request asks for, if it asks for one.
pub(crate) async fn wait(store: &dyn Store, headers: &HeaderMap) -> Result<(), Problem> {
    let wanted = min_revision(headers).map_err(|error| {
        let message = error.to_string();
        Problem::new(StatusCode::BAD_REQUEST, Object::Request, &message)
    })?;
    let Some(wanted) = wanted else {
        return Ok(());
    };
    match wait_for(store, Revision(wanted), tokio::time::sleep).await {
        Ok(_) => Ok(()),
        Err(WaitError::Storage(error)) => Err(Problem::storage(&error)),
        Err(error @ WaitError::NotReached { .. }) => Err(Problem::too_early(&error.to_string())),
    }
}
