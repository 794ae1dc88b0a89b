//! Every port of the unit: reads go straight to the unit within, saves leave a note.

use async_trait::async_trait;

use super::Recorded;
use super::known::{delegation_key, person_key};
use crate::access::Access;
use crate::audit::snapshot::{key_set, secrets};
use crate::audit::{AuditFilter, AuditLink, StoredEntry};
use crate::client::expiry::{KEY_END_INSTANTS, KeyEnd};
use crate::client::{Client, ClientId, ClientSecrets, KeySet, OnBehalfOf};
use crate::clock::Timestamp;
use crate::delegation::{Delegation, DelegationSource};
use crate::idempotency::{IdempotencyKey, RememberedRequest};
use crate::organization::{OrgNumber, Organization};
use crate::party::{Consent, SystemUser};
use crate::person::{EidasIdentifier, IdentityMatch, Person, Pid};
use crate::ports::{
    AuditLog, Clients, KeyedRequests, Listing, Organizations, PrefixAssignment, RefusalMemory,
    Registers, Scopes, SigningKeys, StorageError, StoredKey,
};
use crate::refusals::{RememberedRefusal, RequestId};
use crate::scope::{Prefix, Scope, ScopeName};
use crate::signing::SigningKeyRecord;

#[async_trait]
impl Organizations for Recorded {
    async fn find_organization(
        &mut self,
        orgno: OrgNumber,
    ) -> Result<Option<Organization>, StorageError> {
        self.inner.find_organization(orgno).await
    }

