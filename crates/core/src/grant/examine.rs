//! Examining grants beyond the first failure, without using them up.

use std::sync::Arc;

use super::authenticate::{authenticate, is_signed_by};
use super::authorize::authorize;
use super::check::{Check, Findings, Outcome};
use super::examination::{Examination, Sender};
use super::exchange::TokenExchange;
use super::explain::Explanation;
use super::facts::Facts;
use super::reading::GrantReading;
use crate::client::Client;
use crate::clock::Timestamp;
use crate::ports::{ClientRecord, StorageError};
use crate::refusal::Refusal;

/// A grant and who sent it, which is all that is found out for somebody who has proved nothing.
pub struct Presented<'a> {
    grant: GrantReading<'a>,
    record: Option<Arc<ClientRecord>>,
    is_proven: bool,
    reading: Findings,
    now: Timestamp,
}

impl Presented<'_> {
    /// The client that the grant names, if it exists.
    pub fn client(&self) -> Option<&Client> {
        self.record.as_deref().map(|record| &record.client)
    }

    /// Whether that client signed the grant, whatever else is wrong with it.
    pub fn is_proven(&self) -> bool {
        self.is_proven
    }

    fn sender(&self) -> Option<Sender> {
        let client = self.client()?;
        Some(Sender::new(client, self.is_proven))
    }
}

impl TokenExchange {
    /// Whether the grant names this issuer as its audience. For choosing among several.
    pub fn is_addressed(&self, assertion: &str) -> bool {
        let grant = GrantReading::new(assertion, self.issuer(), &mut Findings::default());
        let audience = grant.claims.as_ref().map(|claims| &claims.audience);
        audience
            .into_iter()
            .flatten()
            .any(|audience| self.issuer().accepts_audience(audience))
    }

    /// Reads a grant and finds out who signed it, which costs what refusing it does.
    pub async fn present<'a>(&self, assertion: &'a str) -> Result<Presented<'a>, StorageError> {
        let mut reading = Findings::default();
        let grant = GrantReading::new(assertion, self.issuer(), &mut reading);
        let record = self.find_client(&grant).await?;
        let now = self.now();
        Ok(Presented {
            is_proven: self.is_signed(&grant, record.as_deref(), now),
            grant,
            record,
            reading,
            now,
        })
    }

    /// What refusing the grant now would find, for somebody who has proved nothing.
    pub fn glance(&self, presented: &Presented<'_>) -> Examination {
        let now = presented.now;
        let mut findings = presented.reading.clone();
        let record = presented.record.as_deref();
        self.check_sender(&presented.grant, record, now, &mut findings);
        Examination::new(
            &presented.grant,
            presented.sender(),
            findings,
            self.issuer(),
            now,
        )
    }

    /// Decides about the grant at `at` (now, when none), every check of it, without using it up.
    pub async fn examine(
        &self,
        presented: &Presented<'_>,
        at: Option<Timestamp>,
    ) -> Result<Examination, StorageError> {
        let at = at.unwrap_or(presented.now);
        let mut findings = presented.reading.clone();
        let record = presented.record.as_deref();
        self.check_sender(&presented.grant, record, at, &mut findings);
        let sender = presented.sender();
        self.examine_further(
            &presented.grant,
            record,
            sender,
            findings,
            at,
            Registers::Asked,
        )
        .await
    }

    /// As [`TokenExchange::examine`], with everything that was compared: for whoever runs the
    /// server alone.
    pub async fn explain(
        &self,
        assertion: &str,
        at: Option<Timestamp>,
    ) -> Result<Explanation, StorageError> {
        let presented = self.present(assertion).await?;
        let examination = self.examine(&presented, at).await?;
        Ok(examination.explanation())
    }

    /// Looks at the rest of a grant whose sender was refused: at everything behind it if the
    /// sender is proven, so that strangers cannot make the server work.
    pub(super) async fn examine_refused(
        &self,
        grant: &GrantReading<'_>,
        record: Option<&ClientRecord>,
        findings: Findings,
        now: Timestamp,
    ) -> Examination {
        let is_proven = self.was_signed(grant, record, &findings, now);
        let sender = record.map(|record| Sender::new(&record.client, is_proven));
        let shallow =
            || Examination::new(grant, sender.clone(), findings.clone(), self.issuer(), now);
        let registers = if self.explains_refusals() {
            Registers::Asked
        } else if is_proven {
            Registers::LeftAlone
        } else {
            return shallow();
        };
        // The answer is settled already: a store that fails now takes nothing but detail away.
        self.examine_further(
            grant,
            record,
            sender.clone(),
            findings.clone(),
            now,
            registers,
        )
        .await
        .unwrap_or_else(|_| shallow())
    }

    fn was_signed(
        &self,
        grant: &GrantReading<'_>,
        record: Option<&ClientRecord>,
        findings: &Findings,
        now: Timestamp,
    ) -> bool {
        match findings.outcome(Check::Signature) {
            Outcome::Passed => true,
            Outcome::Failed(_) => false,
            // The key of a client that may not use the endpoint was not looked at yet.
            Outcome::NotEvaluated => self.is_signed(grant, record, now),
        }
    }

    fn is_signed(
        &self,
        grant: &GrantReading<'_>,
        record: Option<&ClientRecord>,
        now: Timestamp,
    ) -> bool {
        let trust = self.parts().trust.load();
        record.is_some_and(|record| is_signed_by(grant, record, &trust, now))
    }

    fn check_sender(
        &self,
        grant: &GrantReading<'_>,
        record: Option<&ClientRecord>,
        at: Timestamp,
        findings: &mut Findings,
    ) {
        let trust = self.parts().trust.load();
        authenticate(grant, record, &trust, self.issuer(), at, findings);
    }

    /// Everything behind authentication, without using the grant up.
    async fn examine_further(
        &self,
        grant: &GrantReading<'_>,
        record: Option<&ClientRecord>,
        sender: Option<Sender>,
        mut findings: Findings,
        at: Timestamp,
        registers: Registers,
    ) -> Result<Examination, StorageError> {
        if let Some(digest) = grant.digest() {
            let used = self.parts().ledger.is_consumed(digest).await?;
            let verdict = if used {
                Err(Refusal::GrantReplayed)
            } else {
                Ok(())
            };
            findings.record(Check::OneTimeUse, verdict);
        }
        let (Some(claims), Some(record)) = (grant.claims.as_ref(), record) else {
            return Ok(Examination::new(grant, sender, findings, self.issuer(), at));
        };
        let client = &record.client;
        let mut facts = Facts::fetch(self.parts(), claims, client).await?;
        if registers == Registers::Asked {
            facts
                .ask_registers(self.parts(), claims, client, at)
                .await?;
        }
        authorize(claims, facts.of(client), self.issuer(), at, &mut findings);
        let examination = Examination::new(grant, sender, findings, self.issuer(), at);
        Ok(examination.with_facts(claims, client, &facts, self.issuer()))
    }
}

/// Whether the registers of delegations and parties, which may be slow and belong to others, are
/// asked about a grant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Registers {
    Asked,
    LeftAlone,
}
