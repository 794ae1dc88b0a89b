//! The layer around a surface's router that counts its requests.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::requests::{Counting, RouteMeter, SurfaceMeter};

/// Counts every request of a router, also those that are answered in place of its handlers: it belongs
/// outside everything else.
#[derive(Clone, Debug)]
pub(super) struct CountRequests {
    pub(super) surface: Arc<SurfaceMeter>,
    /// Reads a router's spelling of a route as one of the surface's table.
    pub(super) spelling: fn(&str) -> &str,
}

/// A service that is counted. A router has one for each of its routes, which all requests of the route
/// clone, so the route's meter is looked up by the first of them alone.
#[derive(Clone, Debug)]
pub(super) struct Counted<S> {
    layer: CountRequests,
    route: Arc<OnceLock<Arc<RouteMeter>>>,
    service: S,
}

impl<S> Layer<S> for CountRequests {
    type Service = Counted<S>;

    fn layer(&self, service: S) -> Counted<S> {
        Counted {
            layer: self.clone(),
            route: Arc::default(),
            service,
        }
    }
}

impl<S: Service<Request, Response = Response>> Service<Request> for Counted<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = CountedAnswer<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let meter = self.route.get_or_init(|| {
            let matched = request.extensions().get::<MatchedPath>();
            let matched = matched.map(|path| (self.layer.spelling)(path.as_str()));
            self.layer.surface.route(matched)
        });
        let counting = meter.begin();
        CountedAnswer {
            answer: self.service.call(request),
            counting,
        }
    }
}

pin_project! {
    /// The answer on its way. Dropped before it is there, it counts as abandoned.
    pub(super) struct CountedAnswer<F> {
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
