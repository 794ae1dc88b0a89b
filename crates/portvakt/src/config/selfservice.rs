//! The self-service API.

use portvakt_oauth_types::transport::is_this_machine;
use portvakt_selfservice::{Settings, ZeroLifetime};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::Faults;
use super::listener::Listener;

const BASE_URLS: &str = "selfservice.base_urls";

/// The REST API with which organizations administer what is theirs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Where it listens.
    #[schema(inline)]
    pub(crate) listener: Listener,
    /// Required. Addresses that the API is reached at, `https://api.example.no/api/v1`; `aud` of an
    /// administration token begins with one of them, if the token has one.
    pub(crate) base_urls: Vec<String>,
    /// Accept administration tokens only of clients that have proven a business certificate.
    pub(crate) administration_requires_certificate: bool,
    /// Refuse access for organizations that are not recorded, rather than record them nameless.
    pub(crate) require_known_organizations: bool,
    /// What a lifetime of 0 in a request means.
    #[schema(inline)]
    pub(crate) zero_lifetime: ZeroLifetimeName,
    /// The longest life of access tokens that a client or scope may ask for, in seconds.
    pub(crate) max_access_token_lifetime_seconds: u32,
    /// The longest life of authorizations and refresh tokens, in seconds.
    pub(crate) max_authorization_lifetime_seconds: u32,
}

/// What a lifetime of 0 in a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ZeroLifetimeName {
    /// An error.
    Refuse,
    /// The default.
    Default,
}

impl Default for Section {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            listener: Listener::loopback(7702),
            base_urls: Vec::new(),
            administration_requires_certificate: settings.administration_requires_certificate,
            require_known_organizations: settings.require_known_organizations,
            zero_lifetime: ZeroLifetimeName::Refuse,
            max_access_token_lifetime_seconds: settings.max_access_token_lifetime,
            max_authorization_lifetime_seconds: settings.max_authorization_lifetime,
        }
    }
}

impl Section {
    /// The policy of the API.
    pub(crate) fn settings(&self, faults: &mut Faults) -> Settings {
        if self.base_urls.is_empty() {
            faults.add(BASE_URLS, "name one address at least");
        }
        for (index, text) in self.base_urls.iter().enumerate() {
            if !is_public_address(text) || text.ends_with('/') {
                let message = "write an https address without a slash at its end";
                faults.add(format!("{BASE_URLS}[{index}]"), message);
            }
        }
        for (key, seconds) in [
            ("access_token", self.max_access_token_lifetime_seconds),
            ("authorization", self.max_authorization_lifetime_seconds),
        ] {
            if seconds == 0 {
                let key = format!("selfservice.max_{key}_lifetime_seconds");
                faults.add(key, "is at least 1");
            }
        }
        Settings {
            administration_requires_certificate: self.administration_requires_certificate,
            require_known_organizations: self.require_known_organizations,
            zero_lifetime: match self.zero_lifetime {
                ZeroLifetimeName::Refuse => ZeroLifetime::Refuse,
                ZeroLifetimeName::Default => ZeroLifetime::Default,
            },
            max_access_token_lifetime: self.max_access_token_lifetime_seconds,
            max_authorization_lifetime: self.max_authorization_lifetime_seconds,
            ..Settings::default()
        }
    }
}

/// Whether strangers may be sent to this address: https with a host, and neither user, query nor
/// fragment. Plain http is for this machine alone.
pub(super) fn is_public_address(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_plain && (url.scheme() == "https" || url.scheme() == "http" && is_this_machine(&url))
}
