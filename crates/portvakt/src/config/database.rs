//! Where everything is kept.

use std::path::PathBuf;

use portvakt_core::cache::CacheSettings;
use portvakt_store_postgres::PostgresSettings;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::Faults;

const URL: &str = "database.url";

/// Where everything is kept.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Required. `sqlite:/var/lib/portvakt/portvakt.db` for one node. For any number of nodes an
    /// address of PostgreSQL, `postgres://user@host:5432/database`.
    pub(crate) url: Option<String>,
    /// File with the password of a PostgreSQL user, rather than a password in `url`. Readable for
    /// the server's user alone.
    #[schema(value_type = Option<String>)]
    pub(crate) password_file: Option<PathBuf>,
    /// Most connections of one node to PostgreSQL, at least 14: 4 write, 4 are for logins, 4 for
    /// used grants, one listens for changes, and the others read.
    pub(crate) max_connections: u32,
    /// Most memory that the records of recent token requests may take, in bytes.
    pub(crate) cache_bytes: usize,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            url: None,
            password_file: None,
            max_connections: 24,
            cache_bytes: CacheSettings::default().max_bytes,
        }
    }
}

impl std::fmt::Debug for Section {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Section").finish_non_exhaustive()
    }
}

/// A database that can be opened.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum DatabaseLocation {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the address may hold a password.
    Postgres {
        /// Its address.
        url: Url,
        /// Where its password is, if not in the address.
        password_file: Option<PathBuf>,
        /// Most connections.
        max_connections: u32,
    },
}

impl Section {
    /// What to open.
    pub(crate) fn settings(&self, faults: &mut Faults) -> Option<DatabaseLocation> {
        let text = faults.required(URL, self.url.as_ref())?;
        let fewest = PostgresSettings::FEWEST_CONNECTIONS;
        if self.max_connections < fewest {
            faults.add("database.max_connections", format!("is at least {fewest}"));
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            return self.sqlite(path.trim_start_matches("//"), faults);
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => {
                Some(DatabaseLocation::Postgres {
                    url,
                    password_file: self.password_file.clone(),
                    max_connections: self.max_connections,
                })
            }
            _ => {
                faults.add(
                    URL,
                    "write sqlite:/path/to/file or postgres://user@host/database",
                );
                None
            }
        }
    }

    /// Bounds of the copies in memory.
    pub(crate) fn cache(&self) -> CacheSettings {
        CacheSettings {
            max_bytes: self.cache_bytes,
            ..CacheSettings::default()
        }
    }

    fn sqlite(&self, path: &str, faults: &mut Faults) -> Option<DatabaseLocation> {
        if self.password_file.is_some() {
            faults.add("database.password_file", "is for PostgreSQL alone");
        }
        if path.is_empty() || path.starts_with(':') {
            faults.add(URL, "name a file: what is in memory alone is lost");
            return None;
        }
        Some(DatabaseLocation::Sqlite(path.into()))
    }

    /// The section as it may be shown.
    pub(super) fn hide_password(&mut self) {
        let parsed = self.url.as_deref().map(Url::parse);
        match parsed {
            Some(Ok(mut url)) if url.password().is_some() => {
                // An address with a password has a host, which is all that this needs.
                let _ = url.set_password(Some("hidden"));
                self.url = Some(url.into());
            }
            Some(Err(_))
                if !self
                    .url
                    .as_deref()
                    .unwrap_or_default()
                    .starts_with("sqlite:") =>
            {
                self.url = Some("(not an address)".to_owned());
            }
            _ => {}
        }
    }
}
