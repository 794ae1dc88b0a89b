use super::*;
use crate::algorithm::Algorithm;
use crate::certificate::{
    CertificateAuthority, CertificateProfile, CertificateRequest, CriticalExtension,
    IntermediateRequest, KeyUsage,
};
use crate::test_keys;

mod paths;
mod revocations;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

fn root() -> CertificateAuthority {
    root_named("Root")
}

fn root_named(name: &str) -> CertificateAuthority {
    CertificateAuthority::generate(name, NOW - DAY, NOW + DAY).unwrap()
}

fn intermediate(name: &str) -> IntermediateRequest {
    IntermediateRequest::new(name, NOW - DAY, NOW + DAY)
}

fn request() -> CertificateRequest {
    CertificateRequest::new(
        CertificateProfile::Seid2,
        "312773023",
        "Havbris AS",
        NOW - 100..=NOW + 100,
    )
}

fn issue(authority: &CertificateAuthority, request: &CertificateRequest) -> Certificate {
    let key = test_keys::signing(Algorithm::Rs256);
    let issued = authority.issue_for(request, key).unwrap();
    Certificate::parse(&issued.certificate_der).unwrap()
}

fn trusting(anchor: &CertificateAuthority) -> TrustStoreBuilder {
    TrustStore::builder().anchor(anchor.certificate_der())
}

/// Validates a leaf that was asked for directly under a trusted root.
fn validate(request: &CertificateRequest) -> Result<(), CertificateError> {
    let root = root();
    let store = trusting(&root).build().unwrap();
    store.validate(&issue(&root, request), NOW)
}

fn changed(change: impl FnOnce(&mut CertificateRequest)) -> CertificateRequest {
    let mut request = request();
    change(&mut request);
    request
}

#[test]
fn accepts_a_good_certificate_of_each_profile() {
    for profile in [CertificateProfile::Seid1, CertificateProfile::Seid2] {
        let request = changed(|request| request.profile = profile);
        assert_eq!(validate(&request), Ok(()));
    }
}

#[test]
fn the_validity_is_inclusive_at_both_ends() {
    let root = root();
    let store = trusting(&root).build().unwrap();
    let leaf = issue(&root, &request());
    for (now, expected) in [
        (i64::MIN, Err(CertificateError::NotYetValid)),
        (-1, Err(CertificateError::NotYetValid)),
        (NOW - 101, Err(CertificateError::NotYetValid)),
        (NOW - 100, Ok(())),
        (NOW + 100, Ok(())),
        (NOW + 101, Err(CertificateError::Expired)),
        (i64::MAX, Err(CertificateError::Expired)),
    ] {
        assert_eq!(store.validate(&leaf, now), expected, "{now}");
    }
}

#[test]
fn a_certificate_from_before_1970_does_no_harm() {
    let root = CertificateAuthority::generate("Root", -2 * DAY, DAY).unwrap();
    let store = trusting(&root).build().unwrap();
    let early = changed(|request| (request.not_before, request.not_after) = (-DAY, DAY));
    let leaf = issue(&root, &early);
    assert!(store.validate(&leaf, -1).is_err());
}

#[test]
fn refuses_a_self_signed_certificate_even_as_its_own_anchor() {
    let request = changed(|request| {
        // The authority's own subject, so that issuer and subject are one name.
        request.subject = Some(vec![
            attribute(&[2, 5, 4, 6], "NO"),
            attribute(&[2, 5, 4, 3], "Root"),
        ]);
    });
    let root = root();
    let leaf = issue(&root, &request);
    let store = trusting(&root).anchor(leaf.der()).build().unwrap();
    assert_eq!(
        store.validate(&leaf, NOW),
        Err(CertificateError::SelfSigned)
    );
}

fn attribute(oid: &[u64], text: &str) -> crate::certificate::SubjectAttribute {
    crate::certificate::SubjectAttribute {
        oid: oid.to_vec(),
        value: crate::certificate::AttributeText::Utf8(text.to_owned()),
    }
}

