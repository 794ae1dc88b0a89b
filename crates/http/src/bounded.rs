//! The envelope around a surface: an id, a deadline, a size and a net for panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::Route;
use axum::{BoxError, Router};
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::EXPECT;
use http::request::Parts;
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

/// Puts every route and fallback that `router` has so far into an [`Envelope`]. Handlers find the
/// [`RequestId`] in the extensions of the request.
pub fn bounded(
    router: Router,
    limits: &Limits,
    request_ids: RequestIdSource,
    render: RenderFault,
) -> Router {
    around(router, Envelope::new(limits, request_ids, render), envelop)
}

async fn envelop(envelope: Arc<Envelope>, request: Request, route: Route) -> Response {
    let handle = |mut head: Parts, body, id| {
        head.extensions.insert::<RequestId>(id);
        pass_on(Request::from_parts(head, Body::from(body)), route)
    };
    envelope.answer(request, handle).await
}

/// What surrounds each request of a surface.
///
/// Each has a [`RequestId`], which is in the answer too; its body is read whole before its handler
/// starts, within [`Limits::max_body_bytes`]; body and handler share [`Limits::request_timeout`]; at
/// most [`Limits::max_requests`] handlers work at a time. A handler that is late or panics is answered
/// for. Late handlers are dropped at their next `await`, so what must happen has to be a task of its own.
pub struct Envelope {
    limits: Limits,
    admission: Admission,
    request_ids: RequestIdSource,
    render: RenderFault,
}

impl Envelope {
    /// An envelope for one surface.
    pub fn new(limits: &Limits, request_ids: RequestIdSource, render: RenderFault) -> Self {
        Self {
            limits: *limits,
            admission: Admission::new(limits.max_requests),
            request_ids,
            render,
        }
    }

    /// The answer of `handle`, which gets the request's head, body and id, or one in its stead.
    pub async fn answer<B, F>(
        &self,
        request: http::Request<B>,
        handle: impl FnOnce(Parts, Bytes, RequestId) -> F,
    ) -> Response
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
        F: Future<Output = Response>,
    {
        let id = RequestId::from_bytes((self.request_ids)());
        // Unwind safety: a handler that panicked is dropped whole, and what it shares with others is
        // behind locks that are poisoned or transactions that are rolled back.
        let outcome = AssertUnwindSafe(self.handled(request, |head, body| handle(head, body, id)))
            .catch_unwind()
            .await;
        let outcome = outcome.unwrap_or_else(|_payload| {
            // The payload may quote what the handler was working on, so it stays out of the log.
            tracing::error!(request_id = %id, "a handler panicked");
            Err(TransportFault::HandlerPanicked)
        });

        let mut response = outcome.unwrap_or_else(|fault| {
            tracing::debug!(request_id = %id, %fault, "request answered in place of its handler");
            (self.render)(fault, id)
        });
        response
            .headers_mut()
            .insert(X_REQUEST_ID, id.to_header_value());
        response
    }

    async fn handled<B, F>(
        &self,
        request: http::Request<B>,
        handle: impl FnOnce(Parts, Bytes) -> F,
    ) -> Result<Response, TransportFault>
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
        F: Future<Output = Response>,
    {
        let limits = &self.limits;
        let mut late = TransportFault::BodyTimeout;
        let in_time = timeout(limits.request_timeout, async {
            let (head, body) = request.into_parts();
            let body = read_whole(&head, body, limits.max_body_bytes).await?;
            late = TransportFault::HandlerTimeout;
            // Only now: whoever sends slowly must not hold a place that others could use.
            let admitted = self.admission.admit();
            let _admitted = admitted.ok_or(TransportFault::Overloaded)?;
            // Handlers compute for long stretches. What else has arrived is counted first, and what is
            // too much of it turned away, so that nobody waits behind the whole queue for a refusal.
            yield_now().await;
            Ok(handle(head, body).await)
        });
        in_time.await.unwrap_or_else(|_| Err(late))
    }
}

/// The body in memory.
async fn read_whole<B>(
    head: &Parts,
    mut body: B,
    max_body_bytes: usize,
) -> Result<Bytes, TransportFault>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    let read = read_body(&mut body, max_body_bytes).await;
    // A client that waits to be asked for its body has not sent it.
    if read == Err(TransportFault::BodyTooLarge) && !head.headers.contains_key(EXPECT) {
        discard(body).await;
    }
    read
}

async fn read_body<B>(body: &mut B, max_body_bytes: usize) -> Result<Bytes, TransportFault>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
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

async fn discard(mut body: impl HttpBody<Data = Bytes> + Unpin) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > MAX_DISCARDED_BYTES {
            return;
        }
    }
}