    async fn list_organizations(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<Organization>, StorageError> {
        self.inner.list_organizations(listing).await
    }

    async fn save_organization(&mut self, organization: &Organization) -> Result<(), StorageError> {
        let before = self.inner.find_organization(organization.orgno).await?;
        self.inner.save_organization(organization).await?;
        self.note(before.as_ref(), organization);
        Ok(())
    }

    async fn find_prefix(
        &mut self,
        prefix: &Prefix,
    ) -> Result<Option<PrefixAssignment>, StorageError> {
        self.inner.find_prefix(prefix).await
    }

    async fn list_prefixes(
        &mut self,
        owner: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<PrefixAssignment>, StorageError> {
        self.inner.list_prefixes(owner, listing).await
    }

    async fn save_prefix(&mut self, assignment: &PrefixAssignment) -> Result<(), StorageError> {
        let before = self.inner.find_prefix(&assignment.prefix).await?;
        self.inner.save_prefix(assignment).await?;
        self.note(before.as_ref(), assignment);
        Ok(())
    }
}

#[async_trait]
impl Scopes for Recorded {
    async fn find_scope(&mut self, name: &ScopeName) -> Result<Option<Scope>, StorageError> {
        self.inner.find_scope(name).await
    }

    async fn list_scopes(
        &mut self,
        owner: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<Scope>, StorageError> {
        self.inner.list_scopes(owner, listing).await
    }

    async fn list_scopes_after(
        &mut self,
        owner: Option<OrgNumber>,
        listing: Listing,
        after: Option<&ScopeName>,
        limit: u32,
    ) -> Result<Vec<Scope>, StorageError> {
        self.inner
            .list_scopes_after(owner, listing, after, limit)
            .await
    }

    async fn save_scope(&mut self, scope: &Scope) -> Result<(), StorageError> {
        let before = self.inner.find_scope(&scope.name).await?;
        self.inner.save_scope(scope).await?;
        self.note(before.as_ref(), scope);
        Ok(())
    }

    async fn find_access(
        &mut self,
        scope: &ScopeName,
        consumer: OrgNumber,
    ) -> Result<Option<Access>, StorageError> {
        self.inner.find_access(scope, consumer).await
    }

    async fn list_access(
        &mut self,
        scope: Option<&ScopeName>,
        consumer: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<Access>, StorageError> {
        self.inner.list_access(scope, consumer, listing).await
    }

    async fn save_access(&mut self, access: &Access) -> Result<(), StorageError> {
        let consumer = access.consumer_orgno;
        let before = self.inner.find_access(&access.scope, consumer).await?;
        let scope = self.inner.find_scope(&access.scope).await?;
        self.inner.save_access(access).await?;
        let owner = scope.map(|scope| scope.owner_orgno);
        self.note_concerning(before.as_ref(), access, owner);
        Ok(())
    }
}

#[async_trait]
impl Clients for Recorded {
    async fn find_client(&mut self, client_id: &ClientId) -> Result<Option<Client>, StorageError> {
        self.inner.find_client(client_id).await
    }

    async fn list_clients(
        &mut self,
        organization: Option<OrgNumber>,
        listing: Listing,
    ) -> Result<Vec<Client>, StorageError> {
        self.inner.list_clients(organization, listing).await
    }

    async fn save_client(&mut self, client: &Client) -> Result<(), StorageError> {
        let before = self.inner.find_client(&client.client_id).await?;
        self.inner.save_client(client).await?;
        self.note(before.as_ref(), client);
        Ok(())
    }

    async fn list_keys(
        &mut self,
        client_id: &ClientId,
        listing: Listing,
    ) -> Result<Vec<StoredKey>, StorageError> {
        self.inner.list_keys(client_id, listing).await
    }

    async fn count_key_ends(
        &mut self,
        until: [Timestamp; KEY_END_INSTANTS],
    ) -> Result<[u64; KEY_END_INSTANTS], StorageError> {
        self.inner.count_key_ends(until).await
    }

    async fn count_clients_without_usable_key(
        &mut self,
        now: Timestamp,
    ) -> Result<u64, StorageError> {
        self.inner.count_clients_without_usable_key(now).await
    }

    async fn list_key_ends(
        &mut self,
        after: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<KeyEnd>, StorageError> {
        self.inner.list_key_ends(after, until, limit).await
    }

    /// A set of the same keys with the same ends is no change.
    async fn replace_keys(
        &mut self,
        client_id: &ClientId,
        keys: Option<&KeySet>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let before = self.inner.list_keys(client_id, Listing::Active).await?;
        let organizations = self.organizations_of(client_id).await?;
        self.inner.replace_keys(client_id, keys, now).await?;
        let before = key_set(
            client_id,
            Vec::new(),
            before.iter().map(|stored| &stored.key),
        );
        let after = keys.map(KeySet::keys).unwrap_or_default();
        let after = key_set(client_id, organizations, after);
        if before.value != after.value {
            self.note_change(Some(before), after);
        }
        Ok(())
    }

    async fn find_secrets(&mut self, client_id: &ClientId) -> Result<ClientSecrets, StorageError> {
        self.inner.find_secrets(client_id).await
    }

    async fn save_secrets(
        &mut self,
        client_id: &ClientId,
        after: &ClientSecrets,
    ) -> Result<(), StorageError> {
        let before = self.inner.find_secrets(client_id).await?;
        let organizations = self.organizations_of(client_id).await?;
        self.inner.save_secrets(client_id, after).await?;
        if before != *after {
            let known = (!before.is_empty()).then(|| secrets(client_id, Vec::new(), &before));
            self.note_change(known, secrets(client_id, organizations, after));
        }
        Ok(())
    }

    async fn list_on_behalf_of(
        &mut self,
        client_id: &ClientId,
        listing: Listing,
    ) -> Result<Vec<OnBehalfOf>, StorageError> {
        self.inner.list_on_behalf_of(client_id, listing).await
    }

    async fn save_on_behalf_of(&mut self, registration: &OnBehalfOf) -> Result<(), StorageError> {
        let client_id = &registration.client_id;
        let known = self
            .inner
            .list_on_behalf_of(client_id, Listing::All)
            .await?;
        let organizations = self.organizations_of(client_id).await?;
        self.inner.save_on_behalf_of(registration).await?;
        let before = known
            .iter()
            .find(|known| known.onbehalfof == registration.onbehalfof);
        self.note_concerning(before, registration, organizations);
        Ok(())
    }
}

impl Recorded {
    /// The organizations that a client belongs to.
    async fn organizations_of(
        &mut self,
        client_id: &ClientId,
    ) -> Result<Vec<OrgNumber>, StorageError> {
        let client = self.inner.find_client(client_id).await?;
        let organizations = |client: Client| {
            [client.client_orgno]
                .into_iter()
                .chain(client.supplier_orgno)
                .collect()
        };
        Ok(client.map(organizations).unwrap_or_default())
    }
}

#[async_trait]
impl Registers for Recorded {
    async fn list_delegation_sources(&mut self) -> Result<Vec<DelegationSource>, StorageError> {
        self.inner.list_delegation_sources().await
    }

    async fn save_delegation_source(
        &mut self,
        source: &DelegationSource,
    ) -> Result<(), StorageError> {
        if !self.known.sources.is_read() {
            let all = self.inner.list_delegation_sources().await?;
            self.known.sources.read(all, |source| source.name.clone());
        }
        self.inner.save_delegation_source(source).await?;
        let before = self.known.sources.put(source.name.clone(), source);
        self.note(before.as_ref(), source);
        Ok(())
    }

    async fn list_delegations(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<Delegation>, StorageError> {
        self.inner.list_delegations(listing).await
    }

    async fn save_delegation(&mut self, delegation: &Delegation) -> Result<(), StorageError> {
        if !self.known.delegations.is_read() {
            let all = self.inner.list_delegations(Listing::All).await?;
            self.known.delegations.read(all, delegation_key);
        }
        self.inner.save_delegation(delegation).await?;
        let key = delegation_key(delegation);
        let before = self.known.delegations.put(key, delegation);
        self.note(before.as_ref(), delegation);
        Ok(())
    }

    async fn list_system_users(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<SystemUser>, StorageError> {
        self.inner.list_system_users(listing).await
    }

    async fn save_system_user(&mut self, system_user: &SystemUser) -> Result<(), StorageError> {
        if !self.known.system_users.is_read() {
            let all = self.inner.list_system_users(Listing::All).await?;
            self.known.system_users.read(all, |user| user.id.clone());
        }
        self.inner.save_system_user(system_user).await?;
        let key = system_user.id.clone();
        let before = self.known.system_users.put(key, system_user);
        self.note(before.as_ref(), system_user);
        Ok(())
    }

    async fn list_consents(&mut self, listing: Listing) -> Result<Vec<Consent>, StorageError> {
        self.inner.list_consents(listing).await
    }

    async fn save_consent(&mut self, consent: &Consent) -> Result<(), StorageError> {
        if !self.known.consents.is_read() {
            let all = self.inner.list_consents(Listing::All).await?;
            self.known.consents.read(all, |consent| consent.id.clone());
        }
        self.inner.save_consent(consent).await?;
        let before = self.known.consents.put(consent.id.clone(), consent);
        self.note(before.as_ref(), consent);
        Ok(())
    }

    async fn list_people(&mut self) -> Result<Vec<Person>, StorageError> {
        self.inner.list_people().await
    }

    async fn list_names_of_people(&mut self) -> Result<Vec<(Pid, String)>, StorageError> {
        self.inner.list_names_of_people().await
    }

    async fn save_person(&mut self, person: &Person) -> Result<(), StorageError> {
        if !self.known.people.is_read() {
            let all = self.inner.list_people().await?;
            self.known.people.read(all, person_key);
        }
        self.inner.save_person(person).await?;
        let key = person_key(person);
        // A save without a contact record leaves the one that is there.
        let before = self.known.people.get(&key);
        let contact = person.contact.as_ref();
        let contact = contact.or(before.and_then(|before| before.contact.as_ref()));
        let after = Person {
            contact: contact.cloned(),
            ..person.clone()
        };
        let before = self.known.people.put(key, &after);
        self.note(before.as_ref(), &after);
        Ok(())
    }

    async fn find_identity_match(
        &mut self,
        identifier: &EidasIdentifier,
    ) -> Result<Option<IdentityMatch>, StorageError> {
        self.inner.find_identity_match(identifier).await
    }

    async fn list_identity_matches(
        &mut self,
        listing: Listing,
    ) -> Result<Vec<IdentityMatch>, StorageError> {
        self.inner.list_identity_matches(listing).await
    }

    async fn save_identity_match(&mut self, row: &IdentityMatch) -> Result<(), StorageError> {
        let before = self.inner.find_identity_match(&row.identifier).await?;
        self.inner.save_identity_match(row).await?;
        self.note(before.as_ref(), row);
        Ok(())
    }
}

#[async_trait]
impl SigningKeys for Recorded {
    async fn list_signing_keys(
        &mut self,
        surface: &str,
    ) -> Result<Vec<SigningKeyRecord>, StorageError> {
        self.inner.list_signing_keys(surface).await
    }

    async fn save_signing_key(&mut self, key: &SigningKeyRecord) -> Result<(), StorageError> {
        let known = self.inner.list_signing_keys(&key.surface).await?;
        self.inner.save_signing_key(key).await?;
        let before = known.iter().find(|known| known.kid == key.kid);
        self.note(before, key);
        Ok(())
    }
}

#[async_trait]
impl AuditLog for Recorded {
    async fn last_audit_link(&mut self) -> Result<Option<AuditLink>, StorageError> {
        self.inner.last_audit_link().await
    }

    async fn append_audit(&mut self, entry: &StoredEntry) -> Result<(), StorageError> {
        self.inner.append_audit(entry).await
    }

    async fn list_audit(
        &mut self,
        filter: &AuditFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StorageError> {
        self.inner.list_audit(filter, after, limit).await
    }

    async fn list_latest_audit(
        &mut self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StorageError> {
        self.inner.list_latest_audit(filter, limit).await
    }
}

/// What is remembered of requests is no change of the registry.
#[async_trait]
impl KeyedRequests for Recorded {
    async fn find_request(
        &mut self,
        organization: OrgNumber,
        key: &IdempotencyKey,
    ) -> Result<Option<RememberedRequest>, StorageError> {
        self.inner.find_request(organization, key).await
    }

    async fn save_request(
        &mut self,
        organization: OrgNumber,
        key: &IdempotencyKey,
        request: &RememberedRequest,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.inner
            .save_request(organization, key, request, now)
            .await
    }

    async fn remove_expired_requests(&mut self, now: Timestamp) -> Result<u64, StorageError> {
        self.inner.remove_expired_requests(now).await
    }
}

#[async_trait]
impl RefusalMemory for Recorded {
    async fn remember_refusal(&mut self, refusal: &RememberedRefusal) -> Result<(), StorageError> {
        self.inner.remember_refusal(refusal).await
    }

    async fn find_refusal(
        &mut self,
        request_id: &RequestId,
    ) -> Result<Option<RememberedRefusal>, StorageError> {
        self.inner.find_refusal(request_id).await
    }

    async fn forget_refusals(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StorageError> {
        self.inner.forget_refusals(before, limit).await
    }
}
