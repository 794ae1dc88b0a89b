//! The layer around a surface that makes a span of each request.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use pin_project_lite::pin_project;
use portvakt_core::spans;
use portvakt_http::{ERROR_TYPE, TraceContext, TrustedProxies, X_REQUEST_ID};
use tower::{Layer, Service};
use tracing::field::Empty;
use tracing::{Span, info_span};
use url::Url;

use super::layer::{NAME, PARENT_ID, REQUEST, STATUS_CODE, TRACE_ID, TRACE_STATE};
use super::sampler::{Placed, Sampler};
use crate::route_names::RouteNames;

const REQUEST_ID: &str = "portvakt.request_id";
/// The type of error of a request whose client did not wait for the answer.
const ABANDONED: &str = "abandoned";

/// How a surface is called in its spans. All of it is the operator's, nothing a stranger's.
#[derive(Clone, Debug)]
pub(crate) struct TracedSurface {
    /// Its name.
    pub(crate) name: &'static str,
    /// The address that it is known by.
    pub(crate) url: Url,
    /// In the spelling that is told.
    pub(crate) routes: RouteNames,
    /// The route of a request whose own cannot be seen from outside; none for an address where nothing is.
    pub(crate) otherwise: Option<&'static str>,
}

/// Follows every request of a surface, if there are traces.
#[derive(Clone, Debug)]
pub(crate) struct FollowRequests(pub(super) Option<Arc<Follower>>);

/// What it takes to follow one.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) sampler: Sampler,
    pub(super) proxies: TrustedProxies,
    pub(super) surface: TracedSurface,
}

impl Follower {
    /// Finds the request's place in a trace and tells its handlers. The span is none if the request is
    /// not sampled.
    fn begin<B>(&self, request: &mut Request<B>) -> Span {
        let placed = self.sampler.place(self.continued(request));
        request.extensions_mut().insert(placed.trace_id);
        if placed.sampled {
            self.span(request, &placed)
        } else {
            Span::none()
        }
    }

    /// Only a proxy that is trusted can say that the request belongs to a trace of its own.
    fn continued<B>(&self, request: &Request<B>) -> Option<TraceContext> {
        let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
        let is_trusted = self.proxies.trust(peer.ip());
        is_trusted.then(|| TraceContext::of(request.headers()))?
    }

    fn span<B>(&self, request: &Request<B>, placed: &Placed) -> Span {
        let surface = &self.surface;
        let method = method(request.method());
        let route = surface.routes.of(request).or(surface.otherwise);
        let name = route.map(|route| format!("{method} {route}"));
        let continued = placed.continued.as_ref();
        info_span!(
            target: spans::TARGET,
            parent: None,
            REQUEST,
            { NAME } = name.as_deref().unwrap_or(method),
            { TRACE_ID } = placed.trace_id.0,
            { PARENT_ID } = continued.map(|context| context.parent_id),
            { TRACE_STATE } = continued.and_then(|context| context.state.as_deref()),
            { STATUS_CODE } = Empty,
            { ERROR_TYPE } = Empty,
            { REQUEST_ID } = Empty,
            "http.request.method" = method,
            "http.route" = route,
            "url.scheme" = surface.url.scheme(),
            "server.address" = surface.url.host_str(),
            "portvakt.surface" = surface.name,
        )
    }
}

/// The methods that there are; any other is a stranger's invention.
fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    let known = KNOWN.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("_OTHER")
}

/// A service that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Followed<S> {
    layer: FollowRequests,
    service: S,
}

impl<S> Layer<S> for FollowRequests {
    type Service = Followed<S>;

    fn layer(&self, service: S) -> Followed<S> {
        Followed {
            layer: self.clone(),
            service,
        }
    }
}

impl<B, S: Service<Request<B>, Response = Response>> Service<Request<B>> for Followed<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = FollowedAnswer<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let span = match &self.layer.0 {
            Some(follower) => follower.begin(&mut request),
            None => Span::none(),
        };
        let answer = span.in_scope(|| self.service.call(request));
        FollowedAnswer {
            answer,
            following: Following(Some(span)),
        }
    }
}

pin_project! {
    /// The answer on its way.
    pub(crate) struct FollowedAnswer<F> {
        #[pin]
        answer: F,
        following: Following,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for FollowedAnswer<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = this.following.0.as_ref().map(Span::enter);
        let outcome = ready!(this.answer.poll(context));
        drop(entered);
        if let (Ok(response), Some(span)) = (&outcome, this.following.0.take()) {
            answered(&span, response);
        }
        Poll::Ready(outcome)
    }
}

/// The span of a request that has no answer yet.
struct Following(Option<Span>);

impl Drop for Following {
    fn drop(&mut self) {
        if let Some(span) = &self.0 {
            span.record(ERROR_TYPE, ABANDONED);
        }
    }
}

fn answered(span: &Span, response: &Response) {
    if span.is_none() {
        return;
    }
    let status = response.status();
    span.record(STATUS_CODE, u64::from(status.as_u16()));
    if is_error(status) {
        // Where the surface said nothing nearer.
        span.record(ERROR_TYPE, status.as_str());
    }
    let id = response.headers().get(X_REQUEST_ID);
    if let Some(id) = id.and_then(|id| id.to_str().ok()) {
        span.record(REQUEST_ID, id);
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}
