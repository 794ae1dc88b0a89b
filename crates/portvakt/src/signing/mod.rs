//! The server's signing keys at work: opened, kept up with the store, rotated when it is time.
//!
//! Start reading at [`SigningKeyKeeper`], the one thing that a server opens.

mod figures;
mod keeper;
#[cfg(feature = "pkcs11")]
mod module;
mod secret;
mod source;

pub(crate) use self::keeper::{KeeperParts, SigningKeyKeeper};
pub(crate) use self::secret::SecretLocation;
pub(crate) use self::source::{KeyLocation, KeySourceArgs, ModuleLocation, sealed};
