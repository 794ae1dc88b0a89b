//! `DPoP` proofs (RFC 9449 §4.2): JWTs that the holder of a key makes for one request.
//!
//! Here alone is a key taken from the message that it verifies. That is sound because a proof claims
//! nothing but to come from whoever holds that key; what the key may do is for the caller to know, by
//! its thumbprint. When and for what the proof was made is for the caller to compare.

use serde_json::{Map, Value};

use crate::algorithm::{Algorithm, KeyType};
use crate::base64url;
use crate::json::{JsonObjectError, parse_json_object};
use crate::jwk::{self, JwkError};
use crate::jws::{Jws, JwsError, JwsPart};
use crate::key::VerifyingKey;

/// The longest proof that is looked at, in bytes: room for an RSA key of 4096 bits and its signature.
const MAX_PROOF_BYTES: usize = 8192;
/// Anybody may send a key of their own, so that its size is the work that they make.
const MAX_RSA_BITS: usize = 4096;
const MAX_JWT_ID_BYTES: usize = 255;
const TYPE: &str = "dpop+jwt";

/// A proof that the key in its header has signed.
#[derive(Clone, PartialEq, Eq)]
pub struct DpopProof {
    thumbprint: String,
    jwt_id: String,
    method: String,
    uri: String,
    issued_at: i64,
    access_token_hash: Option<String>,
}

impl DpopProof {
    /// The algorithms that a proof may have, in the order in which metadata documents list them.
    pub const ALGORITHMS: [Algorithm; 4] = [
        Algorithm::Rs256,
        Algorithm::Ps256,
        Algorithm::Es256,
        Algorithm::EdDsa,
    ];

    /// Reads the value of a `DPoP` header and verifies its signature with the key that it holds
    /// (RFC 9449 §4.3, items 2 to 7).
    pub fn parse(compact: &str) -> Result<Self, DpopError> {
        if compact.len() > MAX_PROOF_BYTES {
            return Err(DpopError::TooLong);
        }
        let jws = Jws::parse(compact)?;
        let header = jws.header();
        let is_proof = |typ: &str| typ.eq_ignore_ascii_case(TYPE);
        if !header.typ.as_deref().is_some_and(is_proof) {
            return Err(DpopError::Type);
        }
        if !Self::ALGORITHMS.contains(&header.algorithm) {
            return Err(DpopError::Algorithm);
        }
        let key = embedded_key(compact)?;
        jws.verify(&key).map_err(|_| DpopError::Signature)?;
        let claims = parse_json_object(jws.payload())?;
        let jwt_id = text(&claims, "jti")?;
        if jwt_id.is_empty() || jwt_id.len() > MAX_JWT_ID_BYTES {
            return Err(DpopError::Claim("jti"));
        }
        let issued_at = claims.get("iat").and_then(Value::as_i64);
        let access_token_hash = if claims.contains_key("ath") {
            Some(text(&claims, "ath")?.to_owned())
        } else {
            None
        };
        Ok(Self {
            thumbprint: key.thumbprint(),
            jwt_id: jwt_id.to_owned(),
            method: text(&claims, "htm")?.to_owned(),
            uri: text(&claims, "htu")?.to_owned(),
            issued_at: issued_at.ok_or(DpopError::Claim("iat"))?,
            access_token_hash,
        })
    }

    /// The RFC 7638 thumbprint of the key: `jkt` of what is bound to it.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// `jti`: 1 to 255 bytes.
    pub fn jwt_id(&self) -> &str {
        &self.jwt_id
    }

    /// `htm`, as it was written.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// `htu`, as it was written.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// `iat`, in seconds since the Unix epoch.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// Whether `ath` is the hash of this access token.
    pub fn is_with(&self, access_token: &str) -> bool {
        self.access_token_hash.as_deref() == Some(&*access_token_hash(access_token))
    }
}

/// `ath` of an access token: its SHA-256 in base64url (RFC 9449 §4.2).
pub fn access_token_hash(access_token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
    base64url::encode(digest.as_ref())
}

/// The key in the header, which [`Jws`] leaves alone on purpose.
fn embedded_key(compact: &str) -> Result<VerifyingKey, DpopError> {
    let (header, _) = compact.split_once('.').ok_or(JwsError::NotCompact)?;
    let header = base64url::decode(header).ok_or(JwsError::Encoding(JwsPart::Header))?;
    let header = parse_json_object(&header)?;
    let key = jwk::bare_key(header.get("jwk").ok_or(DpopError::NoKey)?)?;
    if key.key_type() == KeyType::Rsa && key.bits() > MAX_RSA_BITS {
        return Err(DpopError::KeyTooLarge);
    }
    Ok(key)
}

fn text<'c>(claims: &'c Map<String, Value>, name: &'static str) -> Result<&'c str, DpopError> {
    let claim = claims.get(name).and_then(Value::as_str);
    claim.ok_or(DpopError::Claim(name))
}

/// Why a proof proves nothing. No message holds anything of it, save a bounded `alg`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// Over 8,192 bytes.
    #[error("the proof is longer than {MAX_PROOF_BYTES} bytes")]
    TooLong,
    /// Not a JWS that we read.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// `typ` is absent or another.
    #[error("typ of the proof is not {TYPE}")]
    Type,
    /// `alg` is none of [`DpopProof::ALGORITHMS`].
    #[error("the algorithm of the proof is not accepted")]
    Algorithm,
    /// The header has no `jwk`.
    #[error("the header of the proof has no jwk")]
    NoKey,
    /// `jwk` is refused, because it is malformed or because it is private.
    #[error("jwk of the proof is refused: {0}")]
    Key(#[from] JwkError),
    /// An RSA key of more than 4096 bits.
    #[error("the RSA key of the proof has more than {MAX_RSA_BITS} bits")]
    KeyTooLarge,
    /// The key in the header did not make the signature.
    #[error("the signature of the proof is wrong")]
    Signature,
    /// The header or the payload is no object that we read.
    #[error("the proof cannot be read: {0}")]
    Object(#[from] JsonObjectError),
    /// A claim is missing or of another type.
    #[error("{0} of the proof is missing or not valid")]
    Claim(&'static str),
}

#[cfg(test)]
mod tests;
