//! Organization certificates from the folder's own authority.

use std::path::Path;
use std::time::{Duration, Instant};

use portvakt_jose::{
    Algorithm, CertificateAuthority, CertificateProfile, CertificateRequest, SigningKey,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;

use crate::harness::{Dev, Grant, PATIENCE, SCOPE, now, unique};

const ORGNO: &str = "123456789";
const CLIENT: &str = "eksempel-sertifikat";

fn issue(dev: &Dev, flags: &[&str]) -> (String, String, String) {
    let arguments = [
        "certificate",
        "issue",
        "--org",
        ORGNO,
        "--name",
        "Eksempel Konsument AS",
    ];
    let issued = dev.run_json(&[&arguments, flags].concat());
    let member = |name: &str| issued[name].as_str().unwrap().to_owned();
    (member("certificate"), member("key"), member("serial"))
}

/// A grant that names the first certificate of a file, signed with the key in another.
fn grant(dev: &Dev, certificate: &str, key: &str) -> String {
    let pem = std::fs::read(certificate).unwrap();
    let leaf = CertificateDer::from_pem_slice(&pem).unwrap();
    let key = std::fs::read_to_string(key).unwrap();
    let key = SigningKey::from_pkcs8_pem(Algorithm::Rs256, &key).unwrap();
    grant_with(dev, &leaf, key)
}

fn grant_with(dev: &Dev, leaf: &[u8], key: SigningKey) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let claims = json!({ "aud": dev.issuer(), "iss": CLIENT, "scope": SCOPE,
        "iat": now(), "exp": now() + 60, "jti": unique() });
    let grant = Grant {
        header: json!({ "alg": "RS256", "x5c": [STANDARD.encode(leaf)] }),
        claims: claims.as_object().unwrap().clone(),
        key,
    };
    grant.sign()
}

async fn client_amr(dev: &Dev, certificate: &str, key: &str) -> String {
    let answer = dev.exchange(&grant(dev, certificate, key)).await;
    let claims = crate::tokens::json_part(answer.token(), 1);
    claims["client_amr"].as_str().unwrap().to_owned()
}

