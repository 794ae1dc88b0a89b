//! The server's signing keys.

use portvakt_core::signing::{SigningKeyRecord, SigningKeyState};
use portvakt_jose::Algorithm;

use crate::macros::{commit, read};
use crate::samples::at;
use crate::{Outcome, StoreFactory};

pub(crate) fn signing_key(kid: &str, created: i64) -> SigningKeyRecord {
    SigningKeyRecord {
        kid: kid.to_owned(),
        surface: "maskinporten".to_owned(),
        algorithm: Algorithm::Rs256,
        state: SigningKeyState::Active,
        // The store keeps the bytes whatever they are.
        private_key: (0..=u8::MAX).rev().collect(),
        certificate: Some((0..=u8::MAX).collect()),
        created: at(created),
        last_updated: at(created + 1),
    }
}

/// One surface's keys, oldest first, gone ones too.
pub async fn lists_signing_keys_by_creation_and_surface(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let gone = SigningKeyRecord {
        state: SigningKeyState::Gone,
        private_key: Vec::new(),
        certificate: None,
        ..signing_key("z", 1)
    };
    let (same_a, same_b) = (signing_key("a", 2), signing_key("b", 2));
    let other = SigningKeyRecord {
        surface: "idporten".to_owned(),
        ..signing_key("o", 1)
    };
    commit!(
        store,
        save_signing_key(&same_b),
        save_signing_key(&other),
        save_signing_key(&same_a),
        save_signing_key(&gone),
    );
    assert_eq!(
        read!(store, list_signing_keys("maskinporten")),
        [gone, same_a, same_b]
    );
    assert_eq!(read!(store, list_signing_keys("idporten")), [other]);
    assert_eq!(read!(store, list_signing_keys("")), []);
    Ok(())
}

/// Every value of every closed vocabulary comes back.
pub async fn keeps_every_algorithm_and_state(factory: &impl StoreFactory) -> Outcome {
    use SigningKeyState::{Active, Gone, Next, Retired};
    let store = factory.open().await;
    let mut keys: Vec<_> = Algorithm::ALL
        .map(|algorithm| SigningKeyRecord {
            algorithm,
            ..signing_key("a", 1)
        })
        .into();
    let states = [Active, Gone, Next, Retired];
    keys.extend(states.map(|state| SigningKeyRecord {
        state,
        ..signing_key("a", 1)
    }));
    for key in keys {
        commit!(store, save_signing_key(&key));
        assert_eq!(read!(store, list_signing_keys("maskinporten")), [key]);
    }
    Ok(())
}

/// One record for one key id, with what was saved last.
pub async fn saving_a_signing_key_again_replaces_it(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let changed = SigningKeyRecord {
        kid: "a".to_owned(),
        surface: "idporten".to_owned(),
        algorithm: Algorithm::EdDsa,
        state: SigningKeyState::Gone,
        private_key: Vec::new(),
        certificate: None,
        created: at(7),
        last_updated: at(8),
    };
    commit!(store, save_signing_key(&signing_key("a", 1)));
    commit!(store, save_signing_key(&changed));
    assert_eq!(read!(store, list_signing_keys("maskinporten")), []);
    assert_eq!(read!(store, list_signing_keys("idporten")), [changed]);
    Ok(())
}
