//! A grant in compact serialization, and the JSON inside it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portvakt_jose::{Jws, parse_json_object};

fuzz_target!(|compact: &str| {
    let Ok(jws) = Jws::parse(compact) else { return };
    assert!(
        compact.starts_with(jws.signing_input()),
        "what is signed is what was sent"
    );
    let _ = jws.header();
    let _ = parse_json_object(jws.payload());
});
