//! The parts of a request that a trace shows, as spans of the `tracing` facade. Core names them and
//! knows nobody who listens: unless somebody does, one costs a look at a flag.
//!
//! A span has a name of this crate's and no fields, so that nothing of a request can be in it.

/// The target of every span, by which a listener tells them from what others record.
pub const TARGET: &str = "spans";

/// A span of this name within the present one.
macro_rules! span {
    ($name:literal) => {
        tracing::info_span!(target: $crate::spans::TARGET, $name)
    };
}

pub(crate) use span;
