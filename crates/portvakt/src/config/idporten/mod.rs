//! The login surface.

mod bounds;
mod companion;
mod lifetimes;
mod site;
#[cfg(test)]
mod tests;
mod words;

use std::path::PathBuf;

use ipnet::IpNet;
use portvakt_core::client::UriPolicy;
use portvakt_core::login::issuer::{EidasClaimNames, Environment, LoginIssuer};
use portvakt_idporten::eid::EidasCountries;
use portvakt_jose::Algorithm;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

pub(crate) use self::words::EidName;
use self::words::{AcceptedNumbersName, AcrAliasesName, EnvironmentName};
use super::listener::Listener;
use super::maskinporten::UnrestrictedAudienceName;
use super::proxies::networks;
use super::selfservice::is_public_address;
use super::{Config, Faults};

const ISSUER: &str = "idporten.issuer";
const LOGIN_BASE_URL: &str = "idporten.login_base_url";
const EIDS: &str = "idporten.eids";
const ACCEPTED_NUMBERS: &str = "idporten.accepted_person_numbers";

/// The login surface, an OpenID provider: who the issuer is, how people log in, and its policy. Without
/// `issuer` there is none.
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
    /// `iss` of tokens and of authorization responses, and `aud` of client assertions, byte for byte: an
    /// address without a slash at its end, `https://idporten.example.no`. None for no logins.
    pub(crate) issuer: Option<String>,
    /// Where browsers are sent, if that is another host than the issuer: an address without a path,
    /// `https://login.example.no`. Both lead here.
    pub(crate) login_base_url: Option<String>,
    /// Whether real people log in. In a test environment every page says that nobody does, and the
    /// redirect addresses of clients may be unencrypted.
    #[schema(inline)]
    pub(crate) environment: EnvironmentName,
    /// The ways to log in, in the order in which they are offered. `testid` lets anybody log in as anybody
    /// synthetic, `eidas` as anybody of another country, and `email` with any address: all three are refused
    /// in production.
    #[schema(inline)]
    pub(crate) eids: Vec<EidName>,
    /// Countries of the eID `eidas`, by their codes in eIDAS, like `SE` or, for Greece, `EL`; every one when
    /// none is named. Where there is one, nobody has to choose.
    pub(crate) eidas_countries: Vec<String>,
    /// Files of other OpenID providers that log people in for this one, which are offered after `eids`.
    #[schema(value_type = Vec<String>)]
    pub(crate) upstreams: Vec<PathBuf>,
    /// National identity numbers of people who may log in: `real` are those of the population register and
    /// D-numbers, `synthetic` those of the synthetic register. `by_environment` is `real` in production and
    /// `synthetic` in a test environment.
    #[schema(inline)]
    pub(crate) accepted_person_numbers: AcceptedNumbersName,
    /// What pages show beside what is asked.
    #[schema(inline)]
    pub(crate) site: site::Section,
    /// How long things live, where neither client nor scope says otherwise.
    #[schema(inline)]
    pub(crate) lifetimes: lifetimes::Section,
    /// How much there may be at a time of what anybody may begin, on all nodes together. Beyond it the next
    /// ones are answered 503 at once; whoever is logged in notices nothing.
    #[schema(inline)]
    pub(crate) bounds: bounds::Section,
    /// The companion APIs: where they are reached, and which there are.
    #[schema(inline)]
    pub(crate) companion: companion::Section,
    /// How long relying parties may keep metadata and keys, in seconds. Keys rotate no faster.
    pub(crate) cache_seconds: u32,
    /// Algorithm of the next key of this surface, if it is another than `keys.algorithm`.
    #[schema(value_type = Option<String>)]
    pub(crate) signing_algorithm: Option<Algorithm>,
    /// Algorithms that client assertions and request objects may be signed with at all; a client's
    /// registration narrows it.
    #[schema(value_type = Vec<String>)]
    pub(crate) client_algorithms: Vec<Algorithm>,
    /// Other names of levels that `acr_values` may have: `Level3` and `Level4`, or also those of the
    /// national eIDAS proxy.
    #[schema(inline)]
    pub(crate) acr_aliases: AcrAliasesName,
    /// Accept signed request objects by value.
    pub(crate) request_objects: bool,
    /// Require `state` and `nonce` of every client.
    pub(crate) require_state_and_nonce: bool,
    /// Require the parameter `client_id` beside a client assertion.
    pub(crate) strict_client_id_parameter: bool,
    /// Values of `aud` that client assertions may have beside the issuer.
    pub(crate) extra_client_assertion_audiences: Vec<String>,
    /// What `aud` of an access token is when no `resource` was asked for.
    #[schema(inline)]
    pub(crate) aud_when_unrestricted: UnrestrictedAudienceName,
    /// Add the claim `client_orgno` to access tokens.
    pub(crate) legacy_client_orgno: bool,
    /// Give access tokens `typ: at+jwt`.
    pub(crate) access_token_type_header: bool,
    /// Bind tokens to keys that clients prove (`DPoP`, RFC 9449). Otherwise proofs are ignored.
    pub(crate) dpop: bool,
    /// Which generations of eIDAS claim names id tokens carry.
    #[schema(inline)]
    pub(crate) eidas_claims: EidasClaims,
    /// Let any client of a scope's owner introspect its tokens, where the scope names none that may.
    pub(crate) introspection_owner_fallback: bool,
    /// Ask the person before a logout that comes without a valid `id_token_hint`.
    pub(crate) logout_confirm_without_hint: bool,
    /// Addresses and networks of clients' servers that are told of logouts although not everybody reaches
    /// them, like `10.0.0.0/8`. Their addresses are `https` all the same.
    pub(crate) backchannel_logout_networks: Vec<String>,
    /// Call every certificate `virksomhetssertifikat` in `client_amr`.
    pub(crate) one_client_amr_for_certificates: bool,
}

