//! What an operator decides about the login issuer: its names, its times, its switches.

use std::time::Duration;

use portvakt_jose::AlgorithmSet;

use super::acr::AcrAliases;
use crate::client::{IntegrationType, UriPolicy};
use crate::issuer::UnrestrictedAudience;
use crate::person::AcceptedNumbers;

/// The issuer of logins with its policy. Every default is the documented national behavior.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a documented switch of its own"
)]
pub struct LoginIssuer {
    /// `iss`, and `aud` of client assertions and request objects, compared byte for byte. It has no
    /// slash at its end.
    pub identifier: String,
    /// Where browsers are sent; usually the same.
    pub login_base_url: String,
    /// Whether real people log in. Decides which addresses are accepted.
    pub environment: Environment,
    /// Which national identity numbers an eID provider may deliver, whichever it is.
    pub accepted_numbers: AcceptedNumbers,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// Algorithms of client assertions and request objects; a client's registration narrows them.
    pub client_algorithms: AlgorithmSet,
    /// What levels may be called in requests.
    pub acr_aliases: AcrAliases,
    /// Accept signed request objects (spec: idporten §6.13).
    pub request_objects: bool,
    /// Require `state` and `nonce` of every client (spec: idporten §7).
    pub require_state_and_nonce: bool,
    /// Require `client_id` beside a client assertion (spec: idporten §9.1).
    pub strict_client_id_parameter: bool,
    /// Values of `aud` that client assertions may have beside the issuer (spec: idporten §9.3).
    pub extra_client_assertion_audiences: Vec<String>,
    /// What `aud` of access tokens is when no `resource` was asked for.
    pub aud_when_unrestricted: UnrestrictedAudience,
    /// Add `client_orgno` to access tokens.
    pub legacy_client_orgno: bool,
    /// Give access tokens `typ: at+jwt`.
    pub access_token_type_header: bool,
    /// Bind tokens to keys that clients prove (RFC 9449; spec: idporten §10.5).
    pub dpop: bool,
    /// Names of eIDAS claims beside those that a scope asks for.
    pub eidas_claims: EidasClaimNames,
    /// Let any client of a scope's owner introspect its tokens (spec: idporten §12.2).
    pub introspection_owner_fallback: bool,
    /// Ask the person before a logout that comes without a valid `id_token_hint` (spec: idporten §15.3).
    pub logout_confirm_without_hint: bool,
    /// Call every certificate `virksomhetssertifikat` in `client_amr`.
    pub one_client_amr_for_certificates: bool,
}

/// Whether real people log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// They do. Test providers cannot be enabled.
    #[default]
    Production,
    /// Nobody real does, and every page says so.
    Test,
}

impl Environment {
    /// Which identity numbers are accepted unless the operator says otherwise.
    pub fn accepted_numbers(self) -> AcceptedNumbers {
        match self {
            Self::Production => AcceptedNumbers::RealOnly,
            Self::Test => AcceptedNumbers::SyntheticOnly,
        }
    }

    /// Which addresses are accepted.
    pub fn uri_policy(self) -> UriPolicy {
        match self {
            Self::Production => UriPolicy::Production,
            Self::Test => UriPolicy::Test,
        }
    }
}

/// Which generations of eIDAS claim names id tokens carry (spec: idporten §18.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EidasClaimNames {
    /// `eidas_identifier`, `eidas_firstname`, ...
    pub of_2024: bool,
    /// `eidas_person_identifier`, `given_name`, ...
    pub of_2026: bool,
    /// `eidas-personidentifier`, `eidas-firstname`, ...
    pub legacy: bool,
}

impl Default for EidasClaimNames {
    fn default() -> Self {
        Self {
            of_2024: true,
            of_2026: false,
            legacy: false,
        }
    }
}

