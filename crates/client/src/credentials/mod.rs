//! Who a client is, and how it proves that.

mod file;
#[cfg(feature = "pkcs11")]
mod module;

use std::fmt;

use portvakt_jose::{Certificate, Signer};
use serde_json::{Map, Value, json};

pub use self::file::{KeyFile, certificates};
#[cfg(feature = "pkcs11")]
pub use self::module::ModuleKey;
use crate::error::ClientError;

/// A client's id and key.
#[derive(Clone)]
pub struct Credentials {
    client_id: String,
    signer: Signer,
    proof: Proof,
}

/// How the server finds the public half.
#[derive(Clone)]
enum Proof {
    /// It is registered under this `kid`.
    KeyId(String),
    /// It is in the organization's certificate, the first of this chain in `x5c`.
    Chain(Vec<String>),
}

/// Why a key or a certificate is not used. No message holds anything of a key.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file cannot be read.
    #[error("read {file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds no private key.
    #[error("{file}: {reason}")]
    Key {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A file holds no certificate.
    #[error("no PEM certificate: {0}")]
    Certificate(String),
    /// The certificate is another key's.
    #[error("the certificate is not the key's: name the two that belong together, leaf first")]
    WrongCertificate,
    /// A hardware module does not help.
    #[cfg(feature = "pkcs11")]
    #[error(transparent)]
    Module(#[from] portvakt_jose::KeyModuleError),
    /// The module has no such key.
    #[cfg(feature = "pkcs11")]
    #[error("the token has no private key with the label {label} and the thumbprint {thumbprint}")]
    NoSuchKey {
        /// `CKA_LABEL`
        label: String,
        /// RFC 7638.
        thumbprint: String,
    },
}

impl Credentials {
    /// A client with a registered key.
    pub fn with_key_id(client_id: &str, signer: impl Into<Signer>, key_id: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            signer: signer.into(),
            proof: Proof::KeyId(key_id.to_owned()),
        }
    }

    /// A client that signs with the key of its organization's certificate. The chain is DER, as
    /// [`certificates`] reads it, and begins with that certificate.
    pub fn with_certificate(
        client_id: &str,
        signer: impl Into<Signer>,
        chain: &[Vec<u8>],
    ) -> Result<Self, CredentialsError> {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        let signer = signer.into();
        let leaf = chain
            .first()
            .ok_or_else(|| CredentialsError::Certificate("it is empty".to_owned()))?;
        let leaf = Certificate::parse(leaf)
            .map_err(|error| CredentialsError::Certificate(error.to_string()))?;
        if leaf.verifying_key().thumbprint() != signer.thumbprint() {
            return Err(CredentialsError::WrongCertificate);
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            signer,
            proof: Proof::Chain(chain.iter().map(|der| STANDARD.encode(der)).collect()),
        })
    }

    /// The client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Signs claims as a JWT.
    pub async fn sign(&self, claims: &Map<String, Value>) -> Result<String, ClientError> {
        let mut header = json!({ "alg": self.signer.algorithm().as_str(), "typ": "JWT" });
        match &self.proof {
            Proof::KeyId(key_id) => header["kid"] = json!(key_id),
            Proof::Chain(chain) => header["x5c"] = json!(chain),
        }
        Ok(self.signer.sign_compact(&header, claims).await?)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
