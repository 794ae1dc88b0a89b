//! The machine-to-machine surface.

use std::collections::BTreeSet;

use portvakt_core::issuer::{Issuer, MAX_EXPIRY_LEEWAY_SECONDS, Profile, UnrestrictedAudience};
use portvakt_core::person::PidCheck;
use portvakt_jose::Algorithm;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::Faults;
use super::listener::Listener;

/// The machine-to-machine surface: who the issuer is, and its policy.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a documented switch of its own"
)]
pub(crate) struct Section {
    /// Where it listens.
    #[schema(inline)]
    pub(crate) listener: Listener,
    /// Required. `iss` of tokens and `aud` of grants, byte for byte: an address that ends with a
    /// slash, `https://maskinporten.example.no/`.
    pub(crate) issuer: Option<String>,
    /// `iss` of the sibling issuer for clouds (Skyporten), an address on another host without a
    /// slash at its end. Without it there is none.
    pub(crate) skyporten_issuer: Option<String>,
    /// How long verifiers may keep metadata and keys, in seconds. Keys rotate no faster.
    pub(crate) cache_seconds: u32,
    /// Algorithms that grants may be signed with at all; a client's registration narrows it.
    #[schema(value_type = Vec<String>)]
    pub(crate) grant_algorithms: Vec<Algorithm>,
    /// Claims of grants that are allowed, and ignored, beside the documented ones.
    pub(crate) allowed_extra_claims: BTreeSet<String>,
    /// Refuse a grant whose `sub` differs from `iss`, rather than ignore `sub`.
    pub(crate) strict_subject: bool,
    /// Accept the issuer without its slash as `aud`.
    pub(crate) accept_slashless_audience: bool,
    /// How long after `exp` a grant is still accepted, in seconds: 0 to 60.
    pub(crate) expiry_leeway_seconds: u32,
    /// Most scopes in one grant.
    pub(crate) max_scopes: usize,
    /// How much of a national identity number is checked.
    #[schema(inline)]
    pub(crate) pid_check: PidCheckName,
    /// Life of a token whose client states none, in seconds.
    pub(crate) default_token_lifetime_seconds: u32,
    /// Longest life of any token, in seconds.
    pub(crate) max_token_lifetime_seconds: Option<u32>,
    /// What `aud` of a token is when the grant names no resource.
    #[schema(inline)]
    pub(crate) aud_when_unrestricted: UnrestrictedAudienceName,
    /// Honor the deprecated claim `iss_onbehalfof`.
    pub(crate) enable_iss_onbehalfof: bool,
    /// Add the claim `client_orgno` that was removed in 2020.
    pub(crate) legacy_client_orgno: bool,
    /// Call every certificate `virksomhetssertifikat` in `client_amr`.
    pub(crate) one_client_amr_for_certificates: bool,
    /// Offer `urn:altinn:systemuser` from the built-in register.
    pub(crate) system_users: bool,
    /// Offer `urn:altinn:consent` from the built-in register.
    pub(crate) consents: bool,
    /// Add `response_types_supported: []` to the metadata, for strict parsers of RFC 8414.
    pub(crate) response_types_in_metadata: bool,
}

/// How much of a national identity number is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PidCheckName {
    /// Eleven digits, a date, both control digits.
    Strict,
    /// Without the first control digit, which numbers issued from 2032 may fail.
    SecondControlDigit,
    /// Eleven digits: test environments.
    LengthOnly,
}

/// What `aud` is when nobody asked for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnrestrictedAudienceName {
    /// No claim at all.
    Omit,
    /// The literal `unspecified`.
    Unspecified,
}

impl From<UnrestrictedAudienceName> for UnrestrictedAudience {
    fn from(name: UnrestrictedAudienceName) -> Self {
        match name {
            UnrestrictedAudienceName::Omit => Self::Omit,
            UnrestrictedAudienceName::Unspecified => Self::Unspecified,
        }
    }
}

impl Default for Section {
    fn default() -> Self {
        let issuer = Issuer::new("", Profile::Maskinporten);
        Self {
            listener: Listener::loopback(7700),
            issuer: None,
            skyporten_issuer: None,
            cache_seconds: 3600,
            grant_algorithms: issuer.grant_algorithms.iter().collect(),
            allowed_extra_claims: issuer.allowed_extra_claims,
            strict_subject: issuer.strict_subject,
            accept_slashless_audience: issuer.accept_slashless_audience,
            expiry_leeway_seconds: issuer.expiry_leeway_seconds,
            max_scopes: issuer.max_scopes,
            pid_check: PidCheckName::Strict,
            default_token_lifetime_seconds: issuer.default_token_lifetime_seconds,
            max_token_lifetime_seconds: issuer.max_token_lifetime_seconds,
            aud_when_unrestricted: UnrestrictedAudienceName::Omit,
            enable_iss_onbehalfof: issuer.enable_iss_onbehalfof,
            legacy_client_orgno: issuer.legacy_client_orgno,
            one_client_amr_for_certificates: issuer.one_client_amr_for_certificates,
            system_users: issuer.system_users,
            consents: issuer.consents,
            response_types_in_metadata: issuer.response_types_in_metadata,
        }
    }
}

