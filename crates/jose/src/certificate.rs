//! Organization certificates: reading, trusting, and issuing them for development. Spec: maskinporten §6. Beside
//! them, what a signing key says of itself (`self_signed`).
//!
//! [`Certificate`] extracts the facts once; [`TrustStore`] decides on them at an instant;
//! [`CertificateAuthority`] makes certificates for development and tests.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::oid_registry::{
    OID_X509_COMMON_NAME, OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_KEY_USAGE,
};
use x509_parser::prelude::FromDer;

use crate::algorithm::KeyType;
use crate::key::{KeyRejected, Material, VerifyingKey};

mod authority;
mod error;
mod qualified;
pub(crate) mod self_signed;
mod subject;
mod trust;

pub use authority::{
    AttributeText, AuthorityError, CertificateAuthority, CertificateProfile, CertificateRequest,
    CriticalExtension, IntermediateRequest, IssuedCertificate, KeyUsage, SubjectAttribute,
};
pub use error::{CertificateError, OrganizationNumberError, TrustStoreError};
pub use trust::{RevocationPolicy, Seal, TrustStore, TrustStoreBuilder};

/// The longest certificate that is looked at, in bytes of DER. Spec: maskinporten §6.1.
pub const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// A leaf certificate with an RSA key, read but not trusted yet: [`TrustStore::validate`] decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    verifying_key: VerifyingKey,
    not_before: i64,
    not_after: i64,
    serial_hex: String,
    subject_common_name: Option<String>,
    organization_number: Result<String, OrganizationNumberError>,
    policies: Vec<String>,
    crl_distribution_points: Vec<String>,
    qualified_seal: bool,
    self_signed: bool,
    signing_use: SigningUse,
    unknown_critical_extension: Option<String>,
}

/// What the key usage extension says about signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SigningUse {
    MissingOrNotCritical,
    Refused,
    Allowed,
}

impl Certificate {
    /// Reads one DER certificate of at most 16 KiB and nothing after it. Only RSA keys of 2048 to 8192 bits
    /// are supported; whether the certificate may be used is not decided here.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::Malformed);
        }
        let (rest, x509) =
            X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Malformed);
        }
        check_extensions_parse(&x509)?;
        let subject = x509.subject();
        Ok(Self {
            der: der.to_vec(),
            verifying_key: rsa_key(&x509)?,
            not_before: x509.validity().not_before.timestamp(),
            not_after: x509.validity().not_after.timestamp(),
            serial_hex: serial_hex(x509.raw_serial()),
            subject_common_name: subject::values(subject, &OID_X509_COMMON_NAME)
                .flatten()
                .next(),
            organization_number: subject::organization_number(subject),
            policies: policies(&x509),
            crl_distribution_points: crl_distribution_points(&x509),
            qualified_seal: qualified::is_qualified_seal(&x509),
            self_signed: subject.as_raw() == x509.issuer().as_raw(),
            signing_use: signing_use(&x509),
            unknown_critical_extension: unknown_critical_extension(&x509),
        })
    }

    /// The nine digits of the organization that the subject names. Spec: maskinporten §6.2.
    pub fn organization_number(&self) -> Result<String, OrganizationNumberError> {
        self.organization_number.clone()
    }

    /// The subject's key, always RSA.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }

    /// First second of validity.
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// Last second of validity, inclusive (RFC 5280 §4.1.2.5).
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// The serial number, big-endian in lower-case hexadecimal without separators.
    pub fn serial_hex(&self) -> &str {
        &self.serial_hex
    }

    /// The first common name of the subject that can be decoded.
    pub fn subject_common_name(&self) -> Option<&str> {
        self.subject_common_name.as_deref()
    }

    /// The HTTP and LDAP addresses of the certificate's revocation lists, as written by its issuer. An
    /// address from a certificate that is not trusted is a stranger's: never fetch it.
    pub fn crl_distribution_points(&self) -> &[String] {
        &self.crl_distribution_points
    }

    /// The certificate policies, as dotted object identifiers.
    pub fn policies(&self) -> &[String] {
        &self.policies
    }

    /// Whether the issuer states that this is a qualified certificate for electronic seals
    /// (ETSI EN 319 412-5). [`TrustStore::seal`] decides what that means.
    pub fn is_qualified_seal(&self) -> bool {
        self.qualified_seal
    }

    /// The certificate itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

fn rsa_key(x509: &X509Certificate<'_>) -> Result<VerifyingKey, CertificateError> {
    let key = Material::from_parsed_info(x509.public_key()).and_then(VerifyingKey::from_material);
    match key {
        Ok(key) if key.key_type() == KeyType::Rsa => Ok(key),
        Ok(_) => Err(KeyRejected::UnsupportedType.into()),
        Err(rejected) => Err(rejected.into()),
    }
}

/// An extension that cannot be read or occurs twice could be read in two ways by two programs.
fn check_extensions_parse(x509: &X509Certificate<'_>) -> Result<(), CertificateError> {
    let unreadable = x509.iter_extensions().any(|extension| {
        matches!(
            extension.parsed_extension(),
            ParsedExtension::ParseError { .. }
        )
    });
    if unreadable || x509.extensions_map().is_err() {
        return Err(CertificateError::Malformed);
    }
    Ok(())
}

fn unknown_critical_extension(x509: &X509Certificate<'_>) -> Option<String> {
    x509.iter_extensions()
        .find(|extension| {
            extension.critical
                && extension.oid != OID_X509_EXT_KEY_USAGE
                && extension.oid != OID_X509_EXT_BASIC_CONSTRAINTS
        })
        .map(|extension| extension.oid.to_id_string())
}

fn signing_use(x509: &X509Certificate<'_>) -> SigningUse {
    match x509.key_usage() {
        Ok(Some(usage)) if usage.critical => {
            if usage.value.digital_signature() || usage.value.non_repudiation() {
                SigningUse::Allowed
            } else {
                SigningUse::Refused
            }
        }
        _ => SigningUse::MissingOrNotCritical,
    }
}

fn policies(x509: &X509Certificate<'_>) -> Vec<String> {
    x509.iter_extensions()
        .filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::CertificatePolicies(policies) => Some(policies),
            _ => None,
        })
        .flat_map(|policies| policies.iter())
        .map(|policy| policy.policy_id.to_id_string())
        .collect()
}

fn crl_distribution_points(x509: &X509Certificate<'_>) -> Vec<String> {
    let mut addresses = Vec::new();
    for extension in x509.iter_extensions() {
        let ParsedExtension::CRLDistributionPoints(points) = extension.parsed_extension() else {
            continue;
        };
        for point in points.iter() {
            let Some(DistributionPointName::FullName(names)) = &point.distribution_point else {
                continue;
            };
            addresses.extend(names.iter().filter_map(|name| match name {
                GeneralName::URI(address) => Some((*address).to_owned()),
                _ => None,
            }));
        }
    }
    addresses
}

/// Without the zero byte that only tells the sign.
fn serial_hex(serial: &[u8]) -> String {
    use std::fmt::Write;

    let number = match serial {
        [0, number @ ..] if !number.is_empty() => number,
        number => number,
    };
    number.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
