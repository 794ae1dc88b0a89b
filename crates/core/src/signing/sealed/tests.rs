//! What is sealed comes out for whoever has the key, and for nobody and nothing else.

use portvakt_jose::{Algorithm, RsaBits};

use super::*;
use crate::clock::Timestamp;
use crate::entropy::SeededEntropy;
use crate::signing::{KeyRing, PlainKeys, SigningKeyState};

const KIND: NewKeyKind = NewKeyKind {
    algorithm: Algorithm::Es256,
    rsa_bits: RsaBits::B2048,
};

fn key(first: u8) -> KeyEncryptionKey {
    let bytes: Vec<u8> = (first..).take(32).collect();
    KeyEncryptionKey::from_bytes(&bytes).unwrap()
}

fn source(first: u8) -> SealedKeys {
    SealedKeys::new(key(first), Arc::new(SeededEntropy::new(7)))
}

fn record(source: &dyn KeySource) -> SigningKeyRecord {
    let key = source.generate("maskinporten", KIND).unwrap();
    key.into_record(
        "maskinporten",
        SigningKeyState::Active,
        Timestamp::from_seconds(1),
    )
}

fn changed(record: &SigningKeyRecord, change: impl Fn(&mut Value)) -> SigningKeyRecord {
    let mut document = serde_json::from_slice(&record.private_key).unwrap();
    change(&mut document);
    SigningKeyRecord {
        private_key: serde_json::to_vec(&document).unwrap(),
        ..record.clone()
    }
}

#[test]
fn a_sealed_key_signs_after_it_was_opened() {
    let source = source(1);
    let record = record(&source);
    let OpenKey::Signs(signer) = source.open(&record).unwrap() else {
        panic!("the key does not sign");
    };
    assert_eq!(signer.thumbprint(), record.kid);
}

#[test]
fn the_store_holds_nothing_of_a_private_key() {
    let plain = record(&PlainKeys);
    let sealed = source(1).reseal(&plain).unwrap();
    let private = &plain.private_key;
    for part in private.windows(12) {
        assert!(!sealed.windows(12).any(|window| window == part) || part_is_public(part, &plain));
    }
    let text = String::from_utf8(sealed).unwrap();
    assert!(!text.contains("\"d\""));
}

/// The algorithm's own bytes are in every PKCS#8 key, and the public point is no secret.
fn part_is_public(part: &[u8], record: &SigningKeyRecord) -> bool {
    let key = SigningKey::from_pkcs8_der(record.algorithm, &record.private_key).unwrap();
    let public = key.verifying_key().to_subject_public_key_info().unwrap();
    public.windows(part.len()).any(|window| window == part)
}

#[test]
fn another_key_encryption_key_is_named_and_opens_nothing() {
    let record = record(&source(1));
    let error = source(2).open(&record).unwrap_err();
    let KeySourceError::WrongKeyEncryptionKey(id) = &error else {
        panic!("{error}");
    };
    assert_eq!(id, key(1).id());
}

#[test]
fn without_a_key_encryption_key_a_sealed_key_is_refused_and_not_replaced() {
    let record = record(&source(1));
    let error = KeyRing::from_records(&[record]).unwrap_err();
    let text = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(text.contains(key(1).id()), "{text}");
}

#[test]
fn a_plain_key_is_refused_where_keys_are_sealed() {
    let record = record(&PlainKeys);
    let error = source(1).open(&record).unwrap_err();
    assert!(matches!(error, KeySourceError::NotSealed), "{error}");
}

#[test]
fn every_part_is_bound_to_every_other() {
    let source = source(1);
    let record = record(&source);
    let other = self::record(&source);
    let other_document: Value = serde_json::from_slice(&other.private_key).unwrap();
    let forged = [
        SigningKeyRecord {
            surface: "idporten".to_owned(),
            ..record.clone()
        },
        SigningKeyRecord {
            kid: other.kid.clone(),
            ..record.clone()
        },
        SigningKeyRecord {
            private_key: other.private_key.clone(),
            ..record.clone()
        },
        SigningKeyRecord {
            algorithm: Algorithm::EdDsa,
            ..record.clone()
        },
        changed(&record, |document| {
            document["public"] = other_document["public"].clone();
        }),
        changed(&record, |document| document["public"]["use"] = "enc".into()),
        changed(&record, |document| document["public"]["kid"] = "k".into()),
        changed(&record, |document| {
            document["public"]["alg"] = "EdDSA".into();
        }),
        changed(&record, |document| {
            document["nonce"] = other_document["nonce"].clone();
        }),
        changed(&record, |document| document["nonce"] = "".into()),
        changed(&record, |document| document["ciphertext"] = "".into()),
        changed(&record, |document| {
            document["ciphertext"] = other_document["ciphertext"].clone();
        }),
        changed(&record, |document| document["ciphertext"] = Value::Null),
    ];
    for forged in forged {
        let error = source.open(&forged).unwrap_err();
        assert!(matches!(error, KeySourceError::Tampered), "{error}");
        assert!(source.retire(&forged).is_err());
    }
}

