//! How the administration client of `plan` and `apply` proves who it is: with a key in a file, with its
//! organization's certificate, and with a key in a hardware module.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use portvakt_jose::{Algorithm, KeyModule, KeyModuleSettings, RsaBits, Signer};
use portvakt_testkit::SoftHsm;
use serde_json::Value;

use crate::support::{DevServer, Ran};

const MANIFEST: &str = "
apiVersion: nais.io/v1alpha1
kind: Application
metadata: {name: kaiplass, namespace: havn}
spec:
  maskinporten:
    enabled: true
    scopes:
      consumes: [{name: 'kyst:tidevann.read'}]
      exposes:
        - {name: kaiplass.read, product: havn, separator: '/', enabled: true}
";

fn served() -> DevServer {
    let server = DevServer::start();
    std::fs::write(server.folder().join("app.yaml"), MANIFEST).unwrap();
    server
}

/// Applies the manifest to the server as if it were anywhere: nothing goes without saying.
fn apply(server: &DevServer, proof: &[&str]) -> Ran {
    let (target, issuer) = (server.selfservice(), server.issuer());
    let apply = ["apply", "-f", "app.yaml", "--target", &target];
    let issuer = ["--issuer", &issuer];
    server.run(&[&apply[..], &issuer, proof].concat())
}

fn is_applied(server: &DevServer) -> bool {
    let shown = server.run(&["scope", "show", "nav:havn/kaiplass.read"]);
    shown.code() == 0
}

#[test]
fn a_key_file_has_to_be_named_and_has_to_be_the_clients() {
    let server = served();
    let unnamed = apply(&server, &[]).failed();
    assert!(unnamed.contains("--admin-client"), "{unnamed}");
    let client = ["--admin-client", "nav-administrasjon"];
    let keyless = apply(&server, &client).failed();
    assert!(keyless.contains("--admin-key"), "{keyless}");
    let with = |file: &str| {
        let key = ["--admin-key", file];
        apply(&server, &[&client[..], &key].concat())
    };
    let other = with(".portvakt/keys/eksempel-klient.jwk.json").failed();
    assert!(other.contains("gets no token for its work"), "{other}");
    assert!(!is_applied(&server));
    with(".portvakt/keys/nav-administrasjon.jwk.json").done();
    assert!(is_applied(&server));
}

#[test]
fn an_organizations_certificate_stands_for_a_registered_key() {
    let server = served();
    let add = ["client", "add", "--id", "sertifikat", "--org", "889640782"];
    let scopes = [
        "--scope",
        "idporten:scopes.write",
        "--scope",
        "idporten:dcr.write",
    ];
    server
        .run(&[&add[..], &["--name", "Sertifikat"], &scopes].concat())
        .done();
    for org in ["889640782", "123456789"] {
        let issue = ["certificate", "issue", "--org", org, "--name", "Virksomhet"];
        server.run(&[&issue[..], &["--out", "."]].concat()).done();
    }
    let with = |certificate: &str, key: &str| {
        let client = ["--admin-client", "sertifikat", "--admin-key", key];
        let certificate = ["--admin-certificate", certificate];
        apply(&server, &[&client[..], &certificate].concat())
    };
    let mixed = with("123456789.pem", "889640782-key.pem").failed();
    assert!(
        mixed.contains("the certificate is not the key's"),
        "{mixed}"
    );
    let other = with("123456789.pem", "123456789-key.pem").failed();
    assert!(other.contains("gets no token for its work"), "{other}");
    assert!(!is_applied(&server));
    with("889640782.pem", "889640782-key.pem").done();
    assert!(is_applied(&server));
}

/// `SoftHSM` in the place of a hardware module.
#[test]
fn a_key_in_a_module_signs_and_never_leaves_it() {
    SoftHsm::alone(
        "administration_client::a_key_in_a_module_signs_and_never_leaves_it",
        |_| {
            let server = served();
            let module = module();
            let (jwk, thumbprint) = key_in(&module, "administrasjon");
            let file = |name: &str, text: &str| {
                let mut options = OpenOptions::new();
                let options = options.create_new(true).write(true).mode(0o600);
                let mut file = options.open(server.folder().join(name)).unwrap();
                file.write_all(text.as_bytes()).unwrap();
            };
            file("modul.jwk.json", &jwk.to_string());
            file("pin", SoftHsm::PIN);
            file("wrong-pin", "471147");
            let add = [
                "key",
                "add",
                "nav-administrasjon",
                "--jwk",
                "modul.jwk.json",
            ];
            server.run(&add).done();
            let library = SoftHsm::library();
            let with = |label: &str, thumbprint: &str, pin: &str| {
                let client = [
                    "--admin-client",
                    "nav-administrasjon",
                    "--admin-kid",
                    "modul",
                ];
                let module = ["--admin-pkcs11-library", library.to_str().unwrap()];
                let token = [
                    "--admin-pkcs11-token",
                    SoftHsm::TOKEN,
                    "--admin-pkcs11-pin",
                    pin,
                ];
                let key = ["--admin-pkcs11-label", label];
                let thumbprint = ["--admin-pkcs11-thumbprint", thumbprint];
                apply(
                    &server,
                    &[&client[..], &module, &token, &key, &thumbprint].concat(),
                )
            };
            // A label that leads to another key than the one that is meant, or to none.
            let (_, other) = key_in(&module, "annen");
            for (label, thumbprint) in [
                ("administrasjon", other.as_str()),
                ("ingen", &thumbprint),
                ("administrasjon", "-hyphens-are-of-thumbprints"),
            ] {
                let refused = with(label, thumbprint, "pin").failed();
                assert!(
                    refused.contains("libsofthsm2.so") && refused.contains("no private key"),
                    "{refused}"
                );
            }
            let refused = with("administrasjon", &thumbprint, "wrong-pin").failed();
            assert!(
                refused.contains("libsofthsm2.so") && !refused.contains("471147"),
                "{refused}"
            );
            assert!(!is_applied(&server));
            with("administrasjon", &thumbprint, "pin").done();
            assert!(is_applied(&server));
        },
    );
}

/// The token of this process.
fn module() -> KeyModule {
    let settings = KeyModuleSettings {
        library: SoftHsm::library(),
        token: SoftHsm::TOKEN.to_owned(),
        pin: SoftHsm::PIN.to_owned().into(),
        sessions: 1,
        waiting: 16,
        restart_interval: std::time::Duration::ZERO,
    };
    KeyModule::open(settings).unwrap()
}

/// Makes a key: its public half, under the id `modul`, and its thumbprint.
fn key_in(module: &KeyModule, label: &str) -> (Value, String) {
    let algorithm = Algorithm::Rs256;
    let thumbprint = module.generate(label, algorithm, RsaBits::B2048).unwrap();
    let key = module.find(label, &thumbprint, algorithm).unwrap().unwrap();
    let public = Signer::Remote(key).public_jwk("modul");
    (public.to_json(), thumbprint)
}
