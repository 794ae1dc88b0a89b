//! The self-service surface and the operator's API with the policy of development.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use portvakt_core::SystemEntropy;
use portvakt_core::audit::Act;
use portvakt_core::client::UriPolicy;
use portvakt_core::refusals::RefusalSink;
use portvakt_http::{Limits, RateLimits};
use portvakt_selfservice::{
    KeyRotation, MAX_BODY_BYTES, OPERATOR_BASE_PATH, OperatorSurface, Settings, Surface,
};

use super::signing_keys::SigningKeys;
use super::surface::{Exchanges, Surroundings, limits};
use crate::data_dir::Endpoints;
use crate::request_ids::request_ids;

/// Where the API begins (spec: selfservice §2.1).
pub(super) fn base_url(port: u16) -> String {
    format!("http://localhost:{port}/api/v1")
}

/// What both surfaces are made of.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) surroundings: Surroundings,
    pub(super) exchanges: Exchanges,
    pub(super) refusals: Arc<dyn RefusalSink>,
}

/// The surface, which accepts tokens of this server's own machine-to-machine issuer.
pub(super) fn router(endpoints: &Endpoints, made: Made) -> Router {
    let base_url = endpoints.selfservice.base_url.clone();
    portvakt_selfservice::router(surface(endpoints, base_url, made))
}

/// The operator's API, which accepts tokens of the same issuer, for the operations port.
pub(super) fn operator_router(endpoints: &Endpoints, made: Made, keys: Arc<SigningKeys>) -> Router {
    let base_url = format!("{}{OPERATOR_BASE_PATH}", endpoints.operations.base_url);
    portvakt_selfservice::operator_router(OperatorSurface {
        surface: surface(endpoints, base_url, made),
        rotation: Arc::new(Rotation(keys)),
    })
}

/// Rotation as the operator's API asks for it.
struct Rotation(Arc<SigningKeys>);

#[async_trait]
impl KeyRotation for Rotation {
    async fn rotate(&self, act: Act) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.rotate_as(Some(act)).await?;
        Ok(())
    }
}

fn surface(endpoints: &Endpoints, base_url: String, made: Made) -> Surface {
    let Made {
        surroundings,
        exchanges,
        refusals,
    } = made;
    Surface {
        store: surroundings.store,
        keys: surroundings.keys,
        issuer: endpoints.maskinporten.issuer.clone(),
        base_urls: vec![base_url],
        clock: surroundings.clock,
        entropy: Arc::new(SystemEntropy),
        request_ids: request_ids(),
        rates: RateLimits::default(),
        limits: Limits {
            max_body_bytes: MAX_BODY_BYTES,
            ..limits()
        },
        settings: Settings {
            login_addresses: UriPolicy::Test,
            ..Settings::default()
        },
        exchange: exchanges.maskinporten,
        siblings: vec![exchanges.skyporten],
        refusals,
    }
}
