//! Keys and certificates in files.

use std::path::Path;

use portvakt_jose::{Algorithm, SigningKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use zeroize::Zeroizing;

use super::CredentialsError;

/// Longest file of a key that is read, in bytes.
const MAX_KEY_BYTES: u64 = 64 * 1024;

/// A private key from a file.
#[derive(Debug)]
pub struct KeyFile {
    /// The key.
    pub key: SigningKey,
    /// The id that the file states; PEM states none.
    pub key_id: Option<String>,
}

impl KeyFile {
    /// Reads a private JWK, or PKCS#8 PEM. An RSA key in PEM signs with RS256.
    pub fn read(file: &Path) -> Result<Self, CredentialsError> {
        let read = |source| CredentialsError::Read {
            file: file.display().to_string(),
            source,
        };
        let length = std::fs::metadata(file).map_err(read)?.len();
        if length > MAX_KEY_BYTES {
            let source = std::io::Error::other(format!("is larger than {MAX_KEY_BYTES} bytes"));
            return Err(read(source));
        }
        let text = Zeroizing::new(std::fs::read_to_string(file).map_err(read)?);
        Self::parse(&text).map_err(|reason| CredentialsError::Key {
            file: file.display().to_string(),
            reason,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with("-----BEGIN") {
            let types = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
            let keys = types.map(|algorithm| SigningKey::from_pkcs8_pem(algorithm, text));
            let mut errors = Vec::new();
            for key in keys {
                match key {
                    Ok(key) => return Ok(Self { key, key_id: None }),
                    Err(error) => errors.push(error.to_string()),
                }
            }
            // What is wrong with it as an RSA key is what most people need to know.
            return Err(errors.swap_remove(0));
        }
        // The parser's own message could quote the key.
        let value: Value =
            serde_json::from_str(text).map_err(|_| "is neither a JWK nor PEM".to_owned())?;
        let (key, key_id) =
            SigningKey::from_private_jwk(&value).map_err(|error| error.to_string())?;
        Ok(Self { key, key_id })
    }
}

/// The DER of every certificate in a PEM text; an error when there is none.
pub fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, CredentialsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates =
        certificates.map_err(|_| CredentialsError::Certificate("malformed PEM".to_owned()))?;
    if certificates.is_empty() {
        return Err(CredentialsError::Certificate(
            "the file holds none".to_owned(),
        ));
    }
    Ok(certificates.iter().map(|der| der.to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use portvakt_jose::RsaBits;

    #[test]
    fn a_key_is_read_from_each_form_and_no_message_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let key = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
        for (text, key_id) in [
            (key.to_private_jwk("k1").unwrap(), Some("k1")),
            (key.to_pkcs8_pem().unwrap(), None),
        ] {
            std::fs::write(&file, text.as_bytes()).unwrap();
            let read = KeyFile::read(&file).unwrap();
            assert_eq!(read.key.thumbprint(), key.thumbprint());
            assert_eq!(read.key_id.as_deref(), key_id);
            std::fs::write(&file, &text[..text.len() / 2]).unwrap();
            let error = KeyFile::read(&file).unwrap_err().to_string();
            assert!(!error.contains(&text[40..60]), "{error}");
        }
    }
}
