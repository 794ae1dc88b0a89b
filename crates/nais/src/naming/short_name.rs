//! Names that fit a limit and still tell two long ones apart.

/// Bytes of `-` and eight hexadecimal digits.
const SUFFIX: usize = 9;

/// The text, cut to `limit` less nine bytes, then `-` and the CRC-32 of the whole text.
pub fn short_name(text: &str, limit: usize) -> String {
    let end = text.floor_char_boundary(limit.saturating_sub(SUFFIX));
    format!("{}-{:08x}", &text[..end], crc32(text.as_bytes()))
}

/// CRC-32 as in ISO 3309. Names are short: a table would not pay.
fn crc32(bytes: &[u8]) -> u32 {
    let remainder = bytes.iter().fold(u32::MAX, |remainder, byte| {
        (0..8).fold(remainder ^ u32::from(*byte), |remainder, _| {
            let polynomial = if remainder & 1 == 1 { 0xedb8_8320 } else { 0 };
            (remainder >> 1) ^ polynomial
        })
    });
    !remainder
}
