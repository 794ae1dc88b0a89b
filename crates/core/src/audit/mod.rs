//! The audit log: who changed what and who was refused, when, in a chain of hashes that shows any later edit.
//!
//! [`Recorded`] is a unit of work that writes the log by itself, in the same transaction as the
//! change, so that no use-case can forget to. [`Verifier`] reads a log back and names the first
//! entry at fault. A chain alone cannot show that its newest entries were cut off, or that it was
//! computed anew from the start: [`AuditCheckpoint`]s, signed and kept elsewhere, do.
//!
//! The format is described for people in `docs/audit.md`. Neither private keys nor national
//! identity numbers get into an entry.

mod actor;
mod append;
mod checkpoint;
mod entry;
mod page;
mod reader;
mod recorded;
mod snapshot;
mod verify;

pub use self::actor::{Act, Actor, Channel};
pub use self::append::append;
pub use self::checkpoint::{AuditCheckpoint, CheckpointError, Checkpoints, MAX_CHECKPOINT_BYTES};
pub use self::entry::{
    AuditEntry, AuditFilter, AuditLink, AuditObject, ObjectKind, StoredEntry, UnreadableEntry,
};
pub use self::page::{AuditPage, AuditQuery, MAX_SCANNED, page};
pub use self::reader::{AuditPart, AuditReader, PartQuery, read_part};
pub use self::recorded::Recorded;
pub use self::verify::{AuditFault, Verified, Verifier, verify};
