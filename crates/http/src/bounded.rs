//! The envelope around a router: an id, a deadline, a size and a net for panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::Route;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::EXPECT;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::admission::Admission;
use crate::around::{around, pass_on};
use crate::request_id::X_REQUEST_ID;
use crate::{Limits, RequestId, RequestIdSource, TransportFault};

/// Renders a fault in the shape of the surface's protocol. The answer should have the status of
/// [`TransportFault::status`].
pub type RenderFault = fn(TransportFault, RequestId) -> Response;

/// How many bytes of a body that is too large are read and thrown away, so that an honest client
/// gets to read its 413: closing a connection with unread bytes resets it, which can destroy the
/// answer on its way.
const MAX_DISCARDED_BYTES: usize = 1024 * 1024;

/// Wraps every route and fallback that `router` has so far.
///
/// Each request gets a [`RequestId`] in its extensions and in the answer; its body is read whole
/// before the handler starts, within [`Limits::max_body_bytes`]; body and handler share
/// [`Limits::request_timeout`]; at most [`Limits::max_requests`] handlers of this router work at a
/// time. A handler that is late or panics is answered for. Late handlers are
/// dropped at their next `await`, so what must happen has to be a task of its own.
pub fn bounded(
    router: Router,
    limits: &Limits,
    request_ids: RequestIdSource,
    render: RenderFault,
) -> Router {
    let envelope = Envelope {
        limits: *limits,
        admission: Admission::new(limits.max_requests),
        request_ids,
        render,
    };
    around(router, envelope, envelop)
}

struct Envelope {
    limits: Limits,
    admission: Admission,
    request_ids: RequestIdSource,
    render: RenderFault,
}

async fn envelop(envelope: Arc<Envelope>, mut request: Request, route: Route) -> Response {
    let id = RequestId::from_bytes((envelope.request_ids)());
    request.extensions_mut().insert(id);

    // Unwind safety: a handler that panicked is dropped whole, and what it shares with others is
    // behind locks that are poisoned or transactions that are rolled back.
    let outcome = AssertUnwindSafe(answer(&envelope, request, route))
        .catch_unwind()
        .await;
    let outcome = outcome.unwrap_or_else(|_payload| {
        // The payload may quote what the handler was working on, so it stays out of the log.
        tracing::error!(request_id = %id, "a handler panicked");
        Err(TransportFault::HandlerPanicked)
    });

    let mut response = outcome.unwrap_or_else(|fault| {
        tracing::debug!(request_id = %id, %fault, "request answered in place of its handler");
        (envelope.render)(fault, id)
    });
    response
        .headers_mut()
        .insert(X_REQUEST_ID, id.to_header_value());
    response
}

async fn answer(
    envelope: &Envelope,
    request: Request,
    route: Route,
) -> Result<Response, TransportFault> {
    let limits = &envelope.limits;
    let mut late = TransportFault::BodyTimeout;
    let in_time = timeout(limits.request_timeout, async {
        let request = read_whole(request, limits.max_body_bytes).await?;
        late = TransportFault::HandlerTimeout;
        // Only now: whoever sends slowly must not hold a place that others could use.
        let admitted = envelope.admission.admit();
        let _admitted = admitted.ok_or(TransportFault::Overloaded)?;
        // Handlers compute for long stretches. What else has arrived is counted first, and what is too
        // much of it turned away, so that nobody waits behind the whole queue for a refusal.
        yield_now().await;
        Ok(pass_on(request, route).await)
    });
    in_time.await.unwrap_or_else(|_| Err(late))
}

/// The same request with its body in memory.
async fn read_whole(request: Request, max_body_bytes: usize) -> Result<Request, TransportFault> {
    let (parts, mut body) = request.into_parts();
    let read = read_body(&mut body, max_body_bytes).await;
    // A client that waits to be asked for its body has not sent it.
    if read == Err(TransportFault::BodyTooLarge) && !parts.headers.contains_key(EXPECT) {
        discard(body).await;
    }
    Ok(Request::from_parts(parts, Body::from(read?)))
}

async fn read_body(body: &mut Body, max_body_bytes: usize) -> Result<Bytes, TransportFault> {
    // With a Content-Length the answer is known before the first byte.
    if body.size_hint().lower() > max_body_bytes as u64 {
        return Err(TransportFault::BodyTooLarge);
    }
    match Limited::new(body, max_body_bytes).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(TransportFault::BodyTooLarge),
        Err(_) => Err(TransportFault::BodyMalformed),
    }
}

async fn discard(mut body: Body) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > MAX_DISCARDED_BYTES {
            return;
        }
    }
}
