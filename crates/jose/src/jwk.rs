//! Public JSON Web Keys (RFC 7517) under the rules of registration. Spec: maskinporten §5, selfservice §5.6.1.

use serde_json::{Map, Value, json};

use crate::algorithm::{Algorithm, KeyType};
use crate::base64url;
use crate::certificate::{Certificate, CertificateError, self_signed};
use crate::jws::X5c;
use crate::key::{KeyRejected, Material, VerifyingKey};

mod set;

pub use set::{JwkSet, JwkSetError, MAX_KEYS_PARSED};

const MAX_KEY_ID_BYTES: usize = 255;
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key with its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicJwk {
    key_id: String,
    algorithm: Algorithm,
    verifying_key: VerifyingKey,
    expires_at: Option<i64>,
    certificates: Option<Vec<Vec<u8>>>,
}

impl PublicJwk {
    /// Reads a key that somebody registers: `kid`, `alg` and `use` are required, private members refused,
    /// unknown members ignored.
    pub fn parse(value: &Value) -> Result<Self, JwkError> {
        Self::parse_as(value, Strictness::Registration)
    }

    fn parse_as(value: &Value, strictness: Strictness) -> Result<Self, JwkError> {
        let members = public_object(value)?;
        let key_id = key_id(members, strictness)?;
        check_use(members, strictness)?;
        let verifying_key = verifying_key(members)?;
        Ok(Self {
            key_id,
            algorithm: algorithm(members, &verifying_key, strictness)?,
            expires_at: expires_at(members, strictness)?,
            certificates: certificates(members, &verifying_key, strictness)?,
            verifying_key,
        })
    }

    pub(crate) fn from_parts(
        key_id: &str,
        algorithm: Algorithm,
        verifying_key: VerifyingKey,
    ) -> Self {
        Self {
            key_id: key_id.to_owned(),
            algorithm,
            verifying_key,
            expires_at: None,
            certificates: None,
        }
    }

    /// `kid`.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// `alg`: the only algorithm that the key's holder may use.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key itself.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }

    /// `exp`, not a member of RFC 7517: the instant from which the key counts as expired.
    pub fn expires_at(&self) -> Option<i64> {
        self.expires_at
    }

    /// `x5c`: DER, leaf first; the leaf holds this key.
    pub fn certificates(&self) -> Option<&[Vec<u8>]> {
        self.certificates.as_deref()
    }

    /// The same key under another `kid`.
    #[must_use]
    pub fn with_key_id(self, key_id: &str) -> Self {
        Self {
            key_id: key_id.to_owned(),
            ..self
        }
    }

    /// The same key with a certificate that it signed itself, as [`crate::Signer`] makes one: another key's, or
    /// one that somebody else signed, is refused.
    pub fn with_own_certificate(self, der: Vec<u8>) -> Result<Self, JwkError> {
        if !self_signed::is_own(&der, &self.verifying_key, self.algorithm) {
            return Err(JwkError::CertificateMismatch);
        }
        Ok(Self {
            certificates: Some(vec![der]),
            ..self
        })
    }

    /// The public members as they are published, without `exp`, which the self-service API adds.
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        for (name, value) in public_members(self.verifying_key.material()) {
            members.insert(name.to_owned(), value.into());
        }
        members.insert("use".to_owned(), "sig".into());
        members.insert("kid".to_owned(), self.key_id.as_str().into());
        members.insert("alg".to_owned(), self.algorithm.as_str().into());
        if let Some(chain) = &self.certificates {
            let chain: Vec<_> = chain
                .iter()
                .map(|der| base64url::encode_standard(der))
                .collect();
            members.insert("x5c".to_owned(), json!(chain));
        }
        Value::Object(members)
    }

    /// SHA-256 over the required members, base64url: 43 characters (RFC 7638).
    pub fn thumbprint(&self) -> String {
        thumbprint(self.verifying_key.material())
    }
}

/// A key of which nothing but the key matters: other members than those that make it are ignored,
/// private ones refused.
pub(crate) fn bare_key(value: &Value) -> Result<VerifyingKey, JwkError> {
    verifying_key(public_object(value)?)
}

fn public_object(value: &Value) -> Result<&Map<String, Value>, JwkError> {
    let members = value.as_object().ok_or(JwkError::NotAnObject)?;
    let is_private = |name: &&str| members.contains_key(*name);
    if PRIVATE_MEMBERS.iter().any(is_private) {
        return Err(JwkError::PrivateMember);
    }
    Ok(members)
}

/// `kty` and the members that make the key, in lexicographic order as RFC 7638 §3.3 wants them.
pub(crate) fn public_members(material: &Material) -> Vec<(&'static str, String)> {
    let encode = base64url::encode;
    match material {
        Material::Rsa { modulus, exponent } => vec![
            ("e", encode(exponent)),
            ("kty", "RSA".to_owned()),
            ("n", encode(modulus)),
        ],
        Material::EcP256 { x, y } => vec![
            ("crv", "P-256".to_owned()),
            ("kty", "EC".to_owned()),
            ("x", encode(x)),
            ("y", encode(y)),
        ],
        Material::Ed25519(point) => vec![
            ("crv", "Ed25519".to_owned()),
            ("kty", "OKP".to_owned()),
            ("x", encode(point)),
        ],
    }
}

