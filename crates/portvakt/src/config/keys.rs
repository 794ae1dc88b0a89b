//! The server's own signing keys.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use portvakt_core::signing::KeySource;
use portvakt_core::signing::life::{LifePolicy, LifePolicyError, LifeSettings};
use portvakt_jose::{Algorithm, RsaBits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Config, Faults, module};
use crate::signing::{KeyLocation, SecretLocation};

const DAY: Duration = Duration::from_hours(24);

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
    /// or `module`.
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
    /// How long each part of a key's life lasts, if no verifier is ever left without a key.
    pub(crate) fn policy(&self, config: &Config, faults: &mut Faults) -> Option<LifePolicy> {
        let rsa_bits = match self.rsa_bits {
            2048 => RsaBits::B2048,
            3072 => RsaBits::B3072,
            4096 => RsaBits::B4096,
            _ => {
                faults.add("keys.rsa_bits", "is 2048, 3072 or 4096");
                return None;
            }
        };
        let settings = LifeSettings {
            algorithm: self.algorithm,
            rsa_bits,
            rotation_interval: DAY.saturating_mul(self.rotation_days),
            publish_before_use: DAY.saturating_mul(self.publish_before_use_days),
            keep_after: DAY.saturating_mul(self.keep_after_days),
            document_max_age: Duration::from_secs(config.maskinporten.cache_seconds.into()),
            longest_token_lifetime: Duration::from_secs(config.longest_token_seconds().into()),
            ..LifeSettings::default()
        };
        LifePolicy::new(settings)
            .map_err(|error| faults.add(key_at_fault(error), error.to_string()))
            .ok()
    }

    /// Where the keys are kept, and by what.
    pub(crate) fn location(&self, faults: &mut Faults) -> Option<KeyLocation> {
        let key = match (&self.encryption_key_file, &self.encryption_key_variable) {
            (None, None) if self.module.is_named() => {
                return self.module.location(faults).map(KeyLocation::Module);
            }
            _ if self.module.is_named() => {
                let message = "keys in a module are not encrypted: name a module or an encryption \
                               key";
                faults.add("keys.module.library", message);
                return None;
            }
            (Some(file), None) => SecretLocation::File(file.clone()),
            (None, Some(name)) => SecretLocation::Environment(name.clone()),
            _ => {
                let message = "name either this or encryption_key_variable, or a module: private \
                               keys are not kept in the open";
                faults.add("keys.encryption_key_file", message);
                return None;
            }
        };
        let files = self.former_encryption_key_files.iter();
        Some(KeyLocation::Sealed {
            key,
            former: files.cloned().map(SecretLocation::File).collect(),
        })
    }

    /// Opens the source of signing keys.
    pub(crate) fn open(&self) -> anyhow::Result<Arc<dyn KeySource>> {
        Faults::settle(|faults| self.location(faults))?.open()
    }
}

fn key_at_fault(error: LifePolicyError) -> &'static str {
    match error {
        LifePolicyError::ReloadBound | LifePolicyError::RotationInterval(_) => "keys.rotation_days",
        LifePolicyError::PublishBeforeUse(_) => "keys.publish_before_use_days",
        LifePolicyError::KeepAfter(_) => "keys.keep_after_days",
    }
}
