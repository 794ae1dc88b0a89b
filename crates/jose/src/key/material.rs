//! The numbers that a public key is made of, as JWK and certificates carry them.

use x509_parser::asn1_rs::Oid;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::KeyRejected;
use crate::algorithm::KeyType;

/// Length of each coordinate of a P-256 point. RFC 7518 §6.2.1.2.
pub(crate) const P256_COORDINATE_BYTES: usize = 32;

const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
const MAX_EXPONENT_BITS: usize = 33;
const UNCOMPRESSED_POINT: u8 = 4;

/// Canonical by construction, so that equal keys are equal values.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Material {
    /// Big-endian without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// Big-endian, full length.
    EcP256 {
        x: [u8; P256_COORDINATE_BYTES],
        y: [u8; P256_COORDINATE_BYTES],
    },
    /// The encoding of RFC 8032 §5.1.2.
    Ed25519([u8; 32]),
}

impl Material {
    /// Checks the sizes; leading zeros, which some libraries add, are dropped (RFC 7518 §6.3.1.1).
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyRejected> {
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let bits = bit_length(modulus);
        if !MODULUS_BITS.contains(&bits) {
            return Err(KeyRejected::ModulusLength(bits));
        }
        if !is_odd(modulus) {
            return Err(KeyRejected::Malformed);
        }
        if !is_odd(exponent) || exponent == [1] || bit_length(exponent) > MAX_EXPONENT_BITS {
            return Err(KeyRejected::Exponent);
        }
        Ok(Self::Rsa {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        })
    }

    /// From two coordinates of full length; that the point is on the curve is checked by the parse that
    /// follows.
    pub(crate) fn ec_p256(x: &[u8], y: &[u8]) -> Result<Self, KeyRejected> {
        Ok(Self::EcP256 {
            x: x.try_into().map_err(|_| KeyRejected::Malformed)?,
            y: y.try_into().map_err(|_| KeyRejected::Malformed)?,
        })
    }

    pub(crate) fn ed25519(point: &[u8]) -> Result<Self, KeyRejected> {
        point
            .try_into()
            .map(Self::Ed25519)
            .map_err(|_| KeyRejected::Malformed)
    }

    /// From an uncompressed point, SEC 1 §2.3.3.
    pub(crate) fn ec_p256_point(point: &[u8]) -> Result<Self, KeyRejected> {
        match point {
            [UNCOMPRESSED_POINT, coordinates @ ..]
                if coordinates.len() == 2 * P256_COORDINATE_BYTES =>
            {
                let (x, y) = coordinates.split_at(P256_COORDINATE_BYTES);
                Self::ec_p256(x, y)
            }
            _ => Err(KeyRejected::Malformed),
        }
    }

    /// From a DER `RSAPublicKey`, RFC 8017 §A.1.1.
    pub(crate) fn rsa_public_key(der: &[u8]) -> Result<Self, KeyRejected> {
        let (rest, key) = RSAPublicKey::from_der(der).map_err(|_| KeyRejected::Malformed)?;
        let negative = |integer: &[u8]| integer.first().is_none_or(|byte| byte & 0x80 != 0);
        if !rest.is_empty() || negative(key.modulus) || negative(key.exponent) {
            return Err(KeyRejected::Malformed);
        }
        Self::rsa(key.modulus, key.exponent)
    }

    pub(crate) fn from_subject_public_key_info(der: &[u8]) -> Result<Self, KeyRejected> {
        let (rest, info) =
            SubjectPublicKeyInfo::from_der(der).map_err(|_| KeyRejected::Malformed)?;
        if !rest.is_empty() {
            return Err(KeyRejected::Malformed);
        }
        Self::from_parsed_info(&info)
    }

    pub(crate) fn from_parsed_info(info: &SubjectPublicKeyInfo<'_>) -> Result<Self, KeyRejected> {
        let key = &info.subject_public_key;
        if key.unused_bits != 0 {
            return Err(KeyRejected::Malformed);
        }
        let algorithm = &info.algorithm.algorithm;
        if *algorithm == OID_PKCS1_RSAENCRYPTION {
            Self::rsa_public_key(&key.data)
        } else if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
            let parameters = info.algorithm.parameters.as_ref();
            let curve = parameters.and_then(|any| Oid::try_from(any).ok());
            if curve.as_ref() == Some(&OID_EC_P256) {
                Self::ec_p256_point(&key.data)
            } else {
                Err(KeyRejected::UnsupportedType)
            }
        } else if *algorithm == OID_SIG_ED25519 {
            Self::ed25519(&key.data)
        } else {
            Err(KeyRejected::UnsupportedType)
        }
    }

    pub(crate) fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::EcP256 { .. } => KeyType::EcP256,
            Self::Ed25519(_) => KeyType::Ed25519,
        }
    }

    pub(crate) fn bits(&self) -> usize {
        match self {
            Self::Rsa { modulus, .. } => bit_length(modulus),
            Self::EcP256 { .. } => 8 * P256_COORDINATE_BYTES,
            Self::Ed25519(_) => 256,
        }
    }

    /// The point as bytes: uncompressed for P-256, the encoding itself for Ed25519, empty for RSA.
    pub(crate) fn raw_point(&self) -> Vec<u8> {
        match self {
            Self::Rsa { .. } => Vec::new(),
            Self::EcP256 { x, y } => [&[UNCOMPRESSED_POINT], x.as_slice(), y].concat(),
            Self::Ed25519(point) => point.to_vec(),
        }
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Of a number without leading zeros.
fn bit_length(number: &[u8]) -> usize {
    number
        .first()
        .map_or(0, |first| 8 * number.len() - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}
