//! Revocation lists: which are believed, and what their absence means.

use super::*;
use RevocationPolicy::{HardFail, SoftFail};

const SERIAL: &[u8] = &[0x11, 0x22];
const OTHER_SERIAL: &[u8] = &[0x11, 0x23];

fn leaf(authority: &CertificateAuthority) -> Certificate {
    let numbered = changed(|request| {
        request.serial = Some(SERIAL.to_vec());
        request.crl_url = Some("http://crl.example/root.crl".to_owned());
    });
    issue(authority, &numbered)
}

/// A list that is current at [`NOW`].
fn current(authority: &CertificateAuthority, serials: &[&[u8]]) -> Vec<u8> {
    authority
        .revocation_list(serials, NOW - 100, NOW + 100, 1)
        .unwrap()
}

fn stale(authority: &CertificateAuthority, serials: &[&[u8]]) -> Vec<u8> {
    authority
        .revocation_list(serials, NOW - 100, NOW, 1)
        .unwrap()
}

/// The verdicts under soft and hard fail.
fn verdicts(root: &CertificateAuthority, lists: &[Vec<u8>]) -> [Result<(), CertificateError>; 2] {
    [SoftFail, HardFail].map(|policy| {
        trusting(root)
            .revocation_policy(policy)
            .build()
            .unwrap()
            .with_revocation_lists(lists.to_vec())
            .unwrap()
            .validate(&leaf(root), NOW)
    })
}

const UNKNOWN: [Result<(), CertificateError>; 2] =
    [Ok(()), Err(CertificateError::RevocationUnknown)];
const REVOKED: [Result<(), CertificateError>; 2] = [
    Err(CertificateError::Revoked),
    Err(CertificateError::Revoked),
];
const GOOD: [Result<(), CertificateError>; 2] = [Ok(()), Ok(())];

#[test]
fn without_a_list_the_policy_decides() {
    assert_eq!(verdicts(&root(), &[]), UNKNOWN);
}

#[test]
fn a_current_list_decides() {
    let root = root();
    for (serials, expected) in [
        (&[][..], GOOD),
        (&[OTHER_SERIAL], GOOD),
        (&[SERIAL], REVOKED),
        (&[OTHER_SERIAL, SERIAL], REVOKED),
    ] {
        assert_eq!(verdicts(&root, &[current(&root, serials)]), expected);
    }
}

#[test]
fn a_stale_list_revokes_what_it_names_and_proves_nothing_else_good() {
    let root = root();
    assert_eq!(verdicts(&root, &[stale(&root, &[])]), UNKNOWN);
    assert_eq!(verdicts(&root, &[stale(&root, &[OTHER_SERIAL])]), UNKNOWN);
    // Under hard fail the missing current list is what is seen first; the certificate is refused.
    let [soft, hard] = verdicts(&root, &[stale(&root, &[SERIAL])]);
    assert_eq!(soft, Err(CertificateError::Revoked));
    assert_eq!(hard, Err(CertificateError::RevocationUnknown));
    let impostors = stale(&root_named("Other"), &[SERIAL]);
    assert_eq!(verdicts(&root, &[impostors]), UNKNOWN);
    let both = [stale(&root, &[]), current(&root, &[SERIAL])];
    assert_eq!(verdicts(&root, &both), REVOKED);
}

#[test]
fn a_list_of_another_authority_says_nothing() {
    let root = root();
    let other = current(&root_named("Other"), &[SERIAL]);
    assert_eq!(verdicts(&root, &[other]), UNKNOWN);
}

#[test]
fn a_list_with_the_wrong_key_is_never_believed() {
    // The impostor's name is the same, so that only the signature tells the two apart.
    let (genuine, impostor) = (root(), root());
    assert_eq!(
        verdicts(&genuine, &[current(&impostor, &[SERIAL])]),
        UNKNOWN
    );
    assert_eq!(verdicts(&genuine, &[current(&impostor, &[])]), UNKNOWN);
}

