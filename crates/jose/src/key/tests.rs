use proptest::prelude::*;

use super::*;
use crate::test_keys;

fn rejected(modulus: &[u8], exponent: &[u8]) -> Option<KeyRejected> {
    Material::rsa(modulus, exponent)
        .and_then(VerifyingKey::from_material)
        .err()
}

fn odd_number(bits: usize) -> Vec<u8> {
    let mut number = vec![0xa5; bits.div_ceil(8)];
    number[0] = 1 << ((bits - 1) % 8);
    *number.last_mut().unwrap() |= 1;
    number
}

#[test]
fn only_the_algorithms_of_its_type_verify_with_a_key() {
    for signing in Algorithm::ALL {
        let signature = test_keys::signing(signing).sign(b"message").unwrap();
        for holder in Algorithm::ALL {
            let key = test_keys::signing(holder).verifying_key();
            for checked in Algorithm::ALL {
                let verified = key.verify(checked, b"message", &signature);
                let expected = if checked.key_type() != key.key_type() {
                    Err(SignatureError::AlgorithmMismatch)
                } else if checked == signing {
                    Ok(())
                } else {
                    Err(SignatureError::Invalid)
                };
                assert_eq!(
                    verified, expected,
                    "{signing} checked as {checked} by {key:?}"
                );
                assert_eq!(key.supports(checked), checked.key_type() == key.key_type());
            }
        }
    }
}

#[test]
fn another_key_does_not_verify() {
    let signature = test_keys::signing(Algorithm::Rs256).sign(b"m").unwrap();
    let other = test_keys::other_rsa().verifying_key();
    assert_eq!(
        other.verify(Algorithm::Rs256, b"m", &signature),
        Err(SignatureError::Invalid)
    );
}

#[test]
fn truncated_extended_and_changed_signatures_do_not_verify() {
    for algorithm in Algorithm::ALL {
        let key = test_keys::signing(algorithm);
        let public = key.verifying_key();
        let signature = key.sign(b"message").unwrap();
        let check = |changed: &[u8]| {
            assert_eq!(
                public.verify(algorithm, b"message", changed),
                Err(SignatureError::Invalid),
                "{algorithm} {} bytes",
                changed.len()
            );
        };
        for length in 0..signature.len() {
            check(&signature[..length]);
        }
        check(&[&signature[..], &[0]].concat());
        check(&[&[0], &signature[..]].concat());
        for bit in 0..signature.len() * 8 {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            check(&changed);
        }
        check(&vec![0; signature.len()]);
    }
}

#[test]
fn es256_does_not_take_the_asn1_form() {
    let key = test_keys::signing(Algorithm::Es256);
    let fixed = key.sign(b"m").unwrap();
    let integer = |half: &[u8]| [&[2, 33, 0], half].concat();
    let body = [integer(&fixed[..32]), integer(&fixed[32..])].concat();
    let asn1 = [vec![0x30, 70], body].concat();
    assert_eq!(
        key.verifying_key().verify(Algorithm::Es256, b"m", &asn1),
        Err(SignatureError::Invalid)
    );
}

#[test]
fn bounds_the_rsa_modulus() {
    let exponent = [1, 0, 1];
    for bits in [8, 512, 1024, 2047, 8193, 16_384] {
        let expected = Some(KeyRejected::ModulusLength(bits));
        assert_eq!(rejected(&odd_number(bits), &exponent), expected);
    }
    for bits in [2048, 4096, 8192] {
        assert_eq!(rejected(&odd_number(bits), &exponent), None, "{bits}");
    }
    assert_eq!(
        rejected(&[], &exponent),
        Some(KeyRejected::ModulusLength(0))
    );
    let mut even = odd_number(2048);
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(rejected(&even, &exponent), Some(KeyRejected::Malformed));
}

#[test]
fn bounds_the_rsa_exponent() {
    for exponent in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[1, 0, 0],
        &[3, 0, 0, 0, 1],
        &[1; 9],
    ] {
        let refused = rejected(&odd_number(2048), exponent);
        assert_eq!(refused, Some(KeyRejected::Exponent), "{exponent:?}");
    }
    for exponent in [&[3][..], &[17], &[1, 0, 1], &[0, 1, 0, 1], &[1, 0, 0, 0, 1]] {
        assert_eq!(rejected(&odd_number(2048), exponent), None, "{exponent:?}");
    }
}

#[test]
fn refuses_points_that_are_not_on_the_curve() {
    let on_curve = test_keys::signing(Algorithm::Es256)
        .verifying_key()
        .material()
        .raw_point();
    for changed in [5, 40, 64] {
        let mut point = on_curve.clone();
        point[changed] ^= 1;
        let read = Material::ec_p256_point(&point).and_then(VerifyingKey::from_material);
        assert_eq!(read.err(), Some(KeyRejected::Malformed));
    }
    for point in [&[][..], &[0], &[4; 64], &[4; 66], &[2; 33], &[0; 65]] {
        let read = Material::ec_p256_point(point).and_then(VerifyingKey::from_material);
        assert_eq!(read.err(), Some(KeyRejected::Malformed), "{point:?}");
    }
    let zero = Material::ec_p256(&[0; 32], &[0; 32]).and_then(VerifyingKey::from_material);
    assert_eq!(zero.err(), Some(KeyRejected::Malformed));
}

#[test]
fn subject_public_key_infos_round_trip() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = test_keys::signing(algorithm).verifying_key();
        let der = key.to_subject_public_key_info().unwrap();
        let read = VerifyingKey::from_subject_public_key_info(&der).unwrap();
        assert_eq!(read, key);
        assert_eq!(read.key_type(), algorithm.key_type());
        for wrong in [&der[..der.len() - 1], &[&der[..], &[0]].concat()] {
            let read = VerifyingKey::from_subject_public_key_info(wrong);
            assert_eq!(read, Err(KeyRejected::Malformed));
        }
    }
}

#[test]
fn refuses_subject_public_key_infos_of_other_curves() {
    // id-ecPublicKey with secp384r1 and an empty point.
    let p384 = [
        0x30, 0x15, 0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0,
        0x22, 3, 1, 0,
    ];
    // id-X25519 with an empty key.
    let x25519 = [0x30, 0x0a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 1, 0];
    for der in [&p384[..], &x25519] {
        assert_eq!(
            VerifyingKey::from_subject_public_key_info(der),
            Err(KeyRejected::UnsupportedType)
        );
    }
}

#[test]
fn debug_shows_type_and_size_only() {
    let key = test_keys::signing(Algorithm::Rs256).verifying_key();
    assert_eq!(format!("{key:?}"), "VerifyingKey(RSA, 2048 bits)");
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
        let _ = VerifyingKey::from_subject_public_key_info(&bytes);
        let _ = Material::rsa(&bytes, &bytes);
    }
}
