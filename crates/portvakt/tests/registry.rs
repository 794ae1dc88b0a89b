//! Operator acts, by the built binary as a process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const EXAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/registry-file.example.yaml"
);

/// A folder of its own, with a registry after the first act that makes one.
struct Portvakt {
    folder: tempfile::TempDir,
}

impl Portvakt {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// With an owner, its prefix and its scope, and a consumer with access.
    fn with_scope() -> Self {
        let portvakt = Self::new();
        for line in [
            "org add 310420107 --name Fjordetaten",
            "prefix assign fjord --org 310420107",
            "scope add fjord:a --description Anløp --at-max-age 300 --allowed-integration-type maskinporten",
            "access grant fjord:a 312773023",
        ] {
            portvakt.done(line);
        }
        portvakt
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn run(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_portvakt"))
            .args(line.split(' '))
            .arg("--data-dir")
            .arg(self.data_dir())
            .env_remove("PORTVAKT_OUTPUT")
            .output()
            .unwrap()
    }

    /// What a successful command prints.
    fn done(&self, line: &str) -> String {
        let output = self.run(line);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{line}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.done(&format!("{line} --output json"))).unwrap()
    }

    /// What a refused command says, with exit code 1.
    fn refused(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(output.stdout.is_empty(), "{line}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn an_organization_lives_through_all_its_acts() {
    let portvakt = Portvakt::new();
    assert!(portvakt.refused("org list").contains("holds no registry"));
    let said = portvakt.done("org add 310420107 --name Fjordetaten");
    assert_eq!(said.trim(), "organization 310420107 created");
    assert!(
        portvakt
            .refused("org add 0192:310420107 --name F")
            .contains("exists already")
    );
    assert_eq!(portvakt.json("org show 310420107")["name"], "Fjordetaten");
    portvakt.done("org rename 310420107 --name Fjord");
    portvakt.done("org deactivate 310420107");
    assert!(!portvakt.done("org list").contains("310420107"));
    assert!(portvakt.done("org list --inactive").contains("Fjord"));
    portvakt.done("org reactivate 310420107");
    assert_eq!(portvakt.json("org show 310420107")["active"], true);
}

#[test]
fn a_refused_first_act_leaves_a_registry_with_what_every_registry_has() {
    let portvakt = Portvakt::new();
    let file = portvakt.file("a.yaml", "scopes: [{name: \"fjord:a\", description: A}]");
    assert!(
        portvakt
            .refused(&format!("registry apply {file}"))
            .contains("fjord is not assigned")
    );
    assert_eq!(
        portvakt.json("scope show idporten:dcr.write")["operator_only"],
        true
    );
    assert_eq!(portvakt.json("prefix list").as_array().unwrap().len(), 4);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let portvakt = Portvakt::new();
    for line in [
        "org add 123 --name A",
        "scope add nocolon",
        "org",
        "client add",
        "registry apply",
    ] {
        assert_eq!(portvakt.run(line).status.code(), Some(2), "{line}");
    }
}

#[test]
fn a_scope_is_made_changed_and_switched_off() {
    let portvakt = Portvakt::with_scope();
    let scope = portvakt.json("scope show fjord:a");
    assert_eq!(
        (&scope["at_max_age"], &scope["owner_orgno"]),
        (&300.into(), &"310420107".into())
    );
    portvakt.done("scope update fjord:a --accessible-for-all --visibility private");
    let scope = portvakt.json("scope show fjord:a");
    assert_eq!(
        (&scope["accessible_for_all"], &scope["visibility"]),
        (&true.into(), &"PRIVATE".into())
    );
    assert_eq!(scope["description"], "Anløp");
    portvakt.done("scope update fjord:a --accessible-for-all false");
    assert_eq!(
        portvakt.json("scope show fjord:a")["accessible_for_all"],
        false
    );
    portvakt.done("scope deactivate fjord:a");
    assert!(
        !portvakt
            .done("scope list --owner 310420107")
            .contains("fjord:a")
    );
    portvakt.done("scope reactivate fjord:a");
    assert!(
        portvakt
            .refused("scope add fjord:a --description B")
            .contains("exists already")
    );
    assert!(
        portvakt
            .refused("scope add havn:a --description B")
            .contains("assign it first")
    );
    portvakt.done("prefix withdraw fjord");
    assert!(
        portvakt
            .refused("scope add fjord:b --description B")
            .contains("assign it first")
    );
}

#[test]
fn access_is_granted_and_withdrawn() {
    let portvakt = Portvakt::with_scope();
    assert_eq!(
        portvakt.json("access list --scope fjord:a")[0]["state"],
        "APPROVED"
    );
    let again = portvakt.done("access grant fjord:a 312773023");
    assert!(again.contains("is so already"), "{again}");
    portvakt.done("access withdraw fjord:a 312773023");
    assert_eq!(
        portvakt.json("access list --scope fjord:a"),
        serde_json::json!([])
    );
    assert_eq!(
        portvakt.json("access list --consumer 312773023 --inactive")[0]["state"],
        "DENIED"
    );
    assert!(
        portvakt
            .refused("access withdraw fjord:a 313994031")
            .contains("does not exist")
    );
    assert!(
        portvakt
            .refused("access grant fjord:none 313994031")
            .contains("does not exist")
    );
}

#[test]
fn a_client_gets_a_private_key_in_a_file_of_its_owner_alone() {
    let portvakt = Portvakt::with_scope();
    portvakt.done(
        "client add --org 312773023 --name Havbris --scope fjord:a --id havbris --generate-key",
    );
    let path = portvakt.data_dir().join("keys/havbris.jwk.json");
    let private: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(private["d"].is_string());
    assert_owner_alone(&path);
    let keys = portvakt.json("key list havbris");
    assert_eq!(keys[0]["kid"], private["kid"]);
    assert!(keys[0].get("d").is_none());

    // A second key does not bury the first one, which is registered still.
    portvakt.done("key add havbris --generate --kid second");
    let kept = format!("keys/havbris.{}.jwk.json", private["kid"].as_str().unwrap());
    let kept: Value =
        serde_json::from_str(&std::fs::read_to_string(portvakt.data_dir().join(kept)).unwrap())
            .unwrap();
    assert_eq!(kept, private);
    assert_eq!(
        portvakt.json("key list havbris").as_array().unwrap().len(),
        2
    );
    let said = portvakt.done("key deactivate havbris second");
    assert!(!said.contains("it was the last"), "{said}");
    assert_eq!(
        portvakt.json("key list havbris").as_array().unwrap().len(),
        1
    );
    assert_eq!(portvakt.json("key show havbris second")["active"], false);
    assert!(
        portvakt
            .refused("key remove havbris second")
            .contains("does not exist")
    );
    // One thumbprint in 64 begins with a hyphen.
    portvakt.done("key add havbris --generate --kid -third");
    assert_eq!(portvakt.json("key show havbris -third")["active"], true);
    portvakt.done("key deactivate havbris -third");
    // Whoever removes a client's last key is told what that means.
    let last = private["kid"].as_str().unwrap();
    let said = portvakt.done(&format!("key remove havbris {last}"));
    assert!(said.contains("it was the last"), "{said}");
}

#[cfg(unix)]
fn assert_owner_alone(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[cfg(not(unix))]
fn assert_owner_alone(_: &Path) {}

#[test]
fn a_refused_client_leaves_nothing_behind() {
    let portvakt = Portvakt::with_scope();
    let said = portvakt
        .refused("client add --org 313994031 --name T --scope fjord:a --id tind --generate-key");
    assert!(said.contains("its owner must grant access"), "{said}");
    assert!(!portvakt.data_dir().join("keys/tind.jwk.json").exists());
    assert!(
        portvakt
            .refused("client show tind")
            .contains("client tind does not exist")
    );
    assert!(!portvakt.done("org list").contains("313994031"));
}

#[test]
fn scopes_of_a_client_are_added_and_removed() {
    let portvakt = Portvakt::with_scope();
    portvakt.done("client add --org 312773023 --name Havbris --scope fjord:a --id havbris");
    portvakt.done("client add-scope havbris idporten:dcr.read");
    let client = portvakt.json("client show havbris");
    assert_eq!(
        client["scopes"],
        serde_json::json!(["fjord:a", "idporten:dcr.read"])
    );
    assert_eq!(
        (&client["access_token_lifetime"], &client["active"]),
        (&120.into(), &true.into())
    );
    assert_eq!(
        portvakt.json("access list --scope idporten:dcr.read")[0]["consumer_orgno"],
        "312773023"
    );
    portvakt.done("client remove-scope havbris fjord:a");
    assert!(
        portvakt
            .refused("client remove-scope havbris idporten:dcr.read")
            .contains("deactivate")
    );
    portvakt.done("client deactivate havbris");
    assert_eq!(portvakt.json("client list"), serde_json::json!([]));
    portvakt.done("client reactivate havbris");
    assert_eq!(
        portvakt.json("client list --org 312773023")[0]["client_id"],
        "havbris"
    );
}

#[test]
fn keys_come_from_files_and_private_ones_stay_out() {
    let portvakt = Portvakt::with_scope();
    portvakt
        .done("client add --org 312773023 --name Havbris --scope fjord:a --id a --generate-key");
    portvakt.done("client add --org 312773023 --name Havbris --scope fjord:a --id b");
    let private = portvakt.data_dir().join("keys/a.jwk.json");
    let added = portvakt.json(&format!("key add b --jwk {} --kid k1", private.display()));
    assert_eq!(added["keys"][0]["kid"], "k1");
    assert!(added["keys"][0].get("d").is_none());
    let set = portvakt.file("set.json", &added.to_string());
    portvakt.done(&format!("key replace a --jwks {set}"));
    assert_eq!(portvakt.json("key list a")[0]["kid"], "k1");
    // A set is for registering as it is: a private key in it is refused and not repeated.
    let text = std::fs::read_to_string(&private).unwrap();
    let set = portvakt.file("private.json", &format!("{{\"keys\":[{text}]}}"));
    let said = portvakt.refused(&format!("key replace a --jwks {set}"));
    assert!(said.contains("private members"), "{said}");
    let secret: Value = serde_json::from_str(&text).unwrap();
    assert!(!said.contains(secret["d"].as_str().unwrap()));
    assert!(
        portvakt
            .refused("key add a --pem /nowhere.pem")
            .contains("read /nowhere.pem")
    );
}

#[test]
fn a_secret_is_printed_once_by_whatever_makes_it() {
    let portvakt = Portvakt::with_scope();
    let add = "client add --id innlogging --org 312773023 --name Innlogging --scope openid \
               --integration-type idporten --redirect-uri https://havbris.example/inn"
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let made = portvakt.json(&add);
    let first = made["client_secret"].as_str().unwrap().to_owned();
    assert_eq!(first.len(), 43);
    assert!(made["client_secret_expires_at"].is_i64());
    let printed = portvakt.done("client secret innlogging --overlap 60");
    let second = printed.trim().to_owned();
    assert_eq!((second.len(), printed.lines().count()), (43, 1));
    let third = portvakt.json("client secret innlogging");
    let members: Vec<_> = third.as_object().unwrap().keys().collect();
    let expected = ["client_id", "client_secret", "client_secret_expires_at"];
    assert_eq!(members, expected);
    let third = third["client_secret"].as_str().unwrap().to_owned();
    assert!(first != second && second != third);

    let shown = portvakt.json("client show innlogging");
    assert_eq!(shown["client_secrets"].as_array().unwrap().len(), 1);
    assert_eq!(shown.get("client_secret"), None);
    let file = portvakt.file("out.yaml", "");
    std::fs::remove_file(&file).unwrap();
    portvakt.done(&format!("registry export {file}"));
    let mut everything = std::fs::read_to_string(&file).unwrap();
    for line in [
        "client show innlogging",
        "client list",
        "audit show",
        "audit export",
    ] {
        everything += &portvakt.done(line);
    }
    let database = std::fs::read(portvakt.data_dir().join("portvakt.db")).unwrap();
    everything += &String::from_utf8_lossy(&database);
    for secret in [first, second, third] {
        assert!(!everything.contains(&secret));
    }
    assert!(everything.contains("client_secret.rotate"));

    // Applying what was exported keeps the secret, and says nothing of it.
    let before = portvakt.json("client show innlogging");
    let applied = portvakt.run(&format!("registry apply {file}"));
    assert_eq!(applied.status.code(), Some(0));
    assert!(!String::from_utf8_lossy(&applied.stderr).contains("no secret"));
    assert_eq!(portvakt.json("client show innlogging"), before);
    let elsewhere = Portvakt::new();
    let applied = elsewhere.run(&format!("registry apply {file}"));
    assert_eq!(applied.status.code(), Some(0));
    let warnings = String::from_utf8_lossy(&applied.stderr).into_owned();
    assert!(
        warnings.contains("client innlogging has no secret that counts"),
        "{warnings}"
    );
    elsewhere.done("client secret innlogging");
}

#[test]
fn a_client_with_keys_has_no_secret_to_make() {
    let portvakt = Portvakt::with_scope();
    portvakt.done("client add --id havbris --org 312773023 --name Havbris --scope fjord:a");
    let line = portvakt.refused("client secret havbris");
    assert!(line.contains("token_endpoint_auth_method"), "{line}");
    portvakt.refused("client secret ukjent");
    let usage = portvakt.run("client secret havbris --overlap 2592001");
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn a_prefix_moves_with_its_scopes_except_the_operators() {
    let portvakt = Portvakt::with_scope();
    let moved = portvakt.json("prefix transfer fjord --to 312773023 --scopes");
    assert_eq!(moved["owner_orgno"], "312773023");
    assert_eq!(moved["scopes"], serde_json::json!(["fjord:a"]));
    assert_eq!(
        portvakt.json("scope show fjord:a")["owner_orgno"],
        "312773023"
    );
    assert!(
        portvakt
            .refused("prefix transfer portvakt --to 312773023")
            .contains("belongs to the operator")
    );
    assert!(
        portvakt
            .refused("org deactivate 991825827")
            .contains("operates this server")
    );
}

#[test]
fn a_client_is_made_self_managed() {
    let portvakt = Portvakt::with_scope();
    portvakt.done(
        "client add --id a --org 312773023 --name A --scope idporten:dcr.write --self-managed",
    );
    assert_eq!(portvakt.json("client show a")["self_managed"], true);
}

#[test]
fn delegations_are_made_and_ended() {
    let portvakt = Portvakt::with_scope();
    portvakt.done("delegation source add altinn --issuer https://tt02.altinn.no/");
    assert!(
        portvakt
            .done("delegation source list")
            .contains("https://tt02.altinn.no/")
    );
    let row = "--source altinn --scope fjord:a --consumer 312773023 --supplier 313994031";
    assert!(
        portvakt
            .refused(&format!("delegation add {row}"))
            .contains("cannot be delegated")
    );
    portvakt.done("scope update fjord:a --delegation-source https://tt02.altinn.no/");
    portvakt.done(&format!(
        "delegation add {row} --valid-to 2035-01-01T00:00:00Z"
    ));
    assert_eq!(
        portvakt.json("delegation list")[0]["valid_to"],
        "2035-01-01T00:00:00.000Z"
    );
    portvakt.done(&format!("delegation withdraw {row}"));
    assert_eq!(portvakt.json("delegation list"), serde_json::json!([]));
    assert_eq!(
        portvakt.json("delegation list --inactive")[0]["active"],
        false
    );
    assert!(
        portvakt
            .refused("delegation source withdraw altinn")
            .contains("fjord:a names the issuer")
    );
    portvakt.done("delegation source add eget --issuer https://eget.example/");
    let gone = portvakt.json("delegation source withdraw eget");
    assert_eq!(gone["active"], false);
}

#[test]
fn a_registry_file_is_checked_applied_and_exported() {
    let portvakt = Portvakt::new();
    let check = portvakt.json(&format!("registry check {EXAMPLE}"));
    assert_eq!(check["changed"], true);
    assert!(!portvakt.data_dir().exists(), "a check makes nothing");
    let applied = portvakt.json(&format!("registry apply {EXAMPLE}"));
    assert_eq!(applied["applied"]["clients"]["created"], 3);
    let again = portvakt.json(&format!("registry apply {EXAMPLE}"));
    assert_eq!(
        (&again["changed"], &again["applied"]["clients"]["unchanged"]),
        (&false.into(), &3.into())
    );

    let exported = portvakt.done("registry export");
    let file = portvakt
        .folder
        .path()
        .join("export.yaml")
        .display()
        .to_string();
    portvakt.done(&format!("registry export {file}"));
    assert_eq!(
        std::fs::read_to_string(&file).unwrap().trim_end(),
        exported.trim_end()
    );
    let other = Portvakt::new();
    other.done(&format!("registry apply {file}"));
    assert_eq!(other.done("registry export"), exported);
    let json = portvakt.file("export.json", &portvakt.json("registry export").to_string());
    let third = Portvakt::new();
    third.done(&format!("registry apply {json}"));
    assert_eq!(third.done("registry export"), exported);
}

#[test]
fn a_check_finds_what_the_present_registry_refuses_and_changes_nothing() {
    let portvakt = Portvakt::with_scope();
    let file = portvakt.file(
        "a.yaml",
        "organizations: [{orgno: \"312773023\", name: Havbris, prefixes: [fjord]}]\n\
         scopes: [{name: \"fjord:a\", description: Changed}]\n",
    );
    for command in ["check", "apply"] {
        let said = portvakt.refused(&format!("registry {command} {file}"));
        assert!(
            said.contains("a.yaml:1:17: organizations[0].prefixes[0]: prefix fjord exists already"),
            "{said}"
        );
        assert!(
            said.ends_with("error: 1 fault in the registry file; nothing was changed\n"),
            "{said}"
        );
        assert_eq!(portvakt.json("scope show fjord:a")["description"], "Anløp");
    }
    let right = portvakt.file(
        "b.yaml",
        "scopes: [{name: \"fjord:a\", description: Changed}]",
    );
    portvakt.done(&format!("registry check {right}"));
    assert_eq!(portvakt.json("scope show fjord:a")["description"], "Anløp");
}

#[test]
fn several_files_count_as_one_and_all_their_faults_are_reported() {
    let portvakt = Portvakt::new();
    std::fs::create_dir(portvakt.folder.path().join("keys")).unwrap();
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig","alg":"EdDSA","kid":"k1"}"#;
    portvakt.file("keys/havbris.json", key);
    let clients = portvakt.file(
        "clients.yaml",
        "clients: [{client_id: havbris, client_orgno: \"312773023\", client_name: H, integration_type: maskinporten, \
         scopes: [\"fjord:a\"], token_endpoint_auth_signing_alg: EdDSA, jwks_file: keys/havbris.json}]",
    );
    let scopes = portvakt.file(
        "scopes.yaml",
        "organizations: [{orgno: \"310420107\", name: F, prefixes: [fjord]}]\n\
         scopes: [{name: \"fjord:a\", description: A, access: [\"312773023\"]}]",
    );
    assert!(
        portvakt
            .refused(&format!("registry check {clients}"))
            .contains("does not exist")
    );
    portvakt.done(&format!("registry apply {clients} {scopes}"));
    assert_eq!(portvakt.json("key list havbris")[0]["kid"], "k1");

    let (a, b) = (
        portvakt.file("x.yaml", "organisations: []"),
        portvakt.file("y.yaml", "people: [{}]"),
    );
    let said = portvakt.refused(&format!("registry apply {a} {b}"));
    assert!(
        said.contains("did you mean organizations?")
            && said.contains("y.yaml:1:10: people[0]: pid is required"),
        "{said}"
    );
}
