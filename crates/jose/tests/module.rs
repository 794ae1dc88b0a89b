//! Keys in a hardware module, with `SoftHSM` in its place.
//!
//! A PKCS#11 library is loaded and configured once for each process, so every test runs itself again in a
//! process of its own, with a folder of tokens of its own.

#![expect(
    clippy::unwrap_used,
    reason = "whatever goes wrong in a test's own scaffolding fails the test by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use portvakt_jose::{
    Algorithm, Jws, KeyError, KeyModule, KeyModuleError, KeyModuleSettings, RsaBits, Signer,
    SigningKey,
};
use serde_json::json;

const TOKEN: &str = "portvakt test";
const PIN: &str = "4711-user-pin";
const LABEL: &str = "portvakt-maskinporten";
/// The folder of the process that a test runs in.
const FOLDER: &str = "PORTVAKT_TEST_TOKENS";

fn library() -> PathBuf {
    let folders = [
        "/usr/lib",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
    ];
    let mut paths = folders
        .iter()
        .map(|folder| Path::new(folder).join("softhsm/libsofthsm2.so"));
    let found = paths.find(|path| path.exists());
    found.expect("SoftHSM is missing: run scripts/setup.sh test, which installs softhsm2")
}

/// Runs `test` in a process with an empty token, and fails if it does.
fn with_token(name: &str, test: impl FnOnce(&Path)) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return test(Path::new(&folder));
    }
    library();
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let configuration = folder.path().join("softhsm2.conf");
    let directories = format!("directories.tokendir = {}\n", tokens.display());
    std::fs::write(&configuration, directories).unwrap();
    let made = Command::new("softhsm2-util")
        .args([
            "--init-token",
            "--free",
            "--label",
            TOKEN,
            "--pin",
            PIN,
            "--so-pin",
            "so-pin",
        ])
        .env("SOFTHSM2_CONF", &configuration)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env("SOFTHSM2_CONF", &configuration)
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{printed}\n{errors}");
    assert!(printed.contains("1 passed"), "no test is called {name}");
}

fn settings() -> KeyModuleSettings {
    KeyModuleSettings {
        library: library(),
        token: TOKEN.to_owned(),
        pin: PIN.to_owned().into(),
        sessions: 2,
        waiting: 16,
        restart_interval: std::time::Duration::ZERO,
    }
}

fn open() -> KeyModule {
    KeyModule::open(settings()).unwrap()
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future without a runtime: the module's threads wake this one.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn make(module: &KeyModule, algorithm: Algorithm) -> (String, Signer) {
    let name = module.generate(LABEL, algorithm, RsaBits::B2048).unwrap();
    let found = module.find(LABEL, &name, algorithm).unwrap().unwrap();
    let signer = Signer::Remote(found);
    assert_eq!(signer.thumbprint(), name);
    (name, signer)
}

fn signs(signer: &Signer) -> bool {
    let header = json!({ "alg": signer.algorithm().as_str() });
    let Ok(compact) = wait(signer.sign_compact(&header, &json!({ "a": 1 }))) else {
        return false;
    };
    let jws = Jws::parse(&compact).unwrap();
    jws.verify(&signer.verifying_key()).unwrap();
    true
}

#[test]
fn keys_are_made_found_and_used_in_the_module() {
    with_token("keys_are_made_found_and_used_in_the_module", |_| {
        let module = open();
        for algorithm in [
            Algorithm::Rs256,
            Algorithm::Rs384,
            Algorithm::Rs512,
            Algorithm::Ps256,
            Algorithm::Es256,
        ] {
            let (name, signer) = make(&module, algorithm);
            assert!(signs(&signer), "{algorithm}");
            let certificate = wait(signer.self_signed_certificate("localhost", 0)).unwrap();
            let published = signer.public_jwk(&name).with_own_certificate(certificate);
            assert!(published.is_ok(), "{algorithm}");
            let elsewhere = module.find("another label", &name, algorithm).unwrap();
            assert!(elsewhere.is_none());
        }
        let unknown = module.find(LABEL, "no such key", Algorithm::Rs256).unwrap();
        assert!(unknown.is_none());
    });
}

#[test]
fn what_the_module_cannot_do_is_refused() {
    with_token("what_the_module_cannot_do_is_refused", |_| {
        let module = open();
        let made = module.generate(LABEL, Algorithm::EdDsa, RsaBits::B2048);
        let expected = KeyModuleError::Algorithm(Algorithm::EdDsa);
        assert_eq!(made.unwrap_err(), expected);
        let (name, _) = make(&module, Algorithm::Es256);
        assert!(module.find(LABEL, &name, Algorithm::Rs256).is_err());
    });
}

