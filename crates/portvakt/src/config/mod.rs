//! The configuration of a production server: one file, in YAML, with one section for each concern,
//! and environment variables that take precedence over it.
//!
//! A section has the form that people write (strings, numbers of a stated unit) and turns it into
//! the values that the program works with, naming every key at fault. What is unknown is refused:
//! a misspelled key must not leave a default in force. No network is used while reading.
//!
//! [`reference()`] makes `docs/configuration.md` from the sections' own documentation.

mod audit;
mod database;
mod fault;
mod http;
mod idporten;
mod keys;
mod limits;
mod listener;
mod log;
mod maskinporten;
mod module;
mod operations;
mod operator;
mod overrides;
mod proxies;
mod reference;
mod selfservice;
mod traces;
mod trust;

#[cfg(test)]
mod chart;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) use self::database::DatabaseLocation;
pub(crate) use self::fault::{ConfigError, Faults};
pub(crate) use self::idporten::EidName;
pub(crate) use self::limits::Rates;
pub(crate) use self::listener::{Binding, TlsFiles};
pub(crate) use self::log::{Format as LogFormat, Section as LogSection};
pub(crate) use self::overrides::Environment;
pub(crate) use self::reference::markdown as reference;
pub(crate) use self::traces::TraceSettings;
use crate::signing::SigningSurface;

/// Everything that an operator may decide about a server.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where everything is kept.
    #[schema(inline)]
    pub(crate) database: database::Section,
    /// The machine-to-machine surface: who the issuer is, and its policy.
    #[schema(inline)]
    pub(crate) maskinporten: maskinporten::Section,
    /// The login surface, an OpenID provider: who the issuer is, how people log in, and its policy. Without
    /// `issuer` there is none.
    #[schema(inline)]
    pub(crate) idporten: idporten::Section,
    /// The REST API with which organizations administer what is theirs.
    #[schema(inline)]
    pub(crate) selfservice: selfservice::Section,
    /// Health, readiness and the operator's API. Never exposed publicly.
    #[schema(inline)]
    pub(crate) operations: operations::Section,
    /// Who runs the server.
    #[schema(inline)]
    pub(crate) operator: operator::Section,
    /// Which organization certificates are trusted.
    #[schema(inline)]
    pub(crate) trust: trust::Section,
    /// The server's own signing keys.
    #[schema(inline)]
    pub(crate) keys: keys::Section,
    /// What strangers may ask of a connection.
    #[schema(inline)]
    pub(crate) http: http::Section,
    /// How often addresses, clients and organizations may ask of the public surfaces of one node. Nobody
    /// is limited unless a key says how.
    #[schema(inline)]
    pub(crate) limits: limits::Section,
    /// The audit log's checkpoints.
    #[schema(inline)]
    pub(crate) audit: audit::Section,
    /// Log lines on standard error.
    #[schema(inline)]
    pub(crate) log: log::Section,
    /// Traces of requests, for a collector of OpenTelemetry. Without `endpoint` there are none.
    #[schema(inline)]
    pub(crate) traces: traces::Section,
}

impl Config {
    /// Reads the file and lays the environment over it. The keys are known and their values have
    /// the right types; what they say together is for the sections to judge ([`Config::check`]).
    pub(crate) fn load(file: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        Self::read(&text, environment)
    }

    /// As [`Config::load`], for the text of a file.
    pub(crate) fn read(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let mut document = overrides::document(text)?;
        environment.lay_over(&mut document)?;
        // Defaults are plain data with string keys.
        let mut effective = serde_json::to_value(Self::default()).unwrap_or_default();
        overrides::merge(&mut effective, document);
        serde_path_to_error::deserialize(&effective).map_err(|error| ConfigError::Invalid {
            key: error.path().to_string(),
            message: error.inner().to_string(),
        })
    }

    /// Every key whose value cannot be meant.
    pub(crate) fn check(&self) -> Faults {
        let mut faults = Faults::default();
        self.database.settings(&mut faults);
        self.maskinporten.issuers(&mut faults);
        self.maskinporten
            .listener
            .binding("maskinporten", &mut faults);
        self.idporten.check(self, &mut faults);
        self.selfservice.settings(&mut faults);
        self.selfservice
            .listener
            .binding("selfservice", &mut faults);
        self.operations.listener.binding("operations", &mut faults);
        self.operator.organization(&mut faults);
        self.trust.check(&mut faults);
        for surface in self.signing_surfaces() {
            self.keys.policy(surface, self, &mut faults);
        }
        self.keys.location(self, &mut faults);
        self.http.limits(&mut faults);
        self.http.proxies(&mut faults);
        self.limits.rates(&mut faults);
        self.audit.check(&mut faults);
        self.log.check(&mut faults);
        self.traces.settings(&mut faults);
        faults
    }

    /// The surfaces that sign.
    fn signing_surfaces(&self) -> impl Iterator<Item = SigningSurface> {
        let is_served = |surface: &SigningSurface| match surface {
            SigningSurface::Maskinporten => true,
            SigningSurface::Idporten => self.idporten.is_served(),
        };
        SigningSurface::ALL.into_iter().filter(is_served)
    }

    /// The longest life of any token of a surface in seconds: what clients and scopes may ask for, or
    /// less where there is a ceiling.
    fn longest_token_seconds(&self, surface: SigningSurface) -> u32 {
        let longest = self.selfservice.max_access_token_lifetime_seconds;
        match surface {
            SigningSurface::Maskinporten => self.maskinporten.longest_token_seconds(longest),
            SigningSurface::Idporten => self.idporten.longest_token_seconds(longest),
        }
    }

    /// The host of a surface's issuer, which certificates of its keys name.
    pub(crate) fn issuer_host(&self, surface: SigningSurface) -> Option<String> {
        let issuer = match surface {
            SigningSurface::Maskinporten => self.maskinporten.issuer.as_deref(),
            SigningSurface::Idporten => self.idporten.issuer.as_deref(),
        };
        let address = url::Url::parse(issuer?).ok()?;
        address.host_str().map(str::to_owned)
    }

    /// The configuration in force, without what must stay secret.
    pub(crate) fn shown(&self) -> Value {
        let mut shown = self.clone();
        shown.database.hide_password();
        // Sections are plain data with string keys.
        serde_json::to_value(shown).unwrap_or_default()
    }
}
