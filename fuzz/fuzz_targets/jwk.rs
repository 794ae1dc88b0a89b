//! Keys and key sets that somebody registers or that a peer publishes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portvakt_jose::{JwkSet, PublicJwk};

fuzz_target!(|json: &[u8]| {
    let Ok(value) = serde_json::from_slice(json) else {
        return;
    };
    let _ = JwkSet::parse(&value);
    let _ = JwkSet::parse_lenient(&value);
    let Ok(key) = PublicJwk::parse(&value) else {
        return;
    };
    let again = PublicJwk::parse(&key.to_json()).expect("a key reads what it wrote");
    assert_eq!(again.thumbprint(), key.thumbprint());
    assert_eq!(again.key_id(), key.key_id());
});
