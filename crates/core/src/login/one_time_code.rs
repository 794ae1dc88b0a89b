//! Codes that people type, to prove that they read what was sent to an address (spec: idporten §18.6).
//!
//! A code is short, so that it counts for minutes and a few attempts. What is kept of it is bound to a
//! secret that is kept nowhere: whoever reads the store cannot try codes out.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::entropy::{Entropy, EntropyUnavailable};

/// How long a code counts.
const CODE_LIFETIME: Duration = Duration::from_mins(10);
/// How often a wrong one may be typed.
const ATTEMPTS: u8 = 5;
/// Digits of a code.
const DIGITS: usize = 8;
/// How many codes there are.
const CODES: u64 = 100_000_000;

/// A code of eight digits. `Debug` hides it and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// A new code.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        // The last few numbers below a multiple of the codes would make some codes likelier.
        let bound = u64::MAX - u64::MAX % CODES;
        loop {
            let mut bytes = [0; 8];
            entropy.fill(&mut bytes)?;
            let number = u64::from_be_bytes(bytes);
            if number < bound {
                return Ok(Self(format!("{:08}", number % CODES)));
            }
        }
    }

    /// Reads what somebody typed; none if it is no code. Spaces are for the eye.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.split_whitespace().collect();
        let valid = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        valid.then_some(Self(digits))
    }

    /// The digits, for the message that carries them and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn tag(&self, secret: &str) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hmac::sign(&key, self.0.as_bytes())
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OneTimeCode(hidden)")
    }
}

/// What is kept of a code that is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedCode {
    tag: Vec<u8>,
    expires_at: Timestamp,
    attempts_left: u8,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It is the code. It counts no more.
    Right,
    /// It is not, and may be typed again.
    Wrong,
    /// No code counts any more.
    Over,
}

impl AwaitedCode {
    /// Waits for this code. `secret` is what nobody has who reads what is kept.
    pub fn new(code: &OneTimeCode, secret: &str, now: Timestamp) -> Self {
        Self {
            tag: code.tag(secret).as_ref().to_vec(),
            expires_at: now.plus(CODE_LIFETIME),
            attempts_left: ATTEMPTS,
        }
    }

    /// Compares what somebody typed, and counts it. What is left has to be kept before the answer is
    /// told.
    pub fn attempt(
        &mut self,
        typed: Option<&OneTimeCode>,
        secret: &str,
        now: Timestamp,
    ) -> Attempt {
        if self.attempts_left == 0 || now >= self.expires_at {
            return Attempt::Over;
        }
        self.attempts_left -= 1;
        let right = typed.is_some_and(|typed| {
            verify_slices_are_equal(typed.tag(secret).as_ref(), &self.tag).is_ok()
        });
        match (right, self.attempts_left) {
            (true, _) => {
                self.attempts_left = 0;
                Attempt::Right
            }
            (false, 0) => Attempt::Over,
            (false, _) => Attempt::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    const NOW: i64 = 1_772_442_900;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(NOW).plus(Duration::from_secs(seconds))
    }

    fn code(text: &str) -> OneTimeCode {
        OneTimeCode::parse(text).unwrap()
    }

    #[test]
    fn a_code_is_eight_digits() {
        let generated = OneTimeCode::generate(&SeededEntropy::new(1)).unwrap();
        assert_eq!(
            OneTimeCode::parse(generated.expose()),
            Some(generated.clone())
        );
        assert_eq!(code(" 1234 5678\n").expose(), "12345678");
        for text in ["", "1234567", "123456789", "1234567x", "１２３４５６７８"] {
            assert_eq!(OneTimeCode::parse(text), None, "{text}");
        }
        assert_eq!(format!("{generated:?}"), "OneTimeCode(hidden)");
    }

    #[test]
    fn the_right_code_counts_once() {
        let mut awaited = AwaitedCode::new(&code("12345678"), "secret", at(0));
        let typed = code("12345678");
        assert_eq!(
            awaited.attempt(Some(&typed), "secret", at(1)),
            Attempt::Right
        );
        assert_eq!(
            awaited.attempt(Some(&typed), "secret", at(1)),
            Attempt::Over
        );
    }

    #[test]
    fn a_few_wrong_ones_end_it() {
        let mut awaited = AwaitedCode::new(&code("12345678"), "secret", at(0));
        for _ in 1..ATTEMPTS {
            let wrong = awaited.attempt(Some(&code("12345679")), "secret", at(1));
            assert_eq!(wrong, Attempt::Wrong);
        }
        assert_eq!(awaited.attempt(None, "secret", at(1)), Attempt::Over);
        let right = awaited.attempt(Some(&code("12345678")), "secret", at(1));
        assert_eq!(right, Attempt::Over);
    }

    #[test]
    fn it_is_for_a_time_and_for_the_secret_that_it_was_made_with() {
        let awaited = AwaitedCode::new(&code("12345678"), "secret", at(0));
        for (secret, seconds, came) in [
            ("secret", 599, Attempt::Right),
            ("secret", 600, Attempt::Over),
            ("other", 1, Attempt::Wrong),
        ] {
            let typed = code("12345678");
            let attempt = awaited.clone().attempt(Some(&typed), secret, at(seconds));
            assert_eq!(attempt, came, "{secret} {seconds}");
        }
        let kept = serde_json::to_string(&awaited).unwrap();
        assert!(!kept.contains("12345678"), "{kept}");
    }
}
