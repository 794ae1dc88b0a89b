//! The outgoing calls of an operator: counted, and its death after one of them.

use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kube::client::Body;
use tokio::sync::Notify;
use tower::{Layer, Service};

/// What an operator has asked the API server and the issuer. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Shared>);

/// How an issuer fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It answers what is no answer.
    Garbage,
    /// It says that it cannot.
    Down,
}

#[derive(Default)]
struct Shared {
    made: Mutex<Vec<String>>,
    /// The call after which the operator dies, from 1.
    last: Option<usize>,
    died: Notify,
    fault: Mutex<Option<Fault>>,
}

impl Calls {
    /// Those of an operator that dies after this many of them: the last is carried out, and nobody hears
    /// how it went.
    pub(crate) fn until(last: usize) -> Self {
        Self(Arc::new(Shared {
            last: Some(last),
            ..Shared::default()
        }))
    }

    /// Everything that was asked, in order.
    pub(crate) fn made(&self) -> Vec<String> {
        self.0.made.lock().unwrap().clone()
    }

    /// What the issuer was asked to change.
    pub(crate) fn changes(&self) -> Vec<String> {
        let mut made = self.made();
        made.retain(|call| call.starts_with("issuer ") && !call.starts_with("issuer GET"));
        made
    }

    /// What the API server was asked to change, events apart.
    pub(crate) fn writes(&self) -> Vec<String> {
        let mut made = self.made();
        made.retain(|call| {
            call.starts_with("cluster ")
                && !call.starts_with("cluster GET")
                && !call.contains("/events")
        });
        made
    }

    /// Has the issuer fail from now on, or not any more.
    pub(crate) fn set(&self, fault: Option<Fault>) {
        *self.0.fault.lock().unwrap() = fault;
    }

    /// Waits for the operator's death.
    pub(crate) async fn death(&self) {
        self.0.died.notified().await;
    }

    fn begin(&self, to: &str, method: &str, place: &str) -> usize {
        let mut made = self.0.made.lock().unwrap();
        made.push(format!("{to} {method} {place}"));
        made.len()
    }

    async fn end(&self, number: usize) {
        if self.0.last.is_some_and(|last| number >= last) {
            self.0.died.notify_one();
            pending::<()>().await;
        }
    }

    /// Counts a call of the issuer.
    pub(crate) async fn of_issuer(self, request: Request, next: Next) -> Response {
        let place = request.uri().path_and_query().map(ToString::to_string);
        let method = request.method().to_string();
        let number = self.begin("issuer", &method, &place.unwrap_or_default());
        let fault = *self.0.fault.lock().unwrap();
        let answer = match fault {
            None => next.run(request).await,
            Some(Fault::Garbage) => "<html>This is not the API</html>".into_response(),
            Some(Fault::Down) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        };
        self.end(number).await;
        answer
    }
}

/// Counts calls of the API server.
impl<S> Layer<S> for Calls {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        let calls = self.clone();
        Counted { inner, calls }
    }
}

#[derive(Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    calls: Calls,
}

impl<S> Service<http::Request<Body>> for Counted<S>
where
    S: Service<http::Request<Body>>,
    S::Future: Send + 'static,
    S::Response: Send,
    S::Error: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let calls = self.calls.clone();
        let place = request.uri().path().to_owned();
        let number = calls.begin("cluster", request.method().as_str(), &place);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            calls.end(number).await;
            answer
        })
    }
}
