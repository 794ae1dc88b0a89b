//! Keys, signatures and certificates of Portvakt: JWK (RFC 7517), JWS (RFC 7515), the allowed algorithms
//! (RFC 7518, RFC 8037), organization certificates with their chains, a certificate authority for
//! development and tests, and certificates that keys sign themselves.
//!
//! This crate answers "is this well formed, and did that key sign it". It must not know what a token is
//! for: claims, clients, scopes and refusal codes live above it. Hardware modules apart, it does no I/O, reads no clock (every
//! instant is an argument, whole seconds since the Unix epoch) and never prints a token or a private key.
//!
//! Start reading at [`Jws`], which is what a stranger sends; then [`PublicJwk`] and [`Certificate`], the two
//! places that a [`VerifyingKey`] comes from; [`SigningKey`] is the private side, and [`Signer`] a private
//! key that may be somewhere else.

mod algorithm;
mod base64url;
mod certificate;
mod dpop;
mod json;
mod jwk;
mod jws;
mod jwt;
mod key;
#[cfg(feature = "pkcs11")]
mod module;
mod signer;
mod signing;
#[cfg(test)]
mod test_keys;

pub use algorithm::{Algorithm, AlgorithmSet, KeyType, UnknownAlgorithm};
pub use certificate::{
    AttributeText, AuthorityError, Certificate, CertificateAuthority, CertificateError,
    CertificateProfile, CertificateRequest, CriticalExtension, IntermediateRequest,
    IssuedCertificate, KeyUsage, MAX_CERTIFICATE_BYTES, OrganizationNumberError, RevocationPolicy,
    Seal, SubjectAttribute, TrustStore, TrustStoreBuilder, TrustStoreError,
};
pub use dpop::{DpopError, DpopProof, access_token_hash};
pub use json::{JsonObjectError, MAX_JSON_DEPTH, parse_json_object};
pub use jwk::{JwkError, JwkSet, JwkSetError, MAX_KEYS_PARSED, PublicJwk};
pub use jws::{
    Header, HeaderFault, Jws, JwsError, JwsPart, MAX_CHAIN_CERTIFICATES, MAX_COMPACT_BYTES, X5c,
};
pub use jwt::{JwtError, verify_jwt, verify_with_set};
pub use key::{KeyRejected, SignatureError, VerifyingKey};
#[cfg(feature = "pkcs11")]
pub use module::{KeyModule, KeyModuleError, KeyModuleSettings};
pub use signer::{RemoteKey, RemoteSignature, RemoteSigner, Signer};
pub use signing::{KeyError, RsaBits, SigningKey};