#[test]
fn a_public_key_cannot_be_slipped_in_as_a_retired_one() {
    let source = source(1);
    let mine = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
    let forged = SigningKeyRecord {
        kid: mine.thumbprint(),
        state: SigningKeyState::Retired,
        ..record(&source)
    };
    let forged = changed(&forged, |document| {
        document["public"] = mine.public_jwk(&mine.thumbprint()).to_json();
    });
    let error = source.open(&forged).unwrap_err();
    assert!(matches!(error, KeySourceError::Tampered), "{error}");
}

#[test]
fn a_form_of_a_later_version_is_refused() {
    let record = changed(&record(&source(1)), |document| {
        document["version"] = 2.into();
    });
    for source in [&source(1) as &dyn KeySource, &PlainKeys] {
        let error = source.open(&record).unwrap_err();
        assert!(matches!(error, KeySourceError::UnknownForm), "{error}");
    }
}

#[test]
fn a_retired_key_is_published_and_signs_no_more() {
    let source = source(1);
    let mut record = record(&source);
    record.private_key = source.retire(&record).unwrap();
    let OpenKey::Verifies(jwk) = source.open(&record).unwrap() else {
        panic!("a retired key still signs");
    };
    assert_eq!(jwk.thumbprint(), record.kid);
}

#[test]
fn a_new_key_encryption_key_takes_the_place_of_the_old_one() {
    let old = source(1);
    let mut active = record(&old);
    let mut retired = record(&old);
    retired.private_key = old.retire(&retired).unwrap();
    let both = source(2).with_former(key(1));
    for record in [&mut active, &mut retired] {
        assert!(!both.is_current(record).unwrap());
        both.open(record).unwrap();
        record.private_key = both.reseal(record).unwrap();
        assert!(both.is_current(record).unwrap());
        assert!(old.open(record).is_err());
    }
    assert!(matches!(source(2).open(&active), Ok(OpenKey::Signs(_))));
    assert!(matches!(source(2).open(&retired), Ok(OpenKey::Verifies(_))));
}

#[test]
fn equal_keys_are_never_sealed_alike() {
    let source = source(1);
    let plain = record(&PlainKeys);
    assert_ne!(
        source.reseal(&plain).unwrap(),
        source.reseal(&plain).unwrap()
    );
}

#[test]
fn a_key_encryption_key_has_several_spellings_and_one_id() {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let bytes: Vec<u8> = (230..=u8::MAX).chain(0..6).collect();
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    let hex = digits.collect::<String>().to_uppercase();
    let expected = KeyEncryptionKey::from_bytes(&bytes).unwrap();
    for text in [
        STANDARD.encode(&bytes),
        URL_SAFE_NO_PAD.encode(&bytes),
        format!("{hex}\n"),
        format!("  {}", hex.to_lowercase()),
    ] {
        assert_eq!(KeyEncryptionKey::parse(&text).unwrap().id(), expected.id());
    }
    assert_eq!(expected.id().len(), 16);
}

#[test]
fn a_bad_key_encryption_key_is_refused_and_not_repeated() {
    use InvalidKeyEncryptionKey::{Length, Malformed, NotRandom};
    for (text, expected) in [
        ("", Length(0)),
        ("c2VjcmV0", Length(6)),
        ("hunter2!", Malformed),
        (&"ab".repeat(30), Length(45)),
        (&"0".repeat(64), NotRandom),
        (&"A".repeat(1000), Malformed),
    ] {
        let error = KeyEncryptionKey::parse(text).unwrap_err();
        assert_eq!(error, expected);
        assert!(text.is_empty() || !error.to_string().contains(text));
    }
}

#[test]
fn debug_shows_the_id_alone() {
    assert_eq!(
        format!("{:?}", key(1)),
        format!("KeyEncryptionKey({})", key(1).id())
    );
}
