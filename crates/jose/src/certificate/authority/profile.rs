//! From a request to the parameters of the certificate library.

use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName,
    DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType, SerialNumber,
};

use super::{
    AttributeText, AuthorityError, CertificateProfile, CertificateRequest, KeyUsage,
    SubjectAttribute, instant,
};

const SERIAL_NUMBER: &[u64] = &[2, 5, 4, 5];
const ORGANIZATION_IDENTIFIER: &[u64] = &[2, 5, 4, 97];
const CERTIFICATE_POLICIES: &[u64] = &[2, 5, 29, 32];
const QC_STATEMENTS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 3];
const QC_COMPLIANCE: &[u64] = &[0, 4, 0, 1862, 1, 1];
const QC_TYPE: &[u64] = &[0, 4, 0, 1862, 1, 6];
const QC_TYPE_ESEAL: &[u64] = &[0, 4, 0, 1862, 1, 6, 2];

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SERIAL_BYTES: usize = 16;

impl CertificateRequest {
    pub(super) fn to_params(&self, public_key: &[u8]) -> Result<CertificateParams, AuthorityError> {
        let mut params = CertificateParams::default();
        params.not_before = instant(self.not_before)?;
        params.not_after = instant(self.not_after)?;
        params.distinguished_name = self.subject()?;
        params.serial_number = Some(match &self.serial {
            Some(serial) => SerialNumber::from_slice(serial),
            None => serial_number(public_key, &[self.not_before, self.not_after]),
        });
        params.is_ca = if self.is_authority {
            IsCa::Ca(BasicConstraints::Unconstrained)
        } else {
            IsCa::NoCa
        };
        params.key_usages = self
            .key_usages
            .iter()
            .map(|usage| purpose(*usage))
            .collect();
        params.extended_key_usages = self
            .extended_key_usages
            .iter()
            .map(|oid| ExtendedKeyUsagePurpose::Other(oid.clone()))
            .collect();
        params.crl_distribution_points = self
            .crl_url
            .iter()
            .map(|url| CrlDistributionPoint {
                uris: vec![url.clone()],
            })
            .collect();
        for name in &self.dns_names {
            let name = SanType::DnsName(name.as_str().try_into()?);
            params.subject_alt_names.push(name);
        }
        params.use_authority_key_identifier_extension = true;
        params.custom_extensions = self.extensions();
        Ok(params)
    }

    fn subject(&self) -> Result<DistinguishedName, AuthorityError> {
        let mut name = DistinguishedName::new();
        if let Some(attributes) = &self.subject {
            for SubjectAttribute { oid, value } in attributes {
                name.push(DnType::CustomDnType(oid.clone()), value.to_value()?);
            }
            return Ok(name);
        }
        let (oid, number) = match self.profile {
            CertificateProfile::Seid1 => (SERIAL_NUMBER, self.organization_number.clone()),
            CertificateProfile::Seid2 => (
                ORGANIZATION_IDENTIFIER,
                format!("NTRNO-{}", self.organization_number),
            ),
        };
        name.push(DnType::CountryName, "NO");
        name.push(DnType::OrganizationName, self.organization_name.as_str());
        name.push(DnType::CustomDnType(oid.to_vec()), number);
        name.push(DnType::CommonName, self.organization_name.as_str());
        Ok(name)
    }

    fn extensions(&self) -> Vec<CustomExtension> {
        let mut extensions = Vec::new();
        if !self.policies.is_empty() {
            let policies: Vec<_> = self
                .policies
                .iter()
                .map(|oid| sequence(&[der_oid(oid)]))
                .collect();
            extensions.push(CustomExtension::from_oid_content(
                CERTIFICATE_POLICIES,
                sequence(&policies),
            ));
        }
        if self.qualified {
            extensions.push(CustomExtension::from_oid_content(
                QC_STATEMENTS,
                qualified_seal(),
            ));
        }
        for extension in &self.critical_extensions {
            let mut custom =
                CustomExtension::from_oid_content(&extension.oid, extension.der.clone());
            custom.set_criticality(true);
            extensions.push(custom);
        }
        extensions
    }
}

/// Positive, 16 bytes, the same for the same key and validity: no randomness is needed.
pub(super) fn serial_number(public_key: &[u8], validity: &[i64]) -> SerialNumber {
    let mut input = public_key.to_vec();
    for instant in validity {
        input.extend_from_slice(&instant.to_be_bytes());
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &input);
    let mut serial = digest.as_ref()[..SERIAL_BYTES].to_vec();
    serial[0] = serial[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&serial)
}

fn purpose(usage: KeyUsage) -> KeyUsagePurpose {
    match usage {
        KeyUsage::DigitalSignature => KeyUsagePurpose::DigitalSignature,
        KeyUsage::NonRepudiation => KeyUsagePurpose::ContentCommitment,
        KeyUsage::KeyEncipherment => KeyUsagePurpose::KeyEncipherment,
    }
}

impl AttributeText {
    fn to_value(&self) -> Result<DnValue, AuthorityError> {
        match self {
            Self::Utf8(text) => Ok(DnValue::Utf8String(text.clone())),
            Self::Printable(text) => text.as_str().try_into().map(DnValue::PrintableString),
            Self::Bmp(text) => text.as_str().try_into().map(DnValue::BmpString),
            Self::T61(text) => text.as_str().try_into().map(DnValue::TeletexString),
        }
        .map_err(|_: rcgen::Error| AuthorityError::Attribute)
    }
}

/// Compliance and the type eSeal, ETSI EN 319 412-5 §4.2.
fn qualified_seal() -> Vec<u8> {
    sequence(&[
        sequence(&[der_oid(QC_COMPLIANCE)]),
        sequence(&[der_oid(QC_TYPE), sequence(&[der_oid(QC_TYPE_ESEAL)])]),
    ])
}

fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, elements.concat())
}

/// X.690 §8.19: the first two numbers share a byte or more, each number in base 128.
fn der_oid(numbers: &[u64]) -> Vec<u8> {
    let (first, rest) = numbers.split_at(numbers.len().min(2));
    let joined = first.iter().fold(0, |sum: u64, number| {
        sum.saturating_mul(40).saturating_add(*number)
    });
    let content = std::iter::once(&joined)
        .chain(rest)
        .flat_map(|number| base128(*number))
        .collect();
    element(OBJECT_IDENTIFIER, content)
}

fn base128(mut number: u64) -> Vec<u8> {
    let mut digits = Vec::new();
    loop {
        let more = if digits.is_empty() { 0 } else { 0x80 };
        digits.push((number & 0x7f) as u8 | more);
        number >>= 7;
        if number == 0 {
            digits.reverse();
            return digits;
        }
    }
}

/// X.690 §8.1.3: lengths below 128 in one byte, others with a count of bytes before them.
fn element(tag: u8, content: Vec<u8>) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut der = vec![tag];
    match significant.as_slice() {
        [] => der.push(0),
        [short @ 0..=0x7f] => der.push(*short),
        long => {
            let count = u8::try_from(long.len()).expect("a usize has at most eight bytes");
            der.push(0x80 | count);
            der.extend_from_slice(long);
        }
    }
    der.extend(content);
    der
}
