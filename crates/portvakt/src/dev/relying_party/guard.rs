//! Keeps other sites away from the page: it is reached by loopback names alone, and its forms are sent by
//! itself alone. Links and redirects lead here from anywhere, as they lead to any service.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// How a request came about, as browsers say (Fetch Metadata Request Headers).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names that the page is reached by, each with its port.
#[derive(Clone, Debug)]
pub(super) struct Guard(Arc<[String]>);

impl Guard {
    /// The loopback names with this port.
    pub(super) fn new(port: u16) -> Self {
        let hosts = ["localhost", "127.0.0.1", "[::1]"];
        Self(hosts.iter().map(|host| format!("{host}:{port}")).collect())
    }

    fn admits(&self, method: &Method, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
        // A name that was made to resolve to this machine (DNS rebinding) is not one of ours.
        let host = text(HOST).filter(|host| self.0.iter().any(|own| own == host));
        let Some(host) = host else {
            return false;
        };
        if matches!(*method, Method::GET | Method::HEAD) {
            return true;
        }
        let own_origin = text(ORIGIN).is_none_or(|origin| origin == format!("http://{host}"));
        let own_site = text(SEC_FETCH_SITE).is_none_or(|site| site == "same-origin");
        own_origin && own_site
    }
}

/// Middleware: lets through what [`Guard`] admits.
pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if guard.admits(request.method(), request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this page is for this machine alone").into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn admits(method: &Method, headers: &[(HeaderName, &'static str)]) -> bool {
        let headers = headers.iter().cloned();
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        Guard::new(7705).admits(method, &headers.collect())
    }

    #[test]
    fn forms_are_the_pages_own_and_hosts_are_loopback_names() {
        let host = (HOST, "localhost:7705");
        assert!(admits(&Method::GET, std::slice::from_ref(&host)));
        let from_the_provider = [host.clone(), (SEC_FETCH_SITE, "same-site")];
        assert!(admits(&Method::GET, &from_the_provider));
        assert!(!admits(&Method::POST, &from_the_provider));
        let own = [host.clone(), (ORIGIN, "http://localhost:7705")];
        assert!(admits(&Method::POST, &own));
        for origin in ["http://localhost:7701", "http://127.0.0.1:7705", "null"] {
            assert!(
                !admits(&Method::POST, &[host.clone(), (ORIGIN, origin)]),
                "{origin}"
            );
        }
        for host in ["evil.example:7705", "localhost", "localhost:7701"] {
            assert!(!admits(&Method::GET, &[(HOST, host)]), "{host}");
        }
        assert!(!admits(&Method::GET, &[]));
    }
}
