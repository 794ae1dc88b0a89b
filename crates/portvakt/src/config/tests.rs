//! What is read, what is refused, and what is never shown.

use portvakt_core::cache::CacheSettings;
use serde_json::json;

use super::*;

pub(super) const SMALLEST: &str = r#"
database: {url: "sqlite:/var/lib/portvakt/portvakt.db"}
maskinporten: {issuer: "https://maskinporten.example.no/"}
selfservice: {base_urls: ["https://api.example.no/api/v1"]}
keys: {encryption_key_file: /etc/portvakt/encryption.key}
"#;

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(text, &variables.collect())
}

/// The keys at fault when this is added to a configuration in which nothing is wrong.
fn faults(variables: &[(&str, &str)]) -> Vec<String> {
    let config = read(SMALLEST, variables).unwrap();
    let faults = config.check();
    faults.keys().into_iter().map(str::to_owned).collect()
}

#[test]
fn four_keys_are_enough() {
    assert_eq!(faults(&[]), [""; 0]);
    let required = read("", &[]).unwrap().check();
    assert_eq!(
        required.keys(),
        [
            "database.url",
            "maskinporten.issuer",
            "selfservice.base_urls",
            "keys.encryption_key_file",
        ]
    );
}

#[test]
fn the_environment_takes_precedence_and_makes_sections() {
    let config = read(
        SMALLEST,
        &[
            ("PORTVAKT__MASKINPORTEN__MAX_SCOPES", "7"),
            ("PORTVAKT__MASKINPORTEN__LISTENER__LISTEN", "[::]:443"),
            ("PORTVAKT__OPERATOR__ORGNO", "\"889640782\""),
            ("PORTVAKT__OPERATOR__NAME", "Nav"),
            (
                "PORTVAKT__MASKINPORTEN__ALLOWED_EXTRA_CLAIMS",
                "[\"a\", \"b\"]",
            ),
            ("PORTVAKT_OUTPUT", "json"),
            ("PORTVAKT__DATABASE__URL", "postgres://portvakt@db/portvakt"),
        ],
    );
    let config = config.unwrap();
    assert_eq!(config.maskinporten.max_scopes, 7);
    assert_eq!(config.operator.orgno, "889640782");
    assert_eq!(config.operator.name, "Nav");
    let mut faults = Faults::default();
    let listener = &config.maskinporten.listener;
    let binding = listener.binding("maskinporten", &mut faults).unwrap();
    assert_eq!(binding.address.port(), 443);
    assert!(matches!(
        config.database.settings(&mut faults),
        Some(DatabaseLocation::Postgres {
            max_connections: 24,
            ..
        })
    ));
    assert_eq!(config.check(), Faults::default());
}

#[test]
fn the_size_of_the_cache_is_what_is_written() {
    let by_default = read(SMALLEST, &[]).unwrap().database.cache();
    assert_eq!(by_default, CacheSettings::default());
    let written = [("PORTVAKT__DATABASE__CACHE_BYTES", "1048576")];
    let written = read(SMALLEST, &written).unwrap().database.cache();
    assert_eq!(written.max_bytes, 1_048_576);
    assert_eq!(written.max_age, by_default.max_age);
}

#[test]
fn what_is_unknown_or_of_another_type_is_refused_with_its_key() {
    for (text, variables, expected) in [
        ("databse: {}", &[][..], "databse"),
        ("database: {uri: x}", &[], "database.uri"),
        (
            "maskinporten: {listener: {port: 1}}",
            &[],
            "maskinporten.listener.port",
        ),
        ("http: {max_connections: many}", &[], "http.max_connections"),
        ("http: {max_connections: -1}", &[], "http.max_connections"),
        ("keys: {algorithm: HS256}", &[], "keys.algorithm"),
        ("log: {format: xml}", &[], "log.format"),
        ("", &[("PORTVAKT__DATABASE__URI", "x")], "database.uri"),
        (
            "",
            &[("PORTVAKT__HTTP__MAX_CONNECTIONS", "many")],
            "http.max_connections",
        ),
        ("", &[("PORTVAKT__DATABASE", "x")], "PORTVAKT__DATABASE"),
        ("", &[("PORTVAKT__", "x")], "PORTVAKT__"),
        (
            "",
            &[("PORTVAKT__DATABASE__URL__X__Y", "x")],
            "database.url",
        ),
        (
            "database: {url: x}",
            &[("PORTVAKT__DATABASE__URL__X", "x")],
            "PORTVAKT__DATABASE__URL__X",
        ),
    ] {
        let error = read(text, variables).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{expected}: ")),
            "{expected}: {error}"
        );
    }
    for text in ["[]", "1", "a: b: c", "database: {url: a, url: b}"] {
        let error = read(text, &[]).unwrap_err();
        assert!(
            matches!(error, ConfigError::Malformed(_)),
            "{text}: {error}"
        );
    }
}

