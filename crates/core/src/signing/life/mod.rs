//! What happens to signing keys, and when: next, active, retired, gone.
//!
//! Pure: records, a policy and the present in, transitions out. Whoever carries them out plans
//! again inside the transaction, so that two nodes that see the same need do not both act on it.

mod policy;

use super::{SigningKeyRecord, SigningKeyState};
use crate::clock::Timestamp;

pub use self::policy::{LifePolicy, LifePolicyError, LifeSettings};

/// Most keys that are published at a time; many verifiers accept no more.
pub const MOST_PUBLISHED: usize = 10;

/// One step of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// A new key of the policy's algorithm begins its life in this state.
    Create(SigningKeyState),
    /// This key goes on to this state.
    Move {
        /// Which key.
        kid: String,
        /// Where to.
        to: SigningKeyState,
    },
}

/// What somebody wants of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing but what is due.
    Keep,
    /// Sign with the next key from now on, if every verifier can know it.
    Rotate,
    /// Sign with the next key from now on, whatever verifiers know.
    RotateNow,
    /// A key is in the wrong hands: it is published no longer, and tokens that it signed are refused
    /// by every verifier as soon as it reads the keys again.
    Emergency(Compromised),
}

/// What is in the wrong hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compromised {
    /// The active key alone; the next one takes over.
    Active,
    /// Every key, such as when the store and the key that encrypts it were read together. Verifiers
    /// that keep to an older document know no key of the new ones until they read it again.
    Every,
}

/// Why an order is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefused {
    /// The next key has not been published for long enough.
    #[error(
        "the next key is published too recently for every verifier to know it: rotation is safe from {safe_from}"
    )]
    NotKnownYet {
        /// From then on it is.
        safe_from: Timestamp,
    },
    /// One more key would be one too many.
    #[error("{MOST_PUBLISHED} keys are published already: the oldest one goes at {free_at}")]
    TooMany {
        /// When the next retired key goes by itself.
        free_at: Timestamp,
    },
}

/// The transitions that are due at `now`, in the order in which they are made. None if nothing is.
///
/// The first key signs at once, since no verifier can have an older document. A `next` key that is of
/// another algorithm than the policy's never signs.
pub fn plan(records: &[SigningKeyRecord], policy: &LifePolicy, now: Timestamp) -> Vec<Transition> {
    let keys = Keys::new(records, policy);
    let mut steps = keys.endings(policy, now);
    let kept = keys.published - steps.len();
    let has_room = kept < MOST_PUBLISHED;
    match (keys.active, keys.next) {
        (None, next) => steps.extend(takes_over(next)),
        (Some(active), Some(next))
            if is_due(active, policy, now) && is_known(next, policy, now) && has_room =>
        {
            steps.push(to(active, SigningKeyState::Retired));
            steps.extend(takes_over(Some(next)));
        }
        (Some(_), None) if has_room => steps.push(Transition::Create(SigningKeyState::Next)),
        (Some(_), _) => {}
    }
    steps
}

/// What an order asks for together with what is due, or why it is refused.
pub fn plan_order(
    records: &[SigningKeyRecord],
    policy: &LifePolicy,
    order: Order,
    now: Timestamp,
) -> Result<Vec<Transition>, OrderRefused> {
    let keys = Keys::new(records, policy);
    let Some(active) = keys.active else {
        return Ok(plan(records, policy, now));
    };
    match order {
        Order::Keep => Ok(plan(records, policy, now)),
        Order::Rotate => {
            keys.check_known(policy, now)?;
            keys.rotated(active, policy, now)
        }
        Order::RotateNow => keys.rotated(active, policy, now),
        Order::Emergency(Compromised::Active) => {
            let mut steps = keys.endings(policy, now);
            steps.push(to(active, SigningKeyState::Gone));
            steps.extend(takes_over(keys.next));
            Ok(steps)
        }
        Order::Emergency(Compromised::Every) => {
            let published = records.iter().filter(|record| is_published(record));
            let mut steps: Vec<_> = published
                .map(|record| to(record, SigningKeyState::Gone))
                .collect();
            steps.extend(takes_over(None));
            Ok(steps)
        }
    }
}

/// When the active key hands over by itself, and when the next key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// When the next change of this key is due, if nobody asks for an earlier one.
    pub changes_at: Timestamp,
    /// What it becomes then.
    pub becomes: SigningKeyState,
}

/// What is ahead of a key; nothing when it is gone.
pub fn outlook(
    record: &SigningKeyRecord,
    records: &[SigningKeyRecord],
    policy: &LifePolicy,
) -> Option<Outlook> {
    let keys = Keys::new(records, policy);
    let handover = keys.handover(policy);
    let (changes_at, becomes) = match record.state {
        SigningKeyState::Next if keys.next.is_some_and(|next| next.kid == record.kid) => {
            (handover?, SigningKeyState::Active)
        }
        SigningKeyState::Next => (record.last_updated, SigningKeyState::Gone),
        SigningKeyState::Active => (handover?, SigningKeyState::Retired),
        SigningKeyState::Retired => (
            record.last_updated.plus(policy.keep_after()),
            SigningKeyState::Gone,
        ),
        SigningKeyState::Gone => return None,
    };
    Some(Outlook {
        changes_at,
        becomes,
    })
}

