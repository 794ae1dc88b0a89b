//! The machine-to-machine surface: token endpoint, metadata, keys and error pages over HTTP
//! (spec: maskinporten §3, §12).
//!
//! It turns requests into calls of [`TokenExchange`] and its results into answers. It knows no
//! SQL and takes no decision of its own. Start reading at [`service`].

mod answer;
mod documents;
mod error_page;
mod observer;
mod route;
mod shares;
mod state;
mod token;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Bytes, HttpBody};
use axum::http::Request;
use axum::response::Response;
use portvakt_core::grant::TokenExchange;
use portvakt_http::{Limits, RateLimits, RequestIdSource};
use tower::Service;

pub use self::observer::{Decision, Observer, Unobserved};
pub use self::route::{ROUTES, route_of};
pub use self::shares::TokenShares;

use self::state::State;

/// What the surface is made of.
pub struct Surface {
    /// The issuer that answers, unless a request names a sibling's host.
    pub exchange: TokenExchange,
    /// Further issuers, each chosen by the host of its identifier (Skyporten beside Maskinporten).
    pub siblings: Vec<TokenExchange>,
    /// Hears of every decision.
    pub observer: Arc<dyn Observer>,
    /// Makes request ids, which are the trace ids of error descriptions too.
    pub request_ids: RequestIdSource,
    /// Bounds of size and time.
    pub limits: Limits,
    /// How often addresses may ask, and the shares of which clients are told. That they are kept to is
    /// for the exchanges to see to.
    pub rates: RateLimits,
    /// How long metadata and keys may be cached, in seconds.
    pub cache_seconds: u32,
}

/// The surface as a service. It finds its six routes itself: what a router does for each request, and
/// its layers once more, took a tenth of the ES256 tokens that a core can issue.
#[derive(Clone)]
pub struct MachineSurface(Arc<State>);

/// Puts the surface together.
pub fn service(surface: Surface) -> MachineSurface {
    MachineSurface(Arc::new(State::new(surface)))
}

impl<B> Service<Request<B>> for MachineSurface
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let state = Arc::clone(&self.0);
        Box::pin(async move { Ok(state.answer(request).await) })
    }
}
