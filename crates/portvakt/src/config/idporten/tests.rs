//! What the section makes of itself, and what it refuses.

use std::time::Duration;

use portvakt_core::login::Keeping;
use portvakt_core::login::acr::AcrAliases;
use portvakt_core::login::companion::{Api, CompanionSettings};
use portvakt_core::login::issuer::{Environment, Lifetimes};
use portvakt_core::person::AcceptedNumbers;

use super::super::tests::SMALLEST;
use super::*;

const TEST: &str =
    "idporten: {issuer: \"https://idporten.example.no\", environment: test, eids: [testid]}";

/// A whole configuration with this section and these keys below it.
fn read(section: &str, variables: &[(&str, &str)]) -> Config {
    let variables = variables
        .iter()
        .map(|(name, value)| (format!("PORTVAKT__IDPORTEN__{name}"), (*value).to_owned()));
    Config::read(&format!("{SMALLEST}{section}"), &variables.collect()).unwrap()
}

fn issuer(section: &str, variables: &[(&str, &str)]) -> LoginIssuer {
    let config = read(section, variables);
    assert_eq!(config.check(), Faults::default());
    let mut faults = Faults::default();
    config.idporten.login_issuer(&config, &mut faults).unwrap()
}

fn faults(variables: &[(&str, &str)]) -> Vec<String> {
    let faults = read(TEST, variables).check();
    faults.keys().into_iter().map(str::to_owned).collect()
}

#[test]
fn without_an_issuer_nobody_logs_in_and_nothing_is_missing() {
    let config = read("", &[]);
    assert!(!config.idporten.is_served());
    assert_eq!(config.check(), Faults::default());
    for (name, value) in [
        ("LOGIN_BASE_URL", "https://login.example.no"),
        ("EIDS", "[\"testid\"]"),
        ("COMPANION__KRR_BASE_URL", "https://krr.example.no"),
    ] {
        let faults = read("", &[(name, value)]).check();
        assert_eq!(faults.keys(), [ISSUER], "{name}");
    }
}

#[test]
fn what_is_not_written_is_the_documented_behavior() {
    let written = issuer(TEST, &[]);
    let documented = LoginIssuer::new("https://idporten.example.no", Environment::Test);
    assert_eq!(format!("{written:?}"), format!("{documented:?}"));
}

#[test]
fn every_key_is_heeded() {
    let written = issuer(
        TEST,
        &[
            ("LOGIN_BASE_URL", "https://login.example.no"),
            ("ACCEPTED_PERSON_NUMBERS", "real_and_synthetic"),
            ("CLIENT_ALGORITHMS", "[\"ES256\"]"),
            ("ACR_ALIASES", "legacy_and_proxy"),
            ("REQUEST_OBJECTS", "false"),
            ("REQUIRE_STATE_AND_NONCE", "true"),
            ("STRICT_CLIENT_ID_PARAMETER", "true"),
            ("EXTRA_CLIENT_ASSERTION_AUDIENCES", "[\"urn:a\"]"),
            ("AUD_WHEN_UNRESTRICTED", "omit"),
            ("LEGACY_CLIENT_ORGNO", "true"),
            ("ACCESS_TOKEN_TYPE_HEADER", "true"),
            ("DPOP", "false"),
            ("EIDAS_CLAIMS__OF_2024", "false"),
            ("EIDAS_CLAIMS__OF_2026", "true"),
            ("EIDAS_CLAIMS__LEGACY", "true"),
            ("INTROSPECTION_OWNER_FALLBACK", "true"),
            ("LOGOUT_CONFIRM_WITHOUT_HINT", "true"),
            ("ONE_CLIENT_AMR_FOR_CERTIFICATES", "true"),
        ],
    );
    assert_eq!(written.login_url("login"), "https://login.example.no/login");
    assert_eq!(written.url("token"), "https://idporten.example.no/token");
    assert_eq!(written.accepted_numbers, AcceptedNumbers::RealAndSynthetic);
    assert_eq!(
        written.client_algorithms,
        [Algorithm::Es256].into_iter().collect()
    );
    assert_eq!(written.acr_aliases, AcrAliases::LegacyAndProxy);
    assert!(written.accepts_assertion_audience("urn:a"));
    assert!(!written.request_objects);
    let switches = [
        written.require_state_and_nonce,
        written.strict_client_id_parameter,
        written.legacy_client_orgno,
        written.access_token_type_header,
        !written.dpop,
        !written.eidas_claims.of_2024,
        written.eidas_claims.of_2026,
        written.eidas_claims.legacy,
        written.introspection_owner_fallback,
        written.logout_confirm_without_hint,
        written.one_client_amr_for_certificates,
    ];
    assert_eq!(switches, [true; 11]);
    assert_eq!(
        format!("{:?}", written.aud_when_unrestricted),
        "Omit".to_owned()
    );
}

