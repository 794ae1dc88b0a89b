//! Names for requests, made of the machine's randomness.

use std::sync::Arc;

use portvakt_core::{Entropy, NameEntropy};
use portvakt_http::RequestIdSource;

/// Sixteen random bytes for each request.
pub(crate) fn request_ids() -> RequestIdSource {
    Arc::new(|| {
        let mut bytes = [0; 16];
        // Without randomness no token is issued; an id that is not unique only blurs a log line.
        let _ = NameEntropy.fill(&mut bytes);
        bytes
    })
}
