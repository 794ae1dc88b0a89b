//! Which registry a command works on: that of a production server's configuration, or that of a
//! development server's folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_core::administration::bootstrap::OperatorOrganization;
use portvakt_core::signing::KeySource;

use super::OpenStore;
use crate::config::{Config, DatabaseLocation, Environment, Faults};
use crate::data_dir::DataDir;
use crate::signing::KeySourceArgs;

/// Where a development server keeps everything by default.
const DEFAULT_FOLDER: &str = ".portvakt";

/// Which registry.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DatabaseArgs {
    /// Configuration of a production server, on whose database this works, also while it runs
    #[arg(long, value_name = "FILE", env = "PORTVAKT_CONFIG")]
    config: Option<PathBuf>,
    /// Folder of a development server instead [default: .portvakt]
    #[arg(long, value_name = "DIR", env = "PORTVAKT_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

/// A registry that a command works on.
pub(crate) struct Registry {
    config: Option<Config>,
    location: DatabaseLocation,
    folder: DataDir,
}

impl DatabaseArgs {
    /// The folder that private keys of clients are written to.
    pub(crate) fn data_dir(&self) -> DataDir {
        DataDir::new(
            self.data_dir
                .as_deref()
                .unwrap_or(Path::new(DEFAULT_FOLDER)),
        )
    }

    /// Reads the configuration, if one is named. To name both is refused: an act must not end up in
    /// another registry than the one that was meant.
    pub(crate) fn registry(&self) -> anyhow::Result<Registry> {
        let folder = self.data_dir();
        let Some(file) = &self.config else {
            return Ok(Registry {
                config: None,
                location: DatabaseLocation::Sqlite(folder.database()),
                folder,
            });
        };
        if self.data_dir.is_some() {
            bail!(
                "name one registry: --config (or PORTVAKT_CONFIG) or --data-dir (or \
                 PORTVAKT_DATA_DIR), not both"
            );
        }
        let config = Config::load(file, &Environment::of_process())?;
        config.check().into_result()?;
        let location = Faults::settle(|faults| config.database.settings(faults))?;
        Ok(Registry {
            config: Some(config),
            location,
            folder,
        })
    }

    /// Opens a registry that exists.
    pub(crate) async fn open(&self) -> anyhow::Result<OpenStore> {
        self.registry()?.open().await
    }
}

impl Registry {
    /// The configuration that names it.
    pub(crate) fn config(&self) -> Option<&Config> {
        self.config.as_ref()
    }

    /// Whether there can be something in it. A database server is asked when it is opened.
    pub(crate) fn exists(&self) -> bool {
        match &self.location {
            DatabaseLocation::Sqlite(file) => file.exists(),
            DatabaseLocation::Postgres { .. } => true,
        }
    }

    /// Opens it. A file is not made.
    pub(crate) async fn open(self) -> anyhow::Result<OpenStore> {
        if let DatabaseLocation::Sqlite(file) = &self.location
            && !file.exists()
        {
            match self.config {
                Some(_) => bail!(
                    "there is no registry in {}: `portvakt serve` makes it, and so do \
                     `portvakt registry apply` and `portvakt restore`",
                    file.display()
                ),
                None => bail!(
                    "{} holds no registry: start `portvakt dev` there, or name another folder with \
                     --data-dir, or a production server's configuration with --config",
                    self.folder.path().display()
                ),
            }
        }
        OpenStore::open(self.location).await
    }

    /// Opens it, and makes it if need be.
    pub(crate) async fn open_or_make(self) -> anyhow::Result<OpenStore> {
        if self.config.is_none() {
            self.folder.create()?;
        }
        OpenStore::open(self.location).await
    }

    /// Whose the scopes of the server's own are.
    pub(crate) fn operator(&self) -> anyhow::Result<OperatorOrganization> {
        match &self.config {
            Some(config) => Ok(Faults::settle(|faults| {
                config.operator.organization(faults)
            })?),
            None => Ok(OperatorOrganization::default()),
        }
    }

    /// Where the server's signing keys are: where the arguments say, or else the configuration.
    pub(crate) fn key_source(
        &self,
        args: &KeySourceArgs,
    ) -> anyhow::Result<std::sync::Arc<dyn KeySource>> {
        match &self.config {
            Some(config) if !args.is_given() => config
                .keys
                .open(config)
                .context("open the configured signing keys"),
            _ => args.open(),
        }
    }
}