/// Waits until the server has read its revocation lists again.
async fn becomes_refused(dev: &Dev, certificate: &str, key: &str) {
    let started = Instant::now();
    loop {
        let answer = dev.exchange(&grant(dev, certificate, key)).await;
        if answer.status != 200 {
            assert_eq!(
                (answer.status, answer.mp_code()),
                (400, "MP-120"),
                "{}",
                answer.text
            );
            return;
        }
        assert!(started.elapsed() < PATIENCE, "is still accepted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_issued_certificate_is_accepted_until_it_is_revoked() {
    let dev = Dev::start().await;
    let (certificate, key, serial) = issue(&dev, &[]);
    assert_eq!(client_amr(&dev, &certificate, &key).await, "CForESeal");
    assert_private(&key);
    let chain = std::fs::read_to_string(&certificate).unwrap();
    let authority = std::fs::read_to_string(dev.data_dir().join("ca.pem")).unwrap();
    assert!(chain.ends_with(&authority));

    let revoked = dev.run_json(&["certificate", "revoke", &certificate]);
    assert_eq!(revoked["serial"], serial);
    becomes_refused(&dev, &certificate, &key).await;
    let listed = dev.run_json(&["certificate", "revoked"]);
    assert_eq!(listed[0]["serial"], serial);
    assert_eq!(listed.as_array().unwrap().len(), 1);

    let (certificate, key, serial) = issue(&dev, &[]);
    client_amr(&dev, &certificate, &key).await;
    let serial = serial.to_uppercase();
    let pairs = serial.as_bytes().chunks(2).map(std::str::from_utf8);
    let colons = pairs.collect::<Result<Vec<_>, _>>().unwrap().join(":");
    dev.run_json(&["certificate", "revoke", &colons]);
    becomes_refused(&dev, &certificate, &key).await;
}

#[tokio::test]
async fn a_revoked_certificate_stays_revoked_after_a_restart_and_a_moved_clock() {
    let mut dev = Dev::start().await;
    let (certificate, key, _) = issue(&dev, &["--days", "3650"]);
    dev.run_json(&["certificate", "revoke", &certificate]);
    dev.signal("TERM");
    dev.ended().await;
    dev.start_again().await;
    becomes_refused(&dev, &certificate, &key).await;
    let year = json!({ "advance_seconds": 365 * 24 * 3600 });
    dev.order(reqwest::Method::PUT, "/dev/clock", year).await;
    let explanation = dev.exchange(&grant(&dev, &certificate, &key)).await;
    assert_eq!(explanation.mp_code(), "MP-120", "{}", explanation.text);
}

#[tokio::test]
async fn profiles_show_in_the_token() {
    let dev = Dev::start().await;
    let out = dev.data_dir().join("elsewhere");
    let out = out.to_str().unwrap();
    let (certificate, key, _) = issue(&dev, &["--profile", "seid1", "--out", out]);
    assert!(Path::new(&certificate).starts_with(out) && Path::new(&key).starts_with(out));
    assert_eq!(
        client_amr(&dev, &certificate, &key).await,
        "virksomhetssertifikat"
    );
    let (certificate, key, _) = issue(&dev, &["--qualified"]);
    assert_eq!(client_amr(&dev, &certificate, &key).await, "QCForESeal");
}

#[tokio::test]
async fn only_trusted_authorities_count_and_their_lists_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let other = CertificateAuthority::generate("Another CA", now() - 60, now() + 86_400).unwrap();
    let validity = now() - 60..=now() + 3600;
    let request = CertificateRequest::new(CertificateProfile::Seid2, ORGNO, "Eksempel", validity);
    let issued = other.issue(&request).unwrap();
    let leaf = || grant_with_key(&issued);
    let anchor = folder.path().join("anchor.pem");
    std::fs::write(&anchor, other.certificate_pem()).unwrap();
    let list = folder.path().join("list.crl");
    let empty = other
        .revocation_list(&[], now() - 60, now() + 3600, 1)
        .unwrap();
    std::fs::write(&list, empty).unwrap();

    let stranger = Dev::start().await;
    let (der, key) = leaf();
    let answer = stranger.exchange(&grant_with(&stranger, der, key)).await;
    assert_eq!(answer.mp_code(), "MP-120", "{}", answer.text);

    let (anchor, shown) = (anchor.to_str().unwrap(), list.to_str().unwrap());
    let dev = Dev::start_with(&["--trust-anchor", anchor, "--crl", shown]).await;
    let (der, key) = leaf();
    dev.exchange(&grant_with(&dev, der, key)).await.token();

    let serial = portvakt_jose::Certificate::parse(&issued.certificate_der).unwrap();
    let serial: Vec<u8> = serial
        .serial_hex()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    // Half a list is not read, and the lists in use stay.
    let full = other
        .revocation_list(&[&serial], now() - 60, now() + 3600, 2)
        .unwrap();
    std::fs::write(&list, &full[..full.len() / 2]).unwrap();
    let started = Instant::now();
    while !dev.log().contains("the revocation lists in use stay") {
        assert!(started.elapsed() < PATIENCE, "{}", dev.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (der, key) = leaf();
    dev.exchange(&grant_with(&dev, der, key)).await.token();

    std::fs::write(&list, pem(&full)).unwrap();
    let started = Instant::now();
    loop {
        let (der, key) = leaf();
        let answer = dev.exchange(&grant_with(&dev, der, key)).await;
        if answer.status == 400 {
            assert_eq!(answer.mp_code(), "MP-120", "{}", answer.text);
            break;
        }
        assert!(started.elapsed() < PATIENCE, "is still accepted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Publishes these bytes on a free port until the test ends.
async fn publish(bytes: Vec<u8>) -> String {
    use portvakt_http::{Limits, Listener, Shutdown, serve};
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let url = format!("http://{}/list.crl", listener.local_addr());
    let router = axum::Router::new().fallback(move || std::future::ready(bytes.clone()));
    tokio::spawn(serve(listener, router, Limits::default(), Shutdown::new()));
    url
}

#[tokio::test]
async fn lists_are_fetched_from_named_addresses_before_the_first_request() {
    let other = CertificateAuthority::generate("Another CA", now() - 60, now() + 86_400).unwrap();
    let validity = now() - 60..=now() + 3600;
    let mut request =
        CertificateRequest::new(CertificateProfile::Seid2, ORGNO, "Eksempel", validity);
    request.serial = Some(vec![0x11, 0x22]);
    let issued = other.issue(&request).unwrap();
    let revoking = other
        .revocation_list(&[&[0x11, 0x22]], now() - 60, now() + 3600, 1)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let anchor = folder.path().join("anchor.pem");
    std::fs::write(&anchor, other.certificate_pem()).unwrap();
    let anchor = anchor.to_str().unwrap();

    let (good, garbage) = (publish(revoking).await, publish(b"<html>".to_vec()).await);
    let dev = Dev::start_with(&["--trust-anchor", anchor, "--crl", &good]).await;
    let (der, key) = grant_with_key(&issued);
    let answer = dev.exchange(&grant_with(&dev, der, key)).await;
    assert_eq!(answer.mp_code(), "MP-120", "{}", answer.text);

    // Without a list the server starts, says so, and fails softly.
    let nowhere = "http://127.0.0.1:9/list.crl";
    let dev = Dev::start_with(&[
        "--trust-anchor",
        anchor,
        "--crl",
        &garbage,
        "--crl",
        nowhere,
    ])
    .await;
    let (der, key) = grant_with_key(&issued);
    dev.exchange(&grant_with(&dev, der, key)).await.token();
    let log = dev.log();
    assert_eq!(
        log.matches("cannot fetch the revocation list").count(),
        2,
        "{log}"
    );
}

fn grant_with_key(issued: &portvakt_jose::IssuedCertificate) -> (&[u8], SigningKey) {
    let key = SigningKey::from_pkcs8_pem(Algorithm::Rs256, &issued.key_pem).unwrap();
    (&issued.certificate_der, key)
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let body = STANDARD.encode(der);
    let lines = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap());
    let body = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN X509 CRL-----\n{body}\n-----END X509 CRL-----\n")
}

#[tokio::test]
async fn refuses_what_cannot_be_issued_or_revoked() {
    let dev = Dev::start().await;
    let base = ["certificate", "issue", "--org", ORGNO, "--name"];
    let long = "x".repeat(65);
    for (flags, code) in [
        (vec!["A", "--qualified", "--profile", "seid1"], 1),
        (vec![""], 1),
        (vec![long.as_str()], 1),
        (vec!["A", "--days", "0"], 2),
    ] {
        let output = dev.run(&[&base[..], &flags].concat());
        assert_eq!(output.status.code(), Some(code), "{flags:?}");
    }
    for serial in ["nothing-like-a-serial", "abc", ""] {
        let output = dev.run(&["certificate", "revoke", serial]);
        assert_eq!(output.status.code(), Some(1), "{serial}");
    }
    let authority = dev.data_dir().join("ca.pem");
    std::fs::remove_file(authority).unwrap();
    let output = dev.run(&[&base[..], &["A"]].concat());
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(shown.contains("portvakt dev"), "{shown}");
    assert_eq!(shown.lines().count(), 1, "{shown}");
}

fn assert_private(path: &str) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
}
