//! Proof Key for Code Exchange, with S256 and nothing else (RFC 7636; spec: idporten §7).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The one method that is accepted.
pub const S256: &str = "S256";

/// Length of a challenge: a SHA-256 in base64url without padding.
const CHALLENGE_CHARACTERS: usize = 43;

/// What a client committed itself to at the authorization endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(Box<str>);

impl CodeChallenge {
    /// Reads exactly 43 base64url characters. Padding makes 44, and is refused.
    pub fn parse(text: &str) -> Option<Self> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (text.len() == CHALLENGE_CHARACTERS && text.bytes().all(is_base64url))
            .then(|| Self(text.into()))
    }

    /// The challenge as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the challenge of `verifier`. Takes the same time whether or not it is.
    pub fn matches(&self, verifier: &CodeVerifier<'_>) -> bool {
        let expected = verifier.challenge();
        verify_slices_are_equal(expected.0.as_bytes(), self.0.as_bytes()).is_ok()
    }
}

/// What a client proves at the token endpoint to have known. It has no `Debug`: until the code is
/// redeemed it is a secret.
#[derive(Clone, Copy)]
pub struct CodeVerifier<'a>(&'a str);

impl<'a> CodeVerifier<'a> {
    /// Reads 43 to 128 characters of `[A-Za-z0-9._~-]` (RFC 7636 §4.1).
    pub fn parse(text: &'a str) -> Option<Self> {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        ((43..=128).contains(&text.len()) && text.bytes().all(is_unreserved)).then_some(Self(text))
    }

    /// What a client sends ahead of it.
    pub fn challenge(&self) -> CodeChallenge {
        let digest = digest(&SHA256, self.0.as_bytes());
        CodeChallenge(URL_SAFE_NO_PAD.encode(digest).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "jMePfgDzxFgGpYBczVQbP49V3X8ze-3iSBQCE2uIL38";
    const CHALLENGE: &str = "ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8";

    fn matches(challenge: &str, verifier: &str) -> bool {
        let challenge = CodeChallenge::parse(challenge).unwrap();
        challenge.matches(&CodeVerifier::parse(verifier).unwrap())
    }

    #[test]
    fn the_vector_of_the_specification() {
        assert!(matches(CHALLENGE, VERIFIER));
        // RFC 7636, appendix B.
        assert!(matches(
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        ));
    }

    #[test]
    fn another_verifier_does_not_match() {
        assert!(!matches(CHALLENGE, &VERIFIER.replace('j', "k")));
        assert!(!matches(CHALLENGE, CHALLENGE), "plain is not S256");
        assert!(!matches(CHALLENGE, &format!("{VERIFIER}A")));
    }

    #[test]
    fn challenges_are_43_characters_without_padding() {
        for wrong in [
            "",
            &CHALLENGE[..42],
            &format!("{CHALLENGE}="),
            &format!("{CHALLENGE}A"),
            &CHALLENGE.replace('Z', "+"),
            &CHALLENGE.replace('Z', "/"),
        ] {
            assert_eq!(CodeChallenge::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn verifiers_are_43_to_128_unreserved_characters() {
        for right in [&"a".repeat(43), &"~".repeat(128), &"._~-".repeat(20)] {
            assert!(CodeVerifier::parse(right).is_some(), "{right}");
        }
        for wrong in [
            "",
            &"a".repeat(42),
            &"a".repeat(129),
            &"æ".repeat(30),
            &format!("{} {}", "a".repeat(30), "a".repeat(30)),
        ] {
            assert!(CodeVerifier::parse(wrong).is_none(), "{wrong}");
        }
    }
}
