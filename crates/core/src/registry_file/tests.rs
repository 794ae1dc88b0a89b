use std::fmt::Write;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::access::AccessState;
use crate::client::IntegrationType;

/// The example of `docs/registry-file.md`.
const EXAMPLE: &str = include_str!("../../../../docs/registry-file.example.yaml");

fn faults(text: &str) -> Vec<String> {
    let faults = RegistryFile::parse(text).expect_err("the file has faults");
    faults.iter().map(Fault::to_string).collect()
}

#[test]
fn reads_the_documented_example() {
    let file = RegistryFile::parse(EXAMPLE).unwrap();
    assert_eq!(file.organizations.len(), 3);
    let scope = &file.scopes[0].entry;
    assert_eq!(scope.name.as_str(), "nav:arbeid:some.scope.read");
    assert_eq!(scope.at_max_age, 120);
    assert_eq!(
        scope.allowed_integration_types,
        [IntegrationType::Maskinporten]
    );
    assert_eq!(scope.access[0].consumer_orgno.as_str(), "123456789");
    assert_eq!(
        file.clients[0].entry.client_id.as_ref().unwrap().as_str(),
        "eksempel-klient"
    );
    assert!(matches!(&file.clients[0].entry.jwks, KeysEntry::Set(set) if set.keys().len() == 1));
    assert_eq!(file.people[0].entry.name, "Test Testesen");
}

#[test]
fn reports_every_fault_with_its_place() {
    let text = r#"
organizations:
  - {orgno: "12345678", name: Short}
  - {orgno: 889640782, naem: Nav}
scopes:
  - name: "nav:a"
    description: A
    at_max_age: -1
    allowed_integration_types: [maskinporten, internal]
    access: ["123456789", "x"]
  - {name: "no colon", description: B}
  - {name: "nav:c"}
clients:
  - {client_name: C, client_orgno: "123456789", integration_type: maskinporten, refresh_token_usage: NEVER}
"#;
    assert_eq!(
        faults(text),
        [
            "line 3, column 13: organizations[0].orgno: an organization number is nine digits, or 0192: and nine digits",
            "line 4, column 13: organizations[1].orgno: must be a text: put it in quotes",
            "line 4, column 30: organizations[1].naem: naem is not known: did you mean name?",
            "line 8, column 17: scopes[0].at_max_age: must be a whole number of seconds, 0 or more",
            "line 9, column 47: scopes[0].allowed_integration_types[1]: integration types are maskinporten, idporten, api_klient, ansattporten, krr and eformidling",
            "line 10, column 27: scopes[0].access[1]: an organization number is nine digits, or 0192: and nine digits",
            "line 11, column 12: scopes[1].name: the character ' ' is not allowed in a scope",
            "line 12, column 5: scopes[2]: description is required",
            "line 14, column 102: clients[0].refresh_token_usage: unknown variant `NEVER`, expected `ONETIME` or `REUSE`",
        ]
    );
}

#[test]
fn places_carry_the_name_of_the_file() {
    let faults =
        RegistryFile::parse_named("nav.yaml", "people:\n  - {pid: \"1\", name: A}").unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "nav.yaml:2:5: people[0].pid: not a valid national identity number of eleven digits"
    );
}

#[test]
fn what_the_api_returns_can_be_pasted() {
    let file = RegistryFile::parse(
        r#"{"scopes":[{"prefix":"nav","subscope":"a/b.read","description":"A","description#en":"B",
            "authorization_max_age":5,"allowable_integration_types":["krr"],"created":"2024-05-21T15:05:45.862Z",
            "last_updated":"2026-01-19T09:40:37.258Z",
            "access":[{"scope":"nav:a/b.read","state":"DENIED","prefix":null,"consumer_orgno":"0192:123456789","owner_orgno":"889640782"}]}]}"#,
    )
    .unwrap();
    let scope = &file.scopes[0].entry;
    assert_eq!(scope.name.as_str(), "nav:a/b.read");
    assert_eq!(scope.translations["description#en"], "B");
    assert_eq!(scope.authorization_max_lifetime, 5);
    assert_eq!(scope.allowed_integration_types, [IntegrationType::Krr]);
    assert_eq!(scope.access[0].state, AccessState::Denied);
}

