//! What can be asked of the authority.

/// The national certificate profiles. Spec: maskinporten §6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateProfile {
    /// The older one: the organization number in `serialNumber`.
    Seid1,
    /// The current one: `NTRNO-` and the organization number in `organizationIdentifier`.
    Seid2,
}

/// A certificate to issue. [`Self::new`] asks for a good one; the other members bend it.
#[derive(Clone, Debug)]
pub struct CertificateRequest {
    /// Where the organization number goes.
    pub profile: CertificateProfile,
    /// The organization number, not checked.
    pub organization_number: String,
    /// O and the common name.
    pub organization_name: String,
    /// First second of validity.
    pub not_before: i64,
    /// Last second of validity.
    pub not_after: i64,
    /// Big-endian, at most 20 bytes; when absent it follows from the key, the subject and the validity.
    pub serial: Option<Vec<u8>>,
    /// Where revocation lists are published.
    pub crl_url: Option<String>,
    /// Whether the certificate states that it is for qualified electronic seals.
    pub qualified: bool,
    /// Certificate policies as numbers; empty leaves the extension out.
    pub policies: Vec<Vec<u64>>,
    /// Key usages, critical; empty leaves the extension out.
    pub key_usages: Vec<KeyUsage>,
    /// Extended key usages as numbers; empty leaves the extension out.
    pub extended_key_usages: Vec<Vec<u64>>,
    /// Replaces the subject of the profile.
    pub subject: Option<Vec<SubjectAttribute>>,
    /// Extensions beyond those of the profile, marked critical.
    pub critical_extensions: Vec<CriticalExtension>,
    /// DNS names of the subject, which seals do not have: something for name constraints to refuse.
    pub dns_names: Vec<String>,
    /// Makes it an authority's certificate, which must not sign grants.
    pub is_authority: bool,
}

impl CertificateRequest {
    /// A certificate that signs and has the profile's test policy.
    pub fn new(
        profile: CertificateProfile,
        organization_number: &str,
        organization_name: &str,
        validity: std::ops::RangeInclusive<i64>,
    ) -> Self {
        Self {
            profile,
            organization_number: organization_number.to_owned(),
            organization_name: organization_name.to_owned(),
            not_before: *validity.start(),
            not_after: *validity.end(),
            serial: None,
            crl_url: None,
            qualified: false,
            policies: vec![profile.test_policy()],
            key_usages: vec![KeyUsage::DigitalSignature],
            extended_key_usages: Vec::new(),
            subject: None,
            critical_extensions: Vec::new(),
            dns_names: Vec::new(),
            is_authority: false,
        }
    }
}

impl CertificateProfile {
    /// A policy of the national test environment under this profile. Spec: maskinporten §6.3.
    pub fn test_policy(self) -> Vec<u64> {
        match self {
            Self::Seid1 => vec![2, 16, 578, 1, 29, 913, 1, 1, 0],
            Self::Seid2 => vec![2, 16, 578, 1, 29, 913, 200, 1, 0],
        }
    }
}

/// A key usage (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUsage {
    /// digitalSignature.
    DigitalSignature,
    /// nonRepudiation, also called contentCommitment.
    NonRepudiation,
    /// keyEncipherment.
    KeyEncipherment,
}

/// One attribute of a subject, in an RDN of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectAttribute {
    /// Its object identifier, as numbers.
    pub oid: Vec<u64>,
    /// Its value.
    pub value: AttributeText,
}

/// Text with the ASN.1 type that it is written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeText {
    /// `UTF8String`.
    Utf8(String),
    /// `PrintableString`, for a few ASCII characters.
    Printable(String),
    /// `BMPString`, two bytes a character.
    Bmp(String),
    /// `T61String`, ASCII only here.
    T61(String),
}

/// An extension that is marked critical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriticalExtension {
    /// Its object identifier, as numbers.
    pub oid: Vec<u64>,
    /// Its value in DER.
    pub der: Vec<u8>,
}

/// An authority to make.
#[derive(Clone, Debug)]
pub struct IntermediateRequest {
    /// The subject's common name.
    pub common_name: String,
    /// First second of validity.
    pub not_before: i64,
    /// Last second of validity.
    pub not_after: i64,
    /// How many authorities may follow below; absent for no limit.
    pub path_length: Option<u8>,
    /// When not empty, the only DNS names that certificates below may have.
    pub permitted_dns_names: Vec<String>,
}

impl IntermediateRequest {
    /// An authority without constraints.
    pub fn new(common_name: &str, not_before: i64, not_after: i64) -> Self {
        Self {
            common_name: common_name.to_owned(),
            not_before,
            not_after,
            path_length: None,
            permitted_dns_names: Vec::new(),
        }
    }
}
