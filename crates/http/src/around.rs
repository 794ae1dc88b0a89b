//! What happens around a router: before each of its requests, and after it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::Route;
use tower::layer::layer_fn;
use tower::{ServiceExt, service_fn};

/// Wraps every route and fallback that `router` has so far: `answer` gets what all requests share, the
/// request, and the route to [`pass_on`] to. axum's `from_fn` would box what follows once more for each
/// request.
pub(crate) fn around<S, A, F>(router: Router, shared: S, answer: A) -> Router
where
    S: Send + Sync + 'static,
    A: Fn(Arc<S>, Request, Route) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let shared = Arc::new(shared);
    router.layer(layer_fn(move |route: Route| {
        let shared = Arc::clone(&shared);
        service_fn(move |request| {
            let answer = answer(Arc::clone(&shared), request, route.clone());
            async move { Ok::<_, Infallible>(answer.await) }
        })
    }))
}

/// The route's answer.
pub(crate) async fn pass_on(request: Request, route: Route) -> Response {
    let Ok(response) = route.oneshot(request).await;
    response
}
