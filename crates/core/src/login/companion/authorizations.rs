//! Authorizations of a person, for the organization whose client has one or whose scope is in one
//! (spec: companion-apis §2).

use std::collections::HashMap;
use std::sync::Arc;

use super::recorded::Use;
use super::{Bearer, Companion, Holder, not_found};
use crate::client::{Client, ClientId};
use crate::login::provider::Denied;
use crate::login::record::{
    Authorization, AuthorizationId, GrantedScope, Identity, PersonId, RevocationReason,
};
use crate::organization::OrgNumber;
use crate::person::Pid;
use crate::ports::ClientRecord;
use crate::scope::{Scope, ScopeToken, Visibility};

/// Scopes of which one lets an organization look.
const READ: &[&str] = &[
    "idporten:authorizations",
    "idporten:authorizations.read",
    "idporten:authorizations.revoke",
];
/// Scopes of which one lets it revoke.
const REVOKE: &[&str] = &["idporten:authorizations", "idporten:authorizations.revoke"];

/// What the audit log calls a look.
const TOLD: &str = "authorization.read";

/// Authorizations in an answer, at most.
const MAX_LISTED: usize = 1000;
/// Authorizations that are read at a time.
const PART: u32 = 200;

/// From which side an organization looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Authorizations of its own clients.
    Clients,
    /// Authorizations that contain a scope which it owns.
    ApiProvider,
}

/// Which authorizations are wanted. Both conditions may be met by different scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorizationFilter {
    /// Only those with a scope that the person is asked about.
    pub consent_only: bool,
    /// Only those with a scope of this visibility.
    pub visibility: Option<Visibility>,
}

impl AuthorizationFilter {
    fn includes(self, scopes: &[GrantedScope]) -> bool {
        let consent = !self.consent_only || scopes.iter().any(|scope| scope.requires_user_consent);
        let visible = |wanted| scopes.iter().any(|scope| scope.visibility == wanted);
        consent && self.visibility.is_none_or(visible)
    }
}

/// An authorization with what is told of it.
#[derive(Clone, Debug)]
pub struct ListedAuthorization {
    /// The authorization.
    pub authorization: Authorization,
    /// The client that has it.
    pub client: Arc<ClientRecord>,
    /// Its scopes as they were granted, each with its present registration, if it still has one.
    pub scopes: Vec<(GrantedScope, Option<Arc<Scope>>)>,
}

impl Companion {
    /// The authorizations of whoever is logged in.
    pub async fn own_authorizations(
        &self,
        bearer: &Bearer,
        view: View,
        filter: AuthorizationFilter,
    ) -> Result<Vec<ListedAuthorization>, Denied> {
        bearer.require_one_of(READ)?;
        let person = bearer.person()?;
        let organization = bearer.caller.organization;
        let listed = self.list(person, organization, view, filter).await?;
        let pseudonym = self.pseudonym_of(person).await?;
        let told = Use::told(TOLD, pseudonym, listed.len());
        self.record(bearer, told).await?;
        Ok(listed)
    }

    /// Refuses a token that is not good for asking about somebody.
    pub fn may_ask_for_authorizations(&self, bearer: &Bearer) -> Result<(), Denied> {
        bearer.require_one_of(READ)?;
        bearer.require_organization()
    }

    /// The authorizations of the person of this number: none of somebody who has never logged in.
    pub async fn authorizations_of(
        &self,
        bearer: &Bearer,
        pid: Pid,
        view: View,
        filter: AuthorizationFilter,
    ) -> Result<Vec<ListedAuthorization>, Denied> {
        self.may_ask_for_authorizations(bearer)?;
        bearer.require_person(&pid)?;
        let pseudonym = self.pseudonym(&pid);
        let listed = match self.known(&Identity::Pid(pid)).await? {
            Some(person) => {
                let organization = bearer.caller.organization;
                self.list(&person.id, organization, view, filter).await?
            }
            None => Vec::new(),
        };
        let told = Use::told(TOLD, pseudonym, listed.len());
        self.record(bearer, told).await?;
        Ok(listed)
    }

