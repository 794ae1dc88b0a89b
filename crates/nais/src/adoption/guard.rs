//! What an adoption must not do unless somebody says so, and what is wrong after one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::manifest_text::{exposes, line, shown};
use super::{Stage, Standing, Subject, Terms};
use crate::actual::{AccessState, Actual};
use crate::desired::{Desired, DesiredScope};
use crate::naming::{Claim, Owner};
use crate::plan::{Action, Change, Finding, KeyChange, Plan, Problem, Signer, Step};

/// Attributes of a client that something running rests on.
const RUNS_ON: [&str; 5] = [
    "scopes",
    "redirect_uris",
    "post_logout_redirect_uris",
    "grant_types",
    "token_endpoint_auth_method",
];

/// Everything that the plan takes from somebody, or changes by a default of manifests, and that the
/// terms do not name. `desired` is what the plan was made for.
pub fn objections(
    desired: &[Desired],
    actual: &Actual,
    plan: &Plan,
    terms: &Terms,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for step in &plan.steps {
        let problems = match &step.action {
            Action::WithdrawAccess { scope, consumer } => {
                withdrawn(scope, consumer, terms).into_iter().collect()
            }
            Action::DeactivateScope { scope } => vec![Problem::AdoptedDisabled {
                scope: scope.clone(),
            }],
            Action::UpdateClient {
                client_id, changes, ..
            } => lost(client_id, changes, terms),
            Action::ReplaceKeys {
                client_id: Some(client_id),
                keys,
                ..
            } => lost_keys(client_id, keys, actual, terms),
            action => overwritten(action, desired, actual, terms),
        };
        let place = place(desired, step);
        found.extend(problems.into_iter().map(|problem| Finding {
            owner: step.owner.clone(),
            place: place.clone(),
            problem,
        }));
    }
    found
}

fn place(desired: &[Desired], step: &Step) -> String {
    let mut owned = desired
        .iter()
        .filter(|resource| *resource.owner() == step.owner);
    owned
        .next()
        .map(|resource| resource.place.to_string())
        .unwrap_or_default()
}

fn withdrawn(scope: &str, consumer: &str, terms: &Terms) -> Option<Problem> {
    (!terms.withdraw.contains(consumer)).then(|| Problem::ConsumerNotListed {
        scope: scope.to_owned(),
        consumer: consumer.to_owned(),
    })
}

fn overwritten(
    action: &Action,
    desired: &[Desired],
    actual: &Actual,
    terms: &Terms,
) -> Vec<Problem> {
    let Some(name) = action.scope() else {
        return Vec::new();
    };
    let (Some(wanted), Some(observed)) = (wanted(desired, name), actual.scopes.get(name)) else {
        return Vec::new();
    };
    let is_default = |change: &&Change| {
        let field = change.field.as_str();
        field != "description" && !wanted.stated.contains(field) && !terms.overwrite.contains(field)
    };
    let changes = action.changes().iter().filter(is_default);
    let problems = changes.map(|change| Problem::OverwrittenByDefault {
        scope: name.to_owned(),
        attribute: change.field.clone(),
        before: shown(&change.before),
        after: shown(&change.after),
        write: line(name, &change.field, observed, actual),
    });
    problems.collect()
}

fn wanted<'d>(desired: &'d [Desired], name: &str) -> Option<&'d DesiredScope> {
    let mut scopes = desired.iter().flat_map(|resource| &resource.scopes);
    scopes.find(|scope| scope.name == name)
}

fn lost(client_id: &str, changes: &[Change], terms: &Terms) -> Vec<Problem> {
    let counts = |change: &&Change| {
        RUNS_ON.contains(&change.field.as_str()) && !terms.overwrite.contains(&change.field)
    };
    let mut problems = Vec::new();
    for change in changes.iter().filter(counts) {
        let (before, after) = (values(&change.before), values(&change.after));
        problems.extend(before.difference(&after).map(|lost| Problem::ClientLoses {
            client_id: client_id.to_owned(),
            attribute: change.field.clone(),
            lost: lost.clone(),
        }));
    }
    problems
}

