//! Private JWKs (RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2): how keys travel between this product and clients.

use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};
use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Map, Value};
use x509_parser::asn1_rs::{Any, FromDer, Tag};
use zeroize::Zeroizing;

use super::{KeyError, Pair, SigningKey};
use crate::algorithm::{Algorithm, KeyType};
use crate::base64url;
use crate::jwk;
use crate::key::{Material, P256_COORDINATE_BYTES};

const ED25519_SEED_BYTES: usize = 32;
/// The order of RFC 8017 §A.1.2, after the version and the two public numbers.
const RSA_PRIVATE_MEMBERS: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

pub(super) fn read(value: &Value) -> Result<(SigningKey, Option<String>), KeyError> {
    let members = value.as_object().ok_or(KeyError::Member("kty"))?;
    let key_type = key_type(members)?;
    let algorithm = algorithm(members, key_type)?;
    let pair = match key_type {
        KeyType::Rsa => Pair::Rsa(rsa(members)?),
        KeyType::EcP256 => Pair::EcP256(ec_p256(members)?),
        KeyType::Ed25519 => Pair::Ed25519(ed25519(members)?),
    };
    let key_id = members
        .get("kid")
        .map(|kid| kid.as_str().ok_or(KeyError::Member("kid")))
        .transpose()?;
    let key = SigningKey::from_pair(algorithm, pair)?;
    Ok((key, key_id.map(str::to_owned)))
}

fn key_type(members: &Map<String, Value>) -> Result<KeyType, KeyError> {
    let text = |name| members.get(name).and_then(Value::as_str);
    match (text("kty"), text("crv")) {
        (Some("RSA"), _) => Ok(KeyType::Rsa),
        (Some("EC"), Some("P-256")) => Ok(KeyType::EcP256),
        (Some("OKP"), Some("Ed25519")) => Ok(KeyType::Ed25519),
        (Some("EC" | "OKP"), _) => Err(KeyError::Member("crv")),
        _ => Err(KeyError::Member("kty")),
    }
}

fn algorithm(members: &Map<String, Value>, key_type: KeyType) -> Result<Algorithm, KeyError> {
    let Some(name) = members.get("alg") else {
        return Ok(key_type.default_algorithm());
    };
    name.as_str()
        .and_then(|name| name.parse::<Algorithm>().ok())
        .filter(|algorithm| algorithm.key_type() == key_type)
        .ok_or(KeyError::Member("alg"))
}

fn secret(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    jwk::bytes(members, name)
        .map(Zeroizing::new)
        .map_err(|_| KeyError::Member(name))
}

fn rsa(members: &Map<String, Value>) -> Result<RsaKeyPair, KeyError> {
    let public = Material::rsa(&secret(members, "n")?, &secret(members, "e")?)?;
    let Material::Rsa { modulus, exponent } = public else {
        return Err(KeyError::Inconsistent);
    };
    let components = KeyPairComponents {
        public_key: RsaPublicKeyComponents {
            n: modulus,
            e: exponent,
        },
        d: secret(members, "d")?,
        p: secret(members, "p")?,
        q: secret(members, "q")?,
        dP: secret(members, "dp")?,
        dQ: secret(members, "dq")?,
        qInv: secret(members, "qi")?,
    };
    RsaKeyPair::from_components(&components).map_err(|_| KeyError::Inconsistent)
}

fn ec_p256(members: &Map<String, Value>) -> Result<EcdsaKeyPair, KeyError> {
    let public = Material::ec_p256(&secret(members, "x")?, &secret(members, "y")?)?;
    let private = secret(members, "d")?;
    if private.len() != P256_COORDINATE_BYTES {
        return Err(KeyError::Member("d"));
    }
    EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &private,
        &public.raw_point(),
    )
    .map_err(|_| KeyError::Inconsistent)
}

fn ed25519(members: &Map<String, Value>) -> Result<Ed25519KeyPair, KeyError> {
    let seed = secret(members, "d")?;
    if seed.len() != ED25519_SEED_BYTES {
        return Err(KeyError::Member("d"));
    }
    Ed25519KeyPair::from_seed_and_public_key(&seed, &secret(members, "x")?)
        .map_err(|_| KeyError::Inconsistent)
}

pub(super) fn write(key: &SigningKey, key_id: &str) -> Result<Zeroizing<String>, KeyError> {
    let mut json = Zeroizing::new(String::with_capacity(8192));
    json.push_str("{\"use\":\"sig\",\"alg\":\"");
    json.push_str(key.algorithm.as_str());
    json.push_str("\",\"kid\":");
    json.push_str(&serde_json::to_string(key_id).map_err(|_| KeyError::NotJson)?);
    for (name, value) in jwk::public_members(key.verifying_key.material()) {
        push_member(&mut json, name, &value);
    }
    match &*key.pair {
        Pair::Rsa(_) => push_rsa(&mut json, &key.to_pkcs8_der()?)?,
        Pair::EcP256(pair) => {
            let private: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes()?;
            push_secret(&mut json, "d", private.as_ref());
        }
        Pair::Ed25519(pair) => {
            let seed: Curve25519SeedBin<'_> = pair.seed()?.as_be_bytes()?;
            push_secret(&mut json, "d", seed.as_ref());
        }
    }
    json.push('}');
    Ok(json)
}

/// Appends the six private numbers of a PKCS#8 RSA key.
fn push_rsa(json: &mut String, pkcs8: &[u8]) -> Result<(), KeyError> {
    let numbers = rsa_private_numbers(pkcs8).ok_or(KeyError::Library)?;
    for (name, number) in RSA_PRIVATE_MEMBERS.into_iter().zip(numbers) {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        push_secret(json, name, &number[zeros..]);
    }
    Ok(())
}

/// `d`, `p`, `q`, `dp`, `dq`, `qi` inside `PrivateKeyInfo` (RFC 5208 §5) inside `RSAPrivateKey`
/// (RFC 8017 §A.1.2), borrowed.
fn rsa_private_numbers(pkcs8: &[u8]) -> Option<[&[u8]; 6]> {
    let (_, info) = element(pkcs8, Tag::Sequence)?;
    let (rest, _version) = element(info, Tag::Integer)?;
    let (rest, _algorithm) = element(rest, Tag::Sequence)?;
    let (_, key) = element(rest, Tag::OctetString)?;
    let (_, mut rest) = element(key, Tag::Sequence)?;
    for _version_and_public in 0..3 {
        (rest, _) = element(rest, Tag::Integer)?;
    }
    let mut numbers: [&[u8]; 6] = [&[]; 6];
    for number in &mut numbers {
        (rest, *number) = element(rest, Tag::Integer)?;
    }
    Some(numbers)
}

/// What follows the first DER element, and that element's content.
fn element(der: &[u8], tag: Tag) -> Option<(&[u8], &[u8])> {
    let (rest, any) = Any::from_der(der).ok()?;
    (any.tag() == tag).then_some((rest, any.data))
}

fn push_secret(json: &mut String, name: &str, secret: &[u8]) {
    push_member(json, name, &Zeroizing::new(base64url::encode(secret)));
}

/// Names and values are plain ASCII without anything to escape.
fn push_member(json: &mut String, name: &str, value: &str) {
    for piece in [",\"", name, "\":\"", value, "\""] {
        json.push_str(piece);
    }
}