#[test]
fn refuses_critical_extensions_other_than_two() {
    for (oid, name) in [
        (vec![1, 2, 3, 4], "1.2.3.4"),
        // Known to many programs, but not on the national list when critical: extKeyUsage.
        (vec![2, 5, 29, 37], "2.5.29.37"),
    ] {
        // SEQUENCE OF one object identifier, id-kp-clientAuth.
        let der = vec![0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
        let request = changed(|request| {
            request.critical_extensions = vec![CriticalExtension { oid, der }];
        });
        assert_eq!(
            validate(&request),
            Err(CertificateError::UnknownCriticalExtension(name.to_owned()))
        );
    }
    let basic_constraints = changed(|request| {
        request.critical_extensions = vec![CriticalExtension {
            oid: vec![2, 5, 29, 19],
            der: vec![0x30, 0],
        }];
    });
    assert_eq!(validate(&basic_constraints), Ok(()));
}

#[test]
fn requires_a_key_usage_for_signing() {
    use KeyUsage::{DigitalSignature, KeyEncipherment, NonRepudiation};

    for (usages, expected) in [
        (vec![], Err(CertificateError::KeyUsageMissingOrNotCritical)),
        (
            vec![KeyEncipherment],
            Err(CertificateError::KeyUsageNotSigning),
        ),
        (vec![DigitalSignature], Ok(())),
        (vec![NonRepudiation], Ok(())),
        (vec![KeyEncipherment, NonRepudiation], Ok(())),
    ] {
        let request = changed(|request| request.key_usages.clone_from(&usages));
        assert_eq!(validate(&request), expected, "{usages:?}");
    }
}

#[test]
fn a_key_usage_that_is_not_critical_is_as_good_as_none() {
    let root = root();
    let leaf = Certificate {
        signing_use: SigningUse::MissingOrNotCritical,
        ..issue(&root, &request())
    };
    assert_eq!(
        trusting(&root).build().unwrap().validate(&leaf, NOW),
        Err(CertificateError::KeyUsageMissingOrNotCritical)
    );
    // And it is read so: drop the critical flag, BOOLEAN TRUE, from the DER of the extension.
    let der = issue(&root, &request()).der().to_vec();
    let critical: &[u8] = &[0x30, 0x0e, 6, 3, 0x55, 0x1d, 0x0f, 1, 1, 0xff];
    let at = der
        .windows(critical.len())
        .position(|window| window == critical)
        .unwrap();
    let mut not_critical = der;
    // FALSE is not DER, but what a reader makes of it must still not be "critical".
    not_critical[at + 9] = 0;
    match Certificate::parse(&not_critical) {
        Err(refused) => assert_eq!(refused, CertificateError::Malformed),
        Ok(read) => assert_eq!(read.signing_use, SigningUse::MissingOrNotCritical),
    }
}

#[test]
fn extended_key_usages_do_not_matter() {
    let client_auth = vec![1, 3, 6, 1, 5, 5, 7, 3, 2];
    let email_protection = vec![1, 3, 6, 1, 5, 5, 7, 3, 4];
    for usages in [
        vec![],
        vec![client_auth],
        vec![email_protection, vec![1, 2, 3]],
    ] {
        let request = changed(|request| request.extended_key_usages.clone_from(&usages));
        assert_eq!(validate(&request), Ok(()), "{usages:?}");
    }
}

#[test]
fn an_authority_cannot_sign_grants() {
    let request = changed(|request| request.is_authority = true);
    assert_eq!(
        validate(&request),
        Err(CertificateError::ConstraintBreached)
    );
}

#[test]
fn accepts_only_policies_on_the_list() {
    let root = root();
    let leaf = issue(&root, &request());
    let bare = issue(&root, &changed(|request| request.policies.clear()));
    for (policies, accepted) in [
        (&[][..], true),
        (&["2.16.578.1.29.913.200.1.0"], true),
        (&["2.16.578.1.29.913.200.*"], true),
        (&["2.16.578.1.29.13.200.*", "2.16.578.1.29.913.2*"], true),
        (&["2.16.578.1.29.913.200"], false),
        (&["2.16.578.1.29.913.200.1"], false),
        (&["2.16.578.1.29.913.200.1.0.1"], false),
        (&["2.16.578.1.29.913.210.*"], false),
        (&["16.578.1.29.913.200.*"], false),
    ] {
        let store = policies
            .iter()
            .fold(trusting(&root), |store, policy| {
                store.accepted_policy(*policy)
            })
            .build()
            .unwrap();
        let expected = if accepted {
            Ok(())
        } else {
            Err(CertificateError::PolicyNotAccepted)
        };
        assert_eq!(store.validate(&leaf, NOW), expected, "{policies:?}");
        let expected = if policies.is_empty() {
            Ok(())
        } else {
            Err(CertificateError::PolicyNotAccepted)
        };
        assert_eq!(store.validate(&bare, NOW), expected, "{policies:?}");
    }
}

#[test]
fn one_accepted_policy_of_several_is_enough() {
    let root = root();
    let several = changed(|request| request.policies = vec![vec![1, 2, 3], vec![2, 16, 3]]);
    let store = trusting(&root).accepted_policy("2.16.3").build().unwrap();
    assert_eq!(store.validate(&issue(&root, &several), NOW), Ok(()));
}

#[test]
fn names_the_kind_of_seal() {
    let root = root();
    let store = trusting(&root)
        .seid1_policy("2.16.578.1.29.913.1.1.0")
        .build()
        .unwrap();
    let seid1 = CertificateProfile::Seid1.test_policy();
    let seid2 = CertificateProfile::Seid2.test_policy();
    for (policy, qualified, expected) in [
        (&seid1, false, "virksomhetssertifikat"),
        (&seid1, true, "virksomhetssertifikat"),
        (&seid2, false, "CForESeal"),
        (&seid2, true, "QCForESeal"),
    ] {
        let request = changed(|request| {
            request.policies = vec![policy.clone()];
            request.qualified = qualified;
        });
        assert_eq!(store.seal(&issue(&root, &request)).as_str(), expected);
    }
}

#[test]
fn names_what_cannot_be_read_in_the_configuration() {
    let root = root();
    let good = || trusting(&root).intermediate(root.certificate_der());
    for (builder, expected) in [
        (good().anchor(b"x"), TrustStoreError::Anchor(1)),
        (good().intermediate(b"x"), TrustStoreError::Intermediate(1)),
        (
            good().revocation_list(b"x"),
            TrustStoreError::RevocationList(0),
        ),
        (
            good().accepted_policy("*"),
            TrustStoreError::Policy("*".to_owned()),
        ),
        (
            good().accepted_policy(""),
            TrustStoreError::Policy(String::new()),
        ),
        (
            good().seid1_policy("1.2 "),
            TrustStoreError::Policy("1.2 ".to_owned()),
        ),
        (
            good().seid1_policy("1.*.2"),
            TrustStoreError::Policy("1.*.2".to_owned()),
        ),
    ] {
        assert_eq!(builder.build().err(), Some(expected));
    }
    for pem in [
        "",
        "text",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        assert_eq!(good().anchors_pem(pem).err(), Some(TrustStoreError::Pem));
        assert_eq!(
            good().intermediates_pem(pem).err(),
            Some(TrustStoreError::Pem)
        );
    }
}

#[test]
fn reads_authorities_from_pem() {
    let (one, other) = (root(), root_named("Other"));
    let below = other.issue_intermediate(&intermediate("Below")).unwrap();
    let pem = format!("{}\n{}", one.certificate_pem(), other.certificate_pem());
    let store = TrustStore::builder()
        .anchors_pem(&pem)
        .unwrap()
        .intermediates_pem(below.certificate_pem())
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(store.validate(&issue(&one, &request()), NOW), Ok(()));
    assert_eq!(store.validate(&issue(&below, &request()), NOW), Ok(()));
}
