//! Requests that no HTTP client would send: bytes, halves, pauses.

use portvakt_testkit::TestServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that a test writes to byte by byte.
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) async fn connect(server: &TestServer) -> Self {
        let stream = TcpStream::connect(server.address()).await;
        Self(stream.expect("the server accepts connections"))
    }

    /// Writes; a server that has answered and closed already is no fault of the test's.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Says that nothing more comes.
    pub(crate) async fn finish(&mut self) {
        let _ = self.0.shutdown().await;
    }

    /// Everything until the server closes the connection.
    pub(crate) async fn answer(mut self) -> String {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The header section of a token request whose body has this many bytes.
pub(crate) fn token_head(length: usize) -> String {
    format!(
        "POST /token HTTP/1.1\r\nHost: mp.example.no\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    )
}
