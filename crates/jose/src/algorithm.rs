//! The signature algorithms that this product knows, and sets of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A JWS signature algorithm. RFC 7518 §3.1 and RFC 8037 §3.1; `none` and the HMAC family have no variant,
/// so no later mistake can let them in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, the national services' default.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
    /// RSASSA-PSS with SHA-256, salt as long as the digest.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256; signatures are the 64 bytes of RFC 7518 §3.4, not ASN.1.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519; the other curve of RFC 8037, Ed448, is not offered.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// Every algorithm, in the order in which metadata documents list them.
    pub const ALL: [Self; 6] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Es256,
        Self::EdDsa,
    ];

    /// The name in the `alg` member, case-sensitive.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The only type of key that this algorithm works with.
    pub fn key_type(self) -> KeyType {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 => KeyType::Rsa,
            Self::Es256 => KeyType::EcP256,
            Self::EdDsa => KeyType::Ed25519,
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or(UnknownAlgorithm)
    }
}

/// The name is not one of [`Algorithm::ALL`]; names are case-sensitive (RFC 7515 §4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the algorithm is not one of RS256, RS384, RS512, PS256, ES256 and EdDSA")]
pub struct UnknownAlgorithm;

/// A type of key, as `kty` and `crv` name it together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyType {
    /// `kty` `RSA`.
    Rsa,
    /// `kty` `EC` with `crv` `P-256`.
    EcP256,
    /// `kty` `OKP` with `crv` `Ed25519`.
    Ed25519,
}

impl KeyType {
    /// What a key of this type signs with when nothing else is said.
    pub fn default_algorithm(self) -> Algorithm {
        match self {
            Self::Rsa => Algorithm::Rs256,
            Self::EcP256 => Algorithm::Es256,
            Self::Ed25519 => Algorithm::EdDsa,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rsa => "RSA",
            Self::EcP256 => "EC P-256",
            Self::Ed25519 => "OKP Ed25519",
        })
    }
}

/// A set of algorithms, such as the ones that an endpoint accepts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct AlgorithmSet(u8);

impl AlgorithmSet {
    /// What the national service accepts in a grant. Spec: maskinporten §4.1.
    pub const NATIONAL: Self = Self(0b0000_0111);

    /// Everything that this crate can verify.
    pub const ALL: Self = Self(0b0011_1111);

    /// Whether the algorithm is in the set.
    pub fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & algorithm.bit() != 0
    }

    /// Whether no algorithm is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in the order of [`Algorithm::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL
            .into_iter()
            .filter(move |algorithm| self.contains(*algorithm))
    }
}

impl FromIterator<Algorithm> for AlgorithmSet {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        Self(
            algorithms
                .into_iter()
                .fold(0, |bits, algorithm| bits | algorithm.bit()),
        )
    }
}

impl fmt::Debug for AlgorithmSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_through_text_and_json() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
            let json = serde_json::to_string(&algorithm).unwrap();
            assert_eq!(json, format!("\"{algorithm}\""));
            assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), algorithm);
        }
    }

    #[test]
    fn refuses_every_other_name() {
        for name in [
            "none", "None", "HS256", "HS512", "ES384", "ES512", "PS384", "rs256", "RS256 ", "",
            "RSA", "ES256K", "EDDSA", "Ed25519",
        ] {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name}");
        }
    }

    #[test]
    fn the_national_set_is_the_three_pkcs1_algorithms() {
        let national: Vec<_> = AlgorithmSet::NATIONAL.iter().collect();
        assert_eq!(
            national,
            [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512]
        );
        assert!(!AlgorithmSet::NATIONAL.contains(Algorithm::Ps256));
    }

    #[test]
    fn the_constant_of_all_holds_all() {
        assert_eq!(
            Algorithm::ALL.into_iter().collect::<AlgorithmSet>(),
            AlgorithmSet::ALL
        );
        assert!(AlgorithmSet::default().is_empty());
        assert!(!AlgorithmSet::ALL.is_empty());
    }

    #[test]
    fn the_default_algorithm_fits_its_key_type() {
        for key_type in [KeyType::Rsa, KeyType::EcP256, KeyType::Ed25519] {
            assert_eq!(key_type.default_algorithm().key_type(), key_type);
        }
    }
}
