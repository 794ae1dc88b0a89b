//! A hardware module that holds the server's signing keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;
use crate::signing::{ModuleLocation, SecretLocation};

/// A hardware module that holds the server's signing keys.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// PKCS#11 library of a hardware module that the signing keys are made in and never leave,
    /// instead of an encryption key.
    pub(crate) library: Option<String>,
    /// Label of the token in it. Required with `library`.
    pub(crate) token: Option<String>,
    /// File with the token's PIN, readable for the server's user alone. Required with `library`.
    pub(crate) pin_file: Option<String>,
    /// Signatures that the module makes at the same time.
    pub(crate) sessions: usize,
    /// How many more may wait before token requests are answered 503.
    pub(crate) waiting: usize,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            library: None,
            token: None,
            pin_file: None,
            sessions: ModuleLocation::SESSIONS,
            waiting: ModuleLocation::WAITING,
        }
    }
}

impl Section {
    /// Whether there is to be a module, by anything that is said of one.
    pub(super) fn is_named(&self) -> bool {
        self.library.is_some() || self.token.is_some() || self.pin_file.is_some()
    }

    /// The module and how it is used.
    pub(super) fn location(&self, faults: &mut Faults) -> Option<ModuleLocation> {
        if cfg!(not(feature = "pkcs11")) {
            let message = "this program was built without hardware modules";
            faults.add("keys.module.library", message);
        }
        if self.sessions == 0 {
            faults.add("keys.module.sessions", "is at least 1");
        }
        let library = faults.required("keys.module.library", self.library.as_ref());
        let token = faults.required("keys.module.token", self.token.as_ref());
        let pin_file = faults.required("keys.module.pin_file", self.pin_file.as_ref());
        Some(ModuleLocation {
            library: library?.into(),
            token: token?.to_owned(),
            pin: SecretLocation::File(pin_file?.into()),
            sessions: self.sessions,
            waiting: self.waiting,
        })
    }
}