#[test]
fn a_forged_list_does_not_hide_the_genuine_one() {
    let (genuine, impostor) = (root(), root());
    for (said, forged, expected) in [(&[SERIAL][..], &[][..], REVOKED), (&[], &[SERIAL], GOOD)] {
        let said = current(&genuine, said);
        let forged = current(&impostor, forged);
        assert_eq!(
            verdicts(&genuine, &[said.clone(), forged.clone()]),
            expected
        );
        assert_eq!(verdicts(&genuine, &[forged, said]), expected);
    }
}

#[test]
fn a_changed_list_is_not_believed() {
    let root = root();
    let genuine = current(&root, &[SERIAL]);
    let at = genuine
        .windows(2)
        .position(|window| window == SERIAL)
        .unwrap();
    let mut changed = genuine;
    changed[at + 1] ^= 1;
    assert_eq!(verdicts(&root, &[changed]), UNKNOWN);
}

#[test]
fn every_authority_below_the_anchor_is_looked_up() {
    let root = root();
    let below = root.issue_intermediate(&intermediate("Below")).unwrap();
    let leaf = leaf(&below);
    let (_, parsed) = x509_parser::parse_x509_certificate(below.certificate_der()).unwrap();
    let serial = parsed.raw_serial();
    let verdict = |policy, lists: Vec<Vec<u8>>| {
        let store = trusting(&root)
            .intermediate(below.certificate_der())
            .revocation_policy(policy)
            .build()
            .unwrap();
        let store = store.with_revocation_lists(lists).unwrap();
        store.validate(&leaf, NOW)
    };
    let of_leaf = current(&below, &[]);
    let revoking = vec![current(&root, &[serial]), of_leaf.clone()];
    for policy in [SoftFail, HardFail] {
        let both = vec![current(&root, &[]), of_leaf.clone()];
        assert_eq!(verdict(policy, both), Ok(()));
        let refused = verdict(policy, revoking.clone());
        assert_eq!(refused, Err(CertificateError::Revoked));
    }
    assert_eq!(verdict(SoftFail, vec![of_leaf.clone()]), Ok(()));
    assert_eq!(
        verdict(HardFail, vec![of_leaf]),
        Err(CertificateError::RevocationUnknown)
    );
}

#[test]
fn a_swap_leaves_the_store_before_it_alone() {
    let root = root();
    let leaf = leaf(&root);
    let before = trusting(&root)
        .revocation_list(&current(&root, &[SERIAL]))
        .build()
        .unwrap();
    let after = before
        .with_revocation_lists(vec![current(&root, &[])])
        .unwrap();
    assert_eq!(before.validate(&leaf, NOW), Err(CertificateError::Revoked));
    assert_eq!(after.validate(&leaf, NOW), Ok(()));
}

#[test]
fn a_list_that_cannot_be_read_is_named() {
    let root = root();
    let store = trusting(&root).build().unwrap();
    let good = current(&root, &[SERIAL]);
    for bad in [
        &[][..],
        b"x",
        &good[..good.len() - 1],
        root.certificate_der(),
    ] {
        let refused = store.with_revocation_lists(vec![good.clone(), bad.to_vec()]);
        assert_eq!(refused.err(), Some(TrustStoreError::RevocationList(1)));
    }
}

proptest::proptest! {
    #[test]
    fn damaged_lists_never_panic_and_are_never_believed(
        changes in proptest::collection::vec(
            (proptest::prelude::any::<proptest::sample::Index>(), 1..=255_u8),
            1..4,
        )
    ) {
        static GENUINE: std::sync::LazyLock<(CertificateAuthority, Certificate, Vec<u8>)> =
            std::sync::LazyLock::new(|| {
                let root = root();
                let (leaf, list) = (leaf(&root), current(&root, &[SERIAL]));
                (root, leaf, list)
            });
        let (root, leaf, list) = &*GENUINE;
        let mut damaged = list.clone();
        for (index, flip) in changes {
            let index = index.index(damaged.len());
            damaged[index] ^= flip;
        }
        let store = trusting(root).revocation_policy(HardFail).build().unwrap();
        if damaged != *list && let Ok(store) = store.with_revocation_lists(vec![damaged]) {
            proptest::prop_assert_eq!(
                store.validate(leaf, NOW),
                Err(CertificateError::RevocationUnknown)
            );
        }
    }
}
