use proptest::prelude::*;

use super::*;
use crate::algorithm::Algorithm;
use crate::test_keys;

fn authority() -> CertificateAuthority {
    CertificateAuthority::generate("Test CA", 0, 4_000_000_000).unwrap()
}

fn request(profile: CertificateProfile) -> CertificateRequest {
    CertificateRequest::new(profile, "312773023", "Havbris AS", 1_000..=2_000)
}

fn issue(request: &CertificateRequest) -> Certificate {
    Certificate::parse(&issue_der(request)).unwrap()
}

fn issue_der(request: &CertificateRequest) -> Vec<u8> {
    let key = test_keys::signing(Algorithm::Rs256);
    authority().issue_for(request, key).unwrap().certificate_der
}

#[test]
fn extracts_the_facts() {
    let mut request = request(CertificateProfile::Seid2);
    request.serial = Some(vec![0x7a, 0, 0x0b]);
    request.crl_url = Some("http://crl.example/a.crl".to_owned());
    let certificate = issue(&request);
    assert_eq!(certificate.organization_number().unwrap(), "312773023");
    assert_eq!(
        (certificate.not_before(), certificate.not_after()),
        (1_000, 2_000)
    );
    assert_eq!(certificate.serial_hex(), "7a000b");
    assert_eq!(certificate.subject_common_name(), Some("Havbris AS"));
    assert_eq!(
        certificate.crl_distribution_points(),
        ["http://crl.example/a.crl"]
    );
    assert_eq!(certificate.policies(), ["2.16.578.1.29.913.200.1.0"]);
    assert_eq!(
        *certificate.verifying_key(),
        test_keys::signing(Algorithm::Rs256).verifying_key()
    );
    assert!(!certificate.is_qualified_seal());
}

#[test]
fn a_serial_number_is_written_without_its_sign() {
    for (serial, expected) in [(vec![0x8a, 1], "8a01"), (vec![0x7f], "7f"), (vec![0], "00")] {
        let mut request = request(CertificateProfile::Seid2);
        request.serial = Some(serial);
        assert_eq!(issue(&request).serial_hex(), expected);
    }
}

#[test]
fn both_profiles_name_the_organization() {
    for profile in [CertificateProfile::Seid1, CertificateProfile::Seid2] {
        let certificate = issue(&request(profile));
        assert_eq!(certificate.organization_number().unwrap(), "312773023");
    }
}

#[test]
fn an_organization_in_two_attributes_must_be_one() {
    let attribute = |oid: &[u64], text: &str| SubjectAttribute {
        oid: oid.to_vec(),
        value: AttributeText::Bmp(text.to_owned()),
    };
    let mut request = request(CertificateProfile::Seid2);
    request.subject = Some(vec![
        attribute(&[2, 5, 4, 10], "Havbris AS - 312773023"),
        attribute(&[2, 5, 4, 97], "NTRNO-991825827"),
    ]);
    assert_eq!(
        issue(&request).organization_number(),
        Err(OrganizationNumberError::Conflict)
    );
    request.subject = Some(vec![attribute(&[2, 5, 4, 3], "havbris")]);
    assert_eq!(
        issue(&request).organization_number(),
        Err(OrganizationNumberError::Missing)
    );
}

#[test]
fn recognizes_the_statement_of_a_qualified_seal() {
    let mut request = request(CertificateProfile::Seid2);
    request.qualified = true;
    assert!(issue(&request).is_qualified_seal());
}

