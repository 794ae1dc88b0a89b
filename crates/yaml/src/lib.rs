//! YAML and JSON as trees of values that know where they stand, so that whatever is wrong in a file
//! is reported with its line.
//!
//! Registry files and NAIS manifests are read with it. It bounds what a text may cost ([`Bounds`])
//! and repeats nothing of the text in an error, which may hold a key. What the values mean is for
//! whoever reads them. Start reading at [`Node`].

mod node;
mod place;
mod reading;

pub use self::node::{Content, Node};
pub use self::place::{Fault, Place};
pub use self::reading::{Bounds, unreadable};
