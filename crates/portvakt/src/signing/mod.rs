//! The server's signing keys at work: opened, kept up with the store, rotated when it is time.
//!
//! Start reading at [`SigningKeyKeeper`], the one thing that a server opens.

mod figures;
mod keeper;
#[cfg(feature = "pkcs11")]
mod module;
mod pairwise;
mod secret;
mod source;
mod surface;

pub(crate) use self::keeper::{KeeperParts, SigningKeyKeeper};
pub(crate) use self::pairwise::{pairwise_key, reseal_pairwise_key};
pub(crate) use self::secret::SecretLocation;
pub(crate) use self::source::{KeyLocation, KeySourceArgs, ModuleLocation, sealed};
pub(crate) use self::surface::SigningSurface;
