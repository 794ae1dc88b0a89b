//! Randomness for what must not be guessed or repeated.

use std::fmt::Write;

use crate::error::ClientError;

/// 128 bits in hexadecimal, unique for all practical purposes.
pub(crate) fn unique_id() -> Result<String, ClientError> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Between 0 and 1; 1 when the machine has no randomness, which makes waits long rather than short.
pub(crate) fn fraction() -> f64 {
    let mut bytes = [0; 4];
    match fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing is decided by it: ids need to differ, and waits to be spread"
)]
fn fill(bytes: &mut [u8]) -> Result<(), ClientError> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| ClientError::NoRandomness)
}
