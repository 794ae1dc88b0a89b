//! Who visits the page, in memory: the oldest go when there are too many.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use portvakt_core::SystemEntropy;
use portvakt_core::login::{Handle, HandleDigest};
use portvakt_http::find_cookie;

use super::party::Party;
use super::step::Step;

/// How many browsers, and logins under way, are remembered.
const REMEMBERED: usize = 100;

/// The cookie of a visit. Cookies know no ports, so the provider's have other names.
const COOKIE_NAME: &str = "portvakt-demonstration";

/// How many steps of one visit are shown.
const MAX_STEPS: usize = 60;

/// What happened with one browser.
#[derive(Default)]
pub(super) struct Visit {
    /// Who logged in last, or tried.
    pub(super) party: Option<Party>,
    /// What was done since then.
    pub(super) steps: Vec<Step>,
    /// What the login has given, until the logout.
    pub(super) session: Option<Session>,
}

impl Visit {
    /// Adds a step to what is shown.
    pub(super) fn tell(&mut self, step: Step) {
        if self.steps.len() < MAX_STEPS {
            self.steps.push(step);
        }
    }
}

/// The tokens of somebody who is logged in.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) party: Party,
    pub(super) subject: String,
    pub(super) sid: Option<String>,
    pub(super) id_token: String,
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
}

/// A login that an answer is awaited for.
pub(super) struct Pending {
    pub(super) party: Party,
    pub(super) nonce: String,
    pub(super) code_verifier: String,
    pub(super) acr: String,
    /// The visit that began it.
    pub(super) visit: SharedVisit,
}

/// A visit that several requests may see.
pub(super) type SharedVisit = Arc<Mutex<Visit>>;

/// All visits, and all logins and logouts under way.
#[derive(Default)]
pub(super) struct Visits {
    known: Mutex<VecDeque<(HandleDigest, SharedVisit)>>,
    pending: Mutex<VecDeque<(HandleDigest, Pending)>>,
    leaving: Mutex<VecDeque<(HandleDigest, SharedVisit)>>,
}

/// What is in a lock, also after a panic of whoever had it: nothing here is left half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Visits {
    /// The visit that a browser's cookie names.
    pub(super) fn find(&self, headers: &HeaderMap) -> Option<SharedVisit> {
        let cookie = find_cookie(headers, COOKIE_NAME)?;
        let digest = Handle::parse(cookie).ok()?.digest();
        let visits = lock(&self.known);
        let found = visits.iter().find(|(known, _)| *known == digest);
        found.map(|(_, visit)| Arc::clone(visit))
    }

    /// A new visit, and the cookie for it.
    pub(super) fn begin(&self) -> anyhow::Result<(SharedVisit, String)> {
        let handle = Handle::generate(&SystemEntropy)?;
        let visit = SharedVisit::default();
        remember(&self.known, handle.digest(), Arc::clone(&visit));
        let cookie = format!(
            "{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Lax",
            handle.expose()
        );
        Ok((visit, cookie))
    }

    /// Awaits the answer to a login.
    pub(super) fn await_answer(&self, state: &Handle, pending: Pending) {
        remember(&self.pending, state.digest(), pending);
    }

    /// The login that an answer belongs to, once.
    pub(super) fn take_pending(&self, state: &str) -> Option<Pending> {
        take(&self.pending, state)
    }

    /// Awaits the return from a logout.
    pub(super) fn await_return(&self, state: &Handle, visit: SharedVisit) {
        remember(&self.leaving, state.digest(), visit);
    }

    /// The visit whose logout a return belongs to, once.
    pub(super) fn take_leaving(&self, state: &str) -> Option<SharedVisit> {
        take(&self.leaving, state)
    }

    /// Ends the sessions that the provider knows by this `sid`.
    pub(super) fn end_sessions(&self, sid: &str, step: &Step) {
        for (_, visit) in lock(&self.known).iter() {
            let mut visit = lock(visit);
            if visit
                .session
                .as_ref()
                .is_some_and(|session| session.sid.as_deref() == Some(sid))
            {
                visit.session = None;
                visit.tell(step.clone());
            }
        }
    }
}

fn remember<T>(queue: &Mutex<VecDeque<(HandleDigest, T)>>, digest: HandleDigest, value: T) {
    let mut queue = lock(queue);
    if queue.len() == REMEMBERED {
        queue.pop_front();
    }
    queue.push_back((digest, value));
}

fn take<T>(queue: &Mutex<VecDeque<(HandleDigest, T)>>, state: &str) -> Option<T> {
    let digest = Handle::parse(state).ok()?.digest();
    let mut queue = lock(queue);
    let position = queue.iter().position(|(known, _)| *known == digest)?;
    queue.remove(position).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;

    #[test]
    fn the_oldest_visit_goes_when_there_are_too_many() {
        let visits = Visits::default();
        let headers = |cookie: &str| {
            let pair = cookie.split(';').next().unwrap();
            HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())])
        };
        let (_, first) = visits.begin().unwrap();
        assert!(visits.find(&headers(&first)).is_some());
        for _ in 0..REMEMBERED {
            visits.begin().unwrap();
        }
        assert!(visits.find(&headers(&first)).is_none());
        assert_eq!(lock(&visits.known).len(), REMEMBERED);
    }

    #[test]
    fn an_answer_is_taken_once() {
        let visits = Visits::default();
        let state = Handle::generate(&SystemEntropy).unwrap();
        let pending = Pending {
            party: Party::Web,
            nonce: String::new(),
            code_verifier: String::new(),
            acr: String::new(),
            visit: SharedVisit::default(),
        };
        visits.await_answer(&state, pending);
        assert!(visits.take_pending("something else").is_none());
        assert!(visits.take_pending(state.expose()).is_some());
        assert!(visits.take_pending(state.expose()).is_none());
    }
}
