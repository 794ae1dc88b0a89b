//! The last decisions, for whoever asks why. It holds no assertion, no token and no person: also
//! where a client has put a national identity number into a claim that is shown.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portvakt_core::grant::{Denied, Examination, IssuedToken};
use portvakt_core::redaction::{redact, redacted};
use portvakt_maskinporten::{Decision, Observer};
use serde::Serialize;
use serde_json::Value;

/// How many decisions are remembered.
pub(crate) const CAPACITY: usize = 100;

/// The last [`CAPACITY`] decisions.
#[derive(Default)]
pub(crate) struct Journal {
    entries: Mutex<VecDeque<Arc<Entry>>>,
}

/// One decision.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    /// The `trace_id` of the answer and its `x-request-id`.
    pub(crate) request_id: String,
    /// When, by the server's clock; RFC 3339.
    time: String,
    /// The issuer that was asked.
    issuer: String,
    /// `issued` or `refused`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// What was granted, or else asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// Id of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalSummary>,
    /// Every check of a refused grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Value>,
}

/// What was answered.
#[derive(Debug, Serialize)]
struct RefusalSummary {
    name: &'static str,
    http_status: u16,
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mp_code: Option<&'static str>,
    compared: String,
    next_step: &'static str,
}

impl Journal {
    /// At most `limit` decisions, the newest first.
    pub(crate) fn newest(&self, limit: usize) -> Vec<Arc<Entry>> {
        self.entries().iter().rev().take(limit).cloned().collect()
    }

    /// The decision about one request.
    pub(crate) fn find(&self, request_id: &str) -> Option<Arc<Entry>> {
        let entries = self.entries();
        let found = entries
            .iter()
            .rev()
            .find(|entry| entry.request_id == request_id);
        found.cloned()
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(decision: &Decision<'_>) -> Entry {
        let blank = Entry {
            request_id: decision.request_id.to_string(),
            time: decision.at.to_string(),
            issuer: decision.issuer.identifier.clone(),
            outcome: "refused",
            client_id: None,
            scope: None,
            jti: None,
            refusal: None,
            explanation: None,
        };
        match decision.result {
            Ok(token) => blank.issued(token),
            Err(denied) => blank.refused(denied),
        }
    }
}

impl Entry {
    fn issued(self, token: &IssuedToken) -> Self {
        Self {
            outcome: "issued",
            client_id: Some(token.client_id.to_string()),
            scope: Some(token.scope.clone()),
            jti: Some(token.jti.clone()),
            ..self
        }
    }

    fn refused(self, denied: &Denied) -> Self {
        let row = denied.refusal.code().row();
        let examination = denied.examination.as_deref();
        let explanation = examination.map(Examination::explanation);
        let scopes = explanation.as_ref().map(|explanation| {
            let names = explanation.scopes.iter().map(ToString::to_string);
            redacted(&names.collect::<Vec<_>>().join(" "))
        });
        Self {
            client_id: denied.client_id.clone(),
            scope: scopes.filter(|scopes| !scopes.is_empty()),
            refusal: Some(RefusalSummary {
                name: denied.refusal.code().name(),
                http_status: row.http_status,
                error: row.error.as_str(),
                mp_code: row.mp_code,
                compared: redacted(&denied.refusal.compared()),
                next_step: row.next_step,
            }),
            explanation: explanation
                .and_then(|explanation| serde_json::to_value(explanation).ok())
                .map(redact),
            ..self
        }
    }
}

impl Observer for Journal {
    fn decided(&self, decision: &Decision<'_>) {
        let entry = Arc::new(Self::entry(decision));
        let mut entries = self.entries();
        if entries.len() == CAPACITY {
            entries.pop_front();
        }
        entries.push_back(entry);
    }
}

#[cfg(test)]
mod tests {
    use portvakt_core::Timestamp;
    use portvakt_core::issuer::{Issuer, Profile};
    use portvakt_core::refusal::Refusal;
    use portvakt_http::RequestId;

    use super::*;

    #[test]
    fn keeps_the_last_hundred_and_no_more() {
        let journal = Journal::default();
        let issuer = Issuer::new("http://localhost:7700/", Profile::Maskinporten);
        for number in 0..=u8::try_from(CAPACITY).unwrap() {
            let mut id = [0; 16];
            id[15] = number;
            journal.decided(&Decision {
                request_id: RequestId::from_bytes(id),
                issuer: &issuer,
                at: Timestamp::from_seconds(0),
                result: &Err(Denied::from(Refusal::UnsupportedGrantType)),
            });
        }
        let all = journal.newest(usize::MAX);
        assert_eq!(all.len(), CAPACITY);
        assert_eq!(all[0].request_id, format!("{CAPACITY:032x}"));
        assert!(journal.find(&format!("{:032x}", 1)).is_some());
        assert!(journal.find(&format!("{:032x}", 0)).is_none());
        assert_eq!(journal.newest(3).len(), 3);
    }
}
