//! An organization certificate out of an `x5c` header: parsed before anyone is authenticated.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portvakt_jose::{Certificate, TrustStore};

static STORE: LazyLock<TrustStore> = LazyLock::new(|| {
    let store = TrustStore::builder().anchor(include_bytes!("../fixtures/anchor.der"));
    store.build().expect("the fixture is an authority")
});

fuzz_target!(|der: &[u8]| {
    let Ok(certificate) = Certificate::parse(der) else {
        return;
    };
    assert_eq!(certificate.der(), der);
    if let Ok(number) = certificate.organization_number() {
        assert!(number.len() == 9 && number.bytes().all(|byte| byte.is_ascii_digit()));
    }
    let _ = STORE.seal(&certificate);
    let _ = STORE.validate(&certificate, certificate.not_before());
});
