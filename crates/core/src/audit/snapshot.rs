//! Records as the log shows them: what identifies them, whom they concern, and their attributes.

use serde_json::{Value, json};

use super::entry::ObjectKind;
use crate::access::Access;
use crate::client::{Client, ClientId, ClientKey, ClientSecrets, OnBehalfOf, StoredSecret};
use crate::delegation::{Delegation, DelegationSource};
use crate::organization::{OrgNumber, Organization};
use crate::party::{Consent, SystemUser};
use crate::person::{IdentityMatch, Person};
use crate::ports::PrefixAssignment;
use crate::scope::Scope;
use crate::signing::SigningKeyRecord;

/// A record as the log shows it.
pub(super) struct Snapshot {
    pub(super) kind: ObjectKind,
    pub(super) key: String,
    pub(super) organizations: Vec<OrgNumber>,
    pub(super) value: Value,
}

impl Snapshot {
    fn new(
        kind: ObjectKind,
        key: impl Into<String>,
        organizations: impl IntoIterator<Item = OrgNumber>,
        value: Value,
    ) -> Self {
        Self {
            kind,
            key: key.into(),
            organizations: organizations.into_iter().collect(),
            value,
        }
    }
}

/// A kind of record that is audited.
pub(super) trait Audited: PartialEq {
    fn snapshot(&self) -> Snapshot;
}

impl Audited for Organization {
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "orgno": self.orgno,
            "name": self.name,
            "active": self.active,
        });
        let kind = ObjectKind::Organization;
        Snapshot::new(kind, self.orgno.as_str(), [self.orgno], value)
    }
}

impl Audited for PrefixAssignment {
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "prefix": self.prefix,
            "owner_orgno": self.owner_orgno,
            "active": self.active,
        });
        let kind = ObjectKind::Prefix;
        Snapshot::new(kind, self.prefix.as_str(), [self.owner_orgno], value)
    }
}

impl Audited for Scope {
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "name": self.name,
            "owner_orgno": self.owner_orgno,
            "description": self.description,
            "long_description": self.long_description,
            "translations": self.translations,
            "visibility": self.visibility,
            "accessible_for_all": self.accessible_for_all,
            "allowed_integration_types": self.allowed_integration_types,
            "delegation_source": self.delegation_source,
            "at_max_age": self.at_max_age,
            "authorization_max_lifetime": self.authorization_max_lifetime,
            "requires_user_consent": self.requires_user_consent,
            "requires_user_authentication": self.requires_user_authentication,
            "requires_pseudonymous_tokens": self.requires_pseudonymous_tokens,
            "token_type": self.token_type,
            "enforced_aud_for_introspection": self.enforced_aud_for_introspection,
            "active": self.active,
            "protected": self.protected,
            "supports_european_businesses": self.supports_european_businesses,
            "operator_only": self.operator_only,
            "emit_consumer_prefix": self.emit_consumer_prefix,
        });
        let kind = ObjectKind::Scope;
        Snapshot::new(kind, self.name.as_str(), [self.owner_orgno], value)
    }
}

impl Audited for Access {
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "scope": self.scope,
            "consumer_orgno": self.consumer_orgno,
            "state": self.state,
        });
        let key = format!("{} {}", self.scope, self.consumer_orgno);
        Snapshot::new(ObjectKind::Access, key, [self.consumer_orgno], value)
    }
}

impl Audited for Client {
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "client_id": self.client_id,
            "client_name": self.client_name,
            "description": self.description,
            "client_orgno": self.client_orgno,
            "supplier_orgno": self.supplier_orgno,
            "integration_type": self.integration_type,
            "application_type": self.application_type,
            "token_endpoint_auth_method": self.token_endpoint_auth_method,
            "grant_types": self.grant_types,
            "scopes": self.scopes,
            "access_token_lifetime": self.access_token_lifetime,
            "token_endpoint_auth_signing_alg":
                self.token_endpoint_auth_signing_alg.map(portvakt_jose::Algorithm::as_str),
            "login": self.login,
            "self_managed": self.self_managed,
            "active": self.active,
        });
        let organizations = [self.client_orgno].into_iter().chain(self.supplier_orgno);
        Snapshot::new(
            ObjectKind::Client,
            self.client_id.as_str(),
            organizations,
            value,
        )
    }
}

