//! What is told of signing keys in figures.

use portvakt_core::Timestamp;
use portvakt_core::signing::life::{LifePolicy, outlook};
use portvakt_core::signing::{SigningKeyRecord, SigningKeyState};

/// How many keys there are, and when the next one takes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyFigures {
    /// Published, not used yet.
    pub(crate) next: u64,
    /// Signing.
    pub(crate) active: u64,
    /// Published for the tokens that they signed.
    pub(crate) retired: u64,
    /// When the active key hands over by itself; none when no key can take over.
    pub(crate) rotates_at: Option<Timestamp>,
}

impl KeyFigures {
    /// Of a surface's records.
    pub(super) fn of(records: &[SigningKeyRecord], policy: &LifePolicy) -> Self {
        let mut figures = Self::default();
        for record in records {
            match record.state {
                SigningKeyState::Next => figures.next += 1,
                SigningKeyState::Active => {
                    figures.active += 1;
                    let outlook = outlook(record, records, policy);
                    figures.rotates_at = outlook.map(|outlook| outlook.changes_at);
                }
                SigningKeyState::Retired => figures.retired += 1,
                SigningKeyState::Gone => {}
            }
        }
        figures
    }
}