pub(crate) fn thumbprint(material: &Material) -> String {
    // The values are base64url and fixed names: none needs escaping in JSON.
    let members: Vec<_> = public_members(material)
        .into_iter()
        .map(|(name, value)| format!("\"{name}\":\"{value}\""))
        .collect();
    let canonical = format!("{{{}}}", members.join(","));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
    base64url::encode(digest.as_ref())
}

/// Who is to be satisfied with a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// Our register, which refuses what is not plain.
    Registration,
    /// A verifier of a foreign issuer's tokens, which takes what it can use.
    Verification,
}

fn text<'m>(members: &'m Map<String, Value>, name: &'static str) -> Result<&'m str, JwkError> {
    match members.get(name) {
        None => Err(JwkError::Missing(name)),
        Some(value) => value.as_str().ok_or(JwkError::Invalid(name)),
    }
}

fn key_id(members: &Map<String, Value>, strictness: Strictness) -> Result<String, JwkError> {
    let key_id = text(members, "kid")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let valid = match strictness {
        Strictness::Registration => key_id.bytes().all(plain),
        Strictness::Verification => !key_id.chars().any(char::is_control),
    };
    if valid && (1..=MAX_KEY_ID_BYTES).contains(&key_id.len()) {
        Ok(key_id.to_owned())
    } else {
        Err(JwkError::Invalid("kid"))
    }
}

fn check_use(members: &Map<String, Value>, strictness: Strictness) -> Result<(), JwkError> {
    if strictness == Strictness::Verification && !members.contains_key("use") {
        return Ok(());
    }
    match text(members, "use")? {
        "sig" => Ok(()),
        _ => Err(JwkError::Invalid("use")),
    }
}

fn algorithm(
    members: &Map<String, Value>,
    key: &VerifyingKey,
    strictness: Strictness,
) -> Result<Algorithm, JwkError> {
    if strictness == Strictness::Verification && !members.contains_key("alg") {
        return Ok(key.key_type().default_algorithm());
    }
    let algorithm: Algorithm = text(members, "alg")?
        .parse()
        .map_err(|_| JwkError::Invalid("alg"))?;
    if key.supports(algorithm) {
        Ok(algorithm)
    } else {
        Err(JwkError::AlgorithmMismatch {
            algorithm,
            key_type: key.key_type(),
        })
    }
}

fn verifying_key(members: &Map<String, Value>) -> Result<VerifyingKey, JwkError> {
    let material = match text(members, "kty")? {
        "RSA" => Material::rsa(&bytes(members, "n")?, &bytes(members, "e")?)?,
        "EC" if text(members, "crv")? == "P-256" => {
            Material::ec_p256(&bytes(members, "x")?, &bytes(members, "y")?)?
        }
        "OKP" if text(members, "crv")? == "Ed25519" => Material::ed25519(&bytes(members, "x")?)?,
        "EC" | "OKP" => return Err(JwkError::Invalid("crv")),
        _ => return Err(JwkError::Invalid("kty")),
    };
    Ok(VerifyingKey::from_material(material)?)
}

pub(crate) fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    base64url::decode(text(members, name)?).ok_or(JwkError::Invalid(name))
}

fn expires_at(
    members: &Map<String, Value>,
    strictness: Strictness,
) -> Result<Option<i64>, JwkError> {
    match (members.get("exp"), strictness) {
        (None, _) | (Some(_), Strictness::Verification) => Ok(None),
        (Some(exp), Strictness::Registration) => {
            let exp = exp.as_i64().filter(|exp| *exp >= 0);
            exp.map(Some).ok_or(JwkError::Invalid("exp"))
        }
    }
}

fn certificates(
    members: &Map<String, Value>,
    key: &VerifyingKey,
    strictness: Strictness,
) -> Result<Option<Vec<Vec<u8>>>, JwkError> {
    let Some(x5c) = members.get("x5c") else {
        return Ok(None);
    };
    if strictness == Strictness::Verification {
        return Ok(None);
    }
    let X5c::Chain(chain) = X5c::from_json(x5c) else {
        return Err(JwkError::Invalid("x5c"));
    };
    let leaf = Certificate::parse(&chain[0])?;
    if leaf.verifying_key() == key {
        Ok(Some(chain))
    } else {
        Err(JwkError::CertificateMismatch)
    }
}

/// Why a JWK is refused. No message holds a value of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Not a JSON object.
    #[error("a key is a JSON object")]
    NotAnObject,
    /// A private or symmetric member is present: the key must be replaced, since it has been sent.
    #[error("the key has private members; only public keys are accepted")]
    PrivateMember,
    /// A required member is absent.
    #[error("the key has no {0}")]
    Missing(&'static str),
    /// A member is of the wrong type or has a value that is not accepted.
    #[error("the key's {0} is not valid")]
    Invalid(&'static str),
    /// `alg` belongs to another type of key.
    #[error("{algorithm} does not work with a key of type {key_type}")]
    AlgorithmMismatch {
        /// What `alg` says.
        algorithm: Algorithm,
        /// What `kty` and `crv` say.
        key_type: KeyType,
    },
    /// The numbers do not make a key that is accepted.
    #[error(transparent)]
    Key(#[from] KeyRejected),
    /// The first certificate of `x5c` is refused.
    #[error("the key's x5c is refused: {0}")]
    Certificate(#[from] CertificateError),
    /// The first certificate of `x5c` holds another key.
    #[error("the certificate in the key's x5c holds another key")]
    CertificateMismatch,
}

#[cfg(test)]
mod tests;