impl Audited for OnBehalfOf {
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "client_id": self.client_id,
            "onbehalfof": self.onbehalfof,
            "name": self.name,
            "orgno": self.orgno,
            "client_uri": self.client_uri,
            "description": self.description,
            "active": self.active,
        });
        let key = format!("{} {}", self.client_id, self.onbehalfof);
        Snapshot::new(ObjectKind::OnBehalfOf, key, [self.orgno], value)
    }
}

impl Audited for DelegationSource {
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "name": self.name,
            "issuer": self.issuer,
            "active": self.active,
        });
        Snapshot::new(ObjectKind::DelegationSource, &*self.name, [], value)
    }
}

impl Audited for Delegation {
    fn snapshot(&self) -> Snapshot {
        let instant = |at: Option<crate::Timestamp>| at.map(|at| at.to_string());
        let value = json!({
            "delegation_source": self.delegation_source,
            "scope": self.scope,
            "consumer_orgno": self.consumer_orgno,
            "supplier_orgno": self.supplier_orgno,
            "valid_from": instant(self.valid_from),
            "valid_to": instant(self.valid_to),
            "active": self.active,
        });
        let (consumer, supplier) = (self.consumer_orgno, self.supplier_orgno);
        let source = &self.delegation_source;
        let key = format!("{} {consumer} {supplier} {source}", self.scope);
        Snapshot::new(ObjectKind::Delegation, key, [consumer, supplier], value)
    }
}

impl Audited for SystemUser {
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "id": self.id,
            "system_id": self.system_id,
            "client_id": self.client_id,
            "owner_orgno": self.owner_orgno,
            "external_ref": self.external_ref,
            "active": self.active,
        });
        Snapshot::new(ObjectKind::SystemUser, &*self.id, [self.owner_orgno], value)
    }
}

impl Audited for Consent {
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "id": self.id,
            "from": self.from,
            "to_orgno": self.to_orgno,
            "consented": self.consented,
            "valid_to": self.valid_to,
            "consent_rights": self.consent_rights,
            "active": self.active,
        });
        Snapshot::new(ObjectKind::Consent, &*self.id, [self.to_orgno], value)
    }
}

impl Audited for Person {
    /// Without the number, which is what identifies a person, and how they are reached.
    fn snapshot(&self) -> Snapshot {
        let contact = self.contact.as_ref().map(|_| "(hidden)");
        let value = json!({ "name": self.name, "contact": contact });
        Snapshot::new(ObjectKind::Person, "(hidden)", [], value)
    }
}

impl Audited for IdentityMatch {
    /// Without who it is, there and here.
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "country": self.identifier.country(),
            "active": self.active,
        });
        Snapshot::new(ObjectKind::IdentityMatch, "(hidden)", [], value)
    }
}

impl Audited for SigningKeyRecord {
    /// Without the private key. A certificate says nothing that the key does not, so it is told as being there.
    fn snapshot(&self) -> Snapshot {
        let value = json!({
            "kid": self.kid,
            "surface": self.surface,
            "algorithm": self.algorithm.as_str(),
            "state": self.state,
            "kept": self.kept().to_string(),
            "certificate": self.certificate.is_some(),
        });
        Snapshot::new(ObjectKind::SigningKey, &*self.kid, [], value)
    }
}

/// A client's whole key set, as its keys identify themselves.
pub(super) fn key_set<'k>(
    client_id: &ClientId,
    organizations: Vec<OrgNumber>,
    keys: impl IntoIterator<Item = &'k ClientKey>,
) -> Snapshot {
    let key = |key: &ClientKey| {
        json!({
            "kid": key.jwk.key_id(),
            "alg": key.jwk.algorithm().as_str(),
            "thumbprint": key.jwk.thumbprint(),
            "expires": key.expires_at.to_string(),
        })
    };
    let keys: Vec<_> = keys.into_iter().map(key).collect();
    let value = json!({ "keys": keys });
    Snapshot::new(ObjectKind::KeySet, client_id.as_str(), organizations, value)
}

/// All of a client's secrets: when each was made and ends, and nothing that comes from the secret.
pub(super) fn secrets(
    client_id: &ClientId,
    organizations: Vec<OrgNumber>,
    secrets: &ClientSecrets,
) -> Snapshot {
    let secret = |secret: &StoredSecret| {
        json!({
            "created": secret.created.to_string(),
            "expires": secret.expires_at.to_string(),
        })
    };
    let secrets: Vec<_> = secrets.as_slice().iter().map(secret).collect();
    let value = json!({ "secrets": secrets });
    Snapshot::new(
        ObjectKind::ClientSecret,
        client_id.as_str(),
        organizations,
        value,
    )
}