#[test]
fn json_with_tabs_and_escapes_is_read_too() {
    let text = "{\n\t\"people\":\t[{\"pid\":\"17869010057\",\"name\":\"\\ud83d\\ude00 \\/\"}]\n}";
    assert_eq!(
        RegistryFile::parse(text).unwrap().people[0].entry.name,
        "😀 /"
    );
}

#[test]
fn an_empty_file_declares_nothing() {
    for text in ["", "# nothing\n", "{}", "organizations:\n"] {
        assert!(RegistryFile::parse(text).unwrap().is_empty(), "{text:?}");
    }
    for text in ["[]", "a", "organizations: 5", "organization: []", "a: b: c"] {
        assert!(RegistryFile::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_repeated_member_is_a_fault() {
    let text = "people: []\npeople: []\n";
    assert!(
        faults(text)[0].starts_with("line 2, column 1: is not readable"),
        "{:?}",
        faults(text)
    );
    // Also in JSON, of which a list would else be lost without a word.
    let person = r#"[{"pid":"17869010057","name":"A"}]"#;
    for gap in [" ", "\n\t"] {
        let text = format!(r#"{{"people":{person},{gap}"people":[]}}"#);
        assert_eq!(faults(&text).len(), 1, "{text}");
        let text = format!(r#"{{"people":[{{"pid":"17869010057",{gap}"name":"A","name":"B"}}]}}"#);
        assert_eq!(faults(&text).len(), 1, "{text}");
    }
}

#[test]
fn bombs_are_refused_and_not_unfolded() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        let list = vec![below; 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{list}]").unwrap();
    }
    assert_eq!(faults(&bomb).len(), 1);
    assert_eq!(faults(&"[".repeat(100_000)).len(), 1);
    assert_eq!(faults(&format!("{{\"a\":{}", "[".repeat(100_000))).len(), 1);
    assert!(faults(&" ".repeat(MAX_FILE_BYTES + 1))[0].contains("split it"));
}

#[test]
fn secrets_and_people_are_not_repeated_in_faults() {
    let text = r#"
people:
  - {pid: "17869010ABC", name: A}
  - {pid: 17869010057, name: A}
clients:
  - client_name: A
    client_orgno: "123456789"
    integration_type: maskinporten
    jwks: {keys: [{kty: RSA, d: geheimnis, kid: k}]}
"#;
    for fault in faults(text) {
        assert!(
            !fault.contains("17869010") && !fault.contains("geheimnis"),
            "{fault}"
        );
    }
    let broken = "clients: [{jwks: {keys: [{d: geheimnis, k\n";
    assert!(
        !faults(broken).join("").contains("geheimnis"),
        "{:?}",
        faults(broken)
    );
}

#[test]
fn reserved_scopes_are_named_or_declared_whole() {
    assert!(RegistryFile::parse("scopes: [{name: openid, access: [\"123456789\"]}]").is_ok());
    assert_eq!(
        faults("scopes: [{name: openid, at_max_age: 5}]"),
        ["line 1, column 10: scopes[0]: to change a reserved scope, state its description too"]
    );
}

#[test]
fn a_key_file_is_a_set_or_one_public_key() {
    let text = "clients: [{client_name: A, client_orgno: \"123456789\", integration_type: krr, jwks_file: a.json}]";
    let key = portvakt_jose::SigningKey::generate(
        portvakt_jose::Algorithm::Es256,
        portvakt_jose::RsaBits::B2048,
    )
    .unwrap();
    let public = key.public_jwk("k1").to_json();
    for content in [public.clone(), json!({ "keys": [public] })] {
        let mut file = RegistryFile::parse_named("folder/nav.yaml", text).unwrap();
        file.load_keys(|name, path| {
            assert_eq!(
                (name.map(|name| &**name), path),
                (Some("folder/nav.yaml"), "a.json")
            );
            Ok(content.to_string())
        })
        .unwrap();
        assert!(
            matches!(&file.clients[0].entry.jwks, KeysEntry::Set(set) if set.keys().len() == 1)
        );
    }
    let mut file = RegistryFile::parse(text).unwrap();
    let private = key.to_private_jwk("k1").unwrap();
    let refused = file.load_keys(|_, _| Ok(private.to_string())).unwrap_err();
    assert!(
        refused[0]
            .to_string()
            .contains("jwks_file: key number 1 of the set is refused")
    );
    let refused = file
        .load_keys(|_, _| Err("no such file".to_owned()))
        .unwrap_err();
    assert!(
        refused[0]
            .to_string()
            .ends_with("clients[0].jwks_file: no such file")
    );
}

#[test]
fn a_wrong_check_digit_is_a_warning() {
    let file =
        RegistryFile::parse("organizations: [{orgno: \"123456789\"}, {orgno: \"889640782\"}]")
            .unwrap();
    let warnings: Vec<_> = file.warnings().iter().map(Fault::to_string).collect();
    assert_eq!(
        warnings,
        ["line 1, column 17: organizations[0].orgno: the check digit of 123456789 is wrong"]
    );
}

proptest! {
    #[test]
    fn no_text_makes_a_panic(text in "\\PC{0,200}") {
        let _ = RegistryFile::parse(&text);
    }

    #[test]
    fn no_registry_like_text_makes_a_panic(
        lines in prop::collection::vec(
            "(organizations:|scopes:|clients:|  - |    )?(\\{?(orgno|name|access|jwks|active|prefixes|client_id): ?)?([\\[{\"'&*!|>#-]|[a-z0-9:]{0,12}|\"[0-9]{9}\"){0,3}",
            0..12,
        )
    ) {
        let _ = RegistryFile::parse(&lines.join("\n"));
    }

    /// Names that look like something else in YAML come back as they were.
    #[test]
    fn what_is_written_is_read_back(
        name in "\\PC{1,40}|[0-9]{1,9}|(yes|no|null|~|true|on|1e3|0x1F|- a|a: b|# a|\\*a|&a|!a|%a|@a)| a |a\\nb",
        description in "(\\PC|\\n|\\t){1,60}",
        active in prop::option::of(any::<bool>()),
    ) {
        let organization = OrganizationEntry {
            orgno: "012345678".parse().unwrap(),
            name: Some(name),
            prefixes: vec![PrefixEntry { prefix: "007".parse().unwrap(), active: false }],
            active,
        };
        let scope = ScopeEntry {
            description: Some(description.clone()),
            translations: [("description#en".to_owned(), description)].into(),
            access: vec![
                AccessEntry { consumer_orgno: "012345678".parse().unwrap(), state: AccessState::Denied },
                AccessEntry { consumer_orgno: "123456789".parse().unwrap(), state: AccessState::Approved },
            ],
            ..ScopeEntry::named("nav:a#b: c".replace(' ', "").parse().unwrap())
        };
        let file = RegistryFile {
            organizations: vec![organization.clone().into()],
            scopes: vec![scope.clone().into()],
            ..RegistryFile::default()
        };
        let yaml = file.to_yaml().unwrap();
        let read = RegistryFile::parse(&yaml);
        prop_assert!(read.is_ok(), "{yaml}\n{read:?}");
        let read = read.unwrap();
        prop_assert_eq!(&read.organizations[0].entry, &organization, "{}", yaml);
        prop_assert_eq!(&read.scopes[0].entry, &scope, "{}", yaml);
        let json = serde_json::to_string(&file).unwrap();
        let read = RegistryFile::parse(&json).unwrap();
        prop_assert_eq!(&read.scopes[0].entry, &scope, "{}", json);
    }
}
