//! TLS at the listener, for deployments without a proxy in front.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

/// A certificate and its key, exchanged as a whole without closing connections.
#[derive(Debug)]
pub struct Tls(ArcSwap<ServerConfig>);

/// Why a certificate and a key cannot be used.
#[derive(Debug)]
pub enum TlsError {
    /// One of them is not PEM, or none is in it.
    Pem(pem::Error),
    /// They do not belong together, or are of a kind that is not supported.
    Unusable(rustls::Error),
}

impl std::fmt::Display for TlsError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pem(_) => formatter.write_str("no certificate or no private key in PEM"),
            Self::Unusable(error) => write!(formatter, "certificate and key: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}

impl Tls {
    /// TLS 1.2 and 1.3 with this chain, the server's own certificate first, and its private key,
    /// both in PEM.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Self(ArcSwap::from_pointee(config(chain, key)?)))
    }

    /// Uses another certificate for connections that begin from now on. When it cannot be used,
    /// the present one stays.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        self.0.store(Arc::new(config(chain, key)?));
        Ok(())
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.0.load_full()).accept(stream).await
    }
}

fn config(chain: &[u8], key: &[u8]) -> Result<ServerConfig, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(TlsError::Pem)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Pem)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
