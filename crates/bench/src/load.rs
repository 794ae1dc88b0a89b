//! The load: closed, where each connection waits for its answer, or open, where requests are due
//! whether or not the server keeps up.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::bail;
use tokio::task::{LocalSet, yield_now};
use tokio::time::{Instant, sleep_until};

use crate::latency::Outcome;
use crate::wire::Connection;

/// More than a server works on at once, and fewer than it takes.
const OPEN_CONNECTIONS: usize = 768;

/// How requests follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each connection sends when it has its answer.
    Closed,
    /// So many a second. A request that is sent late counts from when it was due, so that a server
    /// that stalls cannot hide it (coordinated omission).
    Open(f64),
}

/// A load on the nodes of a server, which share the connections.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    /// Whether a closed load has the core to itself, and waits without sleeping: waking a process on
    /// another core is work of whoever sends to it, here of the server, which no client far away asks
    /// of it.
    pub(crate) awake: bool,
}

/// What the connections of a run share.
struct Run {
    pace: Pace,
    started: Instant,
    time: Duration,
    grants: Vec<String>,
    next: Cell<usize>,
}

impl Load {
    /// Runs until the time is over, and fails if the grants were not enough for it.
    pub(crate) async fn run(&self, pace: Pace, grants: Vec<String>) -> anyhow::Result<Outcome> {
        let mut connections = Vec::new();
        // An open load needs as many connections as requests may be under way at once, which under
        // too much load are more than a server works on.
        let count = match pace {
            Pace::Closed => self.connections,
            Pace::Open(_) => OPEN_CONNECTIONS,
        };
        for address in self.addresses.iter().cycle().take(count) {
            connections.push(Connection::open(*address).await?);
        }
        let run = Rc::new(Run {
            pace,
            started: Instant::now(),
            time: self.time,
            grants,
            next: Cell::new(0),
        });
        let total = Rc::new(RefCell::new(Outcome::new()?));
        let tasks = LocalSet::new();
        for connection in connections {
            let (run, total) = (Rc::clone(&run), Rc::clone(&total));
            tasks.spawn_local(async move {
                if let Err(error) = run.work(connection, &total).await {
                    anstream::eprintln!("a connection failed: {error:#}");
                }
            });
        }
        if self.awake && matches!(pace, Pace::Closed) {
            let run = Rc::clone(&run);
            tasks.spawn_local(async move {
                while run.started.elapsed() < run.time {
                    yield_now().await;
                }
            });
        }
        tasks.await;
        if run.next.get() >= run.grants.len() {
            bail!(
                "{} grants were not enough for {:?}",
                run.grants.len(),
                self.time
            );
        }
        let Ok(total) = Rc::try_unwrap(total) else {
            bail!("a connection is still at work");
        };
        Ok(total.into_inner())
    }
}

impl Run {
    async fn work(
        &self,
        mut connection: Connection,
        total: &RefCell<Outcome>,
    ) -> anyhow::Result<()> {
        while let Some((grant, due)) = self.next() {
            sleep_until(due).await;
            let sent = match self.pace {
                Pace::Closed => Instant::now(),
                Pace::Open(_) => due,
            };
            let status = connection.exchange(grant).await?.status;
            let mut total = total.borrow_mut();
            total.record(status, sent.elapsed());
            total.time = self.started.elapsed();
        }
        Ok(())
    }

    /// The next grant and when it is due; none when the time is over.
    fn next(&self) -> Option<(&str, Instant)> {
        let index = self.next.get();
        let due = match self.pace {
            Pace::Closed => Instant::now(),
            Pace::Open(rate) => self.started + Duration::from_secs_f64(index as f64 / rate),
        };
        if due.duration_since(self.started) >= self.time {
            return None;
        }
        let grant = self.grants.get(index)?;
        self.next.set(index + 1);
        Some((grant, due))
    }
}
