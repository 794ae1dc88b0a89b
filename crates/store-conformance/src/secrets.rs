//! What is kept of clients' secrets.

use portvakt_core::Timestamp;
use portvakt_core::client::{
    AuthenticationMethod, Client, ClientSecrets, SecretHash, StoredSecret,
};
use portvakt_core::ports::{StorageError, Store};

use crate::macros::{commit, read};
use crate::samples::{at, client, client_id};
use crate::{Outcome, StoreFactory};

pub(crate) fn secret(byte: u8, now: Timestamp) -> StoredSecret {
    let mut hash = [byte; 32];
    // A hash is any bytes.
    (hash[0], hash[31]) = (0, 0xff);
    StoredSecret::new(SecretHash::from_bytes(hash), now)
}

pub(crate) fn secrets(of: &[StoredSecret]) -> ClientSecrets {
    ClientSecrets::from_stored(of.to_vec()).expect("a sample has at most two")
}

pub(crate) fn secret_client(id: &str) -> Client {
    Client {
        token_endpoint_auth_method: AuthenticationMethod::ClientSecretBasic,
        ..client(id)
    }
}

/// The hash and the times come back, newest first.
pub async fn finds_secrets_with_every_attribute_in_order(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    let saved = secrets(&[secret(1, at(1_700_000_000_123)), secret(2, at(1))]);
    commit!(
        store,
        save_client(&secret_client("a")),
        save_secrets(&id, &saved)
    );
    assert_eq!(read!(store, find_secrets(&id)), saved);
    Ok(())
}

/// And so has a client that does not exist.
pub async fn a_client_without_secrets_has_none(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    commit!(store, save_client(&secret_client("a")));
    for id in ["a", "nobody"] {
        assert!(read!(store, find_secrets(&client_id(id))).is_empty());
    }
    Ok(())
}

/// Two become one, one becomes two, and none are left when none are saved.
pub async fn saving_secrets_again_replaces_them_and_keeps_nothing(
    factory: &impl StoreFactory,
) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    commit!(store, save_client(&secret_client("a")));
    let [one, two, three] = [1, 2, 3].map(|byte| secret(byte, at(i64::from(byte))));
    for saved in [
        secrets(&[two.clone(), one]),
        secrets(std::slice::from_ref(&three)),
        secrets(&[two, three]),
        ClientSecrets::default(),
        ClientSecrets::default(),
    ] {
        commit!(store, save_secrets(&id, &saved));
        assert_eq!(read!(store, find_secrets(&id)), saved);
    }
    Ok(())
}

/// Replacing one client's secrets leaves another's alone; saving a client leaves its own.
pub async fn secrets_belong_to_one_client(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let (one, other) = (client_id("a"), client_id("A"));
    let saved = secrets(&[secret(1, at(1))]);
    commit!(
        store,
        save_client(&secret_client("a")),
        save_client(&secret_client("A")),
        save_secrets(&one, &saved),
        save_secrets(&other, &saved),
    );
    commit!(
        store,
        save_secrets(&one, &ClientSecrets::default()),
        save_client(&secret_client("A"))
    );
    assert!(read!(store, find_secrets(&one)).is_empty());
    assert_eq!(read!(store, find_secrets(&other)), saved);
    Ok(())
}

/// Secrets are a client's that exists.
pub async fn secrets_without_a_client_are_refused(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("nobody");
    let mut unit = store.begin().await?;
    // A store may say so at once or at the commit.
    let outcome = match unit.save_secrets(&id, &secrets(&[secret(1, at(1))])).await {
        Ok(()) => unit.commit().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(
        matches!(outcome, Err(StorageError::Refused(_))),
        "{outcome:?}"
    );
    assert!(read!(store, find_secrets(&id)).is_empty());
    Ok(())
}

/// What a token endpoint compares with; it changes with the commit.
pub async fn a_client_record_has_the_secrets(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    let saved = secrets(&[secret(1, at(1))]);
    commit!(
        store,
        save_client(&secret_client("a")),
        save_secrets(&id, &saved)
    );
    assert_eq!(secrets_of_record(&*store, "a").await?, saved);
    commit!(store, save_secrets(&id, &ClientSecrets::default()));
    assert!(secrets_of_record(&*store, "a").await?.is_empty());
    Ok(())
}

async fn secrets_of_record(store: &dyn Store, id: &str) -> Result<ClientSecrets, StorageError> {
    let record = store.find_client_record(&client_id(id)).await?;
    Ok(record.expect("the client was saved").secrets.clone())
}

/// Nothing is replaced before the commit.
pub async fn a_dropped_rotation_leaves_the_old_secret(factory: &impl StoreFactory) -> Outcome {
    let store = factory.open().await;
    let id = client_id("a");
    let saved = secrets(&[secret(1, at(1))]);
    commit!(
        store,
        save_client(&secret_client("a")),
        save_secrets(&id, &saved)
    );
    let mut unit = store.begin().await?;
    unit.save_secrets(&id, &secrets(&[secret(2, at(2))]))
        .await?;
    drop(unit);
    assert_eq!(read!(store, find_secrets(&id)), saved);
    Ok(())
}
