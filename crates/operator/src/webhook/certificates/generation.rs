//! One certificate with its key and its authority.

use std::fmt;

use portvakt_http::Tls;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// How much earlier than now a certificate begins, in seconds, because clocks of a cluster differ.
const BACKDATED: i64 = 3600;

/// A certificate of the server, its private key, and the authority that issued it, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Generation {
    certificate: String,
    key: Zeroizing<String>,
    authority: String,
    not_after: i64,
}

/// A certificate that cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// A name that a certificate cannot have, or a fault of the cryptographic library.
    #[error("make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// A time that no certificate can have.
    #[error("a certificate cannot be valid until then")]
    Time,
    /// What is kept is not a certificate in PEM, or not one with its key and its authority.
    #[error("the certificate that is kept cannot be read or used")]
    Unreadable,
}

impl Generation {
    /// Makes a certificate for these names (DNS names, or addresses in tests) that is valid for this many seconds,
    /// and an authority for it alone.
    pub fn make(names: &[String], now: i64, lifetime: i64) -> Result<Self, GenerationError> {
        let not_after = now.saturating_add(lifetime);
        let validity = |mut params: CertificateParams| {
            params.not_before = instant(now.saturating_sub(BACKDATED))?;
            params.not_after = instant(not_after)?;
            Ok::<_, GenerationError>(params)
        };
        // Two authorities with one name would be taken for the same.
        let mut authority = validity(CertificateParams::default())?;
        authority.distinguished_name = common_name(&format!("portvakt webhook authority {now}"));
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;

        let mut server = validity(CertificateParams::new(names)?)?;
        server.distinguished_name = common_name("portvakt webhook");
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key))?;
        Ok(Self {
            certificate: certificate.pem(),
            key: Zeroizing::new(key.serialize_pem()),
            authority: authority_certificate.pem(),
            not_after,
        })
    }

    /// Reads what was kept: a certificate that can be served with, and an authority.
    pub fn read(
        certificate: String,
        key: Zeroizing<String>,
        authority: String,
    ) -> Result<Self, GenerationError> {
        Tls::from_pem(certificate.as_bytes(), key.as_bytes())
            .map_err(|_| GenerationError::Unreadable)?;
        not_after_of(&authority)?;
        let not_after = not_after_of(&certificate)?;
        Ok(Self {
            certificate,
            key,
            authority,
            not_after,
        })
    }

    /// The certificate in PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The private key in PEM (PKCS#8), to put it where it belongs.
    pub fn expose_key(&self) -> &str {
        &self.key
    }

    /// The authority's certificate in PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Its last second, since 1970.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Generation");
        shown
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// The last second of a certificate in PEM, since 1970.
pub(super) fn not_after_of(pem: &str) -> Result<i64, GenerationError> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes());
    let der = der.map_err(|_| GenerationError::Unreadable)?;
    let parsed = x509_parser::parse_x509_certificate(&der);
    let (_, certificate) = parsed.map_err(|_| GenerationError::Unreadable)?;
    Ok(certificate.validity().not_after.timestamp())
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn instant(seconds: i64) -> Result<OffsetDateTime, GenerationError> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| GenerationError::Time)
}
