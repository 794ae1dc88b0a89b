//! What strangers may ask of a connection.

use std::time::Duration;

use portvakt_http::Limits;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;
use super::proxies::ForwardingHeader;

/// What strangers may ask of a connection.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Connections that a surface keeps open at once.
    pub(crate) max_connections: usize,
    /// Requests that a surface works on at once, for each processor core that the server may use;
    /// the next ones are answered 503 at once.
    pub(crate) max_requests_per_core: usize,
    /// How long a request's header section may take, in seconds.
    pub(crate) header_timeout_seconds: u64,
    /// How long a request may take from its header section to its answer, in seconds.
    pub(crate) request_timeout_seconds: u64,
    /// How long a connection may stay open between two requests, in seconds. Longer than the proxy
    /// in front keeps its own, so that the proxy closes first.
    pub(crate) keep_alive_seconds: u64,
    /// How long requests that have started may take to finish when the server stops, in seconds.
    pub(crate) shutdown_grace_seconds: u64,
    /// Addresses and networks of the proxies that are believed when they say for whom they forward a
    /// request, such as `["10.0.0.7", "2001:db8::/32"]`.
    pub(crate) trusted_proxies: Vec<String>,
    /// The header in which they say it. The other one is not looked at: a proxy may let it through as
    /// its client sent it.
    #[schema(inline)]
    pub(crate) forwarding_header: ForwardingHeader,
}

impl Default for Section {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            max_connections: limits.max_connections,
            max_requests_per_core: limits.max_requests,
            header_timeout_seconds: limits.header_timeout.as_secs(),
            request_timeout_seconds: limits.request_timeout.as_secs(),
            keep_alive_seconds: limits.keep_alive_timeout.as_secs(),
            shutdown_grace_seconds: limits.shutdown_grace.as_secs(),
            trusted_proxies: Vec::new(),
            forwarding_header: ForwardingHeader::default(),
        }
    }
}

impl Section {
    /// The limits of every surface.
    pub(crate) fn limits(&self, faults: &mut Faults) -> Limits {
        if self.max_connections == 0 {
            faults.add("http.max_connections", "is at least 1");
        }
        if self.max_requests_per_core == 0 {
            faults.add("http.max_requests_per_core", "is at least 1");
        }
        for (key, seconds) in [
            ("header_timeout_seconds", self.header_timeout_seconds),
            ("request_timeout_seconds", self.request_timeout_seconds),
            ("keep_alive_seconds", self.keep_alive_seconds),
        ] {
            if !(1..=3600).contains(&seconds) {
                faults.add(format!("http.{key}"), "is from 1 to 3600");
            }
        }
        Limits {
            max_connections: self.max_connections,
            max_requests: self.max_requests_per_core.saturating_mul(cores()),
            header_timeout: Duration::from_secs(self.header_timeout_seconds),
            request_timeout: Duration::from_secs(self.request_timeout_seconds),
            keep_alive_timeout: Duration::from_secs(self.keep_alive_seconds),
            shutdown_grace: Duration::from_secs(self.shutdown_grace_seconds),
            ..Limits::default()
        }
    }
}

/// The cores that this process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
