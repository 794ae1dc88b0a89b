//! What verification says of a log.

use std::collections::HashSet;

use portvakt_core::audit::{
    AuditCheckpoint, AuditFault, CheckpointError, Checkpoints, StoredEntry, verify,
};
use portvakt_core::signing::{KeyRing, SigningKeyState};
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use serde_json::{Value, json};

use crate::harness::{Log, at, signing_key};

#[tokio::test]
async fn an_entry_of_another_history_is_found() {
    let (one, other) = (Log::new().await, Log::new().await);
    one.add_organizations(&["A", "B", "C"]).await;
    other.add_organizations(&["A", "X", "C"]).await;
    let (one, other) = (one.stored().await, other.stored().await);
    assert_eq!(one[0], other[0]);
    let none = Checkpoints::none();
    // Entry 2 of the other history follows from entry 1; entry 3 does not follow from it.
    let spliced = [one[0].clone(), other[1].clone(), one[2].clone()];
    assert_eq!(
        verify(&spliced, &none),
        Err(AuditFault::Broken { sequence: 3 })
    );
    assert!(verify(&other, &none).is_ok(), "a chain alone cannot know");
    let checkpoint = |entry: &StoredEntry| AuditCheckpoint {
        link: entry.link,
        at: at(0),
        kid: String::new(),
    };
    let checkpoints: Checkpoints = [&one[2], &one[0], &one[1]]
        .map(checkpoint)
        .into_iter()
        .collect();
    assert_eq!(verify(&one, &checkpoints).unwrap().checkpoints, 3);
    assert_eq!(
        verify(&other, &checkpoints),
        Err(AuditFault::Rewritten { sequence: 2 })
    );
    let cut = AuditFault::CutOff {
        sequence: 2,
        checkpoint: 2,
    };
    assert_eq!(verify(&one[..1], &checkpoints), Err(cut.clone()));
    assert_eq!(
        cut.to_string(),
        "entry 2 is missing: the log was cut off after a checkpoint of entry 2"
    );
    let emptied = verify(&[], &checkpoints).unwrap_err();
    assert_eq!(emptied.sequence(), 1);
}

#[tokio::test]
async fn a_checkpoint_is_believed_only_as_it_was_signed() {
    let log = Log::new().await;
    log.add_organizations(&["A", "B"]).await;
    let link = log.stored().await[1].link;
    let record = signing_key(SigningKeyState::Active);
    let ring = KeyRing::from_records(std::slice::from_ref(&record)).unwrap();
    let compact = AuditCheckpoint::sign(link, ring.active(), ring.active_kid(), at(5))
        .await
        .unwrap();
    let kids = HashSet::from([record.kid.clone()]);

    let checkpoint = AuditCheckpoint::parse(&compact, &kids).unwrap();
    assert_eq!((checkpoint.link, checkpoint.at), (link, at(5)));
    assert_eq!(checkpoint.kid, record.kid);
    let lines = format!("{compact}\n\n{compact}\r\n");
    let checkpoints = Checkpoints::parse(&lines, &kids).unwrap();
    assert_eq!(
        verify(&log.stored().await, &checkpoints)
            .unwrap()
            .checkpoints,
        2
    );

    let unknown = AuditCheckpoint::parse(&compact, &HashSet::new());
    assert_eq!(
        unknown,
        Err(CheckpointError::UnknownKey(record.kid.clone()))
    );
    // The key in a forged line is the server's own, and the signature is not.
    let stranger = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
    let header = json!({ "alg": "ES256", "kid": record.kid, "typ": "portvakt-audit-checkpoint" });
    let payload = |sequence: u64| {
        json!({
            "sequence": sequence, "hash": link.hash_hex(), "at": "2026-03-02T09:15:00Z",
            "jwk": ring.active().public_jwk(&record.kid).to_json(),
        })
    };
    let forged = stranger.sign_compact(&header, &payload(1)).unwrap();
    let forged = AuditCheckpoint::parse(&forged, &kids);
    assert_eq!(forged, Err(CheckpointError::Signature));
    for (header, payload) in [
        (json!({ "alg": "ES256" }), payload(2)),
        (json!({ "alg": "ES256", "typ": "JWT" }), payload(2)),
        (header.clone(), json!({})),
        (header.clone(), Value::Null),
        (header.clone(), replaced(payload(2), "hash", "00")),
        (
            header.clone(),
            replaced(payload(2), "hash", &"+1".repeat(32)),
        ),
        (header.clone(), replaced(payload(2), "at", "then")),
    ] {
        let compact = ring.active().sign_compact(&header, &payload).await.unwrap();
        let refused = AuditCheckpoint::parse(&compact, &kids);
        assert_eq!(
            refused,
            Err(CheckpointError::Malformed),
            "{header} {payload}"
        );
    }
    for text in ["", "a.b.c", "{}", &"a".repeat(100_000)] {
        let refused = AuditCheckpoint::parse(text, &kids);
        assert_eq!(refused, Err(CheckpointError::Malformed));
    }
    let second = format!("{compact}\nnonsense\n");
    assert_eq!(Checkpoints::parse(&second, &kids).unwrap_err().0, 2);
}

fn replaced(mut payload: Value, member: &str, text: &str) -> Value {
    payload[member] = text.into();
    payload
}
