//! Private keys. All private-key operations are the library's constant-time ones.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, KeyType};
use crate::base64url;
use crate::certificate::self_signed::{self, Names};
use crate::jwk::{self, PublicJwk};
use crate::key::{KeyRejected, Material, VerifyingKey};

mod private_jwk;

/// A private key with the one algorithm that it signs with. A clone shares the key; nothing prints it, and
/// the library wipes its memory when the last clone is dropped.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    pair: Arc<Pair>,
    verifying_key: VerifyingKey,
}

enum Pair {
    Rsa(RsaKeyPair),
    EcP256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Length of a new RSA modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaBits {
    /// 2048 bits.
    B2048,
    /// 3072 bits.
    B3072,
    /// 4096 bits, the length of the national signing key.
    B4096,
}

impl SigningKey {
    /// Makes a new key from the operating system's randomness, which the library reads itself. `rsa_bits`
    /// is ignored for the other types of key.
    pub fn generate(algorithm: Algorithm, rsa_bits: RsaBits) -> Result<Self, KeyError> {
        let pair = match algorithm.key_type() {
            KeyType::Rsa => Pair::Rsa(RsaKeyPair::generate(match rsa_bits {
                RsaBits::B2048 => KeySize::Rsa2048,
                RsaBits::B3072 => KeySize::Rsa3072,
                RsaBits::B4096 => KeySize::Rsa4096,
            })?),
            KeyType::EcP256 => {
                Pair::EcP256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?)
            }
            KeyType::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate()?),
        };
        Self::from_pair(algorithm, pair)
    }

    /// Reads an unencrypted PKCS#8 private key (RFC 5208) of the type that the algorithm uses.
    pub fn from_pkcs8_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let pair = match algorithm.key_type() {
            KeyType::Rsa => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
            KeyType::EcP256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::EcP256)
            }
            KeyType::Ed25519 => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed25519),
        };
        let pair = pair.map_err(|_| KeyError::NotAPrivateKey(algorithm.key_type()))?;
        Self::from_pair(algorithm, pair)
    }

    /// Reads the first `PRIVATE KEY` block of a PEM text; blocks of other kinds are passed over.
    pub fn from_pkcs8_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let der =
            PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NotPem)?;
        Self::from_pkcs8_der(algorithm, der.secret_pkcs8_der())
    }

    /// Reads a private JWK and its `kid`, if any. Without `alg` the key signs RS256, ES256 or `EdDSA`. An RSA
    /// key needs all of `d`, `p`, `q`, `dp`, `dq` and `qi`. The private and public parts must belong together.
    pub fn from_private_jwk(value: &Value) -> Result<(Self, Option<String>), KeyError> {
        private_jwk::read(value)
    }

    /// The key as a private JWK in JSON text, under the given `kid`.
    pub fn to_private_jwk(&self, key_id: &str) -> Result<Zeroizing<String>, KeyError> {
        private_jwk::write(self, key_id)
    }

    /// The key as unencrypted PKCS#8, version 1.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = match &*self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der()?;
                der.as_ref().to_vec()
            }
            Pair::EcP256(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
        };
        Ok(Zeroizing::new(der))
    }

    /// The key as unencrypted PKCS#8 in PEM.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let body = Zeroizing::new(base64url::encode_standard(&self.to_pkcs8_der()?));
        let mut pem = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 64));
        pem.push_str("-----BEGIN PRIVATE KEY-----\n");
        let mut rest = body.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem)
    }

    /// The algorithm that every signature of this key is made with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying_key.clone()
    }

    /// The public half as a JWK under the given `kid`, which the caller keeps to letters, digits and `._-`.
    pub fn public_jwk(&self, key_id: &str) -> PublicJwk {
        PublicJwk::from_parts(key_id, self.algorithm, self.verifying_key())
    }

    /// The RFC 7638 thumbprint of the public half, our `kid` for our own keys. Spec: maskinporten §8.1.
    pub fn thumbprint(&self) -> String {
        jwk::thumbprint(self.verifying_key.material())
    }

    /// Signs in the form that JWS wants (RFC 7518 §3.4 for ES256).
    #[expect(
        clippy::disallowed_types,
        reason = "the library asks for its own generator and draws blinding and nonces from it"
    )]
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = aws_lc_rs::rand::SystemRandom::new();
        match &*self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(self.rsa_encoding(), &random, message, &mut signature)?;
                Ok(signature)
            }
            Pair::EcP256(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
        }
    }

    /// Signs a compact JWS. The header is written as given: its `alg` must be [`Self::algorithm`], or no
    /// verifier will accept the result.
    pub fn sign_compact(
        &self,
        header: &impl Serialize,
        payload: &impl Serialize,
    ) -> Result<String, KeyError> {
        let mut compact = signing_input(header, payload, self.verifying_key.bits())?;
        let signature = self.sign(compact.as_bytes())?;
        append_signature(&mut compact, &signature);
        Ok(compact)
    }

    /// A certificate of the public half, in DER, which the key signs itself: it names `host` and has no end
    /// (RFC 5280 §4.1.2.5), since how long a key counts is for its key set to say. It begins at `not_before`,
    /// in seconds since the Unix epoch. The same arguments make the same certificate but for its signature.
    pub fn self_signed_certificate(
        &self,
        host: &str,
        not_before: i64,
    ) -> Result<Vec<u8>, KeyError> {
        let names = Names { host, not_before };
        let signed = self_signed::to_be_signed(&self.verifying_key, self.algorithm, names)?;
        let signature = self.sign(&signed)?;
        Ok(self_signed::assemble(&signed, self.algorithm, &signature))
    }

    fn rsa_encoding(&self) -> &'static dyn RsaEncoding {
        match self.algorithm {
            Algorithm::Rs384 => &RSA_PKCS1_SHA384,
            Algorithm::Rs512 => &RSA_PKCS1_SHA512,
            Algorithm::Ps256 => &RSA_PSS_SHA256,
            Algorithm::Rs256 | Algorithm::Es256 | Algorithm::EdDsa => &RSA_PKCS1_SHA256,
        }
    }

    fn from_pair(algorithm: Algorithm, pair: Pair) -> Result<Self, KeyError> {
        let material = match &pair {
            Pair::Rsa(pair) => Material::rsa_public_key(pair.public_key().as_ref())?,
            Pair::EcP256(pair) => Material::ec_p256_point(pair.public_key().as_ref())?,
            Pair::Ed25519(pair) => Material::ed25519(pair.public_key().as_ref())?,
        };
        Ok(Self {
            algorithm,
            pair: Arc::new(pair),
            verifying_key: VerifyingKey::from_material(material)?,
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({}, redacted)", self.algorithm)
    }
}

/// Header and payload as they are signed (RFC 7515 §5.1), with room for the signature of a key of this
/// many bits.
pub(crate) fn signing_input(
    header: &impl Serialize,
    payload: &impl Serialize,
    key_bits: usize,
) -> Result<String, KeyError> {
    let header = json(header)?;
    let payload = json(payload)?;
    let signature_bytes = key_bits / 4;
    let length = (header.len() + payload.len() + signature_bytes) * 4 / 3 + 8;
    let mut compact = String::with_capacity(length);
    base64url::encode_into(&header, &mut compact);
    compact.push('.');
    base64url::encode_into(&payload, &mut compact);
    Ok(compact)
}

/// With room for a usual token, so that it is written into one place.
fn json(value: &impl Serialize) -> Result<Vec<u8>, KeyError> {
    let mut json = Vec::with_capacity(512);
    serde_json::to_writer(&mut json, value).map_err(|_| KeyError::NotJson)?;
    Ok(json)
}

/// Makes what was signed a compact JWS (RFC 7515 §7.1).
pub(crate) fn append_signature(compact: &mut String, signature: &[u8]) {
    compact.push('.');
    base64url::encode_into(signature, compact);
}

/// Why a private key cannot be read, written or used. No message holds a part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No `PRIVATE KEY` block is in the text.
    #[error("the text has no PEM block named PRIVATE KEY (PKCS#8, unencrypted)")]
    NotPem,
    /// Not an unencrypted PKCS#8 key of this type.
    #[error("the bytes are not an unencrypted PKCS#8 private key of type {0}")]
    NotAPrivateKey(KeyType),
    /// A member of the private JWK is absent, of the wrong type or not canonical base64url.
    #[error("the private JWK's {0} is missing or not valid")]
    Member(&'static str),
    /// The private and the public part of a JWK are not one key, or the numbers are not a key.
    #[error("the private JWK's members do not form one key")]
    Inconsistent,
    /// The public half is not accepted.
    #[error(transparent)]
    Public(#[from] KeyRejected),
    /// A header or payload cannot be written as JSON.
    #[error("the header or payload cannot be written as JSON")]
    NotJson,
    /// A certificate cannot hold the instant at which it should begin.
    #[error("a certificate cannot begin at this instant")]
    CertificateInstant,
    /// What holds the key does not answer now. Trying again later may help.
    #[error("what holds the private key does not answer")]
    Unavailable,
    /// What holds the key made a signature that its public half does not verify.
    #[error("the signature that was made does not verify")]
    BadSignature,
    /// The library failed, for instance for want of randomness or memory.
    #[error("the cryptographic library failed")]
    Library,
}

impl From<aws_lc_rs::error::Unspecified> for KeyError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Library
    }
}

#[cfg(test)]
mod tests;
