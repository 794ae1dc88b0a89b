//! Keeps other sites away from the page: it is reached by loopback names alone, and its forms are sent by
//! itself alone. Links and redirects lead here from anywhere, as they lead to any service.

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::dev::loopback::{LoopbackNames, SEC_FETCH_SITE, absent_or, one};

/// Middleware: lets through what another site cannot send.
pub(super) async fn guard(
    State(names): State<LoopbackNames>,
    request: Request,
    next: Next,
) -> Response {
    if admits(&names, request.method(), request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this page is for this machine alone").into_response()
    }
}

fn admits(names: &LoopbackNames, method: &Method, headers: &HeaderMap) -> bool {
    let Some(host) = one(headers, HOST).filter(|host| names.contain(host)) else {
        return false;
    };
    let own_origin = |origin: &str| origin == format!("http://{host}");
    matches!(*method, Method::GET | Method::HEAD)
        || (absent_or(headers, ORIGIN, own_origin)
            && absent_or(headers, SEC_FETCH_SITE, |site| site == "same-origin"))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn admits(method: &Method, headers: &[(HeaderName, &'static str)]) -> bool {
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            sent.append(name, HeaderValue::from_static(value));
        }
        super::admits(&LoopbackNames::new(7705), method, &sent)
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

    /// Threat: this server looks at one of two headers, and something before it at the other.
    #[test]
    fn a_header_that_comes_twice_is_none_of_ours() {
        let host = (HOST, "localhost:7705");
        let origin = (ORIGIN, "http://localhost:7705");
        let site = (SEC_FETCH_SITE, "same-origin");
        let own = [host.clone(), origin.clone(), site.clone()];
        assert!(admits(&Method::POST, &own));
        for twice in [
            (HOST, "evil.example"),
            (ORIGIN, "http://evil.example"),
            (SEC_FETCH_SITE, "cross-site"),
            host,
            origin,
            site,
        ] {
            let headers = [&own[..], &[twice]].concat();
            assert!(!admits(&Method::POST, &headers), "{headers:?}");
        }
    }
}
