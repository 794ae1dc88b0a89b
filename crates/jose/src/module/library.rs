//! The vendor's library, loaded once and, when nothing else helps, started anew.

use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::Error;

/// Some libraries see a token that was away only after they were started anew, which ends every session.
pub(super) struct Library {
    pkcs11: Pkcs11,
    /// Held for reading while the library is used.
    starts: RwLock<Starts>,
    restart_interval: Duration,
}

struct Starts {
    /// How often it was started anew. Sessions of another count are gone, and so are their numbers.
    count: u64,
    last: Option<Instant>,
}

/// Keeps the library from being started anew.
pub(super) struct InUse<'l>(RwLockReadGuard<'l, Starts>);

impl InUse<'_> {
    pub(super) fn count(&self) -> u64 {
        self.0.count
    }
}

impl Library {
    pub(super) fn load(path: &Path, restart_interval: Duration) -> Result<Self, Error> {
        let pkcs11 = Pkcs11::new(path)?;
        start(&pkcs11)?;
        let starts = RwLock::new(Starts {
            count: 0,
            last: None,
        });
        Ok(Self {
            pkcs11,
            starts,
            restart_interval,
        })
    }

    pub(super) fn pkcs11(&self) -> &Pkcs11 {
        &self.pkcs11
    }

    pub(super) fn in_use(&self) -> InUse<'_> {
        InUse(self.starts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts it anew, unless somebody did since the count was `seen`, or it was done too recently.
    /// Says whether it is worth trying again.
    pub(super) fn restart(&self, seen: u64) -> bool {
        let mut starts = self.starts.write().unwrap_or_else(PoisonError::into_inner);
        if starts.count != seen {
            return true;
        }
        let recently = |last: Instant| last.elapsed() < self.restart_interval;
        if starts.last.is_some_and(recently) {
            return false;
        }
        starts.last = Some(Instant::now());
        starts.count += 1;
        // It may have ended already.
        let _ = self.pkcs11.clone().finalize();
        start(&self.pkcs11).is_ok()
    }
}

fn start(pkcs11: &Pkcs11) -> Result<(), Error> {
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
}
