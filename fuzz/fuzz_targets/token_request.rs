//! The form of a token request: bytes from anyone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portvakt_oauth_types::TokenRequest;

fuzz_target!(|body: &[u8]| {
    let Ok(request) = TokenRequest::parse(body) else {
        return;
    };
    let written = request.to_body();
    let read_again = TokenRequest::parse(written.as_bytes());
    assert_eq!(
        read_again.as_ref(),
        Ok(&request),
        "a request is written as it was read"
    );
});
