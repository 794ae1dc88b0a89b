//! Where a secret is: a file that nobody else can read, or an environment variable.

use std::convert::Infallible;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail};
use portvakt_core::signing::KeyEncryptionKey;
use zeroize::Zeroizing;

/// More than any key or PIN with white space around it, also a private JWK of 8192 bits.
const MAX_FILE_BYTES: usize = 16 * 1024;
/// What an environment variable's name is written after.
const ENVIRONMENT: &str = "env:";

/// A place, written `FILE` or `env:NAME`. It is no secret, unlike what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretLocation {
    /// A file.
    File(PathBuf),
    /// An environment variable, by name.
    Environment(String),
}

impl FromStr for SecretLocation {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix(ENVIRONMENT) {
            Some(name) => Self::Environment(name.to_owned()),
            None => Self::File(text.into()),
        })
    }
}

impl fmt::Display for SecretLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Environment(name) => write!(formatter, "{ENVIRONMENT}{name}"),
        }
    }
}

impl SecretLocation {
    /// Reads the text. Whatever is wrong is an error that names the place and repeats nothing of it.
    pub(crate) fn read(&self) -> anyhow::Result<Zeroizing<String>> {
        let read = || match self {
            Self::File(path) => read_private(path),
            Self::Environment(name) => match std::env::var(name) {
                Ok(text) => Ok(Zeroizing::new(text)),
                Err(_) => bail!("the environment variable is not set, or is no text"),
            },
        };
        read().with_context(|| format!("read the secret from {self}"))
    }

    /// Reads a key-encryption key.
    pub(crate) fn read_key_encryption_key(&self) -> anyhow::Result<KeyEncryptionKey> {
        let key = KeyEncryptionKey::parse(&self.read()?);
        key.with_context(|| format!("read the key-encryption key from {self}"))
    }
}

/// Reads a file that its owner alone can read; root's own may be readable for its group, as mounted
/// secrets are.
fn read_private(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    // Before it is opened, too: opening a pipe waits for whoever writes to it.
    check_permissions(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    check_permissions(&file.metadata()?)?;
    // Room for all of it, so that growing leaves no copy behind.
    let most = MAX_FILE_BYTES + 1;
    let mut text = Zeroizing::new(String::with_capacity(most));
    file.take(most as u64).read_to_string(&mut text)?;
    if text.len() > MAX_FILE_BYTES {
        bail!("the file is longer than any secret");
    }
    Ok(text)
}

#[cfg(unix)]
fn check_permissions(metadata: &Metadata) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;
    if !metadata.is_file() {
        bail!("it is no regular file");
    }
    let allowed = if metadata.uid() == 0 { 0o740 } else { 0o700 };
    if metadata.mode() & 0o777 & !allowed != 0 {
        bail!("others can read the file: chmod 600 it");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_permissions(_: &Metadata) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn file(folder: &tempfile::TempDir, text: &str, mode: u32) -> SecretLocation {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.path().join(format!("{mode:o}"));
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        SecretLocation::File(path)
    }

    #[test]
    fn a_file_of_its_owner_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o400] {
            file(&folder, &format!("{KEY}\n"), mode)
                .read_key_encryption_key()
                .unwrap();
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o644, 0o604, 0o660, 0o602] {
            let error = file(&folder, KEY, mode)
                .read_key_encryption_key()
                .unwrap_err();
            assert!(format!("{error:#}").contains("chmod 600"), "{mode:o}");
        }
    }

    #[test]
    fn errors_name_the_place_and_never_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(MAX_FILE_BYTES + 1);
        for text in ["not a key", &KEY[4..], &long] {
            let error = format!(
                "{:#}",
                file(&folder, text, 0o600)
                    .read_key_encryption_key()
                    .unwrap_err()
            );
            assert!(error.contains("600") && !error.contains(text), "{error}");
        }
        let absent = SecretLocation::from_str("env:PORTVAKT_NO_SUCH_VARIABLE").unwrap();
        let error = format!("{:#}", absent.read_key_encryption_key().unwrap_err());
        assert!(error.contains("env:PORTVAKT_NO_SUCH_VARIABLE"), "{error}");
        let folder = SecretLocation::File(folder.path().to_owned());
        let error = format!("{:#}", folder.read().unwrap_err());
        assert!(error.contains("no regular file"), "{error}");
    }
}
