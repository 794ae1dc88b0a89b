//! The server's signing keys at work: opened, kept up with the store, rotated when it is time.
//!
//! Start reading at [`SigningKeyKeeper`], the one thing that a server opens.

mod keeper;
mod key_encryption;

pub(crate) use self::keeper::{KeeperParts, SigningKeyKeeper};
pub(crate) use self::key_encryption::KeyEncryptionKeyLocation;
