//! One connection, from the first request on it to the last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;

use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::timed_stream::{Activity, TimedStream};
use crate::{Limits, Shutdown, Surface};

/// The least that the parser's buffer can hold.
const MIN_BUFFER_BYTES: usize = 8 * 1024;

/// Serves requests until the client goes, stalls or breaks the rules of HTTP, or until shutdown,
/// which a request that has started survives.
pub(crate) async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    peer: SocketAddr,
    surface: impl Surface,
    limits: Limits,
    shutdown: Shutdown,
) {
    let activity = Activity::default();
    let stream = TokioIo::new(TimedStream::new(stream, limits, activity.clone()));
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        let working = activity.begin();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = surface.clone().answer(request);
        async move {
            let response = response.await;
            drop(working);
            Ok::<_, Infallible>(response)
        }
    });

    let mut connection = pin!(parser(&limits).serve_connection(stream, service));
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = shutdown.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        // Strangers cause these at will, so they are no news for the operator.
        tracing::debug!(%error, "connection ended early");
    }
}

fn parser(limits: &Limits) -> http1::Builder {
    let mut parser = http1::Builder::new();
    parser
        // `TimedStream` keeps the times.
        .header_read_timeout(None)
        .max_header_size(limits.max_header_bytes)
        .max_buf_size(limits.max_header_bytes.max(MIN_BUFFER_BYTES))
        // Answers are short: copying head and body together costs less than handing over two pieces.
        .writev(false)
        .keep_alive(true)
        .half_close(false);
    parser
}
