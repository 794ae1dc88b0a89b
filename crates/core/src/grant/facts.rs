//! What is fetched before [`super::authorize`] can decide, and from whom.

use super::authorization_details::{AuthorizationDetails, PartyAnswer, giving_organization};
use super::authorize::{ActingFor, AuthorizationFacts, acting_for};
use super::claims::GrantClaims;
use super::parts::TokenExchangeParts;
use crate::client::{Client, ClientId, OnBehalfOf};
use crate::clock::Timestamp;
use crate::ports::{ScopeFact, StorageError};

/// What the registry said, and, once they were asked, the registers of delegations and parties.
pub(super) struct Facts {
    pub(super) acting_for: ActingFor,
    scopes: Vec<ScopeFact>,
    on_behalf_of: Option<OnBehalfOf>,
    consumer_deactivated: bool,
    delegated: Option<Vec<bool>>,
    party: PartyAnswer,
}

impl Facts {
    /// Asks the registry.
    pub(super) async fn fetch(
        parts: &TokenExchangeParts,
        claims: &GrantClaims,
        client: &Client,
    ) -> Result<Self, StorageError> {
        let registry = &parts.registry;
        let on_behalf_of = match &claims.on_behalf_of {
            Some(value) => registry.find_on_behalf_of(&client.client_id, value).await?,
            None => None,
        };
        let acting_for = acting_for(claims, client, on_behalf_of.as_ref());
        Ok(Self {
            scopes: registry
                .find_scope_facts(&claims.scopes, acting_for.accessing)
                .await?,
            consumer_deactivated: acting_for.consumer != client.client_orgno
                && registry.is_deactivated(acting_for.consumer).await?,
            acting_for,
            on_behalf_of,
            delegated: None,
            party: PartyAnswer::NotAsked,
        })
    }

    /// Asks the delegation source and the registers of parties what the grant refers to. They may
    /// be slow and belong to others, so they come last.
    pub(super) async fn ask_registers(
        &mut self,
        parts: &TokenExchangeParts,
        claims: &GrantClaims,
        client: &Client,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.delegated = self.ask_delegations(parts, claims, now).await?;
        let details = claims.authorization_details.as_deref();
        let details = details.map(|elements| AuthorizationDetails::parse(elements, &parts.issuer));
        if let Some(Ok(details)) = details {
            self.party = ask_parties(parts, &client.client_id, &details).await?;
        }
        Ok(())
    }

    async fn ask_delegations(
        &self,
        parts: &TokenExchangeParts,
        claims: &GrantClaims,
        now: Timestamp,
    ) -> Result<Option<Vec<bool>>, StorageError> {
        let mut scopes = self.scopes.iter().filter_map(|fact| fact.scope.as_ref());
        let source = scopes.find_map(|scope| scope.delegation_source.as_deref());
        let (true, Some(supplier), Some(source)) =
            (self.acting_for.delegated, self.acting_for.supplier, source)
        else {
            return Ok(None);
        };
        let consumer = self.acting_for.consumer;
        let delegations = &parts.delegations;
        delegations
            .find_delegated(source, consumer, supplier, &claims.scopes, now)
            .await
            .map(Some)
    }

    /// The same facts as [`super::authorize`] wants them.
    pub(super) fn of<'a>(&'a self, client: &'a Client) -> AuthorizationFacts<'a> {
        AuthorizationFacts {
            client,
            scopes: &self.scopes,
            on_behalf_of: self.on_behalf_of.as_ref(),
            consumer_deactivated: self.consumer_deactivated,
            delegated: self.delegated.as_deref(),
            party: &self.party,
        }
    }
}

/// The system user or consent, unless the organization behind it is deactivated: nobody acts for
/// one that is.
async fn ask_parties(
    parts: &TokenExchangeParts,
    client_id: &ClientId,
    details: &AuthorizationDetails,
) -> Result<PartyAnswer, StorageError> {
    match details {
        AuthorizationDetails::SystemUser {
            owner,
            external_ref,
        } => {
            let found = parts
                .parties
                .find_system_user(client_id, *owner, external_ref.as_deref())
                .await?;
            let deactivated = parts.registry.is_deactivated(*owner).await?;
            Ok(PartyAnswer::SystemUser(found.filter(|_| !deactivated)))
        }
        AuthorizationDetails::Consent { id, from } => {
            let found = parts.parties.find_consent(id).await?;
            let deactivated = match giving_organization(from) {
                Some(giver) => parts.registry.is_deactivated(giver).await?,
                None => false,
            };
            Ok(PartyAnswer::Consent(found.filter(|_| !deactivated)))
        }
    }
}
