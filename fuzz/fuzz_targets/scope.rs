//! Scopes: in grants from anyone, and in the names that owners choose.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portvakt_core::scope::{Prefix, ScopeName, ScopeToken};

fuzz_target!(|text: &str| {
    let token = ScopeToken::parse(text);
    if let Ok(prefix) = Prefix::parse(text) {
        assert_eq!(prefix.as_str(), text);
        assert!(!text.contains(':'));
    }
    let Ok(name) = ScopeName::parse(text) else {
        return;
    };
    assert_eq!(token.as_ref(), Ok(name.token()), "every name is a token");
    assert_eq!(name.as_str(), text);
    let _ = name.access_level();
    if let Some(prefix) = name.prefix() {
        let prefix = Prefix::parse(prefix).expect("a name begins with a prefix");
        assert_eq!(ScopeName::join(&prefix, name.subscope()), Ok(name));
    }
});
