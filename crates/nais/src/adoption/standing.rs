//! At which step of its adoption everything is.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Source, Terms};
use crate::actual::Actual;
use crate::desired::{ClientKey, Desired, DesiredClient, DesiredScope, Presence};
use crate::naming::{Claim, Owner, joined_description};
use crate::plan::{Finding, Plan, Problem};

/// A scope or a client on its way from its old source to a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// What.
    #[serde(flatten)]
    pub subject: Subject,
    /// Whose it becomes.
    pub owner: Owner,
    /// Where its resource stands, as `app.yaml:1:1`.
    pub place: String,
    /// How far it is.
    #[serde(flatten)]
    pub stage: Stage,
}

/// What is adopted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Subject {
    /// A scope.
    Scope {
        /// Its full name.
        scope: String,
    },
    /// A client.
    Client {
        /// Whose.
        client: ClientKey,
        /// Its id, if it exists.
        client_id: Option<String>,
    },
}

/// How far something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "stage", rename_all = "lowercase")]
pub enum Stage {
    /// It does not exist, so there is nothing to adopt.
    Missing,
    /// Steps 1 and 2: its old source has to describe it as the workload's.
    Describe {
        /// As it is described now.
        description: String,
        /// Descriptions of which one is needed.
        write: Vec<String>,
    },
    /// Step 1: it is recorded as another's, and that is no reason to adopt it.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// Step 3: it can be adopted, or its adoption is not complete.
    Adopt,
    /// Step 4: it is the workload's, and as its manifest says.
    Adopted,
}

impl Stage {
    /// The step of the migration, 1 to 4; none if there is nothing to migrate.
    pub fn step(&self) -> Option<u8> {
        match self {
            Self::Missing => None,
            Self::Describe { .. } | Self::Refused { .. } => Some(1),
            Self::Adopt => Some(3),
            Self::Adopted => Some(4),
        }
    }
}

impl Standing {
    /// The reason why it must not be adopted.
    pub fn refusal(&self) -> Option<Finding> {
        let Stage::Refused { problem } = &self.stage else {
            return None;
        };
        Some(Finding {
            owner: self.owner.clone(),
            place: self.place.clone(),
            problem: problem.clone(),
        })
    }

    fn new(resource: &Desired, subject: Subject, stage: Stage) -> Self {
        Self {
            subject,
            owner: resource.owner().clone(),
            place: resource.place.to_string(),
            stage,
        }
    }
}

/// Everything in the manifests that the terms mean. [`Stage::Adopted`] is known by [`settle`] only.
pub fn standings(desired: &[Desired], actual: &Actual, terms: &Terms) -> Vec<Standing> {
    let mut found = Vec::new();
    for resource in present(desired) {
        for scope in resource.scopes.iter().filter(|scope| terms.means(scope)) {
            let subject = Subject::Scope {
                scope: scope.name.clone(),
            };
            let stage = scope_stage(scope, resource.owner(), actual, terms);
            found.push(Standing::new(resource, subject, stage));
        }
        if let Some(wanted) = resource.client.as_ref().filter(|_| terms.means_clients()) {
            found.extend(client_standing(resource, wanted, actual, terms));
        }
    }
    found
}

fn present(desired: &[Desired]) -> impl Iterator<Item = &Desired> {
    desired
        .iter()
        .filter(|resource| resource.presence == Presence::Present)
}

impl Terms {
    fn means(&self, scope: &DesiredScope) -> bool {
        self.scopes.is_empty() || self.scopes.contains(&scope.name)
    }

    /// A client that moves to another cluster is a new one (spec: nais §5.5).
    fn means_clients(&self) -> bool {
        let is_moved = matches!(self.source, Source::Cluster(_));
        self.client.is_some() || (self.scopes.is_empty() && !is_moved)
    }
}

