//! Reading a log back and finding the first entry at fault.

use super::checkpoint::{AuditCheckpoint, Checkpoints};
use super::entry::{AuditLink, StoredEntry};

/// A log that holds together, as far as it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The last entry.
    pub last: AuditLink,
    /// How many checkpoints the log agrees with.
    pub checkpoints: u64,
}

/// The first thing that is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// No entry has this number, and a later one exists.
    #[error("entry {sequence} is missing")]
    Missing {
        /// The first number without an entry.
        sequence: u64,
    },
    /// The entry in this place is that of another place.
    #[error("entry {sequence} was moved: its text is that of entry {found}")]
    Moved {
        /// The place.
        sequence: u64,
        /// What the text says.
        found: u64,
    },
    /// The entry was edited: its hash, its text or a copy that it is looked up by.
    #[error("entry {sequence} was edited")]
    Edited {
        /// Which.
        sequence: u64,
    },
    /// The hash is not that of this text after the entry before.
    #[error(
        "entry {sequence} does not follow from the entry before it: its text or hash was edited, \
         or the entry before it was replaced"
    )]
    Broken {
        /// The first entry that does not follow.
        sequence: u64,
    },
    /// The log ends before a checkpoint that was made of it.
    #[error(
        "entry {sequence} is missing: the log was cut off after a checkpoint of entry {checkpoint}"
    )]
    CutOff {
        /// The first number without an entry.
        sequence: u64,
        /// The checkpoint's entry.
        checkpoint: u64,
    },
    /// The chain is whole and is not the one that a checkpoint was made of.
    #[error(
        "entry {sequence} is not the one that its checkpoint was made of: the log was rewritten"
    )]
    Rewritten {
        /// The checkpoint's entry.
        sequence: u64,
    },
}

impl AuditFault {
    /// The first entry at fault.
    pub fn sequence(&self) -> u64 {
        match self {
            Self::Missing { sequence }
            | Self::Moved { sequence, .. }
            | Self::Edited { sequence }
            | Self::Broken { sequence }
            | Self::CutOff { sequence, .. }
            | Self::Rewritten { sequence } => *sequence,
        }
    }
}

/// Verifies entries one after the other, so that a log of any length needs little memory.
#[derive(Debug)]
pub struct Verifier<'c> {
    last: AuditLink,
    /// Those that are not passed yet, in order of entry.
    checkpoints: &'c [AuditCheckpoint],
    passed: u64,
}

impl<'c> Verifier<'c> {
    /// Begins before the first entry.
    pub fn new(checkpoints: &'c Checkpoints) -> Self {
        Self {
            last: AuditLink::first(),
            checkpoints: checkpoints.in_order(),
            passed: 0,
        }
    }

    /// Looks at the next entry, in the order of the store. After a fault nothing more can be said.
    pub fn entry(&mut self, stored: &StoredEntry) -> Result<(), AuditFault> {
        let expected = self.last.next(&stored.text);
        let sequence = expected.sequence;
        check_place(stored, sequence)?;
        if stored.link.hash != expected.hash {
            return Err(AuditFault::Broken { sequence });
        }
        self.last = expected;
        self.pass_checkpoints()
    }

    /// The last entry that was looked at and is right.
    pub fn last(&self) -> AuditLink {
        self.last
    }

    /// What is said of the log if the last entry that was looked at is its last. More may follow.
    pub fn finish(&self) -> Result<Verified, AuditFault> {
        match self.checkpoints.first() {
            Some(checkpoint) => Err(AuditFault::CutOff {
                sequence: self.last.sequence.saturating_add(1),
                checkpoint: checkpoint.link.sequence,
            }),
            None => Ok(Verified {
                last: self.last,
                checkpoints: self.passed,
            }),
        }
    }

    fn pass_checkpoints(&mut self) -> Result<(), AuditFault> {
        while let Some((checkpoint, rest)) = self.checkpoints.split_first() {
            if checkpoint.link.sequence > self.last.sequence {
                break;
            }
            if checkpoint.link != self.last {
                let sequence = checkpoint.link.sequence;
                return Err(AuditFault::Rewritten { sequence });
            }
            self.checkpoints = rest;
            self.passed += 1;
        }
        Ok(())
    }
}

/// Whether the entry stands where it says, with copies that are its own.
fn check_place(stored: &StoredEntry, sequence: u64) -> Result<(), AuditFault> {
    if stored.link.sequence > sequence {
        return Err(AuditFault::Missing { sequence });
    }
    let entry = stored
        .entry()
        .map_err(|_| AuditFault::Edited { sequence })?;
    if entry.sequence != sequence {
        let found = entry.sequence;
        return Err(AuditFault::Moved { sequence, found });
    }
    if stored.agrees_with(&entry) {
        Ok(())
    } else {
        Err(AuditFault::Edited { sequence })
    }
}

/// Verifies a whole log from its first entry.
pub fn verify<'e>(
    entries: impl IntoIterator<Item = &'e StoredEntry>,
    checkpoints: &Checkpoints,
) -> Result<Verified, AuditFault> {
    let mut verifier = Verifier::new(checkpoints);
    for entry in entries {
        verifier.entry(entry)?;
    }
    verifier.finish()
}
