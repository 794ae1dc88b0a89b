//! What the audit log says of uses of these APIs: who was told what of whom, and what they ended or
//! changed.
//!
//! An entry is durable before anything is told or changed, so that nothing is without one; what is
//! asked for in vain after that leaves an entry too. People are named by a pseudonym that follows from
//! a key of the deployment, and what was told of them is not repeated.

use serde_json::{Value, json};

use super::{Bearer, Companion, Holder};
use crate::audit::{Actor, AuditEntry, AuditObject, Channel, ObjectKind, append};
use crate::client::ClientId;
use crate::login::provider::Denied;
use crate::login::record::{Authorization, Identity, PersonId};
use crate::organization::OrgNumber;
use crate::person::Pid;

/// The key of an entry that is about several people.
const SEVERAL: &str = "(several)";

/// A use, before it is known whose it was.
pub(super) struct Use {
    operation: &'static str,
    object: AuditObject,
    organizations: Vec<OrgNumber>,
    before: Option<Value>,
    after: Option<Value>,
}

impl Use {
    /// Something of a person was told: so many records, of this kind.
    pub(super) fn told(operation: &'static str, person: String, records: usize) -> Self {
        Self {
            operation,
            object: AuditObject {
                kind: ObjectKind::Person,
                key: person,
            },
            organizations: Vec::new(),
            before: None,
            after: Some(json!({ "told": records })),
        }
    }

    /// Something of each of these people was told.
    pub(super) fn told_of_each(operation: &'static str, mut people: Vec<String>) -> Self {
        if let [_] = people[..] {
            return Self::told(operation, people.remove(0), 1);
        }
        let after = json!({ "told": people.len(), "people": people });
        Self {
            after: Some(after),
            ..Self::told(operation, SEVERAL.to_owned(), 0)
        }
    }

    /// Something of a person was changed to this.
    pub(super) fn changed(operation: &'static str, person: String, after: Value) -> Self {
        Self {
            after: Some(after),
            ..Self::told(operation, person, 0)
        }
    }

    /// An authorization of a person was ended, which belonged to this organization's client.
    pub(super) fn revoked(
        person: &str,
        authorization: &Authorization,
        owner: Option<OrgNumber>,
    ) -> Self {
        let granted = &authorization.details.granted;
        let scopes: Vec<_> = granted.iter().map(|scope| scope.name.to_string()).collect();
        let owners = granted.iter().map(|scope| scope.owner_orgno);
        Self {
            operation: "authorization.revoke",
            object: AuditObject {
                kind: ObjectKind::Authorization,
                key: format!("{person} {}", authorization.id),
            },
            organizations: owners.chain(owner).collect(),
            before: Some(json!({
                "authorization_id": authorization.id.to_string(),
                "client_id": authorization.client_id,
                "scopes": scopes,
            })),
            after: None,
        }
    }
}

impl Companion {
    /// Makes a use durable in the audit log. Whoever asked gets nothing if that fails, or if what was
    /// decided on holds no more by then.
    pub(super) async fn record(&self, bearer: &Bearer, used: Use) -> Result<(), Denied> {
        let entry = self.entry(bearer, used).await?;
        let mut unit = self.0.log.begin().await?;
        append(unit.as_mut(), [entry]).await?;
        unit.commit().await?;
        self.registry().still_holds(bearer.as_of)?;
        Ok(())
    }

    async fn entry(&self, bearer: &Bearer, used: Use) -> Result<AuditEntry, Denied> {
        let caller = &bearer.caller;
        let person = match &bearer.holder {
            Holder::Person(own) => Some(self.pseudonym_of(&own.person).await?),
            Holder::Organization { .. } => None,
        };
        let mut organizations = used.organizations;
        organizations.push(caller.organization);
        organizations.extend(caller.supplier);
        organizations.sort_unstable();
        organizations.dedup();
        Ok(AuditEntry {
            // Given by the entry that this one follows.
            sequence: 0,
            at: self.provider().now().to_string(),
            actor: Actor {
                client_id: ClientId::parse(&caller.client_id).ok(),
                organization: Some(caller.organization),
                supplier: caller.supplier,
                person,
                ..Actor::new(Channel::CompanionApi)
            },
            request_id: bearer.request_id.clone(),
            operation: used.operation.to_owned(),
            object: used.object,
            organizations,
            before: used.before,
            after: used.after,
        })
    }

    /// What the log calls the person of this number, whether or not they ever logged in.
    pub(super) fn pseudonym(&self, pid: &Pid) -> String {
        self.provider().pseudonym(&Identity::Pid(pid.clone()))
    }

    /// What the log calls a person who has logged in.
    pub(super) async fn pseudonym_of(&self, id: &PersonId) -> Result<String, Denied> {
        self.provider().pseudonym_of(id).await
    }

    /// A refusal of what this caller asks, as one that says whose it is.
    pub async fn denied(&self, bearer: &Bearer, denied: Denied) -> Denied {
        let person = match &bearer.holder {
            // What is refused is refused, whether or not it is known to whom.
            Holder::Person(own) => self.pseudonym_of(&own.person).await.ok(),
            Holder::Organization { .. } => None,
        };
        Denied {
            person,
            sender: bearer.caller.sender(true).map(Box::new),
            ..denied
        }
    }
}
