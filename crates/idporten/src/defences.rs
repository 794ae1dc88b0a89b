//! The headers that every answer has, whatever made it: handlers, the router, or the limits around them.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, Entry, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::Response;

use crate::pages::{STRICT_TRANSPORT, Site};

/// What holds where an answer says nothing else: it is kept by nobody, taken for what it says it is, runs and
/// loads nothing, is shown in no frame, and leads nowhere that learns from where. Pages bring policies of
/// their own (spec: idporten §17.8), and public documents say how long they count.
const ALWAYS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];

/// The headers of one surface.
#[derive(Clone, Copy)]
pub(crate) struct Defences {
    strict_transport: bool,
}

impl Defences {
    /// Those that the pages of a site have too.
    pub(crate) fn of(site: &Site) -> Self {
        Self {
            strict_transport: site.strict_transport,
        }
    }

    /// An answer with whatever it lacked.
    pub(crate) fn on(self, mut response: Response) -> Response {
        let transport = (STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
        let transport = self.strict_transport.then_some(transport);
        for (name, value) in ALWAYS.into_iter().chain(transport) {
            if let Entry::Vacant(place) = response.headers_mut().entry(name) {
                place.insert(HeaderValue::from_static(value));
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use http::header::HeaderMap;

    use super::*;

    fn headers(strict_transport: bool, response: Response) -> HeaderMap {
        Defences { strict_transport }.on(response).headers().clone()
    }

    #[test]
    fn what_an_answer_says_itself_counts() {
        let public = [(CACHE_CONTROL, "public, max-age=10")];
        let headers = headers(false, public.into_response());
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=10");
        assert_eq!(headers.get_all(CACHE_CONTROL).iter().count(), 1);
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn transport_is_strict_where_it_is_for_pages() {
        for strict in [true, false] {
            let headers = headers(strict, ().into_response());
            assert_eq!(headers.contains_key(STRICT_TRANSPORT_SECURITY), strict);
        }
    }
}
