//! `SoftHSM` in the place of a hardware module.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A token in a folder. Its library is configured for a whole process, by
/// [`SoftHsm::VARIABLE`], so what uses it is a process of its own.
#[derive(Debug)]
pub struct SoftHsm {
    configuration: PathBuf,
}

const CONFIGURATION: &str = "softhsm2.conf";
/// Tells a test that it runs in the process that [`SoftHsm::alone`] made for it.
const FOLDER: &str = "PORTVAKT_TEST_SOFTHSM";

impl SoftHsm {
    /// The environment variable that leads the library to the token.
    pub const VARIABLE: &str = "SOFTHSM2_CONF";
    /// The token's label.
    pub const TOKEN: &str = "t";
    /// Its PIN.
    pub const PIN: &str = "1234";

    /// Makes an empty token in a folder that exists.
    pub fn in_folder(folder: &Path) -> Self {
        let configuration = folder.join(CONFIGURATION);
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

    /// Runs a test again in a process of its own, whose library has an empty token, and fails if it
    /// does. That process can use the token itself, and so can the processes that it starts. `name` is
    /// the test's, with its modules.
    pub fn alone(name: &str, test: impl FnOnce(&Self)) {
        if let Some(folder) = std::env::var_os(FOLDER) {
            let configuration = Path::new(&folder).join(CONFIGURATION);
            return test(&Self { configuration });
        }
        let run = || {
            let folder = tempfile::tempdir()?;
            let module = Self::in_folder(folder.path());
            Command::new(std::env::current_exe()?)
                .args(["--exact", name, "--nocapture"])
                .env(Self::VARIABLE, module.configuration())
                .env(FOLDER, folder.path())
                .output()
        };
        let ran = run().unwrap_or_else(|error| panic!("{name} alone: {error}"));
        let printed = String::from_utf8_lossy(&ran.stdout);
        let errors = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{printed}\n{errors}");
        assert!(printed.contains("1 passed"), "no test is called {name}");
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
