//! What a deployment decides (spec: selfservice §2.2, §3.1, §5.2, §7.2).

use portvakt_core::client::UriPolicy;

/// The size of a request body in bytes; more is answered 413.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// Policy of the API. The defaults are the specification's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Accepts tokens of clients with a business certificate only.
    pub administration_requires_certificate: bool,
    /// Refuses access for organizations that are not recorded; otherwise they are recorded
    /// without a name.
    pub require_known_organizations: bool,
    /// Which addresses login clients may register.
    pub login_addresses: UriPolicy,
    /// What a lifetime of 0 means.
    pub zero_lifetime: ZeroLifetime,
    /// Shown for clients without a lifetime of their own; the token endpoint's default. Seconds.
    pub default_access_token_lifetime: u32,
    /// Seconds.
    pub default_authorization_lifetime: u32,
    /// Seconds.
    pub default_refresh_token_lifetime: u32,
    /// The longest life of access tokens that a client or a scope may ask for, in seconds.
    pub max_access_token_lifetime: u32,
    /// The longest life of authorizations and refresh tokens, in seconds.
    pub max_authorization_lifetime: u32,
}

/// What a lifetime of 0 in a request means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZeroLifetime {
    /// An error, as nationally since 2025.
    #[default]
    Refuse,
    /// The default, as older clients mean it.
    Default,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            administration_requires_certificate: false,
            require_known_organizations: false,
            login_addresses: UriPolicy::Production,
            zero_lifetime: ZeroLifetime::Refuse,
            default_access_token_lifetime: 120,
            default_authorization_lifetime: 7200,
            default_refresh_token_lifetime: 600,
            max_access_token_lifetime: 86_400,
            max_authorization_lifetime: 34_560_000,
        }
    }
}
