//! `portvakt key` for the server's own keys: rotated, sealed, listed, on a real store.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use portvakt_testkit::SoftHsm;
use serde_json::Value;

use crate::support::{Ran, portvakt, ran};

const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

/// A registry without a server, and files with key-encryption keys.
struct Registry(tempfile::TempDir);

impl Registry {
    fn new() -> Self {
        let registry = Self(tempfile::tempdir().unwrap());
        let added = registry.run(&["org", "add", "889640782", "--name", "NAV"]);
        assert_eq!(added.code(), 0, "{}", added.errors());
        registry
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        ran(portvakt(self.0.path()).args(arguments))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[&["--output", "json"], arguments].concat());
        assert_eq!(ran.code(), 0, "{arguments:?} {}", ran.errors());
        serde_json::from_str(&ran.printed()).unwrap()
    }

    /// What is written on standard error when this is refused.
    fn refused(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code(), 1, "{arguments:?} {}", ran.printed());
        ran.errors()
    }

    fn key_file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn states(&self) -> Vec<(String, String)> {
        let keys = self.json(&["key", "list", "--inactive"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let keys = keys.as_array().unwrap().iter();
        keys.map(|key| (text(&key["kid"]), text(&key["state"])))
            .collect()
    }

    fn in_state(&self, state: &str) -> Vec<String> {
        let states = self.states().into_iter();
        states
            .filter(|(_, of)| of == state)
            .map(|(kid, _)| kid)
            .collect()
    }

    fn database_holds(&self, text: &str) -> bool {
        let folder = self.0.path().join(".portvakt");
        let files = std::fs::read_dir(folder).unwrap();
        let files = files.filter_map(|entry| std::fs::read(entry.unwrap().path()).ok());
        files
            .into_iter()
            .any(|bytes| String::from_utf8_lossy(&bytes).contains(text))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_first_keys_are_made_sealed_and_rotated() {
    let registry = Registry::new();
    let key = registry.key_file("kek", OLD);
    let rotate = ["key", "rotate", "--key-encryption-key", text(&key)];
    let error = registry.refused(&rotate);
    assert!(error.contains("rotation is safe from"), "{error}");
    let (first, next) = (registry.in_state("active"), registry.in_state("next"));
    registry.json(&[&rotate[..], &["--now"]].concat());
    assert_eq!(
        (registry.in_state("retired"), registry.in_state("active")),
        (first, next)
    );
    assert!(!registry.database_holds("PRIVATE") && !registry.database_holds(OLD));
    let shown = registry.json(&["key", "show", &registry.in_state("active")[0]]);
    assert_eq!(
        (&shown["alg"], &shown["becomes"]),
        (&"RS256".into(), &"retired".into())
    );
    assert!(shown["kept"].as_str().unwrap().starts_with("sealed under "));
}

#[test]
fn an_emergency_leaves_nothing_of_the_key() {
    let registry = Registry::new();
    registry.json(&["key", "rotate", "--now", "--algorithm", "ES256"]);
    let compromised = registry.in_state("active");
    registry.json(&["key", "rotate", "--emergency"]);
    assert_eq!(registry.in_state("gone"), compromised);
    registry.json(&["key", "rotate", "--emergency", "--every-key"]);
    assert_eq!(registry.states().len() - registry.in_state("gone").len(), 2);
    let log = registry.run(&["audit", "verify"]);
    assert_eq!(log.code(), 0, "{}", log.errors());
}

#[test]
fn a_wrong_or_missing_key_encryption_key_is_refused_and_changes_nothing() {
    let registry = Registry::new();
    let (old, new) = (registry.key_file("old", OLD), registry.key_file("new", NEW));
    let rotate =
        |key: &Path| registry.run(&["key", "rotate", "--now", "--key-encryption-key", text(key)]);
    assert_eq!(rotate(&old).code(), 0);
    let before = registry.states();
    let wrong = rotate(&new);
    assert_eq!(wrong.code(), 1);
    assert!(
        wrong.errors().contains("is not configured"),
        "{}",
        wrong.errors()
    );
    for error in [
        registry.refused(&["key", "rotate", "--now"]),
        registry.refused(&["key", "rotate", "--emergency"]),
    ] {
        assert!(
            error.contains("configure the key-encryption key"),
            "{error}"
        );
    }
    assert_eq!(registry.states(), before);
}

#[test]
fn keys_are_resealed_from_plain_to_one_key_and_on_to_another() {
    let registry = Registry::new();
    let (old, new) = (registry.key_file("old", OLD), registry.key_file("new", NEW));
    registry.json(&["key", "rotate", "--now"]);
    let kept = |registry: &Registry| {
        let keys = registry.json(&["key", "list"]);
        let keys = keys.as_array().unwrap().iter();
        let mut kept: Vec<_> = keys.map(|key| key["kept"].to_string()).collect();
        kept.dedup();
        assert_eq!(kept.len(), 1, "{kept:?}");
        kept.remove(0)
    };
    assert_eq!(kept(&registry), "\"plain\"");
    let sealed = registry.json(&["key", "reseal", "--to", text(&old)]);
    assert_eq!(sealed["resealed"].as_array().unwrap().len(), 3);
    let under_old = kept(&registry);
    let error = registry.refused(&["key", "reseal", "--to", text(&new)]);
    assert!(error.contains("which is not configured"), "{error}");
    registry.json(&["key", "reseal", "--from", text(&old), "--to", text(&new)]);
    assert_ne!(kept(&registry), under_old);
    let again = registry.json(&["key", "reseal", "--from", text(&old), "--to", text(&new)]);
    assert_eq!(again["resealed"], serde_json::json!([]));
    registry.json(&["key", "rotate", "--now", "--key-encryption-key", text(&new)]);
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    let registry = Registry::new();
    let key = registry.key_file("kek", OLD);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = registry.refused(&["key", "rotate", "--key-encryption-key", text(&key)]);
    assert!(
        error.contains("chmod 600") && !error.contains(OLD),
        "{error}"
    );
    assert_eq!(registry.states(), []);
}

/// `SoftHSM` in the place of a hardware module. The library is configured for a whole process, and
/// every command is one.
#[test]
fn keys_in_a_module_are_made_rotated_and_destroyed_there() {
    let registry = Registry::new();
    let module = SoftHsm::in_folder(registry.0.path());
    let library = SoftHsm::library();
    let pin = registry.key_file("pin", &format!("{}\n", SoftHsm::PIN));
    let rotate = |more: &[&str]| {
        ran(portvakt(registry.0.path())
            .args(["key", "rotate", "--pkcs11-library", text(&library)])
            .args(["--pkcs11-token", SoftHsm::TOKEN, "--pkcs11-pin", text(&pin)])
            .args(more)
            .env(SoftHsm::VARIABLE, module.configuration()))
    };
    for algorithm in ["RS256", "PS256", "ES256"] {
        let rotated = rotate(&["--now", "--algorithm", algorithm]);
        assert_eq!(rotated.code(), 0, "{}", rotated.errors());
    }
    let listed = registry.json(&["key", "list"]);
    let listed = listed.as_array().unwrap();
    assert!(
        listed.iter().all(|key| key["kept"] == "module"),
        "{listed:?}"
    );
    let emergency = rotate(&["--emergency", "--every-key"]);
    assert_eq!(emergency.code(), 0, "{}", emergency.errors());
    // Two next keys never signed: the algorithm changed under them.
    assert_eq!(registry.in_state("gone").len(), listed.len() + 2);
    // Without the module nothing is signed, and nothing is made in its place.
    let before = registry.states();
    let error = registry.refused(&["key", "rotate", "--now"]);
    assert!(error.contains("module"), "{error}");
    assert_eq!(registry.states(), before);
}
