//! Where the database is, and how much of it one node may use.

use std::fmt;
use std::str::FromStr;

use portvakt_core::ports::StorageError;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::fault::{storage_error, unavailable};
use crate::store::{LOGINS, WRITERS};
use crate::{hints, ledger};

const READERS: u32 = 16;

/// How to reach the database. Made from a connection URL; `Debug` shows no password.
#[derive(Clone)]
pub struct PostgresSettings {
    pub(crate) connect: PgConnectOptions,
    pub(crate) readers: u32,
}

impl PostgresSettings {
    /// The fewest connections that a store works with: one of them reads.
    pub const FEWEST_CONNECTIONS: u32 =
        WRITERS + LOGINS + ledger::CONNECTIONS + hints::CONNECTIONS + 1;

    /// At most this many connections together, and at least
    /// [`FEWEST_CONNECTIONS`](Self::FEWEST_CONNECTIONS). What is not for writing, for logins, for used
    /// grants and for listening is for reading.
    #[must_use]
    pub fn with_connections(mut self, most: u32) -> Self {
        self.readers = most.saturating_sub(Self::FEWEST_CONNECTIONS - 1).max(1);
        self
    }

    /// With this password rather than one of the URL or of libpq's.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.connect = self.connect.password(password);
        self
    }

    /// Host, port and name of the database, for people.
    pub fn place(&self) -> String {
        let host = match self.connect.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => self.connect.get_host().to_owned(),
        };
        let database = self.connect.get_database();
        let database = database.unwrap_or(self.connect.get_username());
        format!("{host}:{}/{database}", self.connect.get_port())
    }
}

impl FromStr for PostgresSettings {
    type Err = StorageError;

    /// Reads `postgres://user:password@host:port/database?parameter=value`; what the URL leaves
    /// out is taken from libpq's variables (`PGPASSWORD`, `PGSSLROOTCERT` ...) and password file.
    ///
    /// Stricter than libpq: a server on another machine is reached through TLS with a verified
    /// certificate, unless the URL says `sslmode=require` (encrypted, unverified) or `disable`.
    fn from_str(url: &str) -> Result<Self, StorageError> {
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(unavailable(
                "the address of the database does not begin with postgres://",
            ));
        }
        let connect: PgConnectOptions = url.parse().map_err(storage_error)?;
        let connect = connect
            .application_name("portvakt")
            .disable_statement_logging();
        let connect = if may_be_plain(&connect) {
            connect
        } else {
            connect.ssl_mode(PgSslMode::VerifyFull)
        };
        Ok(Self {
            connect,
            readers: READERS,
        })
    }
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresSettings")
            .field("place", &self.place())
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}

/// Whether the setting stands as it is: somebody chose it, or nobody on the network can listen.
fn may_be_plain(connect: &PgConnectOptions) -> bool {
    match connect.get_ssl_mode() {
        // The default, and what falls back to plain text when somebody on the way refuses TLS.
        PgSslMode::Prefer | PgSslMode::Allow => is_local(connect),
        PgSslMode::Disable | PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => {
            true
        }
    }
}

fn is_local(connect: &PgConnectOptions) -> bool {
    let host = connect.get_host();
    let loopback = || {
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        address.is_ok_and(|address| address.is_loopback())
    };
    connect.get_socket().is_some() || host.starts_with('/') || host == "localhost" || loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssl_mode(url: &str) -> PgSslMode {
        let settings: PostgresSettings = url.parse().unwrap();
        settings.connect.get_ssl_mode()
    }

    #[test]
    fn a_server_elsewhere_is_verified_unless_the_address_says_otherwise() {
        let verified = [
            "postgres://db.example.com/portvakt",
            "postgres://db.example.com/portvakt?sslmode=prefer",
            "postgres://192.0.2.1/portvakt?sslmode=allow",
            "postgresql://localhost.example.com/portvakt",
            "postgres://db.example.com/portvakt?sslmode=verify-full",
        ];
        for url in verified {
            assert!(matches!(ssl_mode(url), PgSslMode::VerifyFull), "{url}");
        }
        let chosen = "postgres://db.example.com/portvakt?sslmode=disable";
        assert!(matches!(ssl_mode(chosen), PgSslMode::Disable));
        let local = [
            "postgres://localhost/portvakt",
            "postgres://127.0.0.1/portvakt",
            "postgres://[::1]/portvakt",
            "postgres:///portvakt?host=/run/postgresql",
        ];
        for url in local {
            assert!(matches!(ssl_mode(url), PgSslMode::Prefer), "{url}");
        }
    }

    #[test]
    fn nothing_shows_the_password() {
        let url = "postgres://portvakt:hemmelig@db.example.com:5433/registry";
        let settings: PostgresSettings = url.parse().unwrap();
        assert_eq!(settings.place(), "db.example.com:5433/registry");
        let shown = format!("{settings:?} {settings:#?}");
        assert!(!shown.contains("hemmelig"), "{shown}");
        for url in [
            "postgres://portvakt:hemmelig@[db/registry",
            "postgres://portvakt:hemmelig@db:x/registry",
            "postgres://portvakt:hemmelig@db/registry?sslmode=hemmelig",
            "mysql://portvakt:hemmelig@db/registry",
        ] {
            let error = url.parse::<PostgresSettings>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hemmelig"), "{url}");
        }
    }
}
