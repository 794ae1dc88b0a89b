//! A registry file as a tree of values that know where they stand.

use portvakt_yaml::{Bounds, Fault, Node, Place, unreadable};
use serde_saphyr::DuplicateKeyPolicy;

/// Longest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

const BOUNDS: Bounds = Bounds {
    bytes: MAX_FILE_BYTES,
    depth: 32,
    // About what a file of that length can hold.
    nodes: 8_000_000,
    replayed: 100_000,
    documents: 1,
};

/// Reads a document. JSON is read as the YAML that it is.
pub(super) fn parse(text: &str, place: &Place) -> Result<Node, Fault> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file is longer than {MAX_FILE_BYTES} bytes: split it");
        return Err(place.clone().fault(message));
    }
    let options = BOUNDS.options(DuplicateKeyPolicy::Error);
    serde_saphyr::from_str_with_options(text, options).map_err(|error| unreadable(&error, place))
}
