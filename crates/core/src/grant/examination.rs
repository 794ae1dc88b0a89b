//! Everything that was found about one grant: what the view of each side is made from.

use std::sync::Arc;

use super::authorize::{ActingFor, authorize};
use super::check::{Check, Findings};
use super::claims::GrantClaims;
use super::explain::Explanation;
use super::facts::Facts;
use super::knowledge;
use super::reading::GrantReading;
use crate::access::AccessState;
use crate::client::{Client, ClientId};
use crate::clock::Timestamp;
use crate::issuer::Issuer;
use crate::organization::OrgNumber;
use crate::refusal::Refusal;
use crate::scope::{Scope, ScopeToken};

/// Most characters of a claim that is shown as it came.
const CLAIM_CHARACTERS: usize = 64;

/// A grant, who sent it, and what came of every check. It holds no assertion, no key and nothing
/// about a person; which part of it somebody may see is for [`super::Views`] to say.
#[derive(Clone, Debug)]
pub struct Examination {
    pub(super) at: Timestamp,
    pub(super) issuer: String,
    pub(super) sender: Option<Sender>,
    pub(super) requested: Requested,
    pub(super) findings: Findings,
    /// The same as it looks with the facts that the client may know.
    pub(super) for_client: Findings,
    pub(super) acting_for: Option<ActingFor>,
    /// The requested scopes that exist; none when nobody was asked about them.
    pub(super) scopes: Vec<RequestedScope>,
}

/// The client that a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The client.
    pub client_id: ClientId,
    /// Its organization.
    pub client_orgno: OrgNumber,
    /// The supplier that manages it, if any.
    pub supplier_orgno: Option<OrgNumber>,
    /// Whether the request showed what only the client has: a signature by one of its keys or its
    /// certificate, its secret, a token of its own. Anybody can name a client.
    pub is_proven: bool,
}

impl Sender {
    pub(crate) fn new(client: &Client, is_proven: bool) -> Self {
        Self {
            client_id: client.client_id.clone(),
            client_orgno: client.client_orgno,
            supplier_orgno: client.supplier_orgno,
            is_proven,
        }
    }
}

/// What a grant says.
#[derive(Clone, Debug, Default)]
pub(super) struct Requested {
    pub(super) client_id: Option<String>,
    pub(super) scopes: Vec<ScopeToken>,
    pub(super) consumer_org: Option<String>,
}

impl Requested {
    pub(super) fn of(grant: &GrantReading<'_>) -> Self {
        let Some(claims) = grant.claims.as_ref() else {
            return Self::default();
        };
        let clip = |text: &String| text.chars().take(CLAIM_CHARACTERS).collect();
        Self {
            client_id: Some(clip(&claims.issuer)),
            scopes: claims.scopes.clone(),
            consumer_org: claims.consumer_org.as_ref().map(clip),
        }
    }
}

/// A requested scope as its owner knows it.
#[derive(Clone, Debug)]
pub(super) struct RequestedScope {
    pub(super) scope: Arc<Scope>,
    /// The record of [`ActingFor::accessing`].
    pub(super) access: Option<AccessState>,
    /// None when the delegation source was not asked.
    pub(super) delegated: Option<bool>,
}

impl Examination {
    /// What is known before anybody was asked about the scopes.
    pub(super) fn new(
        grant: &GrantReading<'_>,
        sender: Option<Sender>,
        findings: Findings,
        issuer: &Issuer,
        at: Timestamp,
    ) -> Self {
        Self {
            at,
            issuer: issuer.identifier.clone(),
            sender,
            requested: Requested::of(grant),
            for_client: findings.through(Check::OneTimeUse),
            findings,
            acting_for: None,
            scopes: Vec::new(),
        }
    }

    /// Adds what was found about the scopes; the findings hold it already.
    pub(super) fn with_facts(
        mut self,
        claims: &GrantClaims,
        client: &Client,
        facts: &Facts,
        issuer: &Issuer,
    ) -> Self {
        let all = facts.of(client);
        if knowledge::is_told_about_scopes(&self.findings) {
            let known = knowledge::of_client(client, &facts.acting_for, all.scopes);
            let known = all.with_scopes(&known);
            authorize(claims, known, issuer, self.at, &mut self.for_client);
            self.for_client = knowledge::about_itself(client, &facts.acting_for, self.for_client);
        }
        let delegated = |position| {
            let answers = all.delegated?;
            answers.get(position).copied()
        };
        let requested = |(position, fact): (usize, &crate::ports::ScopeFact)| {
            Some(RequestedScope {
                scope: fact.scope.clone()?,
                access: fact.access,
                delegated: delegated(position),
            })
        };
        self.scopes = all
            .scopes
            .iter()
            .enumerate()
            .filter_map(requested)
            .collect();
        self.acting_for = Some(facts.acting_for);
        self
    }

    /// The client that the grant names, if it exists.
    pub fn sender(&self) -> Option<&Sender> {
        self.sender.as_ref()
    }

    /// When it was decided.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Why the grant is refused: the first check that failed.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.findings.first_refusal()
    }

    /// Every check with everything that was compared. For whoever runs the server alone.
    pub fn explanation(&self) -> Explanation {
        Explanation::of(&self.requested, &self.findings, self.at)
    }

    /// The requested scopes that exist, each with its owner.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.scopes.iter().map(|requested| requested.scope.as_ref())
    }

    /// For whom the grant asks, as far as it came to that.
    pub fn acting_for(&self) -> Option<&ActingFor> {
        self.acting_for.as_ref()
    }
}
