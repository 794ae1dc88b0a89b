//! Backups: everything that a store keeps, as it was at one moment, in one encrypted stream.
//!
//! Inside is a document of JSON lines: what there is (`Head`), then each table's rows, page by page,
//! and what they came to, then the end of the audit log. Around it is [`SealedWriter`]. Neither knows
//! which store it came from, so that a backup of one can be restored to the other.
//!
//! Start reading at [`write()`] and [`BackupReader`].

mod document;
mod entries;
mod reader;
mod stream;
mod writer;

pub use self::reader::{BackupContents, BackupReader};
pub use self::stream::{SealedReader, SealedWriter};
pub use self::writer::write;

use crate::audit::AuditFault;
use crate::ports::StorageError;

/// Why a backup was not written, or is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// Another kind of file, or one of a later version of the program.
    #[error("it is no backup that this version of the program knows")]
    Unknown,
    /// Made with another key.
    #[error("it was made with the backup key {wanted}, and the key given is {given}")]
    WrongKey {
        /// Id of the key that it needs.
        wanted: String,
        /// Id of the key at hand.
        given: String,
    },
    /// Not as it was written.
    #[error("it is damaged, cut off or was changed")]
    Damaged,
    /// The library failed to encrypt, or the operating system gave no random bytes.
    #[error("it cannot be encrypted")]
    Encryption,
    /// What it says of itself is not what it holds.
    #[error("its table {0} does not hold what it says")]
    Table(String),
    /// The chain of the audit log does not hold.
    #[error("the audit log was tampered with: {0}")]
    Audit(#[from] AuditFault),
}

#[cfg(test)]
mod tests;
