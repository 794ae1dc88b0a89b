//! The values of login requests, of the cookies beside them, and of the form of the test login.
#![no_main]

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use portvakt_core::client::ApplicationType;
use portvakt_core::login::acr::{AcceptableSet, AcrAliases};
use portvakt_core::login::pkce::{CodeChallenge, CodeVerifier};
use portvakt_core::login::redirect_uri::is_registered;
use portvakt_core::login::request::{Prompt, ResponseMode};
use portvakt_core::login::{Acr, Handle, Locale};
use portvakt_core::person::{AcceptedNumbers, Pid};
use portvakt_http::find_cookie;

/// Registered, and asked for with whatever the fuzzer makes of it.
const REGISTERED: [&str; 3] = [
    "https://a.example.no/cb",
    "http://127.0.0.1:0/cb",
    "http://[::1]:*/cb?a=b",
];

fuzz_target!(|text: &str| {
    if let Ok(set) = AcceptableSet::parse(text, AcrAliases::default()) {
        assert!(set.accepts_any(Acr::ALL.into_iter()), "nobody could log in");
        for (lower, higher) in Acr::ALL.iter().flat_map(|a| Acr::ALL.map(|b| (*a, b))) {
            let enough = !higher.satisfies(lower) || !set.accepts(lower);
            assert!(enough || set.accepts(higher), "more is enough, too");
        }
    }
    let locale = Locale::choose(Some(text), Some(text));
    assert!(
        Locale::preferred(text)
            .is_none_or(|preferred| preferred == locale || text == locale.as_str())
    );
    let _ = (Prompt::parse(Some(text)), ResponseMode::parse(text));
    if let (Some(challenge), Some(verifier)) =
        (CodeChallenge::parse(text), CodeVerifier::parse(text))
    {
        assert!(!challenge.matches(&verifier), "a hash of itself");
    }
    if let Ok(handle) = Handle::parse(text) {
        assert_eq!(handle.expose(), text);
    }
    let registered = REGISTERED.map(str::to_owned);
    for application_type in [ApplicationType::Web, ApplicationType::Native] {
        if is_registered(text, &registered, application_type)
            && !registered.iter().any(|uri| uri == text)
        {
            assert_eq!(application_type, ApplicationType::Native);
            assert!(text.starts_with("http://127.0.0.1:") || text.starts_with("http://[::1]:"));
        }
    }
    for accepted in [AcceptedNumbers::SyntheticOnly, AcceptedNumbers::RealOnly] {
        let digits: String = text.split_whitespace().collect();
        if let Ok(pid) = Pid::accept(&digits, accepted) {
            assert_eq!(pid.expose(), digits);
        }
    }
    let Ok(value) = HeaderValue::from_str(text) else {
        return;
    };
    let once = HeaderMap::from_iter([(COOKIE, value.clone())]);
    let found = find_cookie(&once, "session");
    assert!(found.is_none_or(|found| text.contains(found)));
    let mut twice = once.clone();
    twice.append(COOKIE, value);
    assert!(found.is_none() || find_cookie(&twice, "session").is_none());
});
