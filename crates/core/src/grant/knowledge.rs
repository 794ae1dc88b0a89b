//! What a client may learn of scopes that others own, and of organizations that it acts for: what
//! the token endpoint would tell it, and no more (spec: selfservice §3.4).

use std::sync::Arc;

use super::authorize::ActingFor;
use super::check::{Check, Findings, Outcome};
use crate::access::AccessState;
use crate::client::Client;
use crate::ports::ScopeFact;
use crate::scope::{Scope, Visibility};

/// A client that may not use the endpoint learns that, and nothing about scopes.
pub(super) fn is_told_about_scopes(findings: &Findings) -> bool {
    *findings.outcome(Check::Client) == Outcome::Passed
}

/// The facts about scopes as the client may know them: a scope that is hidden from it does not
/// exist, and one whose owner is deactivated is deactivated itself.
pub(super) fn of_client(
    client: &Client,
    acting_for: &ActingFor,
    facts: &[ScopeFact],
) -> Vec<ScopeFact> {
    let known = |fact: &ScopeFact| match &fact.scope {
        Some(scope) if is_hidden(scope, fact, client, acting_for) => ScopeFact::default(),
        Some(scope) if !fact.owner_active => ScopeFact {
            scope: Some(Arc::new(Scope {
                active: false,
                ..Scope::clone(scope)
            })),
            owner_active: true,
            access: fact.access,
        },
        Some(_) | None => fact.clone(),
    };
    facts.iter().map(known).collect()
}

/// Whether nothing that the client can see elsewhere says that the scope exists. Another
/// organization's access says nothing to the client, even when it acts for that organization.
fn is_hidden(scope: &Scope, fact: &ScopeFact, client: &Client, acting_for: &ActingFor) -> bool {
    let has_access = acting_for.accessing == client.accessing_orgno()
        && fact.access == Some(AccessState::Approved);
    let is_own = scope.owner_orgno == client.accessing_orgno();
    scope.visibility != Visibility::Public
        && !scope.accessible_for_all
        && !has_access
        && !is_own
        && !client.scopes.contains(&scope.name)
}

/// The findings without what the token endpoint would not say about another organization: of that
/// one, no check after the first that fails.
pub(super) fn about_itself(
    client: &Client,
    acting_for: &ActingFor,
    findings: Findings,
) -> Findings {
    if acting_for.consumer == client.client_orgno {
        findings
    } else {
        findings.through_failure_from(Check::Scopes)
    }
}
