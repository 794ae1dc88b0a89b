//! The threads that hold sessions, and the bounded queue before them.

use std::convert::Infallible;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::connection::Connection;
use super::library::Library;
use super::{KeyModuleError, KeyModuleSettings};

const SESSIONS: std::ops::RangeInclusive<usize> = 1..=64;
const WAITING: std::ops::RangeInclusive<usize> = 1..=4096;

/// Something to be done in a thread that holds a session.
pub(super) type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// How long whoever gives up a module waits for its threads, one of which may hang in the library.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) struct Pool {
    /// Dropped first: without it the threads end.
    jobs: SyncSender<Job>,
    _threads: Threads,
}

/// The threads, by a channel that nothing is sent on, and that is closed when the last has let go of
/// the library. A process that ends while a thread is inside it may crash: libraries take
/// themselves apart at the end of the process.
struct Threads(Mutex<Receiver<Infallible>>);

impl Drop for Threads {
    fn drop(&mut self) {
        let ended = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(FAREWELL);
    }
}

impl Pool {
    pub(super) fn start(settings: KeyModuleSettings) -> Result<Self, KeyModuleError> {
        if !SESSIONS.contains(&settings.sessions) || !WAITING.contains(&settings.waiting) {
            let text = "sessions must be 1 to 64, and waiting 1 to 4096";
            return Err(KeyModuleError::Settings(text.to_owned()));
        }
        let unusable = |error: &dyn std::fmt::Display| KeyModuleError::Settings(error.to_string());
        let library = Library::load(&settings.library, settings.restart_interval);
        let library = Arc::new(library.map_err(|error| unusable(&error))?);
        let (jobs, queue) = sync_channel(settings.waiting);
        let queue = Arc::new(Mutex::new(queue));
        let (alive, ended) = channel();
        let (settings, refused) = (Arc::new(settings), Arc::new(AtomicBool::new(false)));
        for number in 0..settings.sessions {
            let connection = Connection::new(
                Arc::clone(&library),
                Arc::clone(&settings),
                Arc::clone(&refused),
            );
            let (queue, alive) = (Arc::clone(&queue), alive.clone());
            std::thread::Builder::new()
                .name(format!("key-module-{number}"))
                .spawn(move || {
                    work(connection, &queue);
                    drop(alive);
                })
                .map_err(|error| unusable(&error))?;
        }
        Ok(Self {
            jobs,
            _threads: Threads(Mutex::new(ended)),
        })
    }

    /// Puts a job in the queue, or refuses at once.
    pub(super) fn submit(&self, job: Job) -> Result<(), KeyModuleError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => KeyModuleError::Busy,
            TrySendError::Disconnected(_) => {
                KeyModuleError::Unavailable("its threads have ended".to_owned())
            }
        })
    }

    /// Has something done and waits for it.
    pub(super) fn call<T: Send + 'static>(
        &self,
        patience: Duration,
        act: impl FnOnce(&mut Connection) -> Result<T, KeyModuleError> + Send + 'static,
    ) -> Result<T, KeyModuleError> {
        let (reply, answer) = sync_channel(1);
        self.submit(Box::new(move |connection| {
            // Nobody waits any longer when this fails.
            let _ = reply.send(act(connection));
        }))?;
        answer
            .recv_timeout(patience)
            .map_err(|_| KeyModuleError::Unavailable("no answer in time".to_owned()))?
    }
}

/// Does one job after the other until the last handle is gone.
fn work(mut connection: Connection, queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(&mut connection),
            Err(_) => return,
        }
    }
}
