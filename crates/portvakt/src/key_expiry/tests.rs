use portvakt_core::MockClock;
use portvakt_core::client::{Client, ClientId, KeySet};
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use portvakt_store_sqlite::SqliteStore;
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;
const DAY_SECONDS: i64 = 24 * 60 * 60;

async fn save(store: &SqliteStore, id: &str, days: &[i64]) {
    let now = Timestamp::from_seconds(NOW);
    let id: ClientId = id.parse().unwrap();
    let organization = "312773023".parse().unwrap();
    let client = Client {
        token_endpoint_auth_signing_alg: Some(Algorithm::Es256),
        ..Client::machine(id, "K", organization, Vec::new(), now)
    };
    let key = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
    let keys = days.iter().map(|days| {
        let mut key = key.public_jwk(&format!("ends{days}")).to_json();
        key["exp"] = json!(NOW + days * DAY_SECONDS);
        key
    });
    let set = json!({ "keys": keys.collect::<Vec<_>>() });
    let set = KeySet::parse(&set, &client, now).unwrap();
    let mut unit = store.begin().await.unwrap();
    unit.save_client(&client).await.unwrap();
    unit.replace_keys(&client.client_id, Some(&set), now)
        .await
        .unwrap();
    unit.commit().await.unwrap();
}

#[tokio::test]
async fn every_key_counts_once_at_its_nearest_warning() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("test.db")).await;
    let store = Arc::new(store.unwrap());
    save(&store, "good", &[61, 60, 31, 30, 8]).await;
    save(&store, "near", &[7, 2, 1, 0, -40]).await;
    save(&store, "lost", &[-1, -31]).await;
    let figures = KeyEndFigures::default();
    assert_eq!(figures.counted(), None);
    let watch = KeyExpiryWatch {
        store: store.clone(),
        clock: Arc::new(MockClock::new(Timestamp::from_seconds(NOW))),
        figures: figures.clone(),
    };
    let now = watch.clock.now();
    watch.look(now, true).await.unwrap();
    let counted = KeyEnds {
        expired: 4,
        within: [2, 2, 2, 1],
        clients_without_usable_key: 1,
    };
    assert_eq!(figures.counted(), Some(counted));
    let mut unit = store.read().await.unwrap();
    let named = named(unit.as_mut(), now).await.unwrap();
    let named: Vec<_> = named.iter().map(|key| key.kid.as_str()).collect();
    let expected = [
        "ends-1", "ends0", "ends1", "ends2", "ends7", "ends8", "ends30", "ends31", "ends60",
    ];
    assert_eq!(
        named, expected,
        "what ended more than thirty days ago is only counted"
    );
}
