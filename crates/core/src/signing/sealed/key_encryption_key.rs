//! The key that encrypts the signing keys at rest.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Its length in bytes.
const KEY_BYTES: usize = 32;
/// Characters of the longest spelling, hexadecimal, with room for white space around it.
const MAX_TEXT_BYTES: usize = 256;
/// What a key's id is hashed after, so that the hash says nothing about any other use of the key.
const ID_LABEL: &[u8] = b"portvakt-key-encryption-key-id-1";
const ID_DIGITS: usize = 16;

/// Encrypts private keys at rest with AES-256-GCM. Nothing prints it.
pub struct KeyEncryptionKey {
    id: String,
    key: LessSafeKey,
}

impl KeyEncryptionKey {
    /// Reads 32 bytes as 64 hexadecimal digits or as base64 of either alphabet; white space around
    /// them is dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyEncryptionKey> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(InvalidKeyEncryptionKey::Malformed);
        }
        let text = text.trim();
        let bytes = Zeroizing::new(decode(text).ok_or(InvalidKeyEncryptionKey::Malformed)?);
        Self::from_bytes(&bytes)
    }

    /// From the bytes themselves.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKeyEncryptionKey> {
        if bytes.len() != KEY_BYTES {
            return Err(InvalidKeyEncryptionKey::Length(bytes.len()));
        }
        // An unset variable of a template looks like this; no generator makes it.
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(InvalidKeyEncryptionKey::NotRandom);
        }
        let key = UnboundKey::new(&AES_256_GCM, bytes)
            .map_err(|_| InvalidKeyEncryptionKey::Length(bytes.len()))?;
        Ok(Self {
            id: id(bytes),
            key: LessSafeKey::new(key),
        })
    }

    /// Sixteen hexadecimal digits that tell keys apart and say nothing about them.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Encrypts in place and appends the tag. A nonce must never be used twice.
    pub fn seal(
        &self,
        nonce: [u8; 12],
        associated: &[u8],
        mut text: Zeroizing<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        // Growing could leave a copy of the plain text behind.
        let mut room = Zeroizing::new(Vec::with_capacity(text.len() + AES_256_GCM.tag_len()));
        room.append(&mut text);
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(associated), &mut *room)
            .ok()?;
        Some(room.to_vec())
    }

    /// Decrypts what [`Self::seal`] made; nothing else comes out.
    pub fn open(
        &self,
        nonce: [u8; 12],
        associated: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let mut text = Zeroizing::new(sealed.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(associated), &mut text)
            .ok()?
            .len();
        text.truncate(length);
        Some(text)
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyEncryptionKey({})", self.id)
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() == 2 * KEY_BYTES && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return unhex(text);
    }
    [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|alphabet| alphabet.decode(text).ok())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn id(bytes: &[u8]) -> String {
    use fmt::Write;
    let mut context = Context::new(&SHA256);
    context.update(ID_LABEL);
    context.update(bytes);
    let digest = context.finish();
    let mut id = String::with_capacity(ID_DIGITS);
    for byte in &digest.as_ref()[..ID_DIGITS / 2] {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// Why a text is no key-encryption key. No message repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyEncryptionKey {
    /// Neither hexadecimal nor base64.
    #[error("the key-encryption key is neither 64 hexadecimal digits nor base64 of 32 bytes")]
    Malformed,
    /// Of another length.
    #[error("the key-encryption key has {0} bytes and must have 32")]
    Length(usize),
    /// One byte, again and again.
    #[error("the key-encryption key is one byte repeated: make one with `openssl rand -base64 32`")]
    NotRandom,
}
