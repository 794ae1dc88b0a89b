//! What an operator decides about one issuer: its names, its limits, its switches.

use std::collections::BTreeSet;

use portvakt_jose::AlgorithmSet;

use crate::person::PidCheck;

/// Longest life of a grant, in seconds (spec: maskinporten §4.3).
pub const MAX_GRANT_LIFETIME_SECONDS: i64 = 120;

/// How far `iat` and `nbf` may be ahead of the server's clock, in seconds.
pub const FUTURE_SKEW_SECONDS: i64 = 10;

/// The longest leeway after `exp` that an operator may configure, in seconds (spec: maskinporten §4.3).
pub const MAX_EXPIRY_LEEWAY_SECONDS: u32 = 60;

/// An issuer with its policy. Every default is the documented national behavior.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a documented switch of its own"
)]
pub struct Issuer {
    /// `iss` of its tokens and `aud` of its grants, compared byte for byte. Ends with a slash for
    /// Maskinporten and without one for Skyporten.
    pub identifier: String,
    /// Maskinporten or Skyporten.
    pub profile: Profile,
    /// Algorithms that grants may be signed with at all; a client's registration narrows it.
    pub grant_algorithms: AlgorithmSet,
    /// Claims that are allowed, and ignored, beside the documented ones.
    pub allowed_extra_claims: BTreeSet<String>,
    /// Refuse a grant whose `sub` differs from `iss`, rather than ignore `sub`.
    pub strict_subject: bool,
    /// Accept the identifier without its slash as `aud`.
    pub accept_slashless_audience: bool,
    /// How long after `exp` a grant is still accepted: 0 to [`MAX_EXPIRY_LEEWAY_SECONDS`].
    pub expiry_leeway_seconds: u32,
    /// Most scopes in one grant.
    pub max_scopes: usize,
    /// How much of `pid` is checked.
    pub pid_check: PidCheck,
    /// Life of a token whose client states none, in seconds.
    pub default_token_lifetime_seconds: u32,
    /// Longest life of any token, in seconds; none means no ceiling.
    pub max_token_lifetime_seconds: Option<u32>,
    /// What `aud` is when the grant has no `resource`.
    pub aud_when_unrestricted: UnrestrictedAudience,
    /// Honor the deprecated `iss_onbehalfof`.
    pub enable_iss_onbehalfof: bool,
    /// Add the `client_orgno` claim that was removed in 2020.
    pub legacy_client_orgno: bool,
    /// Call every certificate `virksomhetssertifikat` in `client_amr`.
    pub one_client_amr_for_certificates: bool,
    /// Offer `urn:altinn:systemuser`.
    pub system_users: bool,
    /// Offer `urn:altinn:consent`.
    pub consents: bool,
    /// Add `response_types_supported: []` to the metadata, for strict parsers of RFC 8414.
    pub response_types_in_metadata: bool,
}

/// Which of the two sibling services an issuer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Tokens for APIs.
    #[default]
    Maskinporten,
    /// Tokens for clouds, with `sub` (spec: maskinporten §13).
    Skyporten,
}

/// What `aud` is when nobody asked for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnrestrictedAudience {
    /// No claim at all.
    #[default]
    Omit,
    /// The literal `unspecified`, for APIs that still expect it.
    Unspecified,
}

impl Issuer {
    /// An issuer with the documented defaults.
    pub fn new(identifier: &str, profile: Profile) -> Self {
        Self {
            identifier: identifier.to_owned(),
            profile,
            grant_algorithms: AlgorithmSet::NATIONAL,
            allowed_extra_claims: BTreeSet::new(),
            strict_subject: false,
            accept_slashless_audience: false,
            expiry_leeway_seconds: 10,
            max_scopes: 200,
            pid_check: PidCheck::Strict,
            default_token_lifetime_seconds: 120,
            max_token_lifetime_seconds: None,
            aud_when_unrestricted: UnrestrictedAudience::Omit,
            enable_iss_onbehalfof: false,
            legacy_client_orgno: false,
            one_client_amr_for_certificates: false,
            system_users: false,
            consents: false,
            response_types_in_metadata: false,
        }
    }

    /// A URL below the issuer: `<issuer>token`, with exactly one slash between.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.identifier.trim_end_matches('/'))
    }

    /// The values that a grant's `aud` may have.
    pub fn accepted_audiences(&self) -> Vec<String> {
        let mut accepted = vec![self.identifier.clone(), self.url("token")];
        if self.accept_slashless_audience {
            accepted.push(self.identifier.trim_end_matches('/').to_owned());
        }
        accepted
    }

    /// Whether `audience` is this server, byte for byte.
    pub fn accepts_audience(&self, audience: &str) -> bool {
        let without_slash = self.identifier.trim_end_matches('/');
        audience == self.identifier
            || audience.strip_prefix(without_slash) == Some("/token")
            || (self.accept_slashless_audience && audience == without_slash)
    }

    /// The types of `authorization_details` that it offers.
    pub fn authorization_details_types(&self) -> Vec<&'static str> {
        let types = [
            (self.system_users, crate::grant::SYSTEM_USER_TYPE),
            (self.consents, crate::grant::CONSENT_TYPE),
        ];
        types
            .into_iter()
            .filter(|(offered, _)| *offered)
            .map(|(_, name)| name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_are_compared_byte_for_byte() {
        let issuer = Issuer::new("https://mp.example.no/", Profile::Maskinporten);
        for right in issuer.accepted_audiences() {
            assert!(issuer.accepts_audience(&right), "{right}");
        }
        for wrong in [
            "https://mp.example.no",
            "https://mp.example.no//",
            "https://MP.example.no/",
            "https://mp.example.no:443/",
            "https://mp.example.no/token/",
            "https://mp.example.no/Token",
            "https://user@mp.example.no/",
            "https://mp.example.no.evil.no/",
            "http://mp.example.no/",
            "",
        ] {
            assert!(!issuer.accepts_audience(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_slash_is_optional_only_where_configured() {
        let mut issuer = Issuer::new("https://mp.example.no/", Profile::Maskinporten);
        issuer.accept_slashless_audience = true;
        assert!(issuer.accepts_audience("https://mp.example.no"));
        let sky = Issuer::new("https://sky.example.no", Profile::Skyporten);
        assert!(
            sky.accepts_audience("https://sky.example.no")
                && !sky.accepts_audience("https://sky.example.no/")
        );
    }
}
