//! Public keys, parsed once and kept.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RsaParameters, RsaPublicKeyComponents,
};

use crate::algorithm::{Algorithm, KeyType};

mod material;

pub(crate) use material::{Material, P256_COORDINATE_BYTES};

/// A public key that is ready to verify with. A clone shares the parsed key.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Parsed>);

struct Parsed {
    material: Material,
    verifier: Verifier,
}

/// The library's parsed keys: it binds each to one algorithm.
enum Verifier {
    /// A key mostly lives with RS256, which is there from the start and not one place further away.
    Rsa {
        rs256: ParsedPublicKey,
        others: Box<RsaVerifiers>,
    },
    /// ES256 or `EdDSA`.
    Single(ParsedPublicKey),
}

/// The same key for the other algorithms, parsed at its first use with each.
#[derive(Default)]
struct RsaVerifiers {
    rs384: Slot,
    rs512: Slot,
    ps256: Slot,
}

type Slot = OnceLock<Option<ParsedPublicKey>>;

impl VerifyingKey {
    /// Reads a DER `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) and nothing after it.
    pub fn from_subject_public_key_info(der: &[u8]) -> Result<Self, KeyRejected> {
        Self::from_material(Material::from_subject_public_key_info(der)?)
    }

    pub(crate) fn from_material(material: Material) -> Result<Self, KeyRejected> {
        let verifier = match &material {
            Material::Rsa { .. } => Verifier::Rsa {
                rs256: parse_rsa(&material, &RSA_PKCS1_2048_8192_SHA256)
                    .ok_or(KeyRejected::Malformed)?,
                others: Box::default(),
            },
            Material::EcP256 { .. } => Verifier::Single(
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, material.raw_point())
                    .map_err(|_| KeyRejected::Malformed)?,
            ),
            Material::Ed25519(point) => Verifier::Single(
                ParsedPublicKey::new(&ED25519, point).map_err(|_| KeyRejected::Malformed)?,
            ),
        };
        Ok(Self(Arc::new(Parsed { material, verifier })))
    }

    /// The type of the key.
    pub fn key_type(&self) -> KeyType {
        self.0.material.key_type()
    }

    /// Whether the key can have made signatures of this algorithm.
    pub fn supports(&self, algorithm: Algorithm) -> bool {
        algorithm.key_type() == self.key_type()
    }

    /// The RFC 7638 thumbprint of the key.
    pub fn thumbprint(&self) -> String {
        crate::jwk::thumbprint(&self.0.material)
    }

    /// Length of the RSA modulus or of the curve's field, in bits.
    pub fn bits(&self) -> usize {
        self.0.material.bits()
    }

    /// Checks one signature. An algorithm of another key type is an error like any other, never a panic.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        self.parsed_for(algorithm)
            .ok_or(SignatureError::AlgorithmMismatch)?
            .verify_sig(message, signature)
            .map_err(|_| SignatureError::Invalid)
    }

    /// The DER `SubjectPublicKeyInfo` of the key.
    pub fn to_subject_public_key_info(&self) -> Result<Vec<u8>, KeyRejected> {
        let parsed = self
            .parsed_for(self.key_type().default_algorithm())
            .ok_or(KeyRejected::Malformed)?;
        let der: PublicKeyX509Der<'_> = parsed.as_der().map_err(|_| KeyRejected::Malformed)?;
        Ok(der.as_ref().to_vec())
    }

    pub(crate) fn material(&self) -> &Material {
        &self.0.material
    }

    fn parsed_for(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        match (&self.0.verifier, algorithm) {
            (Verifier::Rsa { rs256, .. }, Algorithm::Rs256) => Some(rs256),
            (Verifier::Rsa { others, .. }, Algorithm::Rs384) => {
                self.rsa(&others.rs384, &RSA_PKCS1_2048_8192_SHA384)
            }
            (Verifier::Rsa { others, .. }, Algorithm::Rs512) => {
                self.rsa(&others.rs512, &RSA_PKCS1_2048_8192_SHA512)
            }
            (Verifier::Rsa { others, .. }, Algorithm::Ps256) => {
                self.rsa(&others.ps256, &RSA_PSS_2048_8192_SHA256)
            }
            (Verifier::Single(parsed), _) if self.supports(algorithm) => Some(parsed),
            (Verifier::Rsa { .. } | Verifier::Single(_), _) => None,
        }
    }

    fn rsa<'k>(
        &self,
        slot: &'k Slot,
        parameters: &'static RsaParameters,
    ) -> Option<&'k ParsedPublicKey> {
        slot.get_or_init(|| parse_rsa(&self.0.material, parameters))
            .as_ref()
    }
}

fn parse_rsa(material: &Material, parameters: &'static RsaParameters) -> Option<ParsedPublicKey> {
    let Material::Rsa { modulus, exponent } = material else {
        return None;
    };
    RsaPublicKeyComponents {
        n: modulus,
        e: exponent,
    }
    .to_parsed_public_key(parameters)
    .ok()
}

/// Two keys are equal when they are the same public key.
impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.material == other.0.material
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "VerifyingKey({}, {} bits)",
            self.key_type(),
            self.bits()
        )
    }
}

/// Why a public key is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRejected {
    /// Not DER, a point off its curve, or a length that does not fit.
    #[error("the public key is malformed")]
    Malformed,
    /// Another type of key or another curve.
    #[error("the key is of a type other than RSA, EC P-256 and Ed25519")]
    UnsupportedType,
    /// An RSA modulus of another length than 2048 to 8192 bits.
    #[error("the RSA modulus has {0} bits; 2048 to 8192 are accepted")]
    ModulusLength(usize),
    /// An RSA public exponent that is even, below 3 or longer than 33 bits.
    #[error("the RSA public exponent is not an odd number of at least 3 and at most 33 bits")]
    Exponent,
}

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is of a type that the algorithm does not use.
    #[error("the key is not of the type that the algorithm uses")]
    AlgorithmMismatch,
    /// The key did not make this signature over this message.
    #[error("the signature does not verify")]
    Invalid,
}

#[cfg(test)]
mod tests;