/// Which generations of eIDAS claim names id tokens carry.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EidasClaims {
    /// `eidas_identifier`, `eidas_firstname`, ...
    pub(crate) of_2024: bool,
    /// `eidas_person_identifier`, `given_name`, ...
    pub(crate) of_2026: bool,
    /// `eidas-personidentifier`, `eidas-firstname`, ..., also without the scope `eidas`.
    pub(crate) legacy: bool,
}

impl Default for Section {
    fn default() -> Self {
        let issuer = LoginIssuer::new("", EnvironmentName::Production.into());
        let EidasClaimNames {
            of_2024,
            of_2026,
            legacy,
        } = issuer.eidas_claims;
        Self {
            listener: Listener::loopback(7701),
            issuer: None,
            login_base_url: None,
            environment: EnvironmentName::Production,
            eids: Vec::new(),
            eidas_countries: Vec::new(),
            upstreams: Vec::new(),
            accepted_person_numbers: AcceptedNumbersName::ByEnvironment,
            site: site::Section::default(),
            lifetimes: lifetimes::Section::default(),
            bounds: bounds::Section::default(),
            companion: companion::Section::default(),
            cache_seconds: 3600,
            signing_algorithm: None,
            client_algorithms: issuer.client_algorithms.iter().collect(),
            acr_aliases: AcrAliasesName::Legacy,
            request_objects: issuer.request_objects,
            require_state_and_nonce: issuer.require_state_and_nonce,
            strict_client_id_parameter: issuer.strict_client_id_parameter,
            extra_client_assertion_audiences: issuer.extra_client_assertion_audiences,
            aud_when_unrestricted: UnrestrictedAudienceName::Unspecified,
            legacy_client_orgno: issuer.legacy_client_orgno,
            access_token_type_header: issuer.access_token_type_header,
            dpop: issuer.dpop,
            eidas_claims: EidasClaims {
                of_2024,
                of_2026,
                legacy,
            },
            introspection_owner_fallback: issuer.introspection_owner_fallback,
            logout_confirm_without_hint: issuer.logout_confirm_without_hint,
            backchannel_logout_networks: Vec::new(),
            one_client_amr_for_certificates: issuer.one_client_amr_for_certificates,
        }
    }
}

impl Section {
    /// Whether people log in here.
    pub(crate) fn is_served(&self) -> bool {
        self.issuer.is_some()
    }

    /// Which addresses of login clients are accepted.
    pub(crate) fn client_addresses(&self) -> UriPolicy {
        Environment::from(self.environment).uri_policy()
    }

    /// Whether it can be meant.
    pub(super) fn check(&self, config: &Config, faults: &mut Faults) {
        self.listener.binding("idporten", faults);
        self.bounds.most(faults);
        self.countries(faults);
        self.logout_networks(faults);
        self.site.check(self.environment.into(), faults);
        self.companion.keeping(faults);
        if self.is_served() {
            if let Some(issuer) = self.login_issuer(config, faults) {
                self.companion.settings(&issuer.identifier, faults);
            }
        } else if self.login_base_url.is_some() || self.has_ways() || self.companion.has_addresses()
        {
            faults.add(
                ISSUER,
                "is required with login_base_url, eids, upstreams and companion",
            );
        }
    }

