//! The addresses of the surface.

use portvakt_oauth_types::metadata::{OAUTH_AUTHORIZATION_SERVER_PATH, OPENID_CONFIGURATION_PATH};

/// The addresses that the surface answers, as figures and traces call them.
pub const ROUTES: [&str; 6] = [TOKEN, KEYS, HEALTH, ERROR_PAGE, METADATA[0], METADATA[1]];

const TOKEN: &str = "/token";
const KEYS: &str = "/jwk";
const HEALTH: &str = "/health";
const ERROR_PAGE: &str = "/errors/{code}";
const ERROR_PAGES: &str = "/errors/";
/// One in each profile.
const METADATA: [&str; 2] = [OAUTH_AUTHORIZATION_SERVER_PATH, OPENID_CONFIGURATION_PATH];

/// What is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    /// The token endpoint.
    Token,
    /// The keys that verify tokens.
    Keys,
    /// Whether the process answers.
    Health,
    /// The page about the errors with this national code.
    ErrorPage(&'p str),
    /// The metadata document at this path, in whichever profile has it.
    Metadata(&'static str),
}

impl<'p> Route<'p> {
    /// The route of a path.
    pub(crate) fn of(path: &'p str) -> Option<Self> {
        match path {
            TOKEN => Some(Self::Token),
            KEYS => Some(Self::Keys),
            HEALTH => Some(Self::Health),
            _ => metadata(path).or_else(|| error_page(path)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Token => TOKEN,
            Self::Keys => KEYS,
            Self::Health => HEALTH,
            Self::ErrorPage(_) => ERROR_PAGE,
            Self::Metadata(path) => path,
        }
    }
}

/// Which of [`ROUTES`] a path is of.
pub fn route_of(path: &str) -> Option<&'static str> {
    Route::of(path).map(Route::name)
}

/// A published client appends a slash (spec: maskinporten §12.1).
fn metadata(path: &str) -> Option<Route<'static>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let known = METADATA.into_iter().find(|known| *known == path);
    known.map(Route::Metadata)
}

fn error_page(path: &str) -> Option<Route<'_>> {
    let code = path.strip_prefix(ERROR_PAGES)?;
    (!code.is_empty() && !code.contains('/')).then_some(Route::ErrorPage(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_route_or_none() {
        for (path, expected) in [
            ("/token", Some("/token")),
            ("/jwk", Some("/jwk")),
            ("/health", Some("/health")),
            ("/errors/MP-101", Some("/errors/{code}")),
            (
                "/.well-known/oauth-authorization-server",
                Some("/.well-known/oauth-authorization-server"),
            ),
            (
                "/.well-known/oauth-authorization-server/",
                Some("/.well-known/oauth-authorization-server"),
            ),
            (
                "/.well-known/openid-configuration/",
                Some("/.well-known/openid-configuration"),
            ),
            ("/.well-known/openid-configuration//", None),
            ("/.well-known/", None),
            ("/token/", None),
            ("/Token", None),
            ("//token", None),
            ("/token/x", None),
            ("/errors/", None),
            ("/errors", None),
            ("/errors/MP-101/", None),
            ("/errors/a/b", None),
            ("/", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(route_of(path), expected, "{path:?}");
            assert!(expected.is_none_or(|route| ROUTES.contains(&route)));
        }
    }
}
