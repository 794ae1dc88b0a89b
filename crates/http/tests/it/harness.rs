//! A server on a free port, and a client that writes exactly the bytes it is told to.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here fails the test that asked"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use portvakt_http::{Limits, Listener, RequestId, Shutdown, TransportFault, bounded, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a test waits for what must happen before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Timeouts that no test means to meet.
pub(crate) fn generous() -> Limits {
    Limits {
        header_timeout: PATIENCE * 2,
        request_timeout: PATIENCE * 2,
        keep_alive_timeout: PATIENCE * 2,
        write_timeout: PATIENCE * 2,
        shutdown_grace: PATIENCE * 2,
        ..Limits::default()
    }
}

/// A timeout that a test means to meet.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

pub(crate) struct TestServer {
    pub(crate) addr: SocketAddr,
    pub(crate) shutdown: Shutdown,
    task: JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start(router: Router, limits: Limits) -> Self {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let addr = listener.local_addr();
        let shutdown = Shutdown::new();
        let counter = AtomicU8::new(0);
        let source = Arc::new(move || [0xA0 | counter.fetch_add(1, Ordering::SeqCst); 16]);
        let router = bounded(router, &limits, source, render);
        let task = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
        Self {
            addr,
            shutdown,
            task,
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that what the server does not read the client cannot send.
        socket.set_send_buffer_size(16 * 1024).unwrap();
        Client {
            stream: socket.connect(self.addr).await.unwrap(),
            received: Vec::new(),
        }
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn answer_to(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut client = self.connect().await;
        client.send(request).await;
        client.answer().await
    }

    pub(crate) async fn stopped(self) {
        timeout(PATIENCE, self.task)
            .await
            .expect("the server stops")
            .expect("without a panic");
    }
}

fn render(fault: TransportFault, id: RequestId) -> Response {
    let body = format!(r#"{{"fault":"{fault:?}","trace_id":"{id}"}}"#);
    (fault.status(), body).into_response()
}

pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .write_all(bytes.as_ref())
            .await
            .expect("the server takes the bytes");
    }

    /// Sends bytes that the server may refuse to take.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// The next answer on the connection.
    pub(crate) async fn answer(&mut self) -> Answer {
        loop {
            if let Some((answer, length)) = Answer::parse(&self.received) {
                self.received.drain(..length);
                return answer;
            }
            assert!(
                self.receive().await,
                "closed instead of an answer: {:?}",
                self.text()
            );
        }
    }

    /// Waits for the server to close the connection; what came before is dropped.
    pub(crate) async fn closed(&mut self) {
        while self.receive().await {}
    }

    /// Asserts that the server closes the connection and says nothing.
    pub(crate) async fn closed_without_answer(mut self) {
        self.closed().await;
        assert_eq!(self.text(), "");
    }

    /// Whether more arrived before the connection ended.
    async fn receive(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.received));
        read.await
            .expect("an answer or an end of the connection")
            .unwrap_or(0)
            > 0
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(candidate, _)| candidate == name)
            .map(|(_, value)| &**value)
    }

    /// The first whole answer in `bytes` and its length.
    fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let text = str::from_utf8(bytes).expect("answers are text");
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status");
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").expect("a header"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut answer = Self {
            status,
            headers,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |value| value.parse().unwrap());
        rest.get(..length)?.clone_into(&mut answer.body);
        Some((answer, head.len() + 4 + length))
    }
}