    /// The issuer with its policy.
    pub(crate) fn login_issuer(&self, config: &Config, faults: &mut Faults) -> Option<LoginIssuer> {
        self.check_eids(faults);
        let lifetimes = self.lifetimes.settings(faults);
        if self.client_algorithms.is_empty() {
            let key = "idporten.client_algorithms";
            faults.add(key, "name one algorithm at least");
        }
        let identifier = self.identifier(config, faults)?;
        let login_base_url = self.base_url(identifier, faults)?;
        let issuer = LoginIssuer::new(identifier, self.environment.into());
        Some(LoginIssuer {
            login_base_url: login_base_url.to_owned(),
            accepted_numbers: self
                .accepted_person_numbers
                .settled(issuer.accepted_numbers),
            lifetimes,
            client_algorithms: self.client_algorithms.iter().copied().collect(),
            acr_aliases: self.acr_aliases.into(),
            request_objects: self.request_objects,
            require_state_and_nonce: self.require_state_and_nonce,
            strict_client_id_parameter: self.strict_client_id_parameter,
            extra_client_assertion_audiences: self.extra_client_assertion_audiences.clone(),
            aud_when_unrestricted: self.aud_when_unrestricted.into(),
            legacy_client_orgno: self.legacy_client_orgno,
            access_token_type_header: self.access_token_type_header,
            dpop: self.dpop,
            eidas_claims: EidasClaimNames {
                of_2024: self.eidas_claims.of_2024,
                of_2026: self.eidas_claims.of_2026,
                legacy: self.eidas_claims.legacy,
            },
            introspection_owner_fallback: self.introspection_owner_fallback,
            logout_confirm_without_hint: self.logout_confirm_without_hint,
            one_client_amr_for_certificates: self.one_client_amr_for_certificates,
            ..issuer
        })
    }

    /// The countries of `eidas`, unless they are all.
    pub(crate) fn countries(&self, faults: &mut Faults) -> Option<EidasCountries> {
        if self.eidas_countries.is_empty() {
            return None;
        }
        let countries = EidasCountries::parse(&self.eidas_countries);
        if countries.is_none() {
            let message = "name countries of eIDAS by their codes there, like SE or EL";
            faults.add("idporten.eidas_countries", message);
        }
        countries
    }

    /// The networks in which clients' servers are called beside those that everybody reaches.
    pub(crate) fn logout_networks(&self, faults: &mut Faults) -> Option<Vec<IpNet>> {
        networks(
            "idporten.backchannel_logout_networks",
            &self.backchannel_logout_networks,
            faults,
        )
    }

    /// The longest life of any token that its keys sign, in seconds.
    pub(super) fn longest_token_seconds(&self, longest_registered: u32) -> u32 {
        let lifetimes = &self.lifetimes;
        let longest = longest_registered
            .max(lifetimes.login_access_token_seconds)
            .max(lifetimes.api_access_token_seconds)
            .min(lifetimes.max_access_token_seconds);
        longest.max(lifetimes.id_token_seconds)
    }

    fn identifier(&self, config: &Config, faults: &mut Faults) -> Option<&str> {
        let identifier = faults.required(ISSUER, self.issuer.as_ref())?;
        if !is_address(ISSUER, identifier, faults) {
            return None;
        }
        let others = [
            &config.maskinporten.issuer,
            &config.maskinporten.skyporten_issuer,
        ];
        let same = |other: &String| other.trim_end_matches('/') == identifier;
        if others.into_iter().flatten().any(same) {
            let message = "is that of the machine-to-machine surface: write another host";
            faults.add(ISSUER, message);
            return None;
        }
        Some(identifier)
    }

    /// Pages lead to each other by their paths, so there is none before them.
    fn base_url<'s>(&'s self, identifier: &'s str, faults: &mut Faults) -> Option<&'s str> {
        let base_url = self.login_base_url.as_deref().unwrap_or(identifier);
        let path = Url::parse(base_url).ok().map(|url| url.path().to_owned());
        let is_right = is_public_address(base_url)
            && !base_url.ends_with('/')
            && path.is_some_and(|path| path == "/");
        if !is_right {
            let message = "write an https address without path, query and slash at its end; it is \
                           required where the issuer has a path";
            faults.add(LOGIN_BASE_URL, message);
        }
        is_right.then_some(base_url)
    }

    fn has_ways(&self) -> bool {
        !self.eids.is_empty() || !self.upstreams.is_empty()
    }

    fn check_eids(&self, faults: &mut Faults) {
        if !self.has_ways() {
            faults.add(EIDS, "name one way to log in at least");
        }
        for (index, eid) in self.eids.iter().enumerate() {
            let key = || format!("{EIDS}[{index}]");
            if self.eids[..index].contains(eid) {
                faults.add(key(), "is named twice");
            }
            if eid.is_for_tests() && self.environment == EnvironmentName::Production {
                let message = "lets anybody be anybody, so it is for environment test alone";
                faults.add(key(), message);
            }
        }
        let real_only = self.accepted_person_numbers == AcceptedNumbersName::Real;
        if real_only && self.eids.contains(&EidName::Testid) {
            let message = "with the eID testid synthetic numbers are accepted";
            faults.add(ACCEPTED_NUMBERS, message);
        }
    }
}

/// Whether it is an address to which paths are added; a fault of this key if not.
fn is_address(key: impl Into<String>, address: &str, faults: &mut Faults) -> bool {
    let is_right = is_public_address(address) && !address.ends_with('/');
    if !is_right {
        let message = "write an https address without a slash at its end, and without query";
        faults.add(key, message);
    }
    is_right
}
