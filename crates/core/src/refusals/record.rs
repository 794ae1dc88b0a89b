//! One refusal, as it is kept.

use serde_json::{Value, json};

use super::gate::{Origin, Summary};
use super::login::LoginSurfaceRefusal;
use super::remembered::{RememberedRefusal, RequestId};
use crate::audit::{Actor, AuditEntry, AuditObject, Channel, ObjectKind};
use crate::clock::Timestamp;
use crate::grant::{Denied, Detail, Examination, Sender, Views};
use crate::organization::OrgNumber;
use crate::scope::Scope;

/// Most scopes that an entry of the audit log names.
const MAX_SCOPES: usize = 20;

/// Hears of every refusal before it is answered, so it must be quick and must not block.
pub trait RefusalSink: Send + Sync {
    /// A request was refused.
    fn refused(&self, refusal: RefusedRequest<'_>);
}

/// A request that was refused.
#[derive(Clone, Copy)]
pub enum RefusedRequest<'a> {
    /// At the token endpoint.
    Token(TokenRefusal<'a>),
    /// At the self-service API.
    Administration(AdministrationRefusal<'a>),
    /// At the login surface, or at a companion API.
    Login(LoginSurfaceRefusal<'a>),
}

/// A refused token request.
#[derive(Clone, Copy)]
pub struct TokenRefusal<'a> {
    /// The request.
    pub request_id: &'a RequestId,
    /// The identifier of the issuer that was asked.
    pub issuer: &'a str,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub denied: &'a Denied,
}

/// A refused administrative request of a caller whose token is good.
#[derive(Clone, Copy)]
pub struct AdministrationRefusal<'a> {
    /// The request.
    pub request_id: &'a RequestId,
    /// When.
    pub at: Timestamp,
    /// Whose token it was.
    pub actor: &'a Actor,
    /// The request's method.
    pub method: &'a str,
    /// The address with the names of its parts for their values, below the base.
    pub route: &'a str,
    /// The answer's status.
    pub http_status: u16,
}

/// What is kept of one refusal.
#[derive(Clone, Debug)]
pub struct RefusalRecord {
    /// For good.
    pub(super) entry: AuditEntry,
    /// For [`super::MEMORY`].
    pub(super) remembered: Option<RememberedRefusal>,
}

impl<'a> RefusedRequest<'a> {
    /// The request.
    pub fn request_id(&self) -> &'a RequestId {
        match self {
            Self::Token(refusal) => refusal.request_id,
            Self::Administration(refusal) => refusal.request_id,
            Self::Login(refusal) => refusal.request_id,
        }
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Token(refusal) => refusal.at,
            Self::Administration(refusal) => refusal.at,
            Self::Login(refusal) => refusal.at,
        }
    }

    /// Who sent it.
    pub fn origin(&self) -> Origin<'_> {
        let (client_id, channel) = match self {
            Self::Token(refusal) => {
                let proven = refusal.proven().map(|sender| &sender.client_id);
                (proven, Channel::TokenEndpoint)
            }
            Self::Administration(refusal) => {
                let actor = refusal.actor;
                (actor.client_id.as_ref(), actor.channel)
            }
            Self::Login(refusal) => return refusal.origin(),
        };
        let unproven = Origin::Unproven(channel);
        client_id.map_or(unproven, |id| Origin::Client(id.as_str()))
    }

    /// What it is counted as.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Token(refusal) => refusal.denied.refusal.code().name(),
            Self::Administration(_) => ADMINISTRATION,
            Self::Login(refusal) => refusal.name(),
        }
    }

    /// What is kept of it.
    pub fn record(&self) -> RefusalRecord {
        match self {
            Self::Token(refusal) => refusal.record(),
            Self::Administration(refusal) => refusal.record(),
            Self::Login(refusal) => refusal.record(),
        }
    }
}

const ADMINISTRATION: &str = "administration.refuse";

