//! Whether what is known is new enough to decide on.

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

    /// The store confirmed that nothing else has changed.
    pub(super) fn confirm(&self, confirmation: Confirmation) {
        self.last.store(Some(confirmation.into()));
    }

    /// A commit of this revision is known.
    pub(super) fn reach(&self, revision: Revision) {
        self.reached.fetch_max(revision.0, Ordering::SeqCst);
    }

    /// Another history: it is at this revision, whatever was known before.
    pub(super) fn restart(&self, revision: Revision) {
        self.reached.store(revision.0, Ordering::SeqCst);
    }

    pub(super) fn reached(&self) -> Revision {
        Revision(self.reached.load(Ordering::SeqCst))
    }

    /// The last confirmation, unless it is too old at `now` or there was none.
    pub(super) fn check(&self, now: Moment) -> Result<Confirmation, StorageError> {
        let last = self.last.load();
        let last = last.as_deref().copied().ok_or_else(never_confirmed)?;
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
