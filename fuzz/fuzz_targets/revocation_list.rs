//! A certificate revocation list: fetched over plain HTTP, and read before its signature is checked.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portvakt_jose::{Certificate, RevocationPolicy, TrustStore};

static STORE: LazyLock<TrustStore> = LazyLock::new(|| {
    let store = TrustStore::builder()
        .anchor(include_bytes!("../fixtures/anchor.der"))
        .revocation_policy(RevocationPolicy::HardFail);
    store.build().expect("the fixture is an authority")
});
static LEAF: LazyLock<Certificate> = LazyLock::new(|| {
    Certificate::parse(include_bytes!("../fixtures/leaf.der")).expect("the fixture is a leaf")
});

fuzz_target!(|der: &[u8]| {
    let Ok(store) = STORE.with_revocation_lists(vec![der.to_vec()]) else {
        return;
    };
    let _ = store.validate(&LEAF, LEAF.not_before());
});
