//! Keys in hardware modules.

use portvakt_jose::{Algorithm, KeyModule, KeyModuleSettings, Signer};

use super::CredentialsError;

/// Which key of which module signs.
#[derive(Clone, Debug)]
pub struct ModuleKey {
    /// The module.
    pub settings: KeyModuleSettings,
    /// Label of the key.
    pub label: String,
    /// Thumbprint of its public half (RFC 7638), so that the label cannot lead to another key.
    pub thumbprint: String,
    /// What it signs with.
    pub algorithm: Algorithm,
}

impl ModuleKey {
    /// Opens the module and finds the key. It blocks for as long as the module takes.
    pub fn open(self) -> Result<Signer, CredentialsError> {
        let module = KeyModule::open(self.settings)?;
        let found = module.find(&self.label, &self.thumbprint, self.algorithm)?;
        found
            .map(Signer::Remote)
            .ok_or(CredentialsError::NoSuchKey {
                label: self.label,
                thumbprint: self.thumbprint,
            })
    }
}