#[test]
fn values_that_cannot_be_meant_are_named() {
    for (variable, value, key) in [
        ("DATABASE__URL", "sqlite::memory:", "database.url"),
        ("DATABASE__URL", "mysql://db/x", "database.url"),
        (
            "DATABASE__MAX_CONNECTIONS",
            "13",
            "database.max_connections",
        ),
        (
            "MASKINPORTEN__ISSUER",
            "https://mp.example.no",
            "maskinporten.issuer",
        ),
        (
            "MASKINPORTEN__ISSUER",
            "http://mp.example.no/",
            "maskinporten.issuer",
        ),
        (
            "MASKINPORTEN__ISSUER",
            "http://localhost.evil.example/",
            "maskinporten.issuer",
        ),
        (
            "MASKINPORTEN__ISSUER",
            "https://u@mp.example.no/",
            "maskinporten.issuer",
        ),
        (
            "MASKINPORTEN__ISSUER",
            "https://mp.example.no/?a/",
            "maskinporten.issuer",
        ),
        (
            "MASKINPORTEN__SKYPORTEN_ISSUER",
            "https://sky.example.no/",
            "maskinporten.skyporten_issuer",
        ),
        (
            "MASKINPORTEN__SKYPORTEN_ISSUER",
            "https://maskinporten.example.no",
            "maskinporten.skyporten_issuer",
        ),
        (
            "MASKINPORTEN__EXPIRY_LEEWAY_SECONDS",
            "61",
            "maskinporten.expiry_leeway_seconds",
        ),
        (
            "MASKINPORTEN__GRANT_ALGORITHMS",
            "[]",
            "maskinporten.grant_algorithms",
        ),
        (
            "MASKINPORTEN__LISTENER__LISTEN",
            "localhost",
            "maskinporten.listener.listen",
        ),
        (
            "MASKINPORTEN__LISTENER__TLS_KEY_FILE",
            "k.pem",
            "maskinporten.listener.tls_certificate_file",
        ),
        (
            "SELFSERVICE__BASE_URLS",
            "[\"https://a.example/api/\"]",
            "selfservice.base_urls[0]",
        ),
        ("OPERATOR__ORGNO", "12345678x", "operator.orgno"),
        (
            "TRUST__REVOCATION_LIST_URLS",
            "[\"ldap://x\"]",
            "trust.revocation_list_urls[0]",
        ),
        (
            "KEYS__ENCRYPTION_KEY_VARIABLE",
            "KEK",
            "keys.encryption_key_file",
        ),
        ("KEYS__RSA_BITS", "1024", "keys.rsa_bits"),
        (
            "HTTP__REQUEST_TIMEOUT_SECONDS",
            "0",
            "http.request_timeout_seconds",
        ),
        (
            "AUDIT__CHECKPOINT_INTERVAL_SECONDS",
            "0",
            "audit.checkpoint_interval_seconds",
        ),
        ("LOG__FILTER", "a=b=c", "log.filter"),
    ] {
        assert_at_fault(variable, value, key);
    }
}

#[test]
fn traces_that_cannot_be_meant_are_named() {
    for (variable, value, key) in [
        ("TRACES__ENDPOINT", "collector:4318", "traces.endpoint"),
        (
            "TRACES__ENDPOINT",
            "https://u:p@c.example/",
            "traces.endpoint",
        ),
        (
            "TRACES__ENDPOINT",
            "https://c.example/?key=x",
            "traces.endpoint",
        ),
        ("TRACES__HEADERS_FILE", "headers", "traces.endpoint"),
        ("TRACES__SAMPLING_RATIO", "1.1", "traces.sampling_ratio"),
        ("TRACES__TIMEOUT_SECONDS", "0", "traces.timeout_seconds"),
        (
            "TRACES__MAX_WAITING_SPANS",
            "65537",
            "traces.max_waiting_spans",
        ),
    ] {
        assert_at_fault(variable, value, key);
    }
}

/// The key is among those at fault with this variable.
fn assert_at_fault(variable: &str, value: &str, key: &str) {
    let variable = format!("PORTVAKT__{variable}");
    let found = faults(&[(&variable, value)]);
    let is_found = found.iter().any(|found| found == key);
    assert!(is_found, "{variable}={value}: {found:?}");
}

#[test]
fn headers_for_a_collector_travel_encrypted_or_not_at_all() {
    for (endpoint, expected) in [
        ("https://collector.example/v1/traces", &[][..]),
        ("http://localhost:4318/v1/traces", &[]),
        ("http://[::1]:4318/v1/traces", &[]),
        ("http://10.0.0.7:4318/v1/traces", &["traces.headers_file"]),
        (
            "http://localhost.example/v1/traces",
            &["traces.headers_file"],
        ),
    ] {
        let found = faults(&[
            ("PORTVAKT__TRACES__ENDPOINT", endpoint),
            ("PORTVAKT__TRACES__HEADERS_FILE", "/etc/portvakt/headers"),
        ]);
        assert_eq!(found, expected, "{endpoint}");
    }
}

#[test]
fn a_password_is_never_shown() {
    for url in [
        "postgres://portvakt:hemmelig@db/portvakt",
        "postgresql://portvakt:hemmelig@[::1]:5432/portvakt?sslmode=require",
        "postgres://portvakt:hemmelig@db:port/portvakt",
    ] {
        let config = read(SMALLEST, &[("PORTVAKT__DATABASE__URL", url)]).unwrap();
        let texts = [
            config.shown().to_string(),
            format!("{config:?}"),
            config.check().to_string(),
        ];
        for text in texts {
            assert!(!text.contains("hemmelig"), "{text}");
        }
    }
    let plain = read(SMALLEST, &[]).unwrap().shown();
    assert_eq!(
        plain["database"]["url"],
        json!("sqlite:/var/lib/portvakt/portvakt.db")
    );
}

/// `PORTVAKT_BLESS=1` writes the page anew.
#[test]
fn the_reference_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let page = reference();
    if std::env::var_os("PORTVAKT_BLESS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == page, "run `make docs`");
}

#[test]
fn the_example_of_the_reference_is_right() {
    let page = reference();
    let example = page.split("```yaml").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    assert_eq!(read(example, &[]).unwrap().check(), Faults::default());
}
