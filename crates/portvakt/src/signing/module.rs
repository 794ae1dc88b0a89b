//! Signing keys in a hardware module. The store keeps no more than that they are there.
//!
//! A key is found by its surface and its key id, the thumbprint of its public half: whoever can write the
//! store can publish no key that the module does not hold.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use portvakt_core::signing::{
    Kept, KeySource, KeySourceError, NewKey, NewKeyKind, OpenKey, SigningKeyRecord, SigningKeyState,
};
use portvakt_jose::{Algorithm, KeyModule, KeyModuleError, KeyModuleSettings, Signer};
use zeroize::Zeroizing;

use super::secret::SecretLocation;
use super::source::ModuleLocation;

/// What the store keeps.
const STORED: &[u8] = br#"{"version":1,"module":"pkcs11"}"#;
/// How often the library is started anew while the module is away.
const RESTART_INTERVAL: Duration = Duration::from_secs(5);

/// A hardware module.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ModuleArgs {
    /// PKCS#11 library of the hardware module that holds the signing keys
    #[arg(
        long = "pkcs11-library",
        value_name = "FILE",
        requires_all = ["token", "pin"]
    )]
    library: Option<PathBuf>,
    /// Label of the token in it
    #[arg(long = "pkcs11-token", value_name = "LABEL", requires = "library")]
    token: Option<String>,
    /// Where the token's PIN is
    #[arg(
        long = "pkcs11-pin",
        value_name = "FILE|env:NAME",
        requires = "library"
    )]
    pin: Option<SecretLocation>,
    /// How many signatures are made at the same time
    #[arg(long = "pkcs11-sessions", value_name = "N", default_value_t = ModuleLocation::SESSIONS)]
    sessions: usize,
    /// How many more may wait before others are refused with 503
    #[arg(long = "pkcs11-waiting", value_name = "N", default_value_t = ModuleLocation::WAITING)]
    waiting: usize,
}

impl ModuleArgs {
    /// Whether a module is named.
    pub(super) fn is_given(&self) -> bool {
        self.library.is_some()
    }

    /// The module, if one is named.
    pub(super) fn location(&self) -> anyhow::Result<Option<ModuleLocation>> {
        let Some(library) = &self.library else {
            return Ok(None);
        };
        let (Some(token), Some(pin)) = (&self.token, &self.pin) else {
            bail!("a module needs a token and a PIN");
        };
        Ok(Some(ModuleLocation {
            library: library.clone(),
            token: token.clone(),
            pin: pin.clone(),
            sessions: self.sessions,
            waiting: self.waiting,
        }))
    }
}

impl ModuleLocation {
    /// What to open, with the PIN read.
    pub(crate) fn settings(&self) -> anyhow::Result<KeyModuleSettings> {
        Ok(KeyModuleSettings {
            library: self.library.clone(),
            token: self.token.clone(),
            pin: Zeroizing::new(self.pin.read()?.trim().to_owned()),
            sessions: self.sessions,
            waiting: self.waiting,
            restart_interval: RESTART_INTERVAL,
        })
    }
}

/// Opens a module, which must answer.
pub(super) fn open(location: &ModuleLocation) -> anyhow::Result<ModuleKeys> {
    let module = KeyModule::open(location.settings()?);
    let module = module.with_context(|| format!("open {}", location.library.display()))?;
    Ok(ModuleKeys(module))
}

/// The keys of a module.
pub(crate) struct ModuleKeys(KeyModule);

impl ModuleKeys {
    fn find(&self, label: &str, kid: &str, algorithm: Algorithm) -> Result<Signer, KeySourceError> {
        let found = self.0.find(label, kid, algorithm);
        let found = found.map_err(|error| source_error(&error))?;
        let absent = || "the hardware module does not have it".to_owned();
        let found = found.ok_or_else(|| KeySourceError::ElsewhereKept(absent()))?;
        Ok(Signer::Remote(found))
    }
}

impl KeySource for ModuleKeys {
    fn generate(&self, surface: &str, wanted: NewKeyKind) -> Result<NewKey, KeySourceError> {
        let NewKeyKind {
            algorithm,
            rsa_bits,
        } = wanted;
        let label = label(surface);
        let made = self.0.generate(&label, algorithm, rsa_bits);
        let kid = made.map_err(|error| source_error(&error))?;
        Ok(NewKey {
            signer: self.find(&label, &kid, algorithm)?,
            kid,
            algorithm,
            private_key: STORED.to_vec(),
            certificate: None,
        })
    }

    fn open(&self, record: &SigningKeyRecord) -> Result<OpenKey, KeySourceError> {
        if record.kept() != Kept::Module {
            return Err(KeySourceError::ElsewhereKept(format!(
                "it is kept as {}",
                record.kept()
            )));
        }
        let label = label(&record.surface);
        let signer = self.find(&label, &record.kid, record.algorithm)?;
        Ok(match record.state {
            SigningKeyState::Next | SigningKeyState::Active => OpenKey::Signs(signer),
            SigningKeyState::Retired | SigningKeyState::Gone => {
                OpenKey::Verifies(signer.public_jwk(&record.kid))
            }
        })
    }

    fn retire(&self, record: &SigningKeyRecord) -> Result<Vec<u8>, KeySourceError> {
        Ok(record.private_key.clone())
    }

    fn destroy(&self, surface: &str, kid: &str) -> Result<(), KeySourceError> {
        let destroyed = self.0.destroy(&label(surface), kid);
        destroyed.map(drop).map_err(|error| source_error(&error))
    }
}

fn label(surface: &str) -> String {
    format!("portvakt-{surface}")
}

fn source_error(error: &KeyModuleError) -> KeySourceError {
    match error {
        KeyModuleError::Algorithm(algorithm) => KeySourceError::NotOffered(algorithm.to_string()),
        KeyModuleError::Key(error) => (*error).into(),
        KeyModuleError::MayLeave => KeySourceError::ElsewhereKept(error.to_string()),
        KeyModuleError::Unavailable(_)
        | KeyModuleError::Busy
        | KeyModuleError::Pin
        | KeyModuleError::Settings(_) => KeySourceError::Unavailable(error.to_string()),
    }
}
