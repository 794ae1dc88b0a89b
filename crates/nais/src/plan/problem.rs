//! What stands in the way of a plan, or is worth knowing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::naming::Owner;

/// A problem, and whose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whose resource it is about.
    pub owner: Owner,
    /// Where that stands, as `app.yaml:1:1`; empty when it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// What.
    pub problem: Problem,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(formatter, "{}: ", self.place)?;
        }
        write!(formatter, "{}: {}", self.owner, self.problem)
    }
}

/// A problem. The texts say what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the texts say what the members are")]
pub enum Problem {
    /// A scope belongs to another workload.
    #[error(
        "scope {scope} belongs to {owned_by} and is asked for by {wanted_by}: remove it from one of \
         the two, or take it over"
    )]
    OwnedByAnother {
        scope: String,
        owned_by: String,
        wanted_by: Owner,
    },
    /// Two resources ask for one scope.
    #[error("scope {scope} is exposed by {first} and by {second}: keep it in one of the two")]
    ScopeExposedTwice {
        scope: String,
        first: String,
        second: String,
    },
    /// Two resources ask for one client.
    #[error(
        "client {client} is asked for twice, by {first} and by {second}: rename one of the two"
    )]
    ClientAskedForTwice {
        client: String,
        first: String,
        second: String,
    },
    /// Two resources put their credentials in one place.
    #[error("Secret {secret} is wanted by {first} and by {second}: write another secretName")]
    SecretUsedTwice {
        secret: String,
        first: String,
        second: String,
    },
    /// The prefix is another organization's.
    #[error(
        "prefix {prefix} is {}: use a prefix of your own",
        owned_by.as_ref().map_or("not assigned to anybody".into(), |owner| format!("assigned to {owner}"))
    )]
    PrefixOfAnother {
        prefix: String,
        owned_by: Option<String>,
    },
    /// A delegation source that the API does not list.
    #[error("scope {scope}: there is no delegation source {name}; there are: {}", known.join(", "))]
    UnknownDelegationSource {
        scope: String,
        name: String,
        known: Vec<String>,
    },
    /// The access list of a scope was not fetched.
    #[error("scope {scope}: who has access is not known; list it and plan again")]
    AccessNotObserved { scope: String },
    /// A consumed scope without access.
    #[error(
        "the organization has no access to scope {scope}: ask {} for it",
        ask.as_ref().map_or("its owner".into(), |owner| format!("its owner, organization {owner},"))
    )]
    NoAccess { scope: String, ask: Option<String> },
    /// A consumed scope that is deactivated.
    #[error("scope {scope} is deactivated: enable it, or stop consuming it")]
    ScopeInactive { scope: String },
    /// A consumed scope that is not listed anywhere.
    #[error(
        "scope {scope} does not exist, or the organization has no access to it: check its name, or \
         ask {} for access",
        ask.as_ref().map_or("its owner".into(), |owner| format!("organization {owner}"))
    )]
    UnknownScope { scope: String, ask: Option<String> },
    /// A consumed scope for other types of client.
    #[error(
        "scope {scope} is for clients of type {} and cannot be used by one of type {wanted}: ask its \
         owner to allow it",
        allowed.join(", ")
    )]
    IntegrationTypeConflict {
        scope: String,
        allowed: Vec<String>,
        wanted: String,
    },
    /// A client without any scope left.
    #[error(
        "no consumed scope is usable, and a client needs at least one: its registration is left as it is"
    )]
    NoUsableScope,
    /// A client whose type would change.
    #[error(
        "cannot update immutable integration type (existing: {existing}, desired: {desired}): delete \
         the client and make a new one"
    )]
    ImmutableIntegrationType {
        client_id: String,
        existing: String,
        desired: String,
    },
    /// More keys in use than a client can have.
    #[error(
        "{count} keys would be registered and a client has at most 5: stop what uses the oldest, or \
         let it be dropped"
    )]
    TooManyKeys { count: usize },
    /// The client was deactivated, so a new one is made.
    #[error(
        "client {client_id} is deactivated, which only the issuer's operator can undo: a new client \
         with a new id takes its place"
    )]
    ClientDeactivated { client_id: String },
    /// Several clients fit.
    #[error("clients {} all have this description: {chosen} is taken", ids.join(", "))]
    SeveralClients { ids: Vec<String>, chosen: String },
    /// A new scope is disabled, so nothing is made.
    #[error("scope {scope} is disabled and does not exist: nothing is made")]
    DisabledScopeNotMade { scope: String },
    /// A scope of another was left alone.
    #[error("scope {scope} is described as {description:?} and left alone")]
    LeftAlone { scope: String, description: String },
    /// An active scope that no manifest asks for.
    #[error("scope {scope} is active and in no manifest: disable it first, or prune")]
    OrphanedScope { scope: String },
    /// The name begins with the prefix, which is put before it anyway.
    #[error("scope {scope} has the prefix twice: leave it out of name and product")]
    PrefixTwice { scope: String },
}
