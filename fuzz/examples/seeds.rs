//! Writes the fixtures and the seeds that need a key, with new keys. Run it from `fuzz/`:
//!
//! ```text
//! cargo run --example seeds
//! ```

use std::error::Error;
use std::fs::write;

use portvakt_jose::{
    Algorithm, CertificateAuthority, CertificateProfile, CertificateRequest, RsaBits, SigningKey,
};
use serde_json::json;

const FIRST: i64 = 1_750_000_000;
const LAST: i64 = 2_050_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let authority = CertificateAuthority::generate("Portvakt fuzz root", FIRST, LAST)?;
    write("fixtures/anchor.der", authority.certificate_der())?;

    let leaf = certificates(&authority)?;
    revocation_lists(&authority)?;
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm, RsaBits::B2048)?;
        keys(algorithm.as_str(), &key)?;
        let header = json!({"alg": algorithm, "kid": "k1", "typ": "JWT"});
        grant(&format!("{}_kid", algorithm.as_str()), &key, &header)?;
    }
    let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048)?;
    grant("x5c", &key, &json!({"alg": "RS256", "x5c": [leaf]}))?;
    whole_grants(&leaf)
}

/// Writes the key of the fuzzed client and grants with all claims: one that is accepted at `FIRST`,
/// and one with a certificate.
fn whole_grants(leaf: &str) -> Result<(), Box<dyn Error>> {
    let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048)?;
    write(
        "fixtures/client.jwk",
        key.public_jwk("k1").to_json().to_string(),
    )?;
    let claims = json!({
        "iss": "client", "aud": ["https://mp.example.no/"], "scope": "fjord:a fjord:b", "iat": FIRST,
        "exp": FIRST + 120, "nbf": FIRST, "jti": "one", "sub": "client", "resource": ["urn:x"],
        "pid": "17869010057", "consumer_org": "0192:312773023",
        "authorization_details": [{"type": "urn:altinn:systemuser"}],
    });
    let header = json!({"alg": "RS256", "kid": "k1", "typ": "JWT"});
    write("seeds/grant/accepted", key.sign_compact(&header, &claims)?)?;
    let header = json!({"alg": "RS256", "x5c": [leaf]});
    write(
        "seeds/grant/certificate",
        key.sign_compact(&header, &claims)?,
    )?;
    Ok(())
}

/// Writes one certificate of each profile; the second is the fixture as well.
fn certificates(authority: &CertificateAuthority) -> Result<String, Box<dyn Error>> {
    let seid1 = request(CertificateProfile::Seid1);
    write(
        "seeds/certificate/seid1",
        authority.issue(&seid1)?.certificate_der,
    )?;

    let mut seid2 = request(CertificateProfile::Seid2);
    seid2.serial = Some(vec![1, 2, 3]);
    seid2.qualified = true;
    seid2.crl_url = Some("http://crl.example.no/root.crl".into());
    let leaf = authority.issue(&seid2)?;
    write("seeds/certificate/seid2_qualified", &leaf.certificate_der)?;
    write("fixtures/leaf.der", &leaf.certificate_der)?;
    let pem = leaf
        .certificate_pem
        .lines()
        .filter(|line| !line.starts_with('-'));
    Ok(pem.collect())
}

fn request(profile: CertificateProfile) -> CertificateRequest {
    CertificateRequest::new(profile, "312773023", "Havbris AS", FIRST..=LAST)
}

fn revocation_lists(authority: &CertificateAuthority) -> Result<(), Box<dyn Error>> {
    write(
        "seeds/revocation_list/empty",
        authority.revocation_list(&[], FIRST, LAST, 1)?,
    )?;
    let names_leaf = authority.revocation_list(&[&[1, 2, 3], &[9]], FIRST, LAST, 2)?;
    write("seeds/revocation_list/names_leaf", names_leaf)?;
    Ok(())
}

fn keys(name: &str, key: &SigningKey) -> Result<(), Box<dyn Error>> {
    let jwk = key.public_jwk("k1").to_json();
    write(format!("seeds/jwk/{name}"), jwk.to_string())?;
    write(
        format!("seeds/jwk/{name}_set"),
        json!({"keys": [jwk]}).to_string(),
    )?;
    Ok(())
}

fn grant(name: &str, key: &SigningKey, header: &serde_json::Value) -> Result<(), Box<dyn Error>> {
    let payload = json!({"iss": "c", "aud": "https://mp.example.no/", "scope": "a:b", "exp": LAST});
    write(
        format!("seeds/jws/{name}"),
        key.sign_compact(header, &payload)?,
    )?;
    Ok(())
}
