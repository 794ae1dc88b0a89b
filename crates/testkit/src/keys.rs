//! Keys and certificates that every test of a process shares, because RSA keys are slow to make.

use std::sync::LazyLock;

use portvakt_jose::{
    Algorithm, CertificateAuthority, RevocationPolicy, RsaBits, SigningKey, TrustStore,
    TrustStoreBuilder,
};

use crate::world::NOW;

static FIRST: LazyLock<SigningKey> = LazyLock::new(generate);
static SECOND: LazyLock<SigningKey> = LazyLock::new(generate);
static AUTHORITY: LazyLock<CertificateAuthority> = LazyLock::new(|| {
    CertificateAuthority::generate("Portvakt test CA", NOW - 1000, NOW + 1_000_000)
        .expect("a certificate authority with valid dates can be made")
});

fn generate() -> SigningKey {
    SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).expect("an RSA key can be made")
}

/// The RSA key that the clients of [`crate::World::spec`] have registered.
pub fn signing_key() -> &'static SigningKey {
    &FIRST
}

/// An RSA key that no client has registered.
pub fn second_signing_key() -> &'static SigningKey {
    &SECOND
}

/// The authority that test servers trust.
pub fn authority() -> &'static CertificateAuthority {
    &AUTHORITY
}

/// A store that trusts [`authority`] and knows the national SEID 1 test policies.
pub fn trust() -> TrustStoreBuilder {
    TrustStore::builder()
        .anchor(authority().certificate_der())
        .seid1_policy("2.16.578.1.26.1.3.2")
        .seid1_policy("2.16.578.1.26.1.0.3.2")
        .seid1_policy("2.16.578.1.29.913.1.1.0")
        .revocation_policy(RevocationPolicy::SoftFail)
}
