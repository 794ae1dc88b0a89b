//! What can be wrong with a certificate or a trust store.

use crate::key::KeyRejected;

/// Why a certificate is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not one DER X.509 certificate of at most 16 KiB, or one with a repeated or unreadable extension.
    #[error("the bytes are not one well-formed DER certificate")]
    Malformed,
    /// `now` is after notAfter.
    #[error("the certificate has expired")]
    Expired,
    /// `now` is before notBefore.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// Issuer and subject are the same.
    #[error("the certificate is self-signed")]
    SelfSigned,
    /// A critical extension other than keyUsage and basicConstraints, by its object identifier.
    #[error("the certificate has the critical extension {0}, which is not supported")]
    UnknownCriticalExtension(String),
    /// keyUsage must be there and must be critical.
    #[error("the certificate has no critical key usage extension")]
    KeyUsageMissingOrNotCritical,
    /// Neither digitalSignature nor nonRepudiation.
    #[error("the certificate's key usage does not allow signatures")]
    KeyUsageNotSigning,
    /// No chain of valid signatures leads to a configured anchor.
    #[error("no path leads from the certificate to a trusted root")]
    UntrustedPath,
    /// The path exists, but a certificate authority on it is expired or not valid yet.
    #[error("an issuer of the certificate is expired or not valid yet")]
    IssuerNotValid,
    /// The path exists, but breaks a name constraint or a path length, or the leaf is an authority.
    #[error("the certificate breaks a constraint that its issuers are under")]
    ConstraintBreached,
    /// None of its policies is on the accept list.
    #[error("the certificate has no accepted certificate policy")]
    PolicyNotAccepted,
    /// A current revocation list of its issuer, or of an issuer's issuer, names it.
    #[error("the certificate or one of its issuers is revoked")]
    Revoked,
    /// Only under [`super::RevocationPolicy::HardFail`]: no current revocation list is at hand.
    #[error("the certificate's revocation status is not known")]
    RevocationUnknown,
    /// Not RSA of 2048 to 8192 bits.
    #[error("the certificate's key is not supported: {0}")]
    UnsupportedKey(#[from] KeyRejected),
}

/// Why no organization number can be taken from a subject. Spec: maskinporten §6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrganizationNumberError {
    /// No attribute holds one.
    #[error("the certificate's subject has no organization number")]
    Missing,
    /// organizationIdentifier is there, but is not of a form that names a Norwegian organization.
    #[error("the certificate's organizationIdentifier has no organization number")]
    UnknownIdentifier,
    /// Two attributes name different organizations.
    #[error("the certificate's subject names two different organizations")]
    Conflict,
}

/// Why a trust store cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustStoreError {
    /// An anchor, counted from zero, is not a certificate.
    #[error("trust anchor number {} is not a certificate", .0 + 1)]
    Anchor(usize),
    /// An intermediate, counted from zero, is not a certificate.
    #[error("intermediate certificate number {} is not a certificate", .0 + 1)]
    Intermediate(usize),
    /// A PEM text is broken or holds no certificate.
    #[error("the PEM text holds no certificate")]
    Pem,
    /// A policy is neither a dotted object identifier nor the beginning of one with `*` at its end.
    #[error("{0:?} is not an object identifier, nor a prefix of one that ends in *")]
    Policy(String),
    /// A revocation list, counted from zero, is malformed or of a kind that is not supported.
    #[error("revocation list number {} cannot be read", .0 + 1)]
    RevocationList(usize),
}
