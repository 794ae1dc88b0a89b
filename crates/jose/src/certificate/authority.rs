//! A certificate authority for development and tests. It issues what the national issuers issue, and on
//! request what they never would, so that refusals can be tested. It is not a production authority.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, NameConstraints,
    RevokedCertParams, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::TrustStoreError;
use crate::algorithm::Algorithm;
use crate::key::VerifyingKey;
use crate::signing::{KeyError, RsaBits, SigningKey};

mod profile;
mod request;

pub use request::{
    AttributeText, CertificateProfile, CertificateRequest, CriticalExtension, IntermediateRequest,
    KeyUsage, SubjectAttribute,
};

/// An authority with its certificate and private key (EC P-256).
pub struct CertificateAuthority {
    certificate_der: Vec<u8>,
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl CertificateAuthority {
    /// Makes a root with a new key. The validity is in seconds since the Unix epoch, inclusive.
    pub fn generate(
        common_name: &str,
        not_before: i64,
        not_after: i64,
    ) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let request = IntermediateRequest::new(common_name, not_before, not_after);
        let params = authority_params(&request, &key)?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate_der: certificate.der().to_vec(),
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// Reads what [`Self::certificate_pem`] and [`Self::key_pem`] wrote. The two must belong together.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| TrustStoreError::Pem)?;
        let key = KeyPair::from_pem(key_pem)?;
        if subject_key(&der)? != public_key(&key)? {
            return Err(AuthorityError::KeyMismatch);
        }
        Ok(Self {
            issuer: Issuer::from_ca_cert_der(&der, key)?,
            certificate_der: der.to_vec(),
            certificate_pem: certificate_pem.to_owned(),
        })
    }

    /// The authority's certificate in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The authority's certificate in DER, as a trust anchor or intermediate.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The authority's private key in PEM (PKCS#8, unencrypted).
    pub fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.issuer.key().serialize_pem())
    }

    /// Issues a certificate with a new RSA key of 2048 bits.
    pub fn issue(&self, request: &CertificateRequest) -> Result<IssuedCertificate, AuthorityError> {
        self.issue_for(
            request,
            &SigningKey::generate(Algorithm::Rs256, RsaBits::B2048)?,
        )
    }

    /// Issues a certificate for a key that exists, as a renewal does.
    pub fn issue_for(
        &self,
        request: &CertificateRequest,
        key: &SigningKey,
    ) -> Result<IssuedCertificate, AuthorityError> {
        let info = key.verifying_key().to_subject_public_key_info();
        let info = info.map_err(KeyError::from)?;
        let subject_key = rcgen::SubjectPublicKeyInfo::from_der(&info)?;
        let certificate = request
            .to_params(&info)?
            .signed_by(&subject_key, &self.issuer)?;
        Ok(IssuedCertificate {
            certificate_pem: certificate.pem(),
            certificate_der: certificate.der().to_vec(),
            key_pem: key.to_pkcs8_pem()?,
            signing_key: key.clone(),
        })
    }

    /// Makes an authority below this one, with a new key.
    pub fn issue_intermediate(
        &self,
        request: &IntermediateRequest,
    ) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let params = authority_params(request, &key)?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Self {
            certificate_der: certificate.der().to_vec(),
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// Signs a revocation list in DER that names these serial numbers, big-endian. Instants are seconds since
    /// the Unix epoch; every list of an authority has a higher number than the one before.
    pub fn revocation_list(
        &self,
        serials: &[&[u8]],
        this_update: i64,
        next_update: i64,
        number: u64,
    ) -> Result<Vec<u8>, AuthorityError> {
        let revocation_time = instant(this_update)?;
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time,
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: revocation_time,
            next_update: instant(next_update)?,
            crl_number: SerialNumber::from_slice(&number.to_be_bytes()),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.der().to_vec())
    }
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("CertificateAuthority")
            .field("certificate", &self.certificate_pem)
            .finish_non_exhaustive()
    }
}

/// A certificate and its private key.
pub struct IssuedCertificate {
    /// The certificate in DER.
    pub certificate_der: Vec<u8>,
    /// The certificate in PEM.
    pub certificate_pem: String,
    /// The private key in PEM (PKCS#8, unencrypted).
    pub key_pem: Zeroizing<String>,
    signing_key: SigningKey,
}

impl IssuedCertificate {
    /// The private key, ready to sign; RS256 unless the certificate was issued for another key.
    pub fn signing_key(&self) -> SigningKey {
        self.signing_key.clone()
    }
}

impl std::fmt::Debug for IssuedCertificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("IssuedCertificate")
            .field("certificate", &self.certificate_pem)
            .finish_non_exhaustive()
    }
}

fn authority_params(
    request: &IntermediateRequest,
    key: &KeyPair,
) -> Result<CertificateParams, AuthorityError> {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "NO");
    name.push(DnType::CommonName, request.common_name.as_str());
    let mut params = CertificateParams::default();
    params.not_before = instant(request.not_before)?;
    params.not_after = instant(request.not_after)?;
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(request.path_length.map_or(
        BasicConstraints::Unconstrained,
        BasicConstraints::Constrained,
    ));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(profile::serial_number(
        key.public_key_raw(),
        &[request.not_before, request.not_after],
    ));
    if !request.permitted_dns_names.is_empty() {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: request
                .permitted_dns_names
                .iter()
                .map(|name| GeneralSubtree::DnsName(name.clone()))
                .collect(),
            excluded_subtrees: Vec::new(),
        });
    }
    Ok(params)
}

fn subject_key(der: &[u8]) -> Result<VerifyingKey, AuthorityError> {
    let (_, certificate) =
        x509_parser::parse_x509_certificate(der).map_err(|_| TrustStoreError::Anchor(0))?;
    let key = VerifyingKey::from_subject_public_key_info(certificate.public_key().raw);
    Ok(key.map_err(KeyError::from)?)
}

fn public_key(key: &KeyPair) -> Result<VerifyingKey, AuthorityError> {
    use rcgen::PublicKeyData;

    let key = VerifyingKey::from_subject_public_key_info(&key.subject_public_key_info());
    Ok(key.map_err(KeyError::from)?)
}

fn instant(seconds: i64) -> Result<OffsetDateTime, AuthorityError> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| AuthorityError::Instant)
}

/// Why the authority cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The request cannot be written as a certificate, or a stored key cannot be read.
    #[error("the certificate cannot be made: {0}")]
    Generation(#[from] rcgen::Error),
    /// A key cannot be made, read or written.
    #[error("the certificate's key cannot be used: {0}")]
    Key(#[from] KeyError),
    /// The authority's own certificate cannot be read.
    #[error("the authority's certificate cannot be read: {0}")]
    Certificate(#[from] TrustStoreError),
    /// The private key is not the one in the authority's certificate.
    #[error("the private key does not belong to the authority's certificate")]
    KeyMismatch,
    /// An instant that no certificate can hold.
    #[error("an instant is outside of what a certificate can hold")]
    Instant,
    /// A subject attribute holds characters that its kind of text cannot.
    #[error("a subject attribute cannot be written as the kind of text that was asked for")]
    Attribute,
}

#[cfg(test)]
mod tests;
