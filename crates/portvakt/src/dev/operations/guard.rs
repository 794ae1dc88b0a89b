//! Keeps web pages away from the port. A page that the developer visits can send requests to
//! loopback addresses; it cannot choose `Host` freely, hide `Origin`, or send JSON unasked.

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use portvakt_oauth_types::media_type::is_json;

use super::answer::Problem;
use crate::dev::loopback::{LoopbackNames, SEC_FETCH_SITE, absent_or, one};

/// The one address that takes bodies other than JSON. It changes nothing.
const EXPLAIN: &str = "/dev/explain";

/// Middleware: lets through what no web page of another site can send.
pub(super) async fn guard(
    State(allowed): State<LoopbackNames>,
    request: Request,
    next: Next,
) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    match check(&allowed, method, path, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(
    allowed: &LoopbackNames,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    if !one(headers, HOST).is_some_and(|host| allowed.contain(host)) {
        return Err(Problem::forbidden(
            "Host must be localhost, 127.0.0.1 or [::1] with the port",
        ));
    }
    if !absent_or(headers, ORIGIN, |origin| is_own(allowed, origin)) {
        return Err(Problem::forbidden("web pages must not use this port"));
    }
    // What has no `Origin`, a picture or a link say, browsers mark in this way.
    let own_site = |site: &str| matches!(site, "same-origin" | "none");
    if !absent_or(headers, SEC_FETCH_SITE, own_site) {
        return Err(Problem::forbidden("web pages must not use this port"));
    }
    let writes = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    if writes && path != EXPLAIN && !one(headers, CONTENT_TYPE).is_some_and(is_json) {
        return Err(Problem::unsupported_media_type(
            "Content-Type must be application/json",
        ));
    }
    Ok(())
}

fn is_own(allowed: &LoopbackNames, origin: &str) -> bool {
    origin
        .strip_prefix("http://")
        .is_some_and(|host| allowed.contain(host))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn verdict(method: &Method, path: &str, headers: &[(HeaderName, &str)]) -> Result<(), u16> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        check(&LoopbackNames::new(7704), method, path, &headers)
            .map_err(|problem| problem.into_response().status().as_u16())
    }

    #[test]
    fn only_loopback_names_with_the_port_are_hosts() {
        for host in [
            "localhost:7704",
            "127.0.0.1:7704",
            "[::1]:7704",
            "LOCALHOST:7704",
        ] {
            assert_eq!(
                verdict(&Method::GET, "/ready", &[(HOST, host)]),
                Ok(()),
                "{host}"
            );
        }
        for host in [
            "localhost",
            "localhost:7705",
            "evil.example:7704",
            "localhost.evil.example:7704",
            "127.0.0.1.evil.example:7704",
            "localhost:7704.evil.example",
            "0.0.0.0:7704",
            "",
        ] {
            assert_eq!(
                verdict(&Method::GET, "/ready", &[(HOST, host)]),
                Err(403),
                "{host}"
            );
        }
        assert_eq!(verdict(&Method::GET, "/ready", &[]), Err(403));
    }

    #[test]
    fn requests_of_other_sites_are_refused_whatever_they_do() {
        let host = (HOST, "localhost:7704");
        for origin in [
            "null",
            "http://evil.example",
            "http://localhost:7700",
            "https://localhost:7704",
            "",
        ] {
            let headers = [host.clone(), (ORIGIN, origin)];
            for method in [Method::GET, Method::POST, Method::DELETE] {
                assert_eq!(verdict(&method, EXPLAIN, &headers), Err(403), "{origin}");
            }
        }
        for site in ["cross-site", "same-site", ""] {
            let headers = [host.clone(), (SEC_FETCH_SITE, site)];
            let verdict = verdict(&Method::GET, "/dev/requests", &headers);
            assert_eq!(verdict, Err(403), "{site}");
        }
        let typed = [host.clone(), (SEC_FETCH_SITE, "none")];
        assert_eq!(verdict(&Method::GET, "/dev/requests", &typed), Ok(()));
        let own = [host, (ORIGIN, "http://localhost:7704")];
        assert_eq!(verdict(&Method::DELETE, "/dev/clock", &own), Ok(()));
    }

    #[test]
    fn writes_are_json_because_forms_are_not() {
        let host = (HOST, "localhost:7704");
        for content_type in [
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain",
            "text/plain;application/json",
            "",
        ] {
            let headers = [host.clone(), (CONTENT_TYPE, content_type)];
            for method in [Method::POST, Method::PUT] {
                assert_eq!(
                    verdict(&method, "/dev/clock", &headers),
                    Err(415),
                    "{content_type}"
                );
            }
        }
        assert_eq!(
            verdict(
                &Method::POST,
                "/dev/keys/rotate",
                std::slice::from_ref(&host)
            ),
            Err(415)
        );
        let json = [host, (CONTENT_TYPE, "application/json; charset=utf-8")];
        assert_eq!(verdict(&Method::PUT, "/dev/clock", &json), Ok(()));
    }
}
