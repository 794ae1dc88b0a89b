//! What a development server's port asks of requests, so that other sites do not speak to it through the
//! developer's browser: the names that it is reached by, and headers that are there once.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};

/// How a request came about, as browsers say (Fetch Metadata Request Headers).
pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names that a port is reached by, each with the port. One that was made to resolve to this machine
/// (DNS rebinding) is none of them.
#[derive(Clone, Debug)]
pub(super) struct LoopbackNames(Arc<[String]>);

impl LoopbackNames {
    /// The loopback names with this port.
    pub(super) fn new(port: u16) -> Self {
        let hosts = ["localhost", "127.0.0.1", "[::1]"];
        Self(hosts.iter().map(|host| format!("{host}:{port}")).collect())
    }

    /// Whether this is one of them.
    pub(super) fn contain(&self, host: &str) -> bool {
        let mut names = self.0.iter();
        names.any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// The value of a header that is there once.
pub(super) fn one(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Whether a header is not there, or there once and fits.
pub(super) fn absent_or(
    headers: &HeaderMap,
    name: HeaderName,
    fits: impl Fn(&str) -> bool,
) -> bool {
    !headers.contains_key(&name) || one(headers, name).is_some_and(fits)
}