/// The issuers of the surface.
#[derive(Clone, Debug)]
pub(crate) struct Issuers {
    /// Tokens for APIs.
    pub(crate) maskinporten: Issuer,
    /// Tokens for clouds, if they are offered.
    pub(crate) skyporten: Option<Issuer>,
}

impl Section {
    /// The issuers with their policy.
    pub(crate) fn issuers(&self, faults: &mut Faults) -> Option<Issuers> {
        self.check_policy(faults);
        let identifier = faults.required("maskinporten.issuer", self.issuer.as_ref());
        let identifier = identifier.filter(|text| {
            let is_right = is_issuer(text) && text.ends_with('/');
            if !is_right {
                let message = "write an https address that ends with a slash, without query";
                faults.add("maskinporten.issuer", message);
            }
            is_right
        })?;
        let sibling = self.skyporten_issuer.as_deref().filter(|text| {
            let is_right =
                is_issuer(text) && !text.ends_with('/') && host(text) != host(identifier);
            if !is_right {
                let message = "write an https address on another host, without a slash at its end";
                faults.add("maskinporten.skyporten_issuer", message);
            }
            is_right
        });
        Some(Issuers {
            maskinporten: self.policy(Issuer::new(identifier, Profile::Maskinporten)),
            skyporten: sibling.map(|text| self.policy(Issuer::new(text, Profile::Skyporten))),
        })
    }

    /// The longest life of any token, in seconds, where this is the longest that may be registered.
    pub(super) fn longest_token_seconds(&self, longest_registered: u32) -> u32 {
        let longest = longest_registered.max(self.default_token_lifetime_seconds);
        let ceiling = self.max_token_lifetime_seconds;
        ceiling.map_or(longest, |ceiling| ceiling.min(longest))
    }

    fn check_policy(&self, faults: &mut Faults) {
        let mut check = |holds: bool, key: &str, message: &str| {
            if !holds {
                faults.add(format!("maskinporten.{key}"), message);
            }
        };
        check(
            self.expiry_leeway_seconds <= MAX_EXPIRY_LEEWAY_SECONDS,
            "expiry_leeway_seconds",
            "is at most 60",
        );
        check(
            !self.grant_algorithms.is_empty(),
            "grant_algorithms",
            "name one algorithm at least",
        );
        check(
            (1..=1000).contains(&self.max_scopes),
            "max_scopes",
            "is from 1 to 1000",
        );
        check(
            self.default_token_lifetime_seconds > 0,
            "default_token_lifetime_seconds",
            "is at least 1",
        );
        check(
            self.max_token_lifetime_seconds != Some(0),
            "max_token_lifetime_seconds",
            "is at least 1; leave it out for none",
        );
    }

    fn policy(&self, issuer: Issuer) -> Issuer {
        Issuer {
            grant_algorithms: self.grant_algorithms.iter().copied().collect(),
            allowed_extra_claims: self.allowed_extra_claims.clone(),
            strict_subject: self.strict_subject,
            accept_slashless_audience: self.accept_slashless_audience,
            expiry_leeway_seconds: self.expiry_leeway_seconds,
            max_scopes: self.max_scopes,
            pid_check: match self.pid_check {
                PidCheckName::Strict => PidCheck::Strict,
                PidCheckName::SecondControlDigit => PidCheck::SecondControlDigit,
                PidCheckName::LengthOnly => PidCheck::LengthOnly,
            },
            default_token_lifetime_seconds: self.default_token_lifetime_seconds,
            max_token_lifetime_seconds: self.max_token_lifetime_seconds,
            aud_when_unrestricted: self.aud_when_unrestricted.into(),
            enable_iss_onbehalfof: self.enable_iss_onbehalfof,
            legacy_client_orgno: self.legacy_client_orgno,
            one_client_amr_for_certificates: self.one_client_amr_for_certificates,
            system_users: self.system_users,
            consents: self.consents,
            response_types_in_metadata: self.response_types_in_metadata,
            ..issuer
        }
    }
}

/// Whether the text is what RFC 8414 §2 asks of an issuer: https, no query, no fragment. Plain
/// http is for this machine alone.
fn is_issuer(text: &str) -> bool {
    super::selfservice::is_public_address(text)
}

fn host(text: &str) -> Option<String> {
    Url::parse(text).ok()?.host_str().map(str::to_owned)
}
