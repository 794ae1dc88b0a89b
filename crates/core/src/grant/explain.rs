//! Why a grant was, or would be, refused: every check in order.

use serde::Serialize;

use super::check::{Check, Findings, Outcome};
use super::examination::Requested;
use super::reading::GrantReading;
use crate::clock::Timestamp;
use crate::refusal::Refusal;
use crate::scope::ScopeToken;

/// The outcome of every check of one grant, for people and for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The server's clock when it decided, RFC 3339.
    pub decided_at: String,
    /// What came or would come of the grant.
    pub outcome: ExplanationOutcome,
    /// `iss` of the grant, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The scopes that it asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<ScopeToken>,
    /// `consumer_org` of the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer_org: Option<String>,
    /// Every check, in order.
    pub checks: Vec<CheckReport>,
}

/// What comes of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExplanationOutcome {
    /// A token.
    Issued,
    /// The refusal of the first check that failed.
    Refused,
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Name of the check.
    pub check: &'static str,
    /// What it asks.
    pub title: &'static str,
    /// What came of it.
    #[serde(flatten)]
    pub result: CheckResult,
}

/// What came of one check, with what helps when it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum CheckResult {
    /// It holds, or asks nothing of this grant.
    Passed,
    /// It does not hold.
    Failed {
        /// Name of the refusal in the table.
        refusal: &'static str,
        /// HTTP status of the answer.
        http_status: u16,
        /// OAuth error of the answer.
        error: &'static str,
        /// National code of the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        mp_code: Option<&'static str>,
        /// What was compared with what.
        compared: String,
        /// What to do.
        next_step: &'static str,
    },
    /// An earlier failure took away what the check needs.
    NotEvaluated,
}

impl Explanation {
    /// Explains what was found about a grant.
    pub fn new(grant: &GrantReading<'_>, findings: &Findings, now: Timestamp) -> Self {
        Self::of(&Requested::of(grant), findings, now)
    }

    pub(super) fn of(requested: &Requested, findings: &Findings, now: Timestamp) -> Self {
        Self {
            decided_at: now.to_string(),
            outcome: ExplanationOutcome::of(findings),
            client_id: requested.client_id.clone(),
            scopes: requested.scopes.clone(),
            consumer_org: requested.consumer_org.clone(),
            checks: reports(findings),
        }
    }

    /// The checks that failed, in order.
    pub fn failures(&self) -> impl Iterator<Item = &CheckReport> {
        self.checks
            .iter()
            .filter(|report| matches!(report.result, CheckResult::Failed { .. }))
    }
}

impl ExplanationOutcome {
    pub(super) fn of(findings: &Findings) -> Self {
        if findings.all_passed() {
            Self::Issued
        } else {
            Self::Refused
        }
    }
}

/// What came of every check, in order.
pub(super) fn reports(findings: &Findings) -> Vec<CheckReport> {
    let all = Check::ALL.iter();
    all.map(|check| report(*check, findings)).collect()
}

fn report(check: Check, findings: &Findings) -> CheckReport {
    let result = match findings.outcome(check) {
        Outcome::Passed => CheckResult::Passed,
        Outcome::NotEvaluated => CheckResult::NotEvaluated,
        Outcome::Failed(refusal) => CheckResult::from(refusal.as_ref()),
    };
    CheckReport {
        check: check.name(),
        title: check.title(),
        result,
    }
}

impl From<&Refusal> for CheckResult {
    fn from(refusal: &Refusal) -> Self {
        let (code, row) = (refusal.code(), refusal.code().row());
        Self::Failed {
            refusal: code.name(),
            http_status: row.http_status,
            error: row.error.as_str(),
            mp_code: row.mp_code,
            compared: refusal.compared(),
            next_step: row.next_step,
        }
    }
}
