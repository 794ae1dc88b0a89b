//! The layer around a surface that counts its requests.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::http::Request;
use axum::response::Response;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::requests::{Counting, SurfaceMeter};
use crate::route_names::RouteNames;

/// Counts every request of a surface, also those that are answered in place of its handlers: it belongs
/// outside everything else.
#[derive(Clone, Debug)]
pub(super) struct CountRequests {
    pub(super) surface: Arc<SurfaceMeter>,
    /// In the spelling of the surface's table.
    pub(super) routes: RouteNames,
}

/// A service that is counted.
#[derive(Clone, Debug)]
pub(crate) struct Counted<S> {
    layer: CountRequests,
    service: S,
}

impl<S> Layer<S> for CountRequests {
    type Service = Counted<S>;

    fn layer(&self, service: S) -> Counted<S> {
        Counted {
            layer: self.clone(),
            service,
        }
    }
}

impl<B, S: Service<Request<B>, Response = Response>> Service<Request<B>> for Counted<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = CountedAnswer<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let CountRequests { surface, routes } = &self.layer;
        let counting = surface.route(routes.of(&request)).begin();
        CountedAnswer {
            answer: self.service.call(request),
            counting,
        }
    }
}

pin_project! {
    /// The answer on its way. Dropped before it is there, it counts as abandoned.
    pub(crate) struct CountedAnswer<F> {
        #[pin]
        answer: F,
        counting: Counting,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for CountedAnswer<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = ready!(this.answer.poll(context));
        if let Ok(response) = &outcome {
            this.counting.answered(response.status());
        }
        Poll::Ready(outcome)
    }
}
