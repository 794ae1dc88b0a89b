//! The folder where a development server keeps everything, and where commands find it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// Which store a command works on.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DataDirArgs {
    /// Folder of the development server
    #[arg(
        long,
        value_name = "DIR",
        env = "PORTVAKT_DATA_DIR",
        default_value = ".portvakt"
    )]
    pub(crate) data_dir: PathBuf,
}

impl DataDirArgs {
    /// The folder.
    pub(crate) fn data_dir(&self) -> DataDir {
        DataDir(self.data_dir.clone())
    }
}

/// A folder with a store, a certificate authority, private keys of demo clients, and, while a
/// server runs on it, the addresses of its surfaces.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// The folder at this path.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The SQLite database.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("portvakt.db")
    }

    /// The addresses of a running server.
    pub(crate) fn endpoints_file(&self) -> PathBuf {
        self.0.join("endpoints.json")
    }

    /// The development certificate authority's certificate.
    pub(crate) fn ca_certificate(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// The development certificate authority's private key.
    pub(crate) fn ca_key(&self) -> PathBuf {
        self.0.join("ca-key.pem")
    }

    /// What the development certificate authority has revoked, in DER.
    pub(crate) fn ca_revocation_list(&self) -> PathBuf {
        self.0.join("ca.crl")
    }

    /// The serial numbers that the revocation list is made of.
    pub(crate) fn revoked(&self) -> PathBuf {
        self.0.join("revoked.json")
    }

    /// Organization certificates that the development certificate authority issued.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.0.join("certificates")
    }

    /// Revocation lists that were fetched.
    pub(crate) fn revocation_lists(&self) -> PathBuf {
        self.0.join("crl")
    }

    /// Locked by the one server that runs on the folder.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Private keys of clients, `<client_id>.jwk.json`.
    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// Makes the folder, readable for its owner alone and ignored by version control.
    pub(crate) fn create(&self) -> anyhow::Result<()> {
        let make = || -> std::io::Result<()> {
            std::fs::create_dir_all(&self.0)?;
            std::fs::create_dir_all(self.keys())?;
            restrict(&self.0, 0o700)?;
            std::fs::write(self.0.join(".gitignore"), "*\n")
        };
        make().with_context(|| format!("make the data folder {}", self.0.display()))
    }

    /// The addresses of the server that runs, or ran last, on this folder.
    pub(crate) fn endpoints(&self) -> anyhow::Result<Endpoints> {
        let file = self.endpoints_file();
        let text = std::fs::read_to_string(&file).with_context(|| {
            format!(
                "read {} (is `portvakt dev` running on this folder?)",
                file.display()
            )
        })?;
        serde_json::from_str(&text).with_context(|| format!("read {}", file.display()))
    }
}

/// Writes a file as a whole, readable for its owner alone: readers see the old or the new one.
pub(crate) fn write_private(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let _ = std::fs::remove_file(&partial);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&partial)?;
        std::io::Write::write_all(&mut file, contents)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().with_context(|| format!("write {}", path.display()))
}

/// Makes a folder and those above it; the folder itself is readable for its owner alone.
pub(crate) fn make_private_folder(path: &Path) -> anyhow::Result<()> {
    let make = || -> std::io::Result<()> {
        std::fs::create_dir_all(path)?;
        restrict(path, 0o700)
    };
    make().with_context(|| format!("make the folder {}", path.display()))
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

/// The addresses of a development server's surfaces, as `endpoints.json` states them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Endpoints {
    /// The machine-to-machine surface.
    pub(crate) maskinporten: MaskinportenEndpoints,
    /// Its sibling for clouds, on the same port under another host name.
    pub(crate) skyporten: MaskinportenEndpoints,
    /// The login surface.
    pub(crate) idporten: IdportenEndpoints,
    /// Administration over REST.
    pub(crate) selfservice: BaseUrl,
    /// Health, readiness and the developer controls.
    pub(crate) operations: BaseUrl,
    /// The demonstration of a login.
    pub(crate) relying_party: BaseUrl,
}

/// The login surface.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IdportenEndpoints {
    /// `iss` of tokens and `aud` of client assertions.
    pub(crate) issuer: String,
    /// Metadata.
    pub(crate) well_known: String,
}

/// The machine-to-machine surface.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MaskinportenEndpoints {
    /// `iss` of tokens and `aud` of grants.
    pub(crate) issuer: String,
    /// Metadata.
    pub(crate) well_known: String,
    /// Tokens.
    pub(crate) token_endpoint: String,
    /// Keys.
    pub(crate) jwks_uri: String,
}

/// A surface with nothing but a base address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BaseUrl {
    /// Without a trailing slash.
    pub(crate) base_url: String,
}
