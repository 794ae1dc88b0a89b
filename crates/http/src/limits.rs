use std::time::Duration;

/// What one listener grants to strangers.
///
/// The defaults suit requests of a few kilobytes that are answered in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte of a request, or from the connection for its first request, until its
    /// header section is complete; then the connection is closed without an answer. Default 10 s.
    pub header_timeout: Duration,
    /// From the complete header section until the answer is ready, the body included. A body that
    /// is late is answered 408, a handler that is late 503. Default 30 s.
    pub request_timeout: Duration,
    /// How long a connection may stay open between two requests. Longer than the idle time of the
    /// common proxies, so that they, who can do it safely, close first. Default 75 s.
    pub keep_alive_timeout: Duration,
    /// How long a client may take no byte of an answer that waits for it. Default 30 s.
    pub write_timeout: Duration,
    /// The size in bytes of request line and header section; more is answered 431. At most 100
    /// fields fit whatever their size. Default 16 KiB.
    pub max_header_bytes: usize,
    /// The size in bytes of a request body, however it is framed; more is answered 413. Default
    /// 64 KiB.
    pub max_body_bytes: usize,
    /// Connections open at once; the next ones wait in the backlog of the operating system until
    /// one closes. Default 10,000.
    pub max_connections: usize,
    /// Requests of one surface that are worked on at once, from the complete body until the answer
    /// is ready; the next ones are answered 503 at once, because whoever waits in a long queue gets
    /// an answer that comes too late. Default 256.
    pub max_requests: usize,
    /// How long requests that have started may take to finish once shutdown begins. Default 10 s.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            max_header_bytes: 16 * 1024,
            max_body_bytes: 64 * 1024,
            max_connections: 10_000,
            max_requests: 256,
            shutdown_grace: Duration::from_secs(10),
        }
    }
}