#[test]
fn a_seal_is_qualified_by_compliance_and_type_together() {
    const ETSI: [u8; 5] = [0x04, 0x00, 0x8e, 0x46, 0x01];
    let oid = |last: &[u8]| tlv(6, &[&ETSI, last].concat());
    let compliance = tlv(0x30, &oid(&[1]));
    let type_of = |kinds: &[u8]| {
        let kinds: Vec<_> = kinds.iter().flat_map(|kind| oid(&[6, *kind])).collect();
        tlv(0x30, &[oid(&[6]), tlv(0x30, &kinds)].concat())
    };
    let unknown = tlv(0x30, &tlv(6, &[0x2a, 3]));
    for (statements, expected) in [
        (vec![compliance.clone(), type_of(&[2])], true),
        (vec![unknown, type_of(&[2]), compliance.clone()], true),
        (vec![compliance.clone(), type_of(&[1, 2])], true),
        (vec![compliance.clone()], false),
        (vec![type_of(&[2])], false),
        // The types of personal signatures and of web sites.
        (vec![compliance.clone(), type_of(&[1])], false),
        (vec![compliance.clone(), type_of(&[3])], false),
        (vec![compliance, type_of(&[])], false),
        (vec![vec![0x30, 5]], false),
        (vec![], false),
    ] {
        let mut request = request(CertificateProfile::Seid2);
        request.critical_extensions = vec![CriticalExtension {
            oid: vec![1, 3, 6, 1, 5, 5, 7, 1, 3],
            der: tlv(0x30, &statements.concat()),
        }];
        assert_eq!(
            issue(&request).is_qualified_seal(),
            expected,
            "{statements:x?}"
        );
    }
}

/// A DER element with less than 128 bytes.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    [&[tag, length], content].concat()
}

#[test]
fn refuses_bytes_that_are_not_one_certificate() {
    let der = issue_der(&request(CertificateProfile::Seid2));
    let malformed = |der: &[u8]| Certificate::parse(der) == Err(CertificateError::Malformed);
    assert!(malformed(b""));
    assert!(malformed(&[&der[..], &[0]].concat()));
    assert!(malformed(&[&der[..], &der].concat()));
    assert!(malformed(&vec![0x30; MAX_CERTIFICATE_BYTES + 1]));
    for length in 0..der.len() {
        assert!(malformed(&der[..length]), "{length}");
    }
}

#[test]
fn refuses_keys_other_than_rsa_of_2048_bits() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let issued = authority()
            .issue_for(
                &request(CertificateProfile::Seid2),
                test_keys::signing(algorithm),
            )
            .unwrap();
        assert_eq!(
            Certificate::parse(&issued.certificate_der),
            Err(CertificateError::UnsupportedKey(
                KeyRejected::UnsupportedType
            ))
        );
    }
}

#[test]
fn refuses_a_repeated_extension() {
    let mut request = request(CertificateProfile::Seid2);
    // The extension of the profile's key usage once more: digitalSignature.
    request.critical_extensions = vec![CriticalExtension {
        oid: vec![2, 5, 29, 15],
        der: vec![3, 2, 7, 0x80],
    }];
    assert_eq!(
        Certificate::parse(&issue_der(&request)),
        Err(CertificateError::Malformed)
    );
}

#[test]
fn refuses_an_extension_that_cannot_be_read() {
    let mut request = request(CertificateProfile::Seid2);
    request.key_usages.clear();
    request.critical_extensions = vec![CriticalExtension {
        oid: vec![2, 5, 29, 15],
        der: vec![4, 1, 0],
    }];
    assert_eq!(
        Certificate::parse(&issue_der(&request)),
        Err(CertificateError::Malformed)
    );
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Certificate::parse(&bytes);
    }

    #[test]
    fn parsing_a_damaged_certificate_never_panics(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6)
    ) {
        static GENUINE: std::sync::LazyLock<(TrustStore, Vec<u8>)> =
            std::sync::LazyLock::new(|| {
                let mut request = request(CertificateProfile::Seid2);
                request.qualified = true;
                request.crl_url = Some("http://crl.example/a.crl".to_owned());
                let authority = authority();
                let key = test_keys::signing(Algorithm::Rs256);
                let issued = authority.issue_for(&request, key).unwrap();
                let store = TrustStore::builder().anchor(authority.certificate_der());
                (store.build().unwrap(), issued.certificate_der)
            });
        let (store, genuine) = &*GENUINE;
        let mut der = genuine.clone();
        for (index, byte) in changes {
            let index = index.index(der.len());
            der[index] = byte;
        }
        if let Ok(certificate) = Certificate::parse(&der) {
            let valid = store.validate(&certificate, 1_500).is_ok();
            prop_assert_eq!(valid, der == *genuine);
        }
    }
}
