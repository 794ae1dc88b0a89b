//! Keys that the tests share, since making an RSA key is slow.

use std::sync::LazyLock;

use crate::algorithm::Algorithm;
use crate::signing::{RsaBits, SigningKey};

static RSA_DER: LazyLock<Vec<u8>> = LazyLock::new(new_rsa);
static OTHER_RSA_DER: LazyLock<Vec<u8>> = LazyLock::new(new_rsa);
static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    Algorithm::ALL
        .into_iter()
        .map(|algorithm| match algorithm {
            Algorithm::Es256 | Algorithm::EdDsa => {
                SigningKey::generate(algorithm, RsaBits::B2048).unwrap()
            }
            rsa => SigningKey::from_pkcs8_der(rsa, &RSA_DER).unwrap(),
        })
        .collect()
});

fn new_rsa() -> Vec<u8> {
    let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap();
    key.to_pkcs8_der().unwrap().to_vec()
}

/// The key for an algorithm; the four RSA algorithms share one.
pub(crate) fn signing(algorithm: Algorithm) -> &'static SigningKey {
    KEYS.iter()
        .find(|key| key.algorithm() == algorithm)
        .unwrap()
}

/// Another RSA key.
pub(crate) fn other_rsa() -> SigningKey {
    SigningKey::from_pkcs8_der(Algorithm::Rs256, &OTHER_RSA_DER).unwrap()
}
