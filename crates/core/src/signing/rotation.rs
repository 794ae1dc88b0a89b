//! Carries transitions out in a unit of work.
//!
//! Making a key takes long, so keys are made before the transaction begins: [`needed`] says how
//! many. Inside it everything is planned again from what the transaction sees, because another node
//! may have acted meanwhile; what is not needed after all is left over.

use super::life::{LifePolicy, Order, OrderRefused, Transition, plan_order};
use super::source::{KeySource, KeySourceError, NewKey};
use super::{SigningKeyRecord, SigningKeyState};
use crate::clock::Timestamp;
use crate::ports::{StorageError, UnitOfWork};

/// Whose keys, by which policy, and what is wanted of them.
#[derive(Clone, Copy, Debug)]
pub struct Rotation<'r> {
    /// The surface: `maskinporten` or `idporten`.
    pub surface: &'r str,
    /// How long each part of a life lasts.
    pub policy: &'r LifePolicy,
    /// What is wanted.
    pub order: Order,
}

/// What a unit of work did to the keys.
pub struct Rotated {
    /// The surface's keys as they are now, oldest first.
    pub records: Vec<SigningKeyRecord>,
    /// Whether anything changed.
    pub changed: bool,
    /// Key ids that are gone; to be destroyed where they are kept, once the unit is committed.
    pub gone: Vec<String>,
    /// Keys that were made and not used.
    pub left_over: Vec<NewKey>,
}

/// How many new keys a rotation of these records takes.
pub fn needed(
    rotation: Rotation<'_>,
    records: &[SigningKeyRecord],
    now: Timestamp,
) -> Result<usize, OrderRefused> {
    let steps = plan_order(records, rotation.policy, rotation.order, now)?;
    let creates = |step: &&Transition| matches!(step, Transition::Create(_));
    Ok(steps.iter().filter(creates).count())
}

/// Makes every transition that is due or ordered, with these new keys.
///
/// [`RotationError::MoreKeys`] means that the state has changed since the keys were made: nothing
/// was saved, and the whole may be tried again.
pub async fn carry_out(
    unit: &mut dyn UnitOfWork,
    rotation: Rotation<'_>,
    new_keys: Vec<NewKey>,
    source: &dyn KeySource,
    now: Timestamp,
) -> Result<Rotated, RotationError> {
    let records = unit.list_signing_keys(rotation.surface).await?;
    let missing = needed(rotation, &records, now)?.saturating_sub(new_keys.len());
    if missing > 0 {
        return Err(RotationError::MoreKeys(missing));
    }
    let steps = plan_order(&records, rotation.policy, rotation.order, now)?;
    let mut rotated = Rotated {
        changed: !steps.is_empty(),
        gone: Vec::new(),
        left_over: new_keys,
        records,
    };
    for step in steps {
        let record = rotated.step(step, rotation.surface, source, now)?;
        unit.save_signing_key(&record).await?;
    }
    // As the store lists them, so that every node publishes the same document.
    rotated
        .records
        .sort_by(|one, other| (one.created, &one.kid).cmp(&(other.created, &other.kid)));
    Ok(rotated)
}

impl Rotated {
    /// Makes one step and gives the record that it changed.
    fn step(
        &mut self,
        step: Transition,
        surface: &str,
        source: &dyn KeySource,
        now: Timestamp,
    ) -> Result<SigningKeyRecord, RotationError> {
        match step {
            Transition::Create(state) => {
                let key = self.left_over.pop().ok_or(RotationError::MoreKeys(1))?;
                let record = key.into_record(surface, state, now);
                self.records.push(record.clone());
                Ok(record)
            }
            Transition::Move { kid, to } => {
                let mut records = self.records.iter_mut();
                let record = records
                    .find(|record| record.kid == kid)
                    .ok_or(RotationError::MoreKeys(0))?;
                match to {
                    SigningKeyState::Gone => {
                        record.private_key = Vec::new();
                        record.certificate = None;
                        self.gone.push(kid);
                    }
                    SigningKeyState::Retired => record.private_key = source.retire(record)?,
                    SigningKeyState::Next | SigningKeyState::Active => {}
                }
                record.state = to;
                record.last_updated = now;
                Ok(record.clone())
            }
        }
    }
}

/// Why keys stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The order is refused.
    #[error(transparent)]
    Refused(#[from] OrderRefused),
    /// More keys are needed than were made.
    #[error("the keys changed meanwhile: {0} more new keys are needed")]
    MoreKeys(usize),
    /// The source failed.
    #[error("the source of signing keys failed")]
    Source(#[from] KeySourceError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
