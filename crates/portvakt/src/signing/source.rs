//! Which source of signing keys is wanted: as they are, sealed, or in a hardware module.

use std::path::PathBuf;
use std::sync::Arc;

use portvakt_core::SystemEntropy;
use portvakt_core::signing::{KeySource, PlainKeys, SealedKeys};

use super::secret::SecretLocation;

/// Where signing keys come from. Without any of it they are in the store as they are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct KeySourceArgs {
    /// Where the key-encryption key is: a file, or an environment variable by name
    #[arg(
        long = "key-encryption-key",
        value_name = "FILE|env:NAME",
        env = "PORTVAKT_KEY_ENCRYPTION_KEY_FROM"
    )]
    pub(crate) key_encryption_key: Option<SecretLocation>,
    /// A former key-encryption key, which opens what is not sealed anew yet; repeat for several
    #[arg(long = "former-key-encryption-key", value_name = "FILE|env:NAME")]
    pub(crate) former: Vec<SecretLocation>,
    #[cfg(feature = "pkcs11")]
    #[command(flatten)]
    pub(crate) module: super::module::ModuleArgs,
}

impl KeySourceArgs {
    /// Whether any of it was given.
    pub(crate) fn is_given(&self) -> bool {
        #[cfg(feature = "pkcs11")]
        if self.module.is_given() {
            return true;
        }
        self.key_encryption_key.is_some()
    }

    /// Opens the source. A module is asked to answer; a secret that cannot be read is an error.
    pub(crate) fn open(&self) -> anyhow::Result<Arc<dyn KeySource>> {
        #[cfg(feature = "pkcs11")]
        if let Some(module) = self.module.location()? {
            anyhow::ensure!(
                self.key_encryption_key.is_none(),
                "keys in a module are not encrypted: give a module or a key-encryption key"
            );
            return KeyLocation::Module(module).open();
        }
        match &self.key_encryption_key {
            Some(key) => KeyLocation::Sealed {
                key: key.clone(),
                former: self.former.clone(),
            }
            .open(),
            None => Ok(Arc::new(PlainKeys)),
        }
    }
}

/// Where keys are that are not in the open.
#[derive(Clone, Debug)]
pub(crate) enum KeyLocation {
    /// In the store, encrypted.
    Sealed {
        /// Where the key-encryption key is.
        key: SecretLocation,
        /// Where former ones are.
        former: Vec<SecretLocation>,
    },
    /// In a hardware module.
    Module(ModuleLocation),
}

/// A token of a hardware module, and how it is used.
#[cfg_attr(
    not(feature = "pkcs11"),
    expect(dead_code, reason = "what a configuration says of a module is refused")
)]
#[derive(Clone, Debug)]
pub(crate) struct ModuleLocation {
    /// PKCS#11 library.
    pub(crate) library: PathBuf,
    /// Label of the token.
    pub(crate) token: String,
    /// Where the token's PIN is.
    pub(crate) pin: SecretLocation,
    /// How many signatures are made at the same time.
    pub(crate) sessions: usize,
    /// How many more may wait before others are refused.
    pub(crate) waiting: usize,
}

impl ModuleLocation {
    /// Signatures that are made at the same time, if nobody says otherwise.
    pub(crate) const SESSIONS: usize = 4;
    /// How many more may wait, if nobody says otherwise.
    pub(crate) const WAITING: usize = 256;
}

impl KeyLocation {
    /// Opens the source. A module is asked to answer; a secret that cannot be read is an error.
    pub(crate) fn open(&self) -> anyhow::Result<Arc<dyn KeySource>> {
        match self {
            Self::Sealed { key, former } => Ok(Arc::new(sealed(key, former)?)),
            #[cfg(feature = "pkcs11")]
            Self::Module(location) => Ok(Arc::new(super::module::open(location)?)),
            #[cfg(not(feature = "pkcs11"))]
            Self::Module(location) => anyhow::bail!(
                "{} cannot be used: this program was built without hardware modules",
                location.library.display()
            ),
        }
    }
}

/// Keys that are sealed under this key; what is sealed under a former one opens too.
pub(crate) fn sealed(
    key: &SecretLocation,
    former: &[SecretLocation],
) -> anyhow::Result<SealedKeys> {
    let key = key.read_key_encryption_key()?;
    let source = SealedKeys::new(key, Arc::new(SystemEntropy));
    former.iter().try_fold(source, |source, former| {
        Ok(source.with_former(former.read_key_encryption_key()?))
    })
}
