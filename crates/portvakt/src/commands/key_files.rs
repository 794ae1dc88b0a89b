//! Keys of clients in files: public ones that are registered, private ones that are made.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_core::client::ClientId;
use portvakt_jose::{Algorithm, JwkSet, PublicJwk, RsaBits, SigningKey};
use serde_json::Value;

use super::pem;
use crate::data_dir::{DataDir, write_private};

/// Longest file of keys that is read, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Reads a text file that somebody else may have written.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let read = || -> anyhow::Result<String> {
        if std::fs::metadata(path)?.len() > MAX_FILE_BYTES {
            bail!("the file is longer than {MAX_FILE_BYTES} bytes");
        }
        Ok(std::fs::read_to_string(path)?)
    };
    read().with_context(|| format!("read {}", path.display()))
}

fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = read_text(path)?;
    // The parser's message may repeat what it read, and that may be a key.
    serde_json::from_str(&text)
        .ok()
        .with_context(|| format!("{} is not JSON", path.display()))
}

/// Reads a JWK Set.
pub(crate) fn read_jwks(path: &Path) -> anyhow::Result<JwkSet> {
    JwkSet::parse(&read_json(path)?).with_context(|| format!("read {}", path.display()))
}

/// Reads one public JWK; of a private one only the public half is kept.
pub(crate) fn read_jwk(path: &Path, key_id: Option<&str>) -> anyhow::Result<PublicJwk> {
    let mut json = read_json(path)?;
    let named = |jwk: PublicJwk| match key_id {
        Some(key_id) => jwk.with_key_id(key_id),
        None => jwk,
    };
    if json.get("d").is_some() {
        let (key, own_id) = SigningKey::from_private_jwk(&json)
            .with_context(|| format!("read {}", path.display()))?;
        let own_id = own_id.unwrap_or_else(|| key.thumbprint());
        return Ok(named(key.public_jwk(&own_id)));
    }
    if let (Some(key_id), Some(members)) = (key_id, json.as_object_mut()) {
        members.insert("kid".to_owned(), key_id.into());
    }
    PublicJwk::parse(&json).with_context(|| format!("read {}", path.display()))
}

/// Reads a key in PEM: a public one, or a private one of which the public half is kept.
pub(crate) fn read_pem(
    path: &Path,
    algorithm: Option<Algorithm>,
    key_id: Option<&str>,
) -> anyhow::Result<PublicJwk> {
    let text = read_text(path)?;
    pem::public_jwk(&text, algorithm, key_id).with_context(|| format!("read {}", path.display()))
}

/// A key that was just made.
pub(crate) struct NewKey {
    key: SigningKey,
    key_id: String,
}

impl NewKey {
    /// Makes a key. Without `key_id` it is named by its RFC 7638 thumbprint.
    pub(crate) fn generate(algorithm: Algorithm, key_id: Option<String>) -> anyhow::Result<Self> {
        let key = SigningKey::generate(algorithm, RsaBits::B2048).context("make a key")?;
        let key_id = key_id.unwrap_or_else(|| key.thumbprint());
        Ok(Self { key, key_id })
    }

    /// What is registered. The key id was chosen by a person, so it is checked here.
    pub(crate) fn public(&self) -> anyhow::Result<PublicJwk> {
        Ok(PublicJwk::parse(
            &self.key.public_jwk(&self.key_id).to_json(),
        )?)
    }

    /// The same as a set.
    pub(crate) fn public_set(&self) -> anyhow::Result<JwkSet> {
        Ok(JwkSet::new(vec![self.public()?])?)
    }

    /// Writes the private key to a file that does not exist yet, readable for the owner alone.
    pub(crate) fn write_new(&self, path: &Path) -> anyhow::Result<()> {
        if path.exists() {
            bail!("{} exists: name another file", path.display());
        }
        write_private(path, self.key.to_private_jwk(&self.key_id)?.as_bytes())
    }

    /// Writes the private key to `<client_id>.jwk.json`, readable for the owner alone. A key that
    /// is there already is kept beside it, under its own id.
    pub(crate) fn write(&self, folder: &DataDir, client_id: &ClientId) -> anyhow::Result<PathBuf> {
        std::fs::create_dir_all(folder.keys())
            .with_context(|| format!("make {}", folder.keys().display()))?;
        let path = folder.keys().join(format!("{client_id}.jwk.json"));
        if path.exists() {
            let former = former_key_id(&path)?;
            if former != self.key_id {
                let kept = folder.keys().join(format!("{client_id}.{former}.jwk.json"));
                std::fs::rename(&path, &kept)
                    .with_context(|| format!("keep the former key in {}", kept.display()))?;
            }
        }
        write_private(&path, self.key.to_private_jwk(&self.key_id)?.as_bytes())?;
        Ok(path)
    }
}

/// The id of the key in a file, which becomes a part of a file's name.
fn former_key_id(path: &Path) -> anyhow::Result<String> {
    let json = read_json(path)?;
    let key_id = json.get("kid").and_then(Value::as_str).unwrap_or("former");
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !key_id.chars().all(plain) || key_id.len() > 128 {
        bail!(
            "{} holds a key with a strange kid: move the file away",
            path.display()
        );
    }
    Ok(key_id.to_owned())
}
