//! The operator's API: organizations, prefixes, clients of anybody, what only the operator sets,
//! the server's keys and the audit log (spec: selfservice §14).
//!
//! It is a router of its own, for a listener that the public cannot reach, and the public router
//! knows none of its addresses. Who may use it is decided by
//! [`portvakt_core::administration::operator`]; see [`proof`]. Start reading at [`routes`].

mod audit;
mod body;
mod clients;
mod delegations;
mod organizations;
mod prefixes;
mod proof;
mod routes;
mod scopes;
mod signing_keys;
mod sources;

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use axum::{Extension, Router};
use portvakt_core::audit::Act;

use crate::{Surface, assemble};

#[cfg(test)]
pub(crate) use self::routes::paths;

/// Where the API begins.
pub const OPERATOR_BASE_PATH: &str = "/operator/v1";

/// What the operator's API is made of.
pub struct OperatorSurface {
    /// As for the public API, over the same store; `base_urls` are those of this API.
    pub surface: Surface,
    /// Exchanges the server's signing keys.
    pub rotation: Arc<dyn KeyRotation>,
}

/// Whoever keeps the server's signing keys.
#[async_trait]
pub trait KeyRotation: Send + Sync {
    /// Signs with a new key from now on; the old one stays published, so that its tokens verify.
    /// The change is in the audit log as `act`. It is carried through even when the caller goes
    /// away. The error is for the log.
    async fn rotate(&self, act: Act) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// The operator's API as a router, below [`OPERATOR_BASE_PATH`].
pub fn operator_router(surface: OperatorSurface) -> Router {
    let OperatorSurface { surface, rotation } = surface;
    assemble(surface, |state| {
        let routes = routes::all().with_state(state).layer(Extension(rotation));
        // As a service: whatever is below the path and unknown is answered here, not by a router
        // that this one is merged with.
        Router::new().nest_service(OPERATOR_BASE_PATH, routes)
    })
}
