//! Where a surface listens, and whether it speaks TLS itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;

/// Where a surface listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    /// Address and port, `127.0.0.1:7700` or `[::]:7700`. Port 0 takes a free one.
    pub(crate) listen: String,
    /// Certificate chain, PEM, the surface's own certificate first; with it the surface speaks TLS
    /// itself. Without it TLS ends at a proxy in front. Read again when the process gets `SIGHUP`.
    #[schema(value_type = Option<String>)]
    pub(crate) tls_certificate_file: Option<PathBuf>,
    /// The certificate's private key, PEM.
    #[schema(value_type = Option<String>)]
    pub(crate) tls_key_file: Option<PathBuf>,
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// Chain, PEM.
    pub(crate) certificate: PathBuf,
    /// Private key, PEM.
    pub(crate) key: PathBuf,
}

/// What a surface binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    /// The address.
    pub(crate) address: SocketAddr,
    /// What it proves itself with; none without TLS.
    pub(crate) tls: Option<TlsFiles>,
}

impl Listener {
    /// Listens on this machine alone.
    pub(super) fn loopback(port: u16) -> Self {
        Self {
            listen: format!("127.0.0.1:{port}"),
            tls_certificate_file: None,
            tls_key_file: None,
        }
    }

    /// What to bind.
    pub(crate) fn binding(&self, section: &str, faults: &mut Faults) -> Option<Binding> {
        let tls = match (&self.tls_certificate_file, &self.tls_key_file) {
            (Some(certificate), Some(key)) => Some(TlsFiles {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            (None, None) => None,
            (Some(_), None) => {
                let key = format!("{section}.listener.tls_key_file");
                faults.add(key, "is required with tls_certificate_file");
                return None;
            }
            (None, Some(_)) => {
                let key = format!("{section}.listener.tls_certificate_file");
                faults.add(key, "is required with tls_key_file");
                return None;
            }
        };
        let Ok(address) = self.listen.parse() else {
            let key = format!("{section}.listener.listen");
            faults.add(key, "write an address and a port, like 127.0.0.1:7700");
            return None;
        };
        Some(Binding { address, tls })
    }
}