    /// Ends an authorization. One that is none of the caller's business does not exist for them.
    pub async fn end_authorization(&self, bearer: &Bearer, id: &str) -> Result<(), Denied> {
        bearer.require_one_of(REVOKE)?;
        let now = self.provider().now();
        // Older ones had another form; none of those lives any more.
        let id: AuthorizationId = id.parse().map_err(|_| not_found())?;
        let found = self.store().find_authorization(&id).await?;
        let found = found.filter(|found| found.redeemed_at.is_some() && found.is_live(now));
        let found = found.ok_or_else(not_found)?;
        let theirs = match &bearer.holder {
            Holder::Person(own) => own.person == found.person,
            Holder::Organization { pid: None } => true,
            Holder::Organization { pid: Some(only) } => {
                let person = self.known(&Identity::Pid(only.clone())).await?;
                person.is_some_and(|person| person.id == found.person)
            }
        };
        let client = self.registry().find_client_record(&found.client_id).await?;
        let organization = bearer.caller.organization;
        let client = client.as_ref().map(|record| &record.client);
        let concerns = client.is_some_and(|client| has_client(organization, client))
            || owns_scope(organization, &found);
        if !theirs || !concerns {
            return Err(not_found());
        }
        let pseudonym = self.pseudonym_of(&found.person).await?;
        let owner = client.map(|client| client.client_orgno);
        let revoked = Use::revoked(&pseudonym, &found, owner);
        self.record(bearer, revoked).await?;
        let reason = RevocationReason::Organization;
        let ended = self.store().revoke_authorization(&id, reason, now);
        if ended.await? {
            Ok(())
        } else {
            Err(not_found())
        }
    }

    async fn list(
        &self,
        person: &PersonId,
        organization: OrgNumber,
        view: View,
        filter: AuthorizationFilter,
    ) -> Result<Vec<ListedAuthorization>, Denied> {
        let now = self.provider().now();
        let mut clients = HashMap::new();
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .store()
                .list_authorizations(person, after.as_ref(), now, PART)
                .await?;
            after = page.last().cloned();
            for authorization in page {
                if !filter.includes(&authorization.details.granted) {
                    continue;
                }
                let client = self.client(&mut clients, &authorization.client_id).await?;
                let Some(client) = client else { continue };
                let shown = match view {
                    View::Clients => has_client(organization, &client.client),
                    View::ApiProvider => owns_scope(organization, &authorization),
                };
                if !shown {
                    continue;
                }
                let scopes = self.described(&authorization, organization).await?;
                listed.push(ListedAuthorization {
                    authorization,
                    client,
                    scopes,
                });
                if listed.len() == MAX_LISTED {
                    return Ok(listed);
                }
            }
            if after.is_none() {
                return Ok(listed);
            }
        }
    }

    /// A client, looked for once.
    async fn client(
        &self,
        known: &mut HashMap<ClientId, Option<Arc<ClientRecord>>>,
        id: &ClientId,
    ) -> Result<Option<Arc<ClientRecord>>, Denied> {
        if let Some(found) = known.get(id) {
            return Ok(found.clone());
        }
        let found = self.registry().find_client_record(id).await?;
        known.insert(id.clone(), found.clone());
        Ok(found)
    }

    /// The scopes of an authorization with what the registry says of them.
    async fn described(
        &self,
        authorization: &Authorization,
        organization: OrgNumber,
    ) -> Result<Vec<(GrantedScope, Option<Arc<Scope>>)>, Denied> {
        let granted = &authorization.details.granted;
        let tokens: Vec<ScopeToken> = granted
            .iter()
            .map(|scope| scope.name.token().clone())
            .collect();
        let facts = self.registry().find_scope_facts(&tokens, organization);
        let facts = facts.await?.into_iter().map(|fact| fact.scope);
        Ok(granted.iter().cloned().zip(facts).collect())
    }
}

fn has_client(organization: OrgNumber, client: &Client) -> bool {
    client.client_orgno == organization
}

fn owns_scope(organization: OrgNumber, authorization: &Authorization) -> bool {
    let granted = &authorization.details.granted;
    granted
        .iter()
        .any(|scope| scope.owner_orgno == organization)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(name: &str, requires_user_consent: bool, visibility: Visibility) -> GrantedScope {
        GrantedScope {
            name: name.parse().unwrap(),
            owner_orgno: OrgNumber::parse("310420107").unwrap(),
            requires_user_consent,
            visibility,
        }
    }

    /// Spec: companion-apis §2.4.
    #[test]
    fn both_conditions_must_be_met_not_necessarily_by_the_same_scope() {
        let login = [scope("openid", false, Visibility::Public)];
        let mixed = [
            scope("openid", false, Visibility::Public),
            scope("fjord:a", true, Visibility::Private),
        ];
        let filter = |consent_only, visibility| AuthorizationFilter {
            consent_only,
            visibility,
        };
        for (filter, of_login, of_mixed) in [
            (filter(true, None), false, true),
            (filter(false, None), true, true),
            (filter(true, Some(Visibility::Public)), false, true),
            (filter(false, Some(Visibility::Public)), true, true),
            (filter(false, Some(Visibility::Private)), false, true),
            (filter(true, Some(Visibility::Internal)), false, false),
        ] {
            assert_eq!(filter.includes(&login), of_login, "{filter:?}");
            assert_eq!(filter.includes(&mixed), of_mixed, "{filter:?}");
        }
    }
}
