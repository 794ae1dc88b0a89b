//! `SoftHSM` in the place of a hardware module.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A token in a folder. Its library is configured for a whole process, by
/// [`SoftHsm::VARIABLE`], so what uses it is a process of its own.
#[derive(Debug)]
pub struct SoftHsm {
    configuration: PathBuf,
}

impl SoftHsm {
    /// The environment variable that leads the library to the token.
    pub const VARIABLE: &str = "SOFTHSM2_CONF";
    /// The token's label.
    pub const TOKEN: &str = "t";
    /// Its PIN.
    pub const PIN: &str = "1234";

    /// Makes an empty token in a folder that exists.
    pub fn in_folder(folder: &Path) -> Self {
        let configuration = folder.join("softhsm2.conf");
        let tokens = folder.join("tokens");
        let made = std::fs::create_dir(&tokens).and_then(|()| {
            let directories = format!("directories.tokendir = {}\n", tokens.display());
            std::fs::write(&configuration, directories)
        });
        made.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let utility = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", Self::TOKEN])
            .args(["--pin", Self::PIN, "--so-pin", Self::PIN])
            .env(Self::VARIABLE, &configuration)
            .output()
            .unwrap_or_else(|error| panic!("softhsm2-util: {error}"));
        assert!(utility.status.success(), "{utility:?}");
        Self { configuration }
    }

    /// What [`Self::VARIABLE`] must be.
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// The PKCS#11 library.
    pub fn library() -> PathBuf {
        let folders = [
            "/usr/lib",
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
        ];
        let mut paths = folders
            .iter()
            .map(|folder| Path::new(folder).join("softhsm/libsofthsm2.so"));
        paths.find(|path| path.exists()).unwrap_or_else(|| {
            panic!("SoftHSM is missing: run scripts/setup.sh test, which installs softhsm2")
        })
    }
}
