//! Hearing at once that something was committed (`LISTEN`), between two looks at the change feed.
//!
//! Nothing rests on it: a hint that is lost costs the time until the next look.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::session::{Use, pool};
use crate::unit::CHANNEL;

/// The one connection that listens.
pub(crate) const CONNECTIONS: u32 = 1;
/// How long one connection listens. A connection that was cut says nothing, like one on which
/// nothing happens, so neither is trusted for longer.
const TERM: Duration = Duration::from_mins(1);
/// The rest between two attempts to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// Hints of one database's commits, by whichever node. The connection is made when somebody first
/// asks: commands that do one act need none.
#[derive(Debug)]
pub(crate) struct Hints {
    connect: PgConnectOptions,
    listening: OnceLock<Listening>,
}

#[derive(Debug)]
struct Listening {
    heard: Arc<Notify>,
    task: AbortHandle,
}

impl Hints {
    pub(crate) fn new(connect: &PgConnectOptions) -> Self {
        Self {
            connect: connect.clone(),
            listening: OnceLock::new(),
        }
    }

    /// Returns when there was a commit since it returned last, or when there may have been.
    pub(crate) async fn next(&self) {
        let listening = self.listening.get_or_init(|| self.start());
        listening.heard.notified().await;
    }

    pub(crate) fn stop(&self) {
        if let Some(listening) = self.listening.get() {
            listening.task.abort();
        }
    }

    fn start(&self) -> Listening {
        let heard = Arc::new(Notify::new());
        let task = tokio::spawn(listen(self.connect.clone(), Arc::clone(&heard)));
        Listening {
            heard,
            task: task.abort_handle(),
        }
    }
}

impl Drop for Hints {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn listen(connect: PgConnectOptions, heard: Arc<Notify>) {
    let mut lost = false;
    loop {
        let end = Instant::now() + TERM;
        let mut listened = false;
        let term = listen_once(&connect, || {
            heard.notify_one();
            listened = true;
        });
        // At the end of its term a connection is given up and another one made.
        let Ok(Err(error)) = timeout_at(end, term).await else {
            lost = false;
            continue;
        };
        if listened || !lost {
            let error = crate::fault::storage_error(error);
            tracing::warn!(%error, "changes are looked for, and not heard of, until the database can be listened to");
        }
        lost = true;
        sleep(PAUSE).await;
    }
}

/// Tells of the beginning too: what was committed before it was not heard.
async fn listen_once(
    connect: &PgConnectOptions,
    mut hear: impl FnMut(),
) -> Result<Infallible, sqlx::Error> {
    // A pool of its own: the connection of the last term may still be on its way out.
    let connections = pool(connect, CONNECTIONS, Use::Reading);
    let mut listener = PgListener::connect_with(&connections).await?;
    listener.listen(CHANNEL).await?;
    loop {
        hear();
        // None is a connection that was lost and made anew.
        listener.try_recv().await?;
    }
}