/// A surface's keys by their part.
struct Keys<'r> {
    records: &'r [SigningKeyRecord],
    active: Option<&'r SigningKeyRecord>,
    /// The oldest next key that the policy wants.
    next: Option<&'r SigningKeyRecord>,
    published: usize,
}

impl<'r> Keys<'r> {
    fn new(records: &'r [SigningKeyRecord], policy: &LifePolicy) -> Self {
        let usable = |record: &&SigningKeyRecord| {
            record.state == SigningKeyState::Next && record.algorithm == policy.algorithm()
        };
        Self {
            records,
            active: records
                .iter()
                .find(|record| record.state == SigningKeyState::Active),
            next: records
                .iter()
                .filter(usable)
                .min_by_key(|record| record.last_updated),
            published: records.iter().filter(|record| is_published(record)).count(),
        }
    }

    /// Retired keys whose time is over, and next keys that will never sign.
    fn endings(&self, policy: &LifePolicy, now: Timestamp) -> Vec<Transition> {
        let ends = |record: &&SigningKeyRecord| match record.state {
            SigningKeyState::Retired => record.last_updated.plus(policy.keep_after()) <= now,
            SigningKeyState::Next => self.next.is_none_or(|next| next.kid != record.kid),
            SigningKeyState::Active | SigningKeyState::Gone => false,
        };
        let ending = self.records.iter().filter(ends);
        ending
            .map(|record| to(record, SigningKeyState::Gone))
            .collect()
    }

    fn rotated(
        &self,
        active: &SigningKeyRecord,
        policy: &LifePolicy,
        now: Timestamp,
    ) -> Result<Vec<Transition>, OrderRefused> {
        let mut steps = self.endings(policy, now);
        let new_keys = if self.next.is_some() { 1 } else { 2 };
        if self.published - steps.len() + new_keys > MOST_PUBLISHED {
            let free_at = self.first_ending(policy).unwrap_or(now);
            return Err(OrderRefused::TooMany { free_at });
        }
        steps.push(to(active, SigningKeyState::Retired));
        steps.extend(takes_over(self.next));
        Ok(steps)
    }

    fn check_known(&self, policy: &LifePolicy, now: Timestamp) -> Result<(), OrderRefused> {
        let safe_from = match self.next {
            Some(next) if is_known(next, policy, now) => return Ok(()),
            Some(next) => next.last_updated.plus(policy.publish_before_use()),
            None => now.plus(policy.publish_before_use()),
        };
        Err(OrderRefused::NotKnownYet { safe_from })
    }

    fn first_ending(&self, policy: &LifePolicy) -> Option<Timestamp> {
        let retired = self
            .records
            .iter()
            .filter(|record| record.state == SigningKeyState::Retired);
        retired
            .map(|record| record.last_updated.plus(policy.keep_after()))
            .min()
    }

    /// When the next key takes over by itself.
    fn handover(&self, policy: &LifePolicy) -> Option<Timestamp> {
        let (active, next) = (self.active?, self.next?);
        let known = next.last_updated.plus(policy.publish_before_use());
        Some(known.max(due_at(active, policy)))
    }
}

fn is_published(record: &SigningKeyRecord) -> bool {
    record.state != SigningKeyState::Gone
}

/// An active key of another algorithm than the policy's is due at once.
fn due_at(active: &SigningKeyRecord, policy: &LifePolicy) -> Timestamp {
    if active.algorithm == policy.algorithm() {
        active.last_updated.plus(policy.rotation_interval())
    } else {
        active.last_updated
    }
}

fn is_due(active: &SigningKeyRecord, policy: &LifePolicy, now: Timestamp) -> bool {
    due_at(active, policy) <= now
}

fn is_known(next: &SigningKeyRecord, policy: &LifePolicy, now: Timestamp) -> bool {
    next.last_updated.plus(policy.publish_before_use()) <= now
}

/// The next key signs, or a new one if there is none, and another is next.
fn takes_over(next: Option<&SigningKeyRecord>) -> [Transition; 2] {
    let signs = match next {
        Some(next) => to(next, SigningKeyState::Active),
        None => Transition::Create(SigningKeyState::Active),
    };
    [signs, Transition::Create(SigningKeyState::Next)]
}

fn to(record: &SigningKeyRecord, state: SigningKeyState) -> Transition {
    Transition::Move {
        kid: record.kid.clone(),
        to: state,
    }
}

#[cfg(test)]
mod tests;
