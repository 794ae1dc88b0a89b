//! How many requests are worked on at once.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the requests of one surface that are under way, and takes no more than it may.
#[derive(Debug)]
pub(crate) struct Admission {
    most: usize,
    under_way: AtomicUsize,
}

/// A request that was admitted, until this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted<'a>(&'a Admission);

impl Admission {
    /// Room for so many.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            under_way: AtomicUsize::new(0),
        }
    }

    /// Takes a place. Nobody waits for one: if all are taken, that is the answer.
    pub(crate) fn admit(&self) -> Option<Admitted<'_>> {
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        // What is dropped below gives its place back.
        let admitted = Admitted(self);
        (before < self.most).then_some(admitted)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_request_ends() {
        let admission = Admission::new(2);
        let first = admission.admit();
        let second = admission.admit();
        assert!(first.is_some() && second.is_some());
        assert!(admission.admit().is_none());
        assert!(admission.admit().is_none(), "who is turned away takes none");
        drop(first);
        assert!(admission.admit().is_some());
    }
}
