//! A `DPoP` proof, with a key that its sender has chosen, and the address that it names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portvakt_core::Timestamp;
use portvakt_core::login::dpop::{ProvenKey, ProvenRequest};
use portvakt_jose::DpopProof;

/// The time of the seeds, which are the examples of RFC 9449.
const NOW: i64 = 1_562_262_616;

fuzz_target!(|compact: &str| {
    if let Ok(proof) = DpopProof::parse(compact) {
        assert_eq!(proof.thumbprint().len(), 43);
        assert!((1..=255).contains(&proof.jwt_id().len()));
    }
    let request = ProvenRequest {
        method: "POST",
        uri: "https://server.example.com/token",
        access_token: None,
    };
    let Ok(key) = ProvenKey::of(compact, request, Timestamp::from_seconds(NOW)) else {
        return;
    };
    assert!(key.used.keep_until > Timestamp::from_seconds(NOW));
});
