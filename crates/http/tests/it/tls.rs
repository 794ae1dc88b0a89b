//! TLS at the listener.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use portvakt_http::{Limits, Listener, Shutdown, Tls, TlsError, serve};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::harness::{SHORT, generous};

/// A certificate of `localhost`, its key in PEM, and the same certificate as whoever trusts it has
/// it.
struct Identity {
    chain: String,
    key: String,
    root: CertificateDer<'static>,
}

fn identity() -> Identity {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Identity {
        chain: cert.pem(),
        key: signing_key.serialize_pem(),
        root: cert.der().clone(),
    }
}

impl Identity {
    fn tls(&self) -> Arc<Tls> {
        Arc::new(Tls::from_pem(self.chain.as_bytes(), self.key.as_bytes()).unwrap())
    }
}

async fn start(tls: Arc<Tls>, limits: Limits) -> (std::net::SocketAddr, Shutdown) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let address = listener.local_addr();
    let router = Router::new().route("/", get(|| async { "secured" }));
    let shutdown = Shutdown::new();
    tokio::spawn(serve(
        listener.with_tls(tls),
        router,
        limits,
        shutdown.clone(),
    ));
    (address, shutdown)
}

/// What a client that trusts `root` alone gets.
async fn fetch(
    address: std::net::SocketAddr,
    root: &CertificateDer<'static>,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn answers_are_secured_with_the_certificate() {
    let identity = identity();
    let (address, _shutdown) = start(identity.tls(), generous()).await;
    let answer = fetch(address, &identity.root).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("secured"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_new_certificate_is_used_from_the_next_connection_on() {
    let (old, new) = (identity(), identity());
    let tls = old.tls();
    let (address, _shutdown) = start(tls.clone(), generous()).await;
    fetch(address, &old.root).await.unwrap();
    tls.replace(new.chain.as_bytes(), new.key.as_bytes())
        .unwrap();
    fetch(address, &new.root).await.unwrap();
    fetch(address, &old.root).await.unwrap_err();
    let mismatched = tls.replace(old.chain.as_bytes(), new.key.as_bytes());
    assert!(matches!(mismatched, Err(TlsError::Unusable(_))));
    fetch(address, &new.root).await.unwrap();
}

#[tokio::test]
async fn what_is_no_handshake_gets_no_answer() {
    let identity = identity();
    let limits = Limits {
        header_timeout: SHORT,
        ..generous()
    };
    let (address, _shutdown) = start(identity.tls(), limits).await;
    for bytes in [
        &b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"[..],
        b"\x16\x03\x01",
        b"",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!String::from_utf8_lossy(&answer).contains("HTTP"));
    }
    fetch(address, &identity.root).await.unwrap();
}

#[test]
fn what_is_not_pem_is_refused() {
    let identity = identity();
    let (chain, key) = (identity.chain.as_bytes(), identity.key.as_bytes());
    for (chain, key) in [(chain, &b"x"[..]), (key, key), (chain, chain), (b"", key)] {
        let error = Tls::from_pem(chain, key).unwrap_err().to_string();
        assert!(!error.contains("PRIVATE"), "{error}");
    }
}
