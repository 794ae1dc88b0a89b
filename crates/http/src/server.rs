use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::{Service, ServiceExt};

use crate::connection::serve_connection;
use crate::{Limits, Shutdown, Tls};

/// How long to wait after a failed accept. The usual cause is that the process is out of file
/// descriptors, which trying again at once does not mend.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound address that [`serve`] has yet to accept connections on.
///
/// Binding apart from serving lets a process learn its ports, and fail, before it says it is ready.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    local_addr: SocketAddr,
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// Binds an address; port 0 takes a free one.
    pub async fn bind(addr: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind(addr).await?;
        let local_addr = socket.local_addr()?;
        Ok(Self {
            socket,
            local_addr,
            tls: None,
        })
    }

    /// Speaks TLS on every connection, with what `tls` holds when it begins.
    #[must_use]
    pub fn with_tls(self, tls: Arc<Tls>) -> Self {
        Self {
            tls: Some(tls),
            ..self
        }
    }

    /// The address that was bound, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, addr = %self.local_addr, "cannot accept connections");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// What [`serve`] serves: an [`axum::Router`], or another service that answers every request.
pub trait Surface: Clone + Send + 'static {
    /// The answer to a request, whose extensions have the client's address.
    fn answer(
        self,
        request: http::Request<Incoming>,
    ) -> impl Future<Output = Response> + Send + 'static;
}

impl<S> Surface for S
where
    S: Service<http::Request<Incoming>, Response = Response, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    async fn answer(self, request: http::Request<Incoming>) -> Response {
        let Ok(response) = self.oneshot(request).await;
        response
    }
}

/// Serves a surface over HTTP/1.1 until `shutdown` is triggered.
///
/// Handlers find the client's address as [`axum::extract::ConnectInfo`]. They should be in an
/// [`Envelope`](crate::Envelope): here only connections and header sections are bounded.
///
/// On shutdown the port is closed at once, idle connections are closed, and requests that have
/// started are answered. Returns when the last is, or after [`Limits::shutdown_grace`].
pub async fn serve(listener: Listener, surface: impl Surface, limits: Limits, shutdown: Shutdown) {
    let mut connections = JoinSet::new();
    accept_until_shutdown(&listener, &surface, limits, &shutdown, &mut connections).await;
    drop(listener);

    let finished = timeout(limits.shutdown_grace, async {
        while connections.join_next().await.is_some() {}
    });
    if finished.await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "shutdown cut off unfinished requests"
        );
        connections.shutdown().await;
    }
}

async fn accept_until_shutdown(
    listener: &Listener,
    surface: &impl Surface,
    limits: Limits,
    shutdown: &Shutdown,
    connections: &mut JoinSet<()>,
) {
    let slots = Arc::new(Semaphore::new(
        limits.max_connections.min(Semaphore::MAX_PERMITS),
    ));
    loop {
        tokio::select! {
            biased;
            () = shutdown.wait() => return,
            // Only to forget connections that have ended.
            Some(_) = connections.join_next() => {}
            (stream, peer, slot) = accept_into_slot(listener, &slots) => {
                let (surface, shutdown) = (surface.clone(), shutdown.clone());
                let tls = listener.tls.clone();
                connections.spawn(async move {
                    serve_stream(stream, tls, peer, surface, limits, shutdown).await;
                    drop(slot);
                });
            }
        }
    }
}

/// One connection, behind its handshake if it has one. The handshake is what a client owes first,
/// so it has the time of a header section.
async fn serve_stream(
    stream: TcpStream,
    tls: Option<Arc<Tls>>,
    peer: SocketAddr,
    surface: impl Surface,
    limits: Limits,
    shutdown: Shutdown,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let Some(tls) = tls else {
        return serve_connection(stream, peer, surface, limits, shutdown).await;
    };
    let handshake = timeout(limits.header_timeout, tls.accept(stream));
    let secured = tokio::select! {
        secured = handshake => secured,
        () = shutdown.wait() => return,
    };
    match secured {
        Ok(Ok(stream)) => serve_connection(stream, peer, surface, limits, shutdown).await,
        Ok(Err(error)) => tracing::debug!(%error, "handshake refused"),
        Err(_) => tracing::debug!("handshake timed out"),
    }
}

/// Waits for room first: a connection that is not accepted costs the process nothing.
async fn accept_into_slot(
    listener: &Listener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await;
    (stream, peer, slot)
}

fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
