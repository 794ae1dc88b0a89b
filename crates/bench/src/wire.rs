//! HTTP/1.1 as a load generator needs it: one request after another on one connection.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const GRANT_TYPE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// A connection that stays open.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("connect")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(4096),
        })
    }

    /// Posts a grant.
    pub(crate) async fn exchange(&mut self, grant: &str) -> anyhow::Result<Answer<'_>> {
        let body = format!("grant_type={GRANT_TYPE}&assertion={grant}");
        let request = format!(
            "POST /token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(&request).await
    }

    /// Sends a request as it stands, and reads the answer.
    pub(crate) async fn send(&mut self, request: &str) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(head) = head(&self.buffer)?
                && self.buffer.len() >= head.end + head.length
            {
                break head;
            }
            let read = self.stream.read_buf(&mut self.buffer).await?;
            if read == 0 || self.buffer.len() > LARGEST_ANSWER {
                bail!("the server closed the connection or does not end its answer");
            }
        };
        Ok(Answer {
            status: head.status,
            body: &self.buffer[head.end..head.end + head.length],
        })
    }
}

/// What a server said.
pub(crate) struct Answer<'a> {
    /// Its status.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) body: &'a [u8],
}

/// The header section of an answer.
struct Head {
    status: u16,
    /// Where the body begins.
    end: usize,
    /// Bytes of the body.
    length: usize,
}

/// The header section of an answer, once it is there.
fn head(received: &[u8]) -> anyhow::Result<Option<Head>> {
    let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&received[..end]).context("read an answer")?;
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let mut lines = text.split("\r\n").filter_map(|line| line.split_once(':'));
    let length = lines
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse::<usize>().ok());
    Ok(Some(Head {
        status: status.context("an answer without a status")?,
        end: end + 4,
        length: length.unwrap_or(0),
    }))
}
