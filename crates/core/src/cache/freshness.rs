//! Whether what is known is new enough to decide on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::moment::Moment;
use crate::ports::{AsOf, Revision, StorageError};

/// The store said that every change up to a revision was known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Confirmation {
    pub(super) revision: Revision,
    /// When the store was asked, which is before it answered.
    pub(super) at: Moment,
}

/// How far this node has followed the store.
#[derive(Debug)]
pub(super) struct Freshness {
    last: ArcSwapOption<Confirmation>,
    /// A revision that is known to exist: a read that shows an earlier state is of the past.
    reached: AtomicU64,
    max_age: Duration,
}

impl Freshness {
    pub(super) fn new(max_age: Duration) -> Self {
        Self {
            last: ArcSwapOption::empty(),
            reached: AtomicU64::default(),
            max_age,
        }
    }

    /// The store confirmed that nothing else has changed. A commit of this process that the answer
    /// does not tell of yet stays known.
    pub(super) fn confirm(&self, confirmation: Confirmation) {
        self.last.rcu(|last| {
            let known = last.as_ref().map(|last| last.revision);
            let revision = known.unwrap_or_default().max(confirmation.revision);
            Some(Arc::new(Confirmation {
                revision,
                ..confirmation
            }))
        });
    }

    /// This process has committed a change, and its old copies are dropped. If it is the next one,
    /// nothing is missing before it.
    pub(super) fn committed(&self, revision: Revision) {
        self.move_to(|last| {
            if last.0 + 1 == revision.0 {
                revision
            } else {
                last
            }
        });
    }

    /// Changes the revision of the last confirmation, and not its time.
    fn move_to(&self, revision: impl Fn(Revision) -> Revision) {
        self.last.rcu(|last| {
            last.as_ref().map(|last| {
                Arc::new(Confirmation {
                    revision: revision(last.revision),
                    at: last.at,
                })
            })
        });
    }

    /// A commit of this revision is known.
    pub(super) fn reach(&self, revision: Revision) {
        self.reached.fetch_max(revision.0, Ordering::SeqCst);
    }

    /// Another history: it is at this revision, whatever was known before.
    pub(super) fn restart(&self, revision: Revision) {
        self.reached.store(revision.0, Ordering::SeqCst);
        self.move_to(|last| last.min(revision));
    }

    pub(super) fn reached(&self) -> Revision {
        Revision(self.reached.load(Ordering::SeqCst))
    }

    /// The last confirmation, however old; none before the first.
    pub(super) fn last(&self) -> Option<Confirmation> {
        self.last.load().as_deref().copied()
    }

    /// The last confirmation, unless it is too old at `now` or there was none.
    pub(super) fn check(&self, now: Moment) -> Result<Confirmation, StorageError> {
        let last = self.last().ok_or_else(never_confirmed)?;
        self.check_age(last.at, now)?;
        Ok(last)
    }

    /// Whether facts of then may still be decided on at `now`.
    pub(super) fn still_holds(&self, as_of: AsOf, now: Moment) -> Result<(), StorageError> {
        match as_of {
            AsOf::Reading => Ok(()),
            AsOf::Confirmed(at) => self.check_age(at, now),
        }
    }

    fn check_age(&self, at: Moment, now: Moment) -> Result<(), StorageError> {
        let age = now.since(at);
        if age <= self.max_age {
            return Ok(());
        }
        Err(StorageError::Unavailable(format!(
            "the registry was last known to be current {} ms ago",
            age.as_millis()
        )))
    }
}

fn never_confirmed() -> StorageError {
    StorageError::Unavailable("the registry is not known to be current yet".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::{MockStopwatch, Stopwatch};

    fn confirmed(freshness: &Freshness, at: Moment) {
        freshness.confirm(Confirmation {
            revision: Revision(1),
            at,
        });
    }

    #[test]
    fn nothing_is_decided_before_the_first_confirmation() {
        let freshness = Freshness::new(Duration::from_secs(5));
        let now = MockStopwatch::default().moment();
        assert!(freshness.check(now).is_err());
    }

    #[test]
    fn a_confirmation_holds_for_its_time_and_not_longer() {
        let (stopwatch, freshness) = (
            MockStopwatch::default(),
            Freshness::new(Duration::from_secs(5)),
        );
        confirmed(&freshness, stopwatch.moment());
        stopwatch.advance(Duration::from_secs(5));
        assert!(freshness.check(stopwatch.moment()).is_ok());
        stopwatch.advance(Duration::from_millis(1));
        assert!(freshness.check(stopwatch.moment()).is_err());
    }

    #[test]
    fn only_the_next_commit_moves_the_revision_ahead_of_the_feed() {
        let (stopwatch, freshness) = (
            MockStopwatch::default(),
            Freshness::new(Duration::from_secs(5)),
        );
        let revision = || freshness.check(stopwatch.moment()).unwrap().revision.0;
        let confirm = |revision| {
            let (revision, at) = (Revision(revision), stopwatch.moment());
            freshness.confirm(Confirmation { revision, at });
        };
        confirm(5);
        // Somebody else's sixth change is not known here.
        freshness.committed(Revision(7));
        assert_eq!(revision(), 5);
        confirm(7);
        freshness.committed(Revision(8));
        // The feed was asked before the commit.
        confirm(7);
        assert_eq!(revision(), 8);
        freshness.restart(Revision(3));
        confirm(3);
        assert_eq!(revision(), 3, "the store was restored");
    }

    #[test]
    fn facts_that_were_read_before_a_pause_are_not_decided_on_after_it() {
        let (stopwatch, freshness) = (
            MockStopwatch::default(),
            Freshness::new(Duration::from_secs(5)),
        );
        confirmed(&freshness, stopwatch.moment());
        let as_of = AsOf::Confirmed(freshness.check(stopwatch.moment()).unwrap().at);
        stopwatch.advance(Duration::from_secs(30));
        // The node has caught up meanwhile, but these facts are of before.
        confirmed(&freshness, stopwatch.moment());
        assert!(freshness.check(stopwatch.moment()).is_ok());
        assert!(freshness.still_holds(as_of, stopwatch.moment()).is_err());
    }
}
