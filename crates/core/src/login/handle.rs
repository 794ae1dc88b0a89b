//! Values that give whoever has them a right: codes, refresh and opaque tokens, cookies, handles of
//! logins, references of pushed requests. They are kept as digests only.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, EntropyUnavailable};

/// Random bytes in a handle.
const BYTES: usize = 32;

/// A right in clear text: 43 base64url characters that hold 256 unpredictable bits.
///
/// `Debug` hides it, there is no `Display`, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Handle(Zeroizing<String>);

impl Handle {
    /// A new handle.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self::of_bytes(bytes.as_slice()))
    }

    /// The handle that follows from others, so that whoever shows all of them again gets the same
    /// one. The same handles for another `purpose`, or in another order, give another one. It is as
    /// hard to guess as the least known of them.
    pub fn derive(purpose: &str, handles: &[&Self]) -> Self {
        let mut context = Context::new(&SHA256);
        // Handles all have the same length, so that only the purpose needs an end.
        context.update(purpose.as_bytes());
        context.update(&[0]);
        for handle in handles {
            context.update(handle.expose().as_bytes());
        }
        Self::of_bytes(context.finish().as_ref())
    }

    /// The handle that follows from this one for whoever knows the key, and for nobody else.
    #[must_use]
    pub fn successor(&self, key: &hmac::Key) -> Self {
        Self::of_bytes(hmac::sign(key, self.expose().as_bytes()).as_ref())
    }

    /// The first 32 bytes, as text.
    fn of_bytes(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..BYTES).unwrap_or(bytes);
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Reads what somebody shows. A handle has one spelling.
    pub fn parse(text: &str) -> Result<Self, InvalidHandle> {
        let mut bytes = Zeroizing::new([0; BYTES + 1]);
        // The engine refuses padding and spare bits that are not zero.
        let read = URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice());
        if read == Ok(BYTES) {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(InvalidHandle)
        }
    }

    /// The text, for the answer that hands it over and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn digest(&self) -> HandleDigest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, self.expose().as_bytes()).as_ref());
        HandleDigest(bytes)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Handle(hidden)")
    }
}

/// A text that is not a handle. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a handle is 43 base64url characters")]
pub struct InvalidHandle;

/// SHA-256 of a handle. A plain fast hash is right: nobody guesses 256 random bits at any speed.
///
/// Rows are found by it, so that no comparison tells how much of a guess was right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandleDigest([u8; 32]);

impl HandleDigest {
    /// The digest as a store keeps it.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the store and nothing else.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for HandleDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HandleDigest(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    fn handles() -> [Handle; 2] {
        let entropy = SeededEntropy::new(1);
        [(); 2].map(|()| Handle::generate(&entropy).unwrap())
    }

    #[test]
    fn a_handle_is_43_characters_that_read_back() {
        let [one, other] = handles();
        assert_eq!(one.expose().len(), 43);
        let read = Handle::parse(one.expose()).unwrap();
        assert_eq!(read.digest(), one.digest());
        assert_ne!(one.digest(), other.digest());
    }

    #[test]
    fn a_handle_has_one_spelling() {
        let spelled = "A".repeat(43);
        assert!(Handle::parse(&spelled).is_ok());
        for text in [
            "",
            &"A".repeat(42),
            &"A".repeat(44),
            &format!("{}=", "A".repeat(43)),
            // A spare bit that is not zero.
            &format!("{}B", "A".repeat(42)),
            &format!("{}+", "A".repeat(42)),
            &format!(" {}", "A".repeat(42)),
            &"Å".repeat(43),
        ] {
            assert_eq!(Handle::parse(text).err(), Some(InvalidHandle), "{text}");
        }
    }

    #[test]
    fn what_is_derived_depends_on_every_part() {
        let [one, other] = handles();
        let derive = |purpose, handles: &[&Handle]| Handle::derive(purpose, handles).digest();
        let derived = derive("a", &[&one, &other]);
        assert_eq!(derived, derive("a", &[&one, &other]));
        for different in [
            derive("b", &[&one, &other]),
            derive("a", &[&other, &one]),
            derive("a", &[&one]),
            derive("a", &[&one, &one]),
            one.digest(),
        ] {
            assert_ne!(derived, different);
        }
    }

    #[test]
    fn a_successor_needs_the_key() {
        let [one, other] = handles();
        let key = |byte| hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
        let next = one.successor(&key(1));
        assert_eq!(next.digest(), one.successor(&key(1)).digest());
        assert_ne!(next.digest(), one.successor(&key(2)).digest());
        assert_ne!(next.digest(), other.successor(&key(1)).digest());
        assert!(Handle::parse(next.expose()).is_ok());
    }

    #[test]
    fn debug_hides_handles_and_digests() {
        let [one, _] = handles();
        let shown = format!("{one:?} {:?}", one.digest());
        assert_eq!(shown, "Handle(hidden) HandleDigest(hidden)");
    }
}
