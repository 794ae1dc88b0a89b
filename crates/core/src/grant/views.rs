//! What each side may see of an examined grant.
//!
//! Without proof: what the token endpoint says. With the client's proof: every check of the grant
//! and the client, and of scopes what the endpoint would tell that client. With a scope owner's
//! proof: the state of that owner's scopes for the consumer, and nothing about the client.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::examination::{Examination, RequestedScope};
use super::explain::{CheckReport, CheckResult, ExplanationOutcome, reports};
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::redaction::redact;
use crate::refusal::Refusal;

/// Members of a JSON object.
type Members = Map<String, Value>;

/// What somebody has proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// To be the client, or to administer it.
    pub client: bool,
    /// To be this organization, as far as its scopes go.
    pub owner: Option<OrgNumber>,
}

/// How much text a view holds at most.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// Characters of one text.
    characters: usize,
    /// Scopes of one list.
    scopes: usize,
}

impl Detail {
    /// Everything, for whoever sent it just now.
    pub const FULL: Self = Self {
        characters: usize::MAX,
        scopes: usize::MAX,
    };
    /// For keeping what a known client sent.
    pub const PROVEN: Self = Self {
        characters: 1000,
        scopes: 50,
    };
    /// For keeping what anybody may have sent.
    pub const UNPROVEN: Self = Self {
        characters: 200,
        scopes: 5,
    };

    fn clip(self, text: &str) -> String {
        text.chars().take(self.characters).collect()
    }
}

/// What may be seen, by proof. It has no national identity number and is fit to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Views {
    answer: Members,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    client: Members,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    owners: BTreeMap<OrgNumber, Value>,
}

impl Views {
    /// The views of a grant. Owners have one only if the sender is proven: whoever asks in
    /// somebody's name has no consumer.
    pub fn new(examination: &Examination, detail: Detail) -> Self {
        let outcome = ExplanationOutcome::of(&examination.findings);
        let refusal = (outcome == ExplanationOutcome::Refused)
            .then(|| examination.refusal().unwrap_or(&Refusal::Internal));
        let is_proven = examination
            .sender
            .as_ref()
            .is_some_and(|sender| sender.is_proven);
        let owners = if is_proven {
            owners(examination, detail)
        } else {
            BTreeMap::new()
        };
        Self {
            answer: answer(refusal, &examination.issuer, examination.at, detail),
            client: client(examination, detail),
            owners,
        }
    }

    /// The views of a request that had no grant to look at.
    pub fn of_refusal(refusal: &Refusal, issuer: &str, at: Timestamp, detail: Detail) -> Self {
        Self {
            answer: answer(Some(refusal), issuer, at, detail),
            client: Members::new(),
            owners: BTreeMap::new(),
        }
    }

    /// What somebody with this proof sees; `proof` in it says which of its proofs showed something.
    pub fn seen_with(&self, proof: &Proof) -> Members {
        let mut seen = self.answer.clone();
        let mut levels = Vec::new();
        if proof.client && !self.client.is_empty() {
            levels.push("client");
            seen.extend(self.client.clone());
        }
        if let Some(owned) = proof.owner.and_then(|owner| self.owners.get(&owner)) {
            levels.push("owner");
            seen.insert("owner".to_owned(), owned.clone());
        }
        seen.insert("proof".to_owned(), json!(levels));
        seen
    }
}

/// What the token endpoint says.
fn answer(refusal: Option<&Refusal>, issuer: &str, at: Timestamp, detail: Detail) -> Members {
    let refused = |refusal: &Refusal| {
        let row = refusal.code().row();
        let mut members = json!({
            "refusal": refusal.code().name(),
            "http_status": row.http_status,
            "error": row.error.as_str(),
            "error_description": detail.clip(&refusal.description()),
            "next_step": row.next_step,
        });
        if let Some(code) = row.mp_code {
            members["mp_code"] = json!(code);
        }
        members
    };
    let outcome = match refusal {
        Some(_) => ExplanationOutcome::Refused,
        None => ExplanationOutcome::Issued,
    };
    let mut members = json!({
        "decided_at": at.to_string(),
        "issuer": issuer,
        "outcome": outcome,
    });
    if let Some(refusal) = refusal {
        members["refusal"] = refused(refusal);
    }
    fit(members)
}

fn client(examination: &Examination, detail: Detail) -> Members {
    let requested = &examination.requested;
    let mut checks = reports(&examination.for_client);
    for report in &mut checks {
        clip(report, detail);
    }
    let scopes: Vec<_> = requested.scopes.iter().take(detail.scopes).collect();
    let mut members = json!({ "scopes": scopes, "checks": checks });
    if let Some(client_id) = &requested.client_id {
        members["client_id"] = json!(client_id);
    }
    if let Some(consumer_org) = &requested.consumer_org {
        members["consumer_org"] = json!(consumer_org);
    }
    fit(members)
}

fn clip(report: &mut CheckReport, detail: Detail) {
    if let CheckResult::Failed { compared, .. } = &mut report.result {
        *compared = detail.clip(compared);
    }
}

/// For each owner of a requested scope, its scopes and who asked for them.
fn owners(examination: &Examination, detail: Detail) -> BTreeMap<OrgNumber, Value> {
    let Some(acting_for) = examination.acting_for else {
        return BTreeMap::new();
    };
    let mut owned: BTreeMap<OrgNumber, Vec<Value>> = BTreeMap::new();
    for requested in examination.scopes.iter().take(detail.scopes) {
        let scopes = owned.entry(requested.scope.owner_orgno).or_default();
        scopes.push(owned_scope(requested));
    }
    let view = |(owner, scopes): (OrgNumber, Vec<Value>)| {
        let mut members = json!({
            "orgno": owner,
            "consumer_orgno": acting_for.consumer,
            "accessing_orgno": acting_for.accessing,
            "scopes": scopes,
        });
        if let Some(supplier) = acting_for.supplier {
            members["supplier_orgno"] = json!(supplier);
        }
        (owner, redact(members))
    };
    owned.into_iter().map(view).collect()
}

fn owned_scope(requested: &RequestedScope) -> Value {
    let scope = &requested.scope;
    json!({
        "scope": scope.name,
        "active": scope.active,
        "accessible_for_all": scope.accessible_for_all,
        "allowed_integration_types": scope.allowed_integration_types,
        "delegation_source": scope.delegation_source,
        "access": requested.access,
        "delegated": requested.delegated,
    })
}

/// The members of an object as they may be kept and shown.
fn fit(object: Value) -> Members {
    match redact(object) {
        Value::Object(members) => members,
        _ => Members::new(),
    }
}