#[test]
fn a_destroyed_key_signs_no_more() {
    with_token("a_destroyed_key_signs_no_more", |_| {
        let module = open();
        let (name, signer) = make(&module, Algorithm::Es256);
        assert!(signs(&signer));
        assert!(module.destroy(LABEL, &name).unwrap());
        assert!(!module.destroy(LABEL, &name).unwrap());
        assert!(!signs(&signer));
        let found = module.find(LABEL, &name, Algorithm::Es256).unwrap();
        assert!(found.is_none());
    });
}

#[test]
fn a_key_that_was_outside_the_module_is_not_used() {
    with_token("a_key_that_was_outside_the_module_is_not_used", |folder| {
        let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap();
        let file = folder.join("key.pem");
        std::fs::write(&file, key.to_pkcs8_pem().unwrap().as_bytes()).unwrap();
        let imported = Command::new("softhsm2-util")
            .args(["--import", file.to_str().unwrap(), "--token", TOKEN])
            .args(["--label", LABEL, "--id", "0a0b", "--pin", PIN])
            .output()
            .unwrap();
        assert!(imported.status.success(), "{imported:?}");
        let found = open().find(LABEL, &key.thumbprint(), Algorithm::Rs256);
        assert_eq!(found.unwrap_err(), KeyModuleError::MayLeave);
    });
}

#[test]
fn a_wrong_pin_is_refused_and_not_repeated() {
    with_token("a_wrong_pin_is_refused_and_not_repeated", |_| {
        let wrong = KeyModuleSettings {
            pin: "not the pin".to_owned().into(),
            ..settings()
        };
        let error = KeyModule::open(wrong).unwrap_err();
        assert_eq!(error, KeyModuleError::Pin);
        assert!(!error.to_string().contains("not the pin"));
    });
}

#[test]
fn a_token_that_is_not_there_is_named() {
    with_token("a_token_that_is_not_there_is_named", |_| {
        let error = KeyModule::open(KeyModuleSettings {
            token: "no such token".to_owned(),
            ..settings()
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains("no such token"), "{error}");
    });
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |settings: KeyModuleSettings| {
        let error = KeyModule::open(settings).unwrap_err();
        assert!(matches!(error, KeyModuleError::Settings(_)), "{error}");
    };
    refused(KeyModuleSettings {
        library: "/no/such/library.so".into(),
        ..settings()
    });
    refused(KeyModuleSettings {
        sessions: 0,
        ..settings()
    });
    refused(KeyModuleSettings {
        waiting: 100_000,
        ..settings()
    });
    assert!(!format!("{:?}", settings()).contains(PIN));
}

#[test]
fn a_module_that_is_lost_is_used_again_when_it_is_back() {
    let name = "a_module_that_is_lost_is_used_again_when_it_is_back";
    with_token(name, |folder| {
        let module = open();
        let (_, signer) = make(&module, Algorithm::Es256);
        assert!(signs(&signer));
        let (tokens, away) = (folder.join("tokens"), folder.join("away"));
        std::fs::rename(&tokens, &away).unwrap();
        assert!(!signs(&signer));
        assert!(!signs(&signer));
        std::fs::rename(&away, &tokens).unwrap();
        // That it comes back by itself is promised, and not at which call: now and then the library
        // sees its tokens one start later.
        let moved = Instant::now();
        while !signs(&signer) {
            assert!(moved.elapsed() < Duration::from_secs(10), "it is lost");
        }
    });
}

#[test]
fn more_than_may_wait_is_refused_at_once_and_nothing_is_lost() {
    let name = "more_than_may_wait_is_refused_at_once_and_nothing_is_lost";
    with_token(name, |_| {
        let module = KeyModule::open(KeyModuleSettings {
            sessions: 1,
            waiting: 4,
            ..settings()
        });
        let (_, signer) = make(&module.unwrap(), Algorithm::Rs256);
        // Submitted all at once: the one session is at the first while the queue fills.
        let (header, payload) = (json!({ "alg": "RS256" }), json!({}));
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting = Vec::new();
        let mut refused = 0;
        for _ in 0..64 {
            let mut future = Box::pin(signer.sign_compact(&header, &payload));
            match future.as_mut().poll(&mut context) {
                Poll::Ready(Err(error)) => {
                    assert_eq!(error, KeyError::Unavailable);
                    refused += 1;
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => waiting.push(future),
            }
        }
        assert!(refused > 0, "a queue of four took sixty-four");
        for future in waiting {
            wait(future).unwrap();
        }
        assert!(signs(&signer));
    });
}
