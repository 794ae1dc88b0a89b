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
    /// A scope that is to be adopted is recorded as another workload's.
    #[error(
        "scope {scope} is recorded as {recorded}'s, and {wanted_by} is to adopt it: {}",
        moves(recorded, wanted_by)
    )]
    AdoptedFromAnother {
        scope: String,
        recorded: String,
        wanted_by: Owner,
    },
    /// A scope that is to be moved is not recorded as the named owner's.
    #[error(
        "scope {scope} is recorded as {}'s and not as {named}'s: name the cluster that it is recorded \
         with, or leave --from-cluster out",
        recorded.as_deref().unwrap_or("nobody")
    )]
    NotOfNamedOwner {
        scope: String,
        recorded: Option<String>,
        named: Owner,
    },
    /// An adoption would withdraw a consumer that the manifest does not list.
    #[error(
        "{consumer} has, or has asked for, access to {scope} and is not in the manifest: add `- orgno: \
         \"{consumer}\"` to its consumers, or say that it goes with --withdraw {consumer}"
    )]
    ConsumerNotListed { scope: String, consumer: String },
    /// An adoption would put a default of manifests in the place of what is.
    #[error(
        "scope {scope} has {attribute} {before}, and the manifest leaves it to the default {after}: {}or \
         let it go with --overwrite {attribute}",
        write.as_ref().map_or("no manifest can say it: leave the scope where it is managed, ".into(),
            |line| format!("write `{line}`, "))
    )]
    OverwrittenByDefault {
        scope: String,
        attribute: String,
        before: String,
        after: String,
        write: Option<String>,
    },
    /// An adoption would deactivate a scope.
    #[error(
        "scope {scope} would be deactivated by its adoption: write `enabled: true`, and disable it \
         afterwards"
    )]
    AdoptedDisabled { scope: String },
    /// An adoption would take something from a client that runs.
    #[error(
        "client {client_id} would lose {attribute} {lost}: have the manifest ask for it, or let it go \
         with --overwrite {attribute}"
    )]
    ClientLoses {
        client_id: String,
        attribute: String,
        lost: String,
    },
    /// A client that is to be adopted is not there.
    #[error(
        "the organization has no active client {client_id} of the type that the manifest asks for"
    )]
    NoSuchClient { client_id: String },
    /// A scope that is to be adopted, or that names this workload, is not in its manifest.
    #[error(
        "scope {scope} is not in the manifest: {}",
        write.as_ref().map_or(
            "no manifest can name it (they have a product of a-z and 0-9, one of / : . and a name of at \
             least two characters), so leave it where it is managed, or expose another scope and have \
             its consumers change".into(),
            |line| format!("expose it as `{line}`")
        )
    )]
    NotExposed {
        scope: String,
        write: Option<String>,
    },
    /// After an adoption a scope is not recorded as its new owner's.
    #[error(
        "scope {scope} does not have what was just written: whatever managed it before has written it \
         again, so stop that, then adopt again"
    )]
    NotAdopted { scope: String },
    /// After an adoption somebody has no access who had it.
    #[error(
        "{consumer} had access to {scope} before it was adopted, and has none now: apply again"
    )]
    AccessLost { scope: String, consumer: String },
    /// The name begins with the prefix, which is put before it anyway.
    #[error("scope {scope} has the prefix twice: leave it out of name and product")]
    PrefixTwice { scope: String },
}

/// How a scope of another is adopted after all.
fn moves(recorded: &str, wanted_by: &Owner) -> String {
    let cluster = recorded.parse::<Owner>().ok().filter(|owner| {
        owner.namespace() == wanted_by.namespace() && owner.name() == wanted_by.name()
    });
    let moved = cluster.map_or_else(
        || "if that is the same workload in another cluster, --from-cluster moves it".to_owned(),
        |owner| format!("--from-cluster {} moves it", owner.cluster()),
    );
    format!("{moved}; otherwise have its owner give it up, or take it with --take-over")
}
