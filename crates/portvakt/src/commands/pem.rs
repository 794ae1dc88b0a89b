//! Public keys out of PEM files (RFC 7468).

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portvakt_jose::{Algorithm, KeyType, PublicJwk, SigningKey};
use serde_json::{Value, json};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The public key of a `PUBLIC KEY` or `PRIVATE KEY` block. Without `key_id` it is named by its
/// RFC 7638 thumbprint.
pub(crate) fn public_jwk(
    text: &str,
    algorithm: Option<Algorithm>,
    key_id: Option<&str>,
) -> anyhow::Result<PublicJwk> {
    let (_, block) = parse_x509_pem(text.as_bytes())
        .ok()
        .context("the file holds no PEM block")?;
    let jwk = match block.label.as_str() {
        "PUBLIC KEY" => public(&block.contents, algorithm)?,
        "PRIVATE KEY" => private(text, algorithm)?,
        label => bail!("the block {label} is not accepted: give a PUBLIC KEY or a PRIVATE KEY"),
    };
    let key_id = key_id.map_or_else(|| jwk.thumbprint(), str::to_owned);
    // Parsed once more, so that the key id is checked.
    Ok(PublicJwk::parse(&jwk.with_key_id(&key_id).to_json())?)
}

fn private(text: &str, algorithm: Option<Algorithm>) -> anyhow::Result<PublicJwk> {
    let read = |algorithm| SigningKey::from_pkcs8_pem(algorithm, text);
    let key = match algorithm {
        Some(algorithm) => read(algorithm)?,
        None => [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa]
            .into_iter()
            .find_map(|algorithm| read(algorithm).ok())
            .context("the private key is none of RSA, P-256 and Ed25519")?,
    };
    Ok(key.public_jwk("pem"))
}

fn public(der: &[u8], algorithm: Option<Algorithm>) -> anyhow::Result<PublicJwk> {
    let (_, info) = SubjectPublicKeyInfo::from_der(der)
        .ok()
        .context("the block holds no SubjectPublicKeyInfo (RFC 5280 §4.1)")?;
    let (mut members, key_type) = members(&info)?;
    let algorithm = algorithm.unwrap_or_else(|| key_type.default_algorithm());
    if let Some(members) = members.as_object_mut() {
        members.insert("kid".to_owned(), "pem".into());
        members.insert("use".to_owned(), "sig".into());
        members.insert("alg".to_owned(), algorithm.as_str().into());
    }
    Ok(PublicJwk::parse(&members)?)
}

/// The members that make the key (RFC 7518 §6, RFC 8037 §2).
fn members(info: &SubjectPublicKeyInfo<'_>) -> anyhow::Result<(Value, KeyType)> {
    /// `id-Ed25519` (RFC 8410 §3).
    const ED25519: &str = "1.3.101.112";
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let raw = &info.subject_public_key.data;
    if info.algorithm.algorithm.to_id_string() == ED25519 {
        return Ok((
            json!({"kty": "OKP", "crv": "Ed25519", "x": encode(raw)}),
            KeyType::Ed25519,
        ));
    }
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => {
            let (n, e) = (significant(key.modulus), significant(key.exponent));
            Ok((
                json!({"kty": "RSA", "n": encode(n), "e": encode(e)}),
                KeyType::Rsa,
            ))
        }
        // An uncompressed point: 4, then both coordinates (SEC 1 §2.3.3).
        Ok(PublicKey::EC(point)) if point.data().len() == 65 && point.data()[0] == 4 => {
            let (x, y) = point.data()[1..].split_at(32);
            let members = json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)});
            Ok((members, KeyType::EcP256))
        }
        _ => bail!("the public key is none of RSA, P-256 and Ed25519"),
    }
}

/// DER puts a zero before a number whose first bit is set; a JWK does not.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use portvakt_jose::RsaBits;

    use super::*;

    fn public_pem(key: &SigningKey) -> String {
        let der = key.verifying_key().to_subject_public_key_info().unwrap();
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<_> = text
            .as_bytes()
            .chunks(64)
            .map(String::from_utf8_lossy)
            .collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }

    #[test]
    fn both_halves_of_every_kind_of_key_give_the_same_jwk() {
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm, RsaBits::B2048).unwrap();
            let expected = key.public_jwk(&key.thumbprint());
            let private = key.to_pkcs8_pem().unwrap();
            assert_eq!(
                public_jwk(&private, None, None).unwrap(),
                expected,
                "{algorithm}"
            );
            let public = public_jwk(&public_pem(&key), None, None).unwrap();
            assert_eq!(public, expected, "{algorithm}");
            let named = public_jwk(&public_pem(&key), Some(algorithm), Some("k1")).unwrap();
            assert_eq!(named.key_id(), "k1");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        assert!(public_jwk("hello", None, None).is_err());
        let key = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
        let other = public_pem(&key).replace("PUBLIC KEY", "CERTIFICATE");
        assert!(
            public_jwk(&other, None, None)
                .unwrap_err()
                .to_string()
                .contains("CERTIFICATE")
        );
        assert!(public_jwk(&public_pem(&key), Some(Algorithm::Rs256), None).is_err());
        assert!(public_jwk(&public_pem(&key), None, Some("a/b")).is_err());
    }
}