fn scope_stage(scope: &DesiredScope, owner: &Owner, actual: &Actual, terms: &Terms) -> Stage {
    let Some(observed) = actual.scopes.get(&scope.name) else {
        return Stage::Missing;
    };
    let description = observed.description.clone().unwrap_or_default();
    let claim = Claim::of(&description, &scope.subscope);
    if claim.is_of(owner) || terms.source == Source::Anybody {
        return Stage::Adopt;
    }
    let recorded = (claim != Claim::Unclaimed).then(|| claim.to_string());
    let scope_name = scope.name.clone();
    let problem = match (&terms.source, recorded) {
        (Source::Cluster(cluster), recorded) => {
            match Owner::new(cluster, owner.namespace(), owner.name()) {
                Ok(named) if claim.is_of(&named) => return Stage::Adopt,
                Ok(named) => Problem::NotOfNamedOwner {
                    scope: scope_name,
                    recorded,
                    named,
                },
                // The command line refuses such a name; nothing is recorded with one.
                Err(_) => return Stage::Missing,
            }
        }
        (_, Some(recorded)) => Problem::AdoptedFromAnother {
            scope: scope_name,
            recorded,
            wanted_by: owner.clone(),
        },
        (_, None) => {
            let today = scope.body.description.clone().unwrap_or_default();
            let write = vec![joined_description(owner, &scope.subscope), today];
            return Stage::Describe { description, write };
        }
    };
    Stage::Refused { problem }
}

fn client_standing(
    resource: &Desired,
    wanted: &DesiredClient,
    actual: &Actual,
    terms: &Terms,
) -> Option<Standing> {
    let key = &resource.key;
    let standing = |client_id: Option<String>, stage| {
        let client = key.clone();
        Some(Standing::new(
            resource,
            Subject::Client { client, client_id },
            stage,
        ))
    };
    let is_usable = |id: &str| {
        actual.clients.get(id).is_some_and(|client| {
            client.active && client.attributes.integration_type == wanted.body.integration_type
        })
    };
    let Some(id) = &terms.client else {
        let known = actual.known_clients.get(key).filter(|id| is_usable(id));
        let described = || described(actual, key).find(|id| is_usable(id)).cloned();
        return match known.cloned().or_else(described) {
            Some(id) => standing(Some(id), Stage::Adopt),
            None => standing(None, Stage::Missing),
        };
    };
    if !is_usable(id) {
        let client_id = id.clone();
        let problem = Problem::NoSuchClient { client_id };
        return standing(Some(id.clone()), Stage::Refused { problem });
    }
    let attributes = actual.clients.get(id).map(|client| &client.attributes);
    let description = attributes.and_then(|attributes| attributes.description.clone());
    let description = description.unwrap_or_default();
    let stage = if terms.source == Source::Anybody || description == key.owner.to_string() {
        Stage::Adopt
    } else {
        let write = vec![key.owner.to_string()];
        Stage::Describe { description, write }
    };
    standing(Some(id.clone()), stage)
}

fn described<'a>(actual: &'a Actual, key: &ClientKey) -> impl Iterator<Item = &'a String> {
    let description = key.owner.to_string();
    let clients = actual.clients.iter().filter(move |(_, client)| {
        client.attributes.description.as_deref() == Some(description.as_str())
    });
    clients.map(|(id, _)| id)
}

/// The manifests without what is not adopted: other scopes, and clients that would be new.
pub fn narrowed(desired: &[Desired], standings: &[Standing]) -> Vec<Desired> {
    let (mut scopes, mut clients) = (BTreeSet::new(), BTreeSet::new());
    for standing in standings
        .iter()
        .filter(|standing| standing.stage == Stage::Adopt)
    {
        match &standing.subject {
            Subject::Scope { scope } => {
                scopes.insert(scope);
            }
            Subject::Client { client, .. } => {
                clients.insert(client);
            }
        }
    }
    let narrow = |resource: &Desired| {
        let mut resource = resource.clone();
        resource.scopes.retain(|scope| scopes.contains(&scope.name));
        let is_adopted = clients.contains(&resource.key);
        resource.client = resource.client.filter(|_| is_adopted);
        resource
    };
    let narrowed = present(desired).map(narrow);
    narrowed
        .filter(|resource| !resource.scopes.is_empty() || resource.client.is_some())
        .collect()
}

/// Marks as adopted what the plan for it leaves as it is.
pub fn settle(standings: &mut [Standing], plan: &Plan) {
    let is_planned = |subject: &Subject| {
        let mut actions = plan.steps.iter().map(|step| &step.action);
        actions.any(|action| match subject {
            Subject::Scope { scope } => action.scope() == Some(scope),
            Subject::Client { client, .. } => action.client() == Some(client),
        })
    };
    for standing in standings {
        if standing.stage == Stage::Adopt && !is_planned(&standing.subject) {
            standing.stage = Stage::Adopted;
        }
    }
}