/// Registered keys that the new set leaves out although they may be in use: what has no end of life
/// counts as expired for plans, and may be used all the same.
fn lost_keys(client_id: &str, change: &KeyChange, actual: &Actual, terms: &Terms) -> Vec<Problem> {
    if terms.overwrite.contains("keys") {
        return Vec::new();
    }
    let is_kept = |kid: &str| {
        let is_signer = matches!(&change.signer, Signer::Current(key) if key.kid() == kid);
        is_signer || change.kept.iter().any(|key| key.jwk.kid() == kid)
    };
    let registered = actual.key_sets.get(client_id).into_iter().flatten();
    let lost = registered.filter(|key| {
        let has_expired = key.expires_at.is_some_and(|at| at <= actual.observed_at);
        !has_expired && !is_kept(key.jwk.kid())
    });
    let problems = lost.map(|key| Problem::ClientLoses {
        client_id: client_id.to_owned(),
        attribute: "keys".to_owned(),
        lost: key.jwk.kid().to_owned(),
    });
    problems.collect()
}

/// The texts of a list, or the one that there is.
fn values(value: &Value) -> BTreeSet<String> {
    let of = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    match value {
        Value::Null => BTreeSet::new(),
        Value::Array(values) => values.iter().map(of).collect(),
        one => BTreeSet::from([of(one)]),
    }
}

/// Scopes that the terms name and no manifest exposes.
pub fn unknown(desired: &[Desired], terms: &Terms) -> Vec<Finding> {
    let Some(first) = desired.first() else {
        return Vec::new();
    };
    let named = terms
        .scopes
        .iter()
        .filter(|name| wanted(desired, name).is_none());
    let findings = named.map(|name| not_exposed(first.owner(), &first.place.to_string(), name));
    findings.collect()
}

fn not_exposed(owner: &Owner, place: &str, scope: &str) -> Finding {
    Finding {
        owner: owner.clone(),
        place: place.to_owned(),
        problem: Problem::NotExposed {
            scope: scope.to_owned(),
            write: exposes(scope),
        },
    }
}

/// Existing scopes that are described as one of the manifests' workloads' and that it does not
/// expose: the parts in the manifest may not give the name that was meant.
pub fn notes(desired: &[Desired], actual: &Actual) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, observed) in &actual.scopes {
        let subscope = name.split_once(':').map_or("", |(_, subscope)| subscope);
        let claim = Claim::of(
            observed.description.as_deref().unwrap_or_default(),
            subscope,
        );
        let owner = desired
            .iter()
            .find(|resource| claim.is_of(resource.owner()));
        if let Some(resource) = owner
            && wanted(desired, name).is_none()
            && observed.active != Some(false)
        {
            let place = resource.place.to_string();
            found.push(not_exposed(resource.owner(), &place, name));
        }
    }
    found
}

/// What is not as an adoption should have left it: scopes that are not their new owner's, and
/// organizations that had access before and have none now.
pub fn failures(
    standings: &[Standing],
    before: &Actual,
    after: &Actual,
    terms: &Terms,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for standing in standings {
        let (Subject::Scope { scope }, Stage::Adopt) = (&standing.subject, &standing.stage) else {
            continue;
        };
        let finding = |problem| Finding {
            owner: standing.owner.clone(),
            place: standing.place.clone(),
            problem,
        };
        if !is_owned(scope, &standing.owner, after) {
            let scope = scope.clone();
            found.push(finding(Problem::NotAdopted { scope }));
        }
        let now = approved(scope, after);
        let gone = approved(scope, before);
        let gone = gone
            .difference(&now)
            .filter(|consumer| !terms.withdraw.contains(**consumer));
        found.extend(gone.map(|consumer| {
            let (scope, consumer) = (scope.clone(), (*consumer).to_owned());
            finding(Problem::AccessLost { scope, consumer })
        }));
    }
    found
}

fn is_owned(scope: &str, owner: &Owner, actual: &Actual) -> bool {
    let subscope = scope.split_once(':').map_or("", |(_, subscope)| subscope);
    actual.scopes.get(scope).is_some_and(|observed| {
        let description = observed.description.as_deref().unwrap_or_default();
        observed.active != Some(false)
            && Claim::of(description, subscope) == Claim::Named(owner.clone())
    })
}

fn approved<'a>(scope: &str, actual: &'a Actual) -> BTreeSet<&'a str> {
    let access = actual.access.get(scope).into_iter().flatten();
    let approved = access.filter(|(_, state)| **state == AccessState::Approved);
    approved.map(|(consumer, _)| consumer.as_str()).collect()
}
