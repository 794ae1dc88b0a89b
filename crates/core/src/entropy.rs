//! Randomness as an argument.

use std::cell::RefCell;
use std::sync::Mutex;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Where unpredictable bytes come from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable values.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable>;
}

/// The operating system gave no random bytes; nothing may be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct EntropyUnavailable;

/// A unique identifier of 43 base64url characters made of 32 random bytes, the form of the
/// national `jti` (spec: maskinporten §8.2).
pub fn unique_id(entropy: &dyn Entropy) -> Result<String, EntropyUnavailable> {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A random UUID (RFC 9562 version 4) in lower case, the form of new client ids.
pub fn uuid(entropy: &dyn Entropy) -> Result<String, EntropyUnavailable> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes)?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let number = u128::from_be_bytes(bytes);
    Ok(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        number >> 96,
        (number >> 80) & 0xffff,
        (number >> 64) & 0xffff,
        (number >> 48) & 0xffff,
        number & 0xffff_ffff_ffff,
    ))
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks for randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| EntropyUnavailable)
    }
}

/// Unpredictable bytes for names, as of tokens, requests and spans: drawn from [`SystemEntropy`] many at a time,
/// since asking costs more than the bytes do. Never for secrets: these would lie in memory before they
/// exist, and a machine that is copied while it runs would give them out twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct NameEntropy;

/// How many bytes each thread draws ahead.
const AHEAD: usize = 1024;

struct Drawn {
    bytes: [u8; AHEAD],
    given: usize,
}

thread_local! {
    static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; AHEAD], given: AHEAD }) };
}

impl Entropy for NameEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable> {
        DRAWN.with_borrow_mut(|drawn| {
            for part in bytes.chunks_mut(AHEAD) {
                drawn.give(part)?;
            }
            Ok(())
        })
    }
}

impl Drawn {
    /// Gives bytes that nobody has been given, at most [`AHEAD`] of them.
    fn give(&mut self, wanted: &mut [u8]) -> Result<(), EntropyUnavailable> {
        if wanted.len() > AHEAD - self.given {
            // Should drawing fail half way, there is nothing to give.
            self.given = AHEAD;
            SystemEntropy.fill(&mut self.bytes)?;
            self.given = 0;
        }
        let end = self.given + wanted.len();
        wanted.copy_from_slice(&self.bytes[self.given..end]);
        self.given = end;
        Ok(())
    }
}

/// A predictable sequence for tests: equal seeds give equal bytes. Never for production.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: Mutex<u64>,
}

impl SeededEntropy {
    /// A sequence that depends on `seed` alone.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: Mutex::new(0),
        }
    }

    fn block(&self) -> [u8; 32] {
        let mut drawn = self
            .drawn
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *drawn += 1;
        let mut context = Context::new(&SHA256);
        context.update(&self.seed.to_be_bytes());
        context.update(&drawn.to_be_bytes());
        let mut block = [0; 32];
        block.copy_from_slice(context.finish().as_ref());
        block
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable> {
        for chunk in bytes.chunks_mut(32) {
            chunk.copy_from_slice(&self.block()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_documented_form_and_differ() {
        let entropy = SeededEntropy::new(7);
        let first = uuid(&entropy).unwrap();
        assert_eq!(first.len(), 36);
        assert_eq!(&first[14..15], "4");
        assert!("89ab".contains(&first[19..20]));
        assert_ne!(first, uuid(&entropy).unwrap());
        assert_eq!(unique_id(&entropy).unwrap().len(), 43);
        assert_ne!(
            unique_id(&SystemEntropy).unwrap(),
            unique_id(&SystemEntropy).unwrap()
        );
    }

    #[test]
    fn names_are_never_given_twice_whatever_their_lengths() {
        let mut given = std::collections::HashSet::new();
        for length in [16, 32, 1024, 3000, 16, 1000, 24, 1024].repeat(50) {
            let mut bytes = vec![0; length];
            NameEntropy.fill(&mut bytes).unwrap();
            for piece in bytes.chunks_exact(8) {
                assert!(given.insert(piece.to_vec()), "{length}");
            }
        }
    }

    #[test]
    fn each_thread_has_names_of_its_own() {
        let draw = || std::thread::spawn(|| unique_id(&NameEntropy).unwrap());
        let drawn: Vec<_> = (0..8).map(|_| draw()).collect();
        let names: std::collections::HashSet<_> = drawn
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(names.len(), 8);
    }
}
