//! What every connection is set to before anybody uses it.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

use crate::fault::is_lacking;

/// How long a call waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is asked whether it still lives before it is used.
const FRESH: Duration = Duration::from_secs(1);
/// How long a connection that nobody uses may take to say that it lives. A server that died with
/// its machine closes nothing and says nothing; its connections must make room for others.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);
/// Connections that nobody needs are given back, and none is kept for ever: behind a load balancer
/// a node finds its way to another server.
const IDLE: Duration = Duration::from_mins(5);
const LIFETIME: Duration = Duration::from_mins(30);

/// Waiting and working are bounded, so that neither a lock nor a query nor a node that stopped in
/// the middle of a transaction holds up the others.
const SETTINGS: [&str; 6] = [
    // Stronger is the operator's choice; weaker would lose what was acknowledged.
    "SELECT set_config('synchronous_commit', 'on', FALSE)
     WHERE current_setting('synchronous_commit') <> 'remote_apply'",
    "SET statement_timeout = '10s'",
    "SET lock_timeout = '5s'",
    "SET idle_in_transaction_session_timeout = '30s'",
    "SET default_transaction_isolation = 'read committed'",
    "SET client_min_messages = 'warning'",
];

const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// What the connections of a pool are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Reading,
    Writing,
    /// As writing, by who closes the connection of a call that was given up.
    Recording,
}

/// A pool of at most this many connections, none of which is made yet.
pub(crate) fn pool(connect: &PgConnectOptions, connections: u32, purpose: Use) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(IDLE)
        .max_lifetime(LIFETIME)
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for > FRESH {
                    ask_whether_it_lives(connection).await?;
                }
                Ok(true)
            })
        })
        // A call that was given up has left its connection waiting for an answer. The pool waits
        // for that too, but for ever.
        .after_release(move |connection, _| {
            Box::pin(async move {
                if purpose != Use::Recording {
                    ask_whether_it_lives(connection).await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| Box::pin(prepare(connection, purpose)))
        .connect_lazy_with(connect.clone())
}

async fn ask_whether_it_lives(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    match timeout(SIGN_OF_LIFE, connection.ping()).await {
        Ok(answer) => answer,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

async fn prepare(connection: &mut PgConnection, purpose: Use) -> Result<(), sqlx::Error> {
    refuse_standby(connection).await?;
    for setting in SETTINGS {
        apply(connection, setting).await?;
    }
    if purpose == Use::Reading {
        apply(connection, READ_ONLY).await?;
    }
    Ok(())
}

/// A standby may be behind, and still confirm that nothing has changed: what spreads connections
/// over a primary and its standbys would let a node decide on rights that were withdrawn. A primary
/// that becomes a standby closes its connections first, so it is enough to ask once.
async fn refuse_standby(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let asked = sqlx::query_scalar::<_, bool>("SELECT pg_is_in_recovery()");
    match asked.fetch_one(connection).await {
        Ok(true) => Err(std::io::Error::other("the server is a standby").into()),
        Err(error) if !is_lacking(&error) => Err(error),
        Ok(false) | Err(_) => Ok(()),
    }
}

/// An engine that does not know the setting has no use for it.
async fn apply(connection: &mut PgConnection, setting: &'static str) -> Result<(), sqlx::Error> {
    match sqlx::raw_sql(setting).execute(connection).await {
        Err(error) if !is_lacking(&error) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
