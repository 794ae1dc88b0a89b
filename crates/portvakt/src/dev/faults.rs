//! Faults on purpose: what a client meets on a bad day, scripted for the next calls of an endpoint.

mod document;
mod layer;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;

use super::surface_name::SurfaceName;

pub(crate) use self::document::{InvalidScript, ScriptDocument};
pub(crate) use self::layer::{Faulty, inject};

/// Most scripts that wait at a time.
pub(crate) const MOST_SCRIPTS: usize = 1000;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// It is answered with this status, without reaching the surface. A text is sent as it is,
    /// other values as JSON.
    Status(StatusCode, Option<Value>),
    /// It reaches the surface later.
    Delay(Duration),
    /// The connection is closed without an answer.
    DropConnection,
    /// The signing keys are rotated just before it reaches the surface.
    RotateKeys,
}

/// A fault for the next calls of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Script {
    /// Where the endpoint is.
    pub(crate) surface: SurfaceName,
    /// One of [`SurfaceName::endpoints`].
    pub(crate) endpoint: &'static str,
    /// What happens.
    pub(crate) fault: Fault,
    /// To how many calls, from now on.
    pub(crate) calls: u32,
}

/// The scripts that wait, in the order in which they are carried out.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<VecDeque<Script>>);

impl Faults {
    /// Adds a script after those that wait; `false` when there are too many.
    pub(crate) fn add(&self, script: Script) -> bool {
        let mut scripts = self.scripts();
        let room = scripts.len() < MOST_SCRIPTS;
        if room {
            scripts.push_back(script);
        }
        room
    }

    /// What waits.
    pub(crate) fn waiting(&self) -> Vec<Script> {
        self.scripts().iter().cloned().collect()
    }

    /// Forgets everything that waits.
    pub(crate) fn clear(&self) {
        self.scripts().clear();
    }

    /// Uses up one call of the first script for the endpoint at `path`.
    fn take(&self, surface: SurfaceName, path: &str) -> Option<Fault> {
        let path = path.trim_end_matches('/');
        let is_for = |script: &Script| script.surface == surface && script.endpoint == path;
        let mut scripts = self.scripts();
        let position = scripts.iter().position(is_for)?;
        let script = &mut scripts[position];
        let fault = script.fault.clone();
        script.calls -= 1;
        if script.calls == 0 {
            scripts.remove(position);
        }
        Some(fault)
    }

    fn scripts(&self) -> MutexGuard<'_, VecDeque<Script>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(endpoint: &'static str, status: u16, calls: u32) -> Script {
        Script {
            surface: SurfaceName::Maskinporten,
            endpoint,
            fault: Fault::Status(StatusCode::from_u16(status).unwrap(), None),
            calls,
        }
    }

    #[test]
    fn scripts_are_used_up_in_order_and_each_for_its_endpoint() {
        let faults = Faults::default();
        for one in [
            script("/token", 500, 2),
            script("/jwk", 502, 1),
            script("/token", 503, 1),
        ] {
            assert!(faults.add(one));
        }
        let mut statuses = Vec::new();
        let take = |path| faults.take(SurfaceName::Maskinporten, path);
        assert_eq!(faults.take(SurfaceName::Idporten, "/token"), None);
        while let Some(Fault::Status(status, _)) = take("/token") {
            statuses.push(status.as_u16());
        }
        assert_eq!(statuses, [500, 500, 503]);
        assert_eq!(faults.waiting(), [script("/jwk", 502, 1)]);
        assert_eq!(take("/health"), None);
        assert!(take("/jwk/").is_some());
        assert_eq!(faults.waiting(), []);
    }

    #[test]
    fn scripts_are_bounded() {
        let faults = Faults::default();
        for _ in 0..MOST_SCRIPTS {
            assert!(faults.add(script("/token", 500, 1)));
        }
        assert!(!faults.add(script("/token", 500, 1)));
        faults.clear();
        assert!(faults.add(script("/token", 500, 1)));
    }
}