impl TokenRefusal<'_> {
    fn sender(&self) -> Option<&Sender> {
        self.denied.known()
    }

    fn proven(&self) -> Option<&Sender> {
        self.denied.proven()
    }

    fn record(&self) -> RefusalRecord {
        RefusalRecord {
            entry: self.entry(),
            remembered: Some(RememberedRefusal {
                request_id: self.request_id.clone(),
                at: self.at,
                client_id: self.sender().map(|sender| sender.client_id.clone()),
                views: self.views(),
            }),
        }
    }

    fn views(&self) -> Views {
        let detail = match self.proven() {
            Some(_) => Detail::PROVEN,
            None => Detail::UNPROVEN,
        };
        match &self.denied.examination {
            Some(examination) => Views::new(examination, detail),
            None => Views::of_refusal(&self.denied.refusal, self.issuer, self.at, detail),
        }
    }

    fn entry(&self) -> AuditEntry {
        let proven = self.proven();
        let faulty = proven.map(|_| self.faulty_scopes()).unwrap_or_default();
        let owners = faulty.iter().map(|scope| scope.owner_orgno);
        let organizations = self.sender().into_iter().flat_map(organizations_of);
        let object = match self.sender() {
            Some(sender) => (ObjectKind::Client, sender.client_id.as_str()),
            None => (ObjectKind::Endpoint, "/token"),
        };
        entry(
            proven_actor(Channel::TokenEndpoint, proven),
            (self.request_id, self.at),
            "token.refuse",
            object,
            owners.chain(organizations),
            self.after(&faulty),
        )
    }

    fn after(&self, faulty: &[&Scope]) -> Value {
        let code = self.denied.refusal.code();
        let scope =
            |scope: &&Scope| json!({ "scope": scope.name, "owner_orgno": scope.owner_orgno });
        let mut after = json!({
            "refusal": code.name(),
            "http_status": code.row().http_status,
            "mp_code": code.row().mp_code,
            "issuer": self.issuer,
            "proven": self.proven().is_some(),
            "scopes": faulty.iter().map(scope).collect::<Vec<_>>(),
        });
        if let Some(acting_for) = self.proven().and_then(|_| self.examination()?.acting_for()) {
            after["consumer_orgno"] = json!(acting_for.consumer);
            after["supplier_orgno"] = json!(acting_for.supplier);
        }
        after
    }

    fn examination(&self) -> Option<&Examination> {
        self.denied.examination.as_deref()
    }

    /// The scopes that the refusal is about, if they exist: their owners are concerned.
    fn faulty_scopes(&self) -> Vec<&Scope> {
        let names = self.denied.refusal.scopes();
        let existing = self.examination().into_iter().flat_map(Examination::scopes);
        existing
            .filter(|scope| names.contains(&scope.name.as_str()))
            .take(MAX_SCOPES)
            .collect()
    }
}

impl AdministrationRefusal<'_> {
    fn record(&self) -> RefusalRecord {
        let actor = self.actor;
        let key = format!("{} {}", self.route, self.method);
        let after = json!({ "http_status": self.http_status });
        RefusalRecord {
            entry: entry(
                actor.clone(),
                (self.request_id, self.at),
                ADMINISTRATION,
                (ObjectKind::Endpoint, &key),
                actor.organization.into_iter().chain(actor.supplier),
                after,
            ),
            remembered: None,
        }
    }
}

impl Summary {
    /// The entry that stands for what was counted; none when nothing was.
    pub(super) fn entry(&self) -> Option<AuditEntry> {
        let (first, last) = self.between.as_ref()?;
        let after = json!({
            "counts": self.counts,
            "first": { "request_id": first.request_id.as_str(), "at": first.at.to_string() },
            "last": { "request_id": last.request_id.as_str(), "at": last.at.to_string() },
        });
        let entry = entry(
            Actor::new(Channel::Server),
            (&last.request_id, last.at),
            "refusal.summarize",
            (ObjectKind::Endpoint, "*"),
            [],
            after,
        );
        Some(AuditEntry {
            request_id: None,
            ..entry
        })
    }
}

/// Whoever asked, this way in, as far as the request proved it.
pub(super) fn proven_actor(channel: Channel, proven: Option<&Sender>) -> Actor {
    Actor {
        client_id: proven.map(|sender| sender.client_id.clone()),
        organization: proven.map(|sender| sender.client_orgno),
        supplier: proven.and_then(|sender| sender.supplier_orgno),
        ..Actor::new(channel)
    }
}

pub(super) fn organizations_of(sender: &Sender) -> impl Iterator<Item = OrgNumber> + use<> {
    [sender.client_orgno]
        .into_iter()
        .chain(sender.supplier_orgno)
}

pub(super) fn entry(
    actor: Actor,
    (request_id, at): (&RequestId, Timestamp),
    operation: &str,
    (kind, key): (ObjectKind, &str),
    organizations: impl IntoIterator<Item = OrgNumber>,
    after: Value,
) -> AuditEntry {
    let mut organizations: Vec<_> = organizations.into_iter().collect();
    organizations.sort_unstable();
    organizations.dedup();
    AuditEntry {
        // Given by the entry that this one follows.
        sequence: 0,
        at: at.to_string(),
        actor,
        request_id: Some(request_id.to_string()),
        operation: operation.to_owned(),
        object: AuditObject {
            kind,
            key: key.to_owned(),
        },
        organizations,
        before: None,
        after: Some(after),
    }
}