#[test]
fn every_lifetime_is_heeded() {
    let seconds = Duration::from_secs;
    let written = issuer(
        TEST,
        &[
            ("LIFETIMES__SESSION_IDLE_SECONDS", "1"),
            ("LIFETIMES__SESSION_SECONDS", "2"),
            ("LIFETIMES__LOGIN_SECONDS", "3"),
            ("LIFETIMES__PUSHED_REQUEST_SECONDS", "4"),
            ("LIFETIMES__CODE_SECONDS", "5"),
            ("LIFETIMES__ID_TOKEN_SECONDS", "6"),
            ("LIFETIMES__LOGIN_ACCESS_TOKEN_SECONDS", "7"),
            ("LIFETIMES__API_ACCESS_TOKEN_SECONDS", "8"),
            ("LIFETIMES__MAX_ACCESS_TOKEN_SECONDS", "9"),
            ("LIFETIMES__AUTHORIZATION_SECONDS", "10"),
            ("LIFETIMES__MAX_AUTHORIZATION_SECONDS", "11"),
            ("LIFETIMES__REFRESH_TOKEN_SECONDS", "12"),
            ("LIFETIMES__REFRESH_REUSE_GRACE_SECONDS", "13"),
        ],
    );
    let expected = Lifetimes {
        session_idle: seconds(1),
        session: seconds(2),
        transaction: seconds(3),
        pushed_request: seconds(4),
        code: seconds(5),
        id_token: seconds(6),
        login_access_token: seconds(7),
        api_access_token: seconds(8),
        max_access_token: seconds(9),
        authorization: seconds(10),
        max_authorization: seconds(11),
        refresh_token: seconds(12),
        refresh_reuse_grace: seconds(13),
    };
    assert_eq!(written.lifetimes, expected);
}

#[test]
fn every_key_of_the_companion_apis_is_heeded() {
    const ISSUER: &str = "https://idporten.example.no";
    let settings = |variables: &[(&str, &str)]| {
        let config = read(TEST, variables);
        assert_eq!(config.check(), Faults::default());
        let mut faults = Faults::default();
        let keeping = config.idporten.companion.keeping(&mut faults);
        let settings = config.idporten.companion.settings(ISSUER, &mut faults);
        (settings, keeping)
    };
    let unwritten = (CompanionSettings::at(ISSUER), Keeping::default());
    assert_eq!(settings(&[]), unwritten);
    let (written, keeping) = settings(&[
        ("COMPANION__API_BASE_URL", "https://api.example.no/idporten"),
        ("COMPANION__KRR_BASE_URL", "https://krr.example.no"),
        ("COMPANION__KRR_FILTER_EXPIRED", "true"),
        ("COMPANION__HISTORY_DAYS", "90"),
    ]);
    assert_eq!(written.api_base_url, "https://api.example.no/idporten");
    assert_eq!(written.krr_base_url, "https://krr.example.no");
    assert!(written.filter_expired_contacts);
    assert_eq!(keeping.history, Duration::from_hours(90 * 24));
    for (name, api) in [
        ("AUTHORIZATIONS_API", Api::Authorizations),
        ("HISTORY_API", Api::History),
        ("AUTHLEVEL_API", Api::AuthenticationLevel),
        ("REVOKE_LIST", Api::RevokeList),
        ("KRR_API", Api::Contacts),
    ] {
        let (written, _) = settings(&[(&format!("COMPANION__{name}"), "false")]);
        let mut others = written.served;
        assert!(others.insert(api), "{name}");
        assert_eq!(others, Api::ALL.into(), "{name}");
    }
}

/// Threat: anybody is anybody where real people log in.
#[test]
fn test_logins_are_refused_in_production() {
    assert_eq!(
        faults(&[
            ("ENVIRONMENT", "production"),
            ("EIDS", "[\"testid\", \"eidas\", \"email\"]"),
        ]),
        ["idporten.eids[0]", "idporten.eids[1]", "idporten.eids[2]"]
    );
}

