//! How figures and traces call the route of a request: by a closed list, never by what a stranger wrote.

use axum::extract::MatchedPath;
use axum::http::Request;

/// How a surface tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RouteNames {
    /// Its router says it, in a spelling that is read as the one that is told.
    OfRouter(fn(&str) -> &str),
    /// It has no router and says it of a path.
    OfPath(fn(&str) -> Option<&'static str>),
}

impl RouteNames {
    /// The router's own.
    pub(crate) const AS_SPELLED: Self = Self::OfRouter(|path| path);

    /// The route of a request; none where nothing is, or where it cannot be seen from outside.
    pub(crate) fn of<B>(self, request: &Request<B>) -> Option<&str> {
        match self {
            Self::OfRouter(read) => {
                let matched = request.extensions().get::<MatchedPath>()?;
                Some(read(matched.as_str()))
            }
            Self::OfPath(name) => name(request.uri().path()),
        }
    }
}