/// How long things live, where neither client nor scope says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// An access token whose scopes are reserved ones only.
    pub login_access_token: Duration,
    /// An access token for APIs.
    pub api_access_token: Duration,
    /// An authorization.
    pub authorization: Duration,
    /// A refresh token that is not used.
    pub refresh_token: Duration,
    /// An access token at most.
    pub max_access_token: Duration,
    /// An authorization at most.
    pub max_authorization: Duration,
    /// An id token.
    pub id_token: Duration,
    /// A code.
    pub code: Duration,
    /// A pushed request that no browser starts.
    pub pushed_request: Duration,
    /// A login under way.
    pub transaction: Duration,
    /// A session without authentication requests.
    pub session_idle: Duration,
    /// A session at most.
    pub session: Duration,
    /// How long a replaced refresh token may come again for the same successor.
    pub refresh_reuse_grace: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            login_access_token: Duration::from_mins(10),
            api_access_token: Duration::from_mins(2),
            authorization: Duration::from_hours(2),
            refresh_token: Duration::from_mins(10),
            max_access_token: Duration::from_hours(24),
            max_authorization: Duration::from_hours(400 * 24),
            id_token: Duration::from_mins(2),
            code: Duration::from_mins(1),
            pushed_request: Duration::from_mins(2),
            transaction: Duration::from_mins(30),
            session_idle: Duration::from_mins(30),
            session: Duration::from_hours(2),
            refresh_reuse_grace: Duration::ZERO,
        }
    }
}

impl LoginIssuer {
    /// An issuer with the documented defaults.
    pub fn new(identifier: &str, environment: Environment) -> Self {
        let identifier = identifier.trim_end_matches('/').to_owned();
        Self {
            login_base_url: identifier.clone(),
            identifier,
            environment,
            accepted_numbers: environment.accepted_numbers(),
            lifetimes: Lifetimes::default(),
            client_algorithms: AlgorithmSet::NATIONAL,
            acr_aliases: AcrAliases::default(),
            request_objects: true,
            require_state_and_nonce: false,
            strict_client_id_parameter: false,
            extra_client_assertion_audiences: Vec::new(),
            aud_when_unrestricted: UnrestrictedAudience::Unspecified,
            legacy_client_orgno: false,
            access_token_type_header: false,
            dpop: true,
            eidas_claims: EidasClaimNames::default(),
            introspection_owner_fallback: false,
            logout_confirm_without_hint: false,
            one_client_amr_for_certificates: false,
        }
    }

    /// An address that clients' servers call.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.identifier)
    }

    /// An address that browsers are sent to.
    pub fn login_url(&self, path: &str) -> String {
        format!("{}/{path}", self.login_base_url.trim_end_matches('/'))
    }

    /// Whether clients of this type use this issuer (spec: idporten §1).
    pub fn serves(&self, integration_type: IntegrationType) -> bool {
        match integration_type {
            IntegrationType::Idporten | IntegrationType::ApiKlient => true,
            IntegrationType::Ansattporten
            | IntegrationType::Maskinporten
            | IntegrationType::Krr
            | IntegrationType::Eformidling => false,
        }
    }

    /// Whether a client assertion or request object with this `aud` is for this server.
    pub fn accepts_assertion_audience(&self, audience: &str) -> bool {
        let mut extra = self.extra_client_assertion_audiences.iter();
        audience == self.identifier || extra.any(|accepted| accepted == audience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_has_no_slash_and_its_assertions_have_one_audience() {
        let issuer = LoginIssuer::new("https://idp.eksempel.no/", Environment::Production);
        assert_eq!(issuer.identifier, "https://idp.eksempel.no");
        assert_eq!(issuer.url("token"), "https://idp.eksempel.no/token");
        assert!(issuer.accepts_assertion_audience("https://idp.eksempel.no"));
        for wrong in [
            "https://idp.eksempel.no/",
            "https://idp.eksempel.no/token",
            "https://IDP.eksempel.no",
            "",
        ] {
            assert!(!issuer.accepts_assertion_audience(wrong), "{wrong}");
        }
    }
}
