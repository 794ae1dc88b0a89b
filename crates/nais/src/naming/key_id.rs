//! Ids of keys.

use std::fmt::Write;

/// The `kid` of a new key: a version 4 UUID (RFC 9562 §5.4) of sixteen random bytes.
pub fn key_id(random: [u8; 16]) -> String {
    let mut bytes = random;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
