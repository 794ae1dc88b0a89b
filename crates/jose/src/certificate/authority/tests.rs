use super::*;
use crate::certificate::{Certificate, TrustStore};
use crate::test_keys;

const NOW: i64 = 1_800_000_000;

fn authority() -> CertificateAuthority {
    CertificateAuthority::generate("Test CA", NOW - 10, NOW + 10).unwrap()
}

fn request() -> CertificateRequest {
    CertificateRequest::new(
        CertificateProfile::Seid2,
        "312773023",
        "Havbris AS",
        NOW..=NOW + 5,
    )
}

#[test]
fn an_issued_certificate_comes_with_its_key() {
    let issued = authority().issue(&request()).unwrap();
    let certificate = Certificate::parse(&issued.certificate_der).unwrap();
    let key = issued.signing_key();
    assert_eq!(key.algorithm(), Algorithm::Rs256);
    assert_eq!(*certificate.verifying_key(), key.verifying_key());
    let stored = SigningKey::from_pkcs8_pem(Algorithm::Rs256, &issued.key_pem).unwrap();
    assert_eq!(stored.thumbprint(), key.thumbprint());
    let from_pem = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap();
    assert_eq!(from_pem.as_ref(), issued.certificate_der);
}

#[test]
fn a_stored_authority_issues_the_same_as_before() {
    let before = authority();
    let after =
        CertificateAuthority::from_pem(before.certificate_pem(), &before.key_pem()).unwrap();
    assert_eq!(after.certificate_der(), before.certificate_der());
    let issued = after
        .issue_for(&request(), test_keys::signing(Algorithm::Rs256))
        .unwrap();
    let store = TrustStore::builder()
        .anchor(before.certificate_der())
        .build()
        .unwrap();
    let certificate = Certificate::parse(&issued.certificate_der).unwrap();
    assert_eq!(store.validate(&certificate, NOW), Ok(()));
}

#[test]
fn refuses_a_key_of_another_authority() {
    let (one, other) = (authority(), authority());
    assert!(matches!(
        CertificateAuthority::from_pem(one.certificate_pem(), &other.key_pem()),
        Err(AuthorityError::KeyMismatch)
    ));
    assert!(CertificateAuthority::from_pem("", &one.key_pem()).is_err());
    assert!(CertificateAuthority::from_pem(one.certificate_pem(), "").is_err());
}

#[test]
fn serial_numbers_differ_between_renewals() {
    let authority = authority();
    let key = test_keys::signing(Algorithm::Rs256);
    let serial = |request: &CertificateRequest| {
        let issued = authority.issue_for(request, key).unwrap();
        let certificate = Certificate::parse(&issued.certificate_der).unwrap();
        certificate.serial_hex().to_owned()
    };
    let first = request();
    let mut renewed = request();
    renewed.not_after += 1;
    assert_ne!(serial(&first), serial(&renewed));
    assert_eq!(serial(&first), serial(&first));
    assert_eq!(serial(&first).len(), 32);
}

#[test]
fn refuses_what_cannot_be_written() {
    let key = test_keys::signing(Algorithm::Rs256);
    let mut unprintable = request();
    unprintable.subject = Some(vec![SubjectAttribute {
        oid: vec![2, 5, 4, 10],
        value: AttributeText::Printable("Sjøbris".to_owned()),
    }]);
    assert!(matches!(
        authority().issue_for(&unprintable, key),
        Err(AuthorityError::Attribute)
    ));
    let mut never = request();
    never.not_after = i64::MAX;
    assert!(matches!(
        authority().issue_for(&never, key),
        Err(AuthorityError::Instant)
    ));
}

#[test]
fn nothing_secret_is_printed() {
    let authority = authority();
    let issued = authority.issue(&request()).unwrap();
    let shown = format!("{authority:?} {issued:?}");
    assert!(!shown.contains("PRIVATE KEY"));
    let secret: String = issued.key_pem.lines().nth(5).unwrap().to_owned();
    assert!(!shown.contains(&secret));
}
