//! Paths of every depth, and what breaks them.

use super::*;

/// A root and as many authorities below it, each below the one before.
fn chain(length: usize) -> Vec<CertificateAuthority> {
    let mut authorities = vec![root()];
    for level in 0..length {
        let name = format!("Level {level}");
        let next = authorities[level].issue_intermediate(&intermediate(&name));
        authorities.push(next.unwrap());
    }
    authorities
}

fn store(root: &CertificateAuthority, intermediates: &[&CertificateAuthority]) -> TrustStore {
    intermediates
        .iter()
        .fold(trusting(root), |store, authority| {
            store.intermediate(authority.certificate_der())
        })
        .build()
        .unwrap()
}

/// The verdict on a leaf below one intermediate that was asked for.
fn below(
    authority: &IntermediateRequest,
    leaf: &CertificateRequest,
) -> Result<(), CertificateError> {
    let root = root();
    let authority = root.issue_intermediate(authority).unwrap();
    store(&root, &[&authority]).validate(&issue(&authority, leaf), NOW)
}

#[test]
fn finds_paths_of_every_depth() {
    for depth in 0..4 {
        let authorities = chain(depth);
        let mut intermediates: Vec<_> = authorities[1..].iter().collect();
        intermediates.reverse();
        let leaf = issue(&authorities[depth], &request());
        assert_eq!(
            store(&authorities[0], &intermediates).validate(&leaf, NOW),
            Ok(()),
            "{depth}"
        );
    }
}

#[test]
fn refuses_a_forgery_at_every_depth() {
    for depth in 0..4 {
        let genuine = chain(depth);
        let genuine_intermediates: Vec<_> = genuine[1..].iter().collect();
        let store = store(&genuine[0], &genuine_intermediates);
        // Below an authority of the same name at each level, whose key nobody above vouched for.
        for forged_level in 0..=depth {
            let name = match forged_level {
                0 => "Root".to_owned(),
                level => format!("Level {}", level - 1),
            };
            let mut issuer = root_named(&name);
            for level in forged_level..depth {
                let name = format!("Level {level}");
                issuer = issuer.issue_intermediate(&intermediate(&name)).unwrap();
            }
            assert_eq!(
                store.validate(&issue(&issuer, &request()), NOW),
                Err(CertificateError::UntrustedPath),
                "depth {depth}, forged at {forged_level}"
            );
        }
    }
}

#[test]
fn an_intermediate_that_nobody_vouched_for_is_not_an_anchor() {
    let stranger = root_named("Stranger");
    let below = stranger.issue_intermediate(&intermediate("Below")).unwrap();
    let leaf = issue(&below, &request());
    let store = store(&root(), &[&below, &stranger]);
    assert_eq!(
        store.validate(&leaf, NOW),
        Err(CertificateError::UntrustedPath)
    );
}

#[test]
fn the_server_needs_the_intermediate_itself() {
    let authorities = chain(1);
    let leaf = issue(&authorities[1], &request());
    let store = store(&authorities[0], &[]);
    assert_eq!(
        store.validate(&leaf, NOW),
        Err(CertificateError::UntrustedPath)
    );
}

#[test]
fn a_store_without_anchors_trusts_nothing() {
    let root = root();
    let store = TrustStore::builder()
        .intermediate(root.certificate_der())
        .build()
        .unwrap();
    let leaf = issue(&root, &request());
    assert_eq!(
        store.validate(&leaf, NOW),
        Err(CertificateError::UntrustedPath)
    );
}

#[test]
fn a_leaf_does_not_vouch_for_a_leaf() {
    let root = root();
    let key = test_keys::signing(Algorithm::Rs256);
    let issued = root.issue_for(&request(), key).unwrap();
    let posing = CertificateAuthority::from_pem(&issued.certificate_pem, &issued.key_pem).unwrap();
    let other = changed(|request| request.organization_number = "991825827".to_owned());
    let leaf = issue(&posing, &other);
    let store = store(&root, &[&posing]);
    assert_eq!(
        store.validate(&leaf, NOW),
        Err(CertificateError::ConstraintBreached)
    );
}

#[test]
fn every_authority_of_the_path_must_be_valid_at_the_instant() {
    for (not_before, not_after) in [(NOW - DAY, NOW - 1), (NOW + 1, NOW + DAY)] {
        let authority = IntermediateRequest::new("Level 0", not_before, not_after);
        assert_eq!(
            below(&authority, &request()),
            Err(CertificateError::IssuerNotValid)
        );
    }
    let authority = IntermediateRequest::new("Level 0", NOW, NOW);
    assert_eq!(below(&authority, &request()), Ok(()));
}

#[test]
fn honors_path_lengths() {
    let root = root();
    let mut short = intermediate("Short");
    short.path_length = Some(0);
    let short = root.issue_intermediate(&short).unwrap();
    let below = short.issue_intermediate(&intermediate("Below")).unwrap();
    let store = store(&root, &[&short, &below]);
    assert_eq!(store.validate(&issue(&short, &request()), NOW), Ok(()));
    assert_eq!(
        store.validate(&issue(&below, &request()), NOW),
        Err(CertificateError::ConstraintBreached)
    );
}

#[test]
fn honors_name_constraints() {
    let mut constrained = intermediate("Constrained");
    constrained.permitted_dns_names = vec!["havbris.example".to_owned()];
    for (name, expected) in [
        ("seal.havbris.example", Ok(())),
        (
            "seal.other.example",
            Err(CertificateError::ConstraintBreached),
        ),
        (
            "evilhavbris.example",
            Err(CertificateError::ConstraintBreached),
        ),
    ] {
        let leaf = changed(|request| request.dns_names = vec![name.to_owned()]);
        assert_eq!(below(&constrained, &leaf), expected, "{name}");
    }
}

#[test]
fn any_change_to_a_certificate_breaks_it() {
    let root = root();
    let store = store(&root, &[]);
    let der = issue(&root, &request()).der().to_vec();
    for index in 0..der.len() {
        for bit in [1, 0x80] {
            let mut changed = der.clone();
            changed[index] ^= bit;
            if let Ok(leaf) = Certificate::parse(&changed) {
                assert!(store.validate(&leaf, NOW).is_err(), "byte {index}");
            }
        }
    }
}
