//! The server's own signing keys.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use portvakt_core::signing::life::{LifePolicy, LifePolicyError, LifeSettings};
use portvakt_core::signing::{KeySource, SealedKeys};
use portvakt_jose::{Algorithm, RsaBits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Config, Faults, module};
use crate::signing::{KeyLocation, SecretLocation, SigningSurface, sealed};

const DAY: Duration = Duration::from_hours(24);
const ENCRYPTION_KEY: &str = "keys.encryption_key_file";

/// The server's own signing keys.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Algorithm of the next key: `RS256`, `PS256`, `ES256` or `EdDSA`. The present one is used
    /// until the next takes its place.
    #[schema(value_type = String)]
    pub(crate) algorithm: Algorithm,
    /// Size of RSA keys in bits: 2048, 3072 or 4096.
    pub(crate) rsa_bits: u32,
    /// How long a key signs, in days.
    pub(crate) rotation_days: u32,
    /// How long a key is published before it signs, in days.
    pub(crate) publish_before_use_days: u32,
    /// How long a key stays published after it has signed for the last time, in days.
    pub(crate) keep_after_days: u32,
    /// File with the 32 bytes, in base64 or hexadecimal, that private keys are encrypted with in
    /// the database. Readable for the server's user alone. Required, or `encryption_key_variable`,
    /// or `module`; with `idporten.issuer` also beside a module, for the key of pairwise subjects.
    #[schema(value_type = Option<String>)]
    pub(crate) encryption_key_file: Option<PathBuf>,
    /// Name of an environment variable that holds them instead.
    pub(crate) encryption_key_variable: Option<String>,
    /// Files with former encryption keys, which open what is not encrypted anew yet.
    #[schema(value_type = Vec<String>)]
    pub(crate) former_encryption_key_files: Vec<PathBuf>,
    /// A hardware module that holds the keys instead.
    #[schema(inline)]
    pub(crate) module: module::Section,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Rs256,
            rsa_bits: 2048,
            rotation_days: 90,
            publish_before_use_days: 2,
            keep_after_days: 2,
            encryption_key_file: None,
            encryption_key_variable: None,
            former_encryption_key_files: Vec::new(),
            module: module::Section::default(),
        }
    }
}

impl Section {
    /// How long each part of the life of a surface's keys lasts, if no verifier is ever left without a
    /// key.
    pub(crate) fn policy(
        &self,
        surface: SigningSurface,
        config: &Config,
        faults: &mut Faults,
    ) -> Option<LifePolicy> {
        let rsa_bits = match self.rsa_bits {
            2048 => RsaBits::B2048,
            3072 => RsaBits::B3072,
            4096 => RsaBits::B4096,
            _ => {
                faults.add("keys.rsa_bits", "is 2048, 3072 or 4096");
                return None;
            }
        };
        let (own_algorithm, cache_seconds) = match surface {
            SigningSurface::Maskinporten => (None, config.maskinporten.cache_seconds),
            SigningSurface::Idporten => (
                config.idporten.signing_algorithm,
                config.idporten.cache_seconds,
            ),
        };
        let settings = LifeSettings {
            algorithm: own_algorithm.unwrap_or(self.algorithm),
            rsa_bits,
            rotation_interval: DAY.saturating_mul(self.rotation_days),
            publish_before_use: DAY.saturating_mul(self.publish_before_use_days),
            keep_after: DAY.saturating_mul(self.keep_after_days),
            document_max_age: Duration::from_secs(cache_seconds.into()),
            longest_token_lifetime: Duration::from_secs(
                config.longest_token_seconds(surface).into(),
            ),
            ..LifeSettings::default()
        };
        LifePolicy::new(settings)
            .map_err(|error| faults.add(key_at_fault(error), error.to_string()))
            .ok()
    }

    /// Where the keys are kept, and by what.
    pub(crate) fn location(&self, config: &Config, faults: &mut Faults) -> Option<KeyLocation> {
        let is_twice = self.encryption_key_file.is_some() && self.encryption_key_variable.is_some();
        match (self.module.is_named(), self.sealing()) {
            (true, sealing) => {
                check_beside_module(sealing.is_some(), config.idporten.is_served(), faults);
                self.module.location(faults).map(KeyLocation::Module)
            }
            (false, Some(Sealing { key, former })) if !is_twice => {
                Some(KeyLocation::Sealed { key, former })
            }
            (false, _) => {
                let message = "name either this or encryption_key_variable, or a module: private \
                               keys are not kept in the open";
                faults.add(ENCRYPTION_KEY, message);
                None
            }
        }
    }

    /// Opens the source of signing keys.
    pub(crate) fn open(&self, config: &Config) -> anyhow::Result<Arc<dyn KeySource>> {
        Faults::settle(|faults| self.location(config, faults))?.open()
    }

    /// What seals the secrets that are no signing keys. A configuration that was checked has it where
    /// there are any.
    pub(crate) fn open_sealing(&self) -> anyhow::Result<SealedKeys> {
        let sealing = self.sealing().context("there is no encryption key")?;
        sealed(&sealing.key, &sealing.former)
    }

    fn sealing(&self) -> Option<Sealing> {
        let file = self.encryption_key_file.clone().map(SecretLocation::File);
        let variable = self.encryption_key_variable.clone();
        let files = self.former_encryption_key_files.iter();
        Some(Sealing {
            key: file.or_else(|| variable.map(SecretLocation::Environment))?,
            former: files.cloned().map(SecretLocation::File).collect(),
        })
    }
}

/// A module holds no secret that is no signing key, and people's logins need one.
fn check_beside_module(is_sealing: bool, logs_in: bool, faults: &mut Faults) {
    match (is_sealing, logs_in) {
        (true, false) => {
            let message = "keys in a module are not encrypted: name a module or an encryption \
                           key";
            faults.add("keys.module.library", message);
        }
        (false, true) => {
            let message = "is required with idporten.issuer beside a module, too: the key of \
                           pairwise subjects is encrypted with it";
            faults.add(ENCRYPTION_KEY, message);
        }
        (true, true) | (false, false) => {}
    }
}

/// Where the encryption keys are.
struct Sealing {
    key: SecretLocation,
    former: Vec<SecretLocation>,
}

fn key_at_fault(error: LifePolicyError) -> &'static str {
    match error {
        LifePolicyError::ReloadBound | LifePolicyError::RotationInterval(_) => "keys.rotation_days",
        LifePolicyError::PublishBeforeUse(_) => "keys.publish_before_use_days",
        LifePolicyError::KeepAfter(_) => "keys.keep_after_days",
    }
}
