//! The listener.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use kube::Client;
use portvakt_http::{
    Limits, Listener, RequestId, RequestIdSource, Shutdown, TransportFault, bounded, serve,
};
use tokio::time::sleep;

use super::certificates::{Keeper, Place};
use super::configuration::{PATH, TIMEOUT_SECONDS};
use super::{directory, review};
use crate::cluster_error::ClusterError;
use crate::injection::{Injection, Settings, inject, target};
use crate::pass::cut;

/// The API server accepts no object above this size from anybody; the question around it adds little.
const MAX_BODY_BYTES: usize = 3 * 1024 * 1024;

/// Together with the size of bodies this is what strangers in the cluster can make the operator hold.
const MAX_CONNECTIONS: usize = 64;

const MAX_REQUESTS: usize = 32;

/// Whoever connects and says nothing leaves the place to others before a question runs out of time.
const HEADER_TIMEOUT: Duration = Duration::from_secs(TIMEOUT_SECONDS - 1);

/// The API server asks again on the same connection while many Pods are made; otherwise it can well connect anew.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// A webhook that is to be served.
pub struct Webhook {
    /// The API server.
    pub client: Client,
    /// What Pods are given.
    pub settings: Settings,
    /// Where its certificates are.
    pub place: Place,
    /// How long it goes on answering after it was told to stop. The API server asks a replica until it has
    /// heard that it goes, and a question without an answer is a Pod without credentials.
    pub drain: Duration,
}

/// A question that could not be answered. The API server then does what its failure policy says.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// What there is for a Pod could not be looked up.
    #[error(transparent)]
    LookUp(#[from] ClusterError),
    /// The answer could not be written.
    #[error(transparent)]
    Answer(#[from] kube::core::admission::SerializePatchError),
}

impl Webhook {
    /// Serves until `shutdown` comes, and a while longer. Certificates are made first, and looked after
    /// throughout. `now` is the clock, in seconds since 1970.
    pub async fn run(
        self,
        listener: Listener,
        request_ids: RequestIdSource,
        now: fn() -> i64,
        shutdown: Shutdown,
    ) {
        let mut keeper = Keeper::new(&self.client, self.place, now);
        let Some(tls) = keeper.ready(&shutdown).await else {
            return;
        };
        tracing::info!(address = %listener.local_addr(), "the webhook answers");
        let limits = limits();
        let router = router(self.client, self.settings);
        let router = bounded(router, &limits, request_ids, render);
        let end = Shutdown::new();
        let keeping = keeper.run(end.clone());
        let serving = serve(listener.with_tls(tls), router, limits, end.clone());
        let ending = async {
            shutdown.wait().await;
            sleep(self.drain).await;
            end.trigger();
        };
        tokio::join!(keeping, serving, ending);
    }
}

/// The one route. Of the limits it has that of the body alone.
pub fn router(client: Client, settings: Settings) -> Router {
    let asked = Arc::new(Asked { client, settings });
    Router::new()
        .route(PATH, post(answer))
        // Without a word the framework has a smaller one.
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(asked)
}

struct Asked {
    client: Client,
    settings: Settings,
}

async fn answer(State(asked): State<Arc<Asked>>, headers: HeaderMap, body: Bytes) -> Response {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if !is_json {
        let message = "write the header Content-Type: application/json\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    }
    let request = match review::read(&body) {
        Ok(request) => request,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    let outcome = match review::made(&request) {
        Some((pod, namespace)) => asked.injection(pod, namespace).await,
        None => Ok(Ok(Injection::default())),
    };
    let answer = outcome.and_then(|outcome| {
        if let Err(refusal) = &outcome {
            let namespace = request.namespace.as_deref().unwrap_or_default();
            let pod = cut(request.name.clone(), review::MAX_REPEATED);
            tracing::info!(namespace, pod, %refusal, "a Pod is refused");
        }
        Ok(review::answer(&request, outcome)?)
    });
    match answer {
        Ok(review) => Json(review).into_response(),
        Err(error) => {
            tracing::warn!(%error, "a question of the API server is not answered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "see the log of the operator\n",
            )
                .into_response()
        }
    }
}

impl Asked {
    async fn injection(
        &self,
        pod: &k8s_openapi::api::core::v1::Pod,
        namespace: &str,
    ) -> Result<Result<Injection, crate::injection::Refusal>, WebhookError> {
        let target = match target(pod) {
            Ok(Some(target)) => target,
            Ok(None) => return Ok(Ok(Injection::default())),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let settings = &self.settings;
        let found = directory::look_up(&self.client, namespace, &target, settings).await;
        let found = found.map_err(ClusterError::at("look up what there is for a Pod"))?;
        let injected = inject(pod, &target, &found.given, settings);
        Ok(injected.map(|mut injection| {
            injection.warnings.extend(found.warnings);
            injection
        }))
    }
}

/// The handler has less time than the API server waits, so that it hears why.
fn limits() -> Limits {
    Limits {
        request_timeout: Duration::from_secs(TIMEOUT_SECONDS - 1),
        header_timeout: HEADER_TIMEOUT,
        keep_alive_timeout: KEEP_ALIVE_TIMEOUT,
        max_body_bytes: MAX_BODY_BYTES,
        max_connections: MAX_CONNECTIONS,
        max_requests: MAX_REQUESTS,
        ..Limits::default()
    }
}

fn render(fault: TransportFault, _: RequestId) -> Response {
    (fault.status(), format!("{fault}\n")).into_response()
}