#[test]
fn values_that_cannot_be_meant_are_named() {
    for (name, value, key) in [
        ("ISSUER", "https://idporten.example.no/", ISSUER),
        ("ISSUER", "http://idporten.example.no", ISSUER),
        ("ISSUER", "https://u@idporten.example.no", ISSUER),
        ("ISSUER", "https://idporten.example.no?a", ISSUER),
        ("ISSUER", "idporten.example.no", ISSUER),
        ("ISSUER", "https://maskinporten.example.no", ISSUER),
        ("ISSUER", "https://example.no/idporten", LOGIN_BASE_URL),
        (
            "LOGIN_BASE_URL",
            "https://login.example.no/",
            LOGIN_BASE_URL,
        ),
        (
            "LOGIN_BASE_URL",
            "https://login.example.no/a",
            LOGIN_BASE_URL,
        ),
        ("LOGIN_BASE_URL", "http://login.example.no", LOGIN_BASE_URL),
        ("EIDS", "[]", EIDS),
        ("EIDS", "[\"testid\", \"testid\"]", "idporten.eids[1]"),
        ("ACCEPTED_PERSON_NUMBERS", "real", ACCEPTED_NUMBERS),
        ("CLIENT_ALGORITHMS", "[]", "idporten.client_algorithms"),
        ("SITE__NAME", " ", "idporten.site.name"),
        ("BOUNDS__LOGINS", "0", "idporten.bounds.logins"),
        ("EIDAS_COUNTRIES", r#"["GR"]"#, "idporten.eidas_countries"),
        (
            "BACKCHANNEL_LOGOUT_NETWORKS",
            r#"["intern"]"#,
            "idporten.backchannel_logout_networks",
        ),
        (
            "SITE__HELP_URL",
            "javascript:alert(1)",
            "idporten.site.help_url",
        ),
        ("LISTENER__LISTEN", "localhost", "idporten.listener.listen"),
        (
            "LIFETIMES__CODE_SECONDS",
            "601",
            "idporten.lifetimes.code_seconds",
        ),
        (
            "LIFETIMES__CODE_SECONDS",
            "0",
            "idporten.lifetimes.code_seconds",
        ),
        (
            "LIFETIMES__SESSION_IDLE_SECONDS",
            "7201",
            "idporten.lifetimes.session_idle_seconds",
        ),
        (
            "LIFETIMES__AUTHORIZATION_SECONDS",
            "0",
            "idporten.lifetimes.authorization_seconds",
        ),
        (
            "LIFETIMES__REFRESH_REUSE_GRACE_SECONDS",
            "61",
            "idporten.lifetimes.refresh_reuse_grace_seconds",
        ),
        (
            "COMPANION__API_BASE_URL",
            "https://api.example.no/",
            "idporten.companion.api_base_url",
        ),
        (
            "COMPANION__KRR_BASE_URL",
            "http://krr.example.no",
            "idporten.companion.krr_base_url",
        ),
        (
            "COMPANION__HISTORY_DAYS",
            "0",
            "idporten.companion.history_days",
        ),
        (
            "COMPANION__HISTORY_DAYS",
            "3661",
            "idporten.companion.history_days",
        ),
        // Its keys would rotate faster than relying parties look.
        ("CACHE_SECONDS", "172800", "keys.publish_before_use_days"),
    ] {
        let found = faults(&[(name, value)]);
        assert!(
            found.iter().any(|found| found == key),
            "{name}={value}: {found:?}"
        );
    }
    let plain = [("ISSUER", "http://localhost:7701")];
    assert_eq!(faults(&plain), [""; 0], "this machine needs no TLS");
}

#[test]
fn what_is_unknown_is_refused_with_its_key() {
    for (text, key) in [
        ("idporten: {isuer: x}", "idporten.isuer"),
        (
            "idporten: {companion: {krr: false}}",
            "idporten.companion.krr",
        ),
        ("idporten: {eids: [bankid]}", "idporten.eids[0]"),
        (
            "idporten: {lifetimes: {code: 1}}",
            "idporten.lifetimes.code",
        ),
        ("idporten: {site: {nmae: x}}", "idporten.site.nmae"),
        ("idporten: {environment: prod}", "idporten.environment"),
    ] {
        let error = Config::read(text, &crate::config::Environment::default()).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with(&format!("{key}: ")), "{error}");
    }
}

/// Threat: what everybody is known by lies in the open.
#[test]
fn beside_a_module_there_is_an_encryption_key_for_logins() {
    let module = "keys: {module: {library: a.so, token: t, pin_file: pin}}\n";
    let with = |section: &str, key: bool| {
        let text = SMALLEST.lines().filter(|line| !line.starts_with("keys:"));
        let text = format!("{}\n{module}{section}", text.collect::<Vec<_>>().join("\n"));
        let name = "PORTVAKT__KEYS__ENCRYPTION_KEY_FILE".to_owned();
        let variables = key.then(|| (name, "/etc/portvakt/encryption.key".to_owned()));
        let config = Config::read(&text, &variables.into_iter().collect()).unwrap();
        let faults = config.check();
        faults
            .keys()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(with("", false), [""; 0]);
    assert_eq!(with("", true), ["keys.module.library"]);
    assert_eq!(with(TEST, false), ["keys.encryption_key_file"]);
    assert_eq!(with(TEST, true), [""; 0]);
}

#[test]
fn networks_of_clients_servers_are_addresses_or_networks() {
    let networks = |texts: &[&str]| {
        let section = Section {
            backchannel_logout_networks: texts.iter().map(|text| (*text).to_owned()).collect(),
            ..Section::default()
        };
        Faults::settle(|faults| section.logout_networks(faults)).map(|networks| networks.len())
    };
    assert_eq!(networks(&[]).unwrap(), 0);
    assert_eq!(networks(&["10.0.0.0/8", "fd00::1"]).unwrap(), 2);
    let refused = networks(&["intern"]).unwrap_err().to_string();
    assert!(
        refused.contains("idporten.backchannel_logout_networks"),
        "{refused}"
    );
}
