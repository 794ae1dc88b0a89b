//! Signing keys in a hardware module, as the configuration names it.

use portvakt_jose::PublicJwk;
use portvakt_testkit::SoftHsm;
use serde_json::json;

use crate::harness::Deployment;

#[tokio::test]
async fn keys_in_a_module_sign_tokens_and_no_server_starts_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let module = SoftHsm::in_folder(folder.path());
    let deployment = Deployment::new();
    let pin = deployment.file("pin", SoftHsm::PIN);
    let keys = json!({ "module": {
        "library": SoftHsm::library(), "token": SoftHsm::TOKEN, "pin_file": pin,
    }});
    let deployment = deployment.with_keys(&keys);
    let attached =
        deployment.clone_with(SoftHsm::VARIABLE, module.configuration().to_str().unwrap());
    let mut published = Vec::new();
    for _ in 0..2 {
        let server = attached.start().await;
        let (status, token) = server.token().await;
        assert_eq!(status, 200, "{token}");
        published.push(server.get("maskinporten", "/jwk").await.1);
        assert!(server.stopped().await.success());
    }
    assert_eq!(
        published[0], published[1],
        "the keys are those of the module"
    );
    for key in published[0]["keys"].as_array().unwrap() {
        let key = PublicJwk::parse(key).expect("the certificate is the key's");
        assert_eq!(key.certificates().map(<[_]>::len), Some(1));
    }
    let rotated = attached.operate(&["key", "rotate", "--now"]);
    assert!(rotated.status.success(), "{rotated:?}");
    // The token is elsewhere: nothing is made in the keys' place.
    let elsewhere = folder.path().join("empty.conf");
    std::fs::write(&elsewhere, "directories.tokendir = /nowhere\n").unwrap();
    let detached = deployment.clone_with(SoftHsm::VARIABLE, elsewhere.to_str().unwrap());
    let refused = detached.serve_to_its_end();
    let line = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{line}");
    assert!(
        line.contains("libsofthsm2.so") && !line.contains(SoftHsm::PIN),
        "{line}"
    );
}

#[test]
fn a_module_needs_a_token_and_a_pin_and_no_encryption_key() {
    for (keys, named) in [
        (
            json!({"module": {"library": "/lib.so", "pin_file": "pin"}}),
            "keys.module.token",
        ),
        (
            json!({"module": {"library": "/lib.so", "token": "t"}}),
            "keys.module.pin_file",
        ),
        (
            json!({"module": {"token": "t", "pin_file": "pin"}}),
            "keys.module.library",
        ),
        (
            json!({
                "encryption_key_file": "key",
                "module": {"library": "/lib.so", "token": "t", "pin_file": "pin"},
            }),
            "keys.module.library",
        ),
    ] {
        let output = Deployment::new().with_keys(&keys).serve_to_its_end();
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(line.contains(named), "{named}: {line}");
    }
}
