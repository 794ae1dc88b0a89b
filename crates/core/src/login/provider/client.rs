//! Who asks: clients that authenticate, and clients that are named by a browser.

use std::sync::Arc;

use super::{Denied, Provider};
use crate::client::{Client, ClientId, GrantType};
use crate::clock::Timestamp;
use crate::fair_share::Exhausted;
use crate::grant::Sender;
use crate::login::assertion::UsedOnce;
use crate::login::client_authentication::{Claimed, Credentials};
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::ports::{ClientRecord, Consumption};

/// A client that proved itself.
#[derive(Clone)]
pub struct AuthenticatedClient {
    /// The client with its keys.
    pub record: Arc<ClientRecord>,
    /// How it proved itself.
    pub client_amr: &'static str,
}

impl AuthenticatedClient {
    /// The registration.
    pub fn client(&self) -> &Client {
        &self.record.client
    }

    /// Whether it may use this grant.
    pub(super) fn require_grant(&self, grant: GrantType) -> Result<(), Denied> {
        if self.client().grant_types.contains(&grant) {
            return Ok(());
        }
        Err(LoginRefusalCode::GrantNotRegistered.into())
    }

    /// A refusal of what it asks.
    pub(super) fn denied(&self, denied: Denied) -> Denied {
        denied.sent_by(Sender::new(self.client(), !self.client().is_public()))
    }
}

impl Provider {
    /// What comes of what a client asks once it has authenticated, if the registry's facts hold until
    /// then. A refusal says whose it is.
    pub(super) async fn for_client<T>(
        &self,
        credentials: Credentials<'_>,
        act: impl AsyncFnOnce(&AuthenticatedClient, Timestamp) -> Result<T, Denied>,
    ) -> Result<T, Denied> {
        let registry = &self.parts().registry;
        let now = self.now();
        let as_of = registry.as_of()?;
        let client = self.authenticate(credentials, now).await?;
        let done = act(&client, now).await;
        let done = done.map_err(|denied| client.denied(denied))?;
        registry.still_holds(as_of)?;
        Ok(done)
    }

    /// As [`Provider::for_client`], for what only clients of this issuer may do.
    pub(super) async fn for_login_client<T>(
        &self,
        credentials: Credentials<'_>,
        act: impl AsyncFnOnce(&AuthenticatedClient, Timestamp) -> Result<T, Denied>,
    ) -> Result<T, Denied> {
        let acting = async |client: &AuthenticatedClient, now| {
            if !self.issuer().serves(client.client().integration_type) {
                return Err(LoginRefusalCode::ClientNotServed.into());
            }
            act(client, now).await
        };
        self.for_client(credentials, acting).await
    }

    /// Authenticates a client, and uses its assertion up.
    async fn authenticate(
        &self,
        credentials: Credentials<'_>,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Denied> {
        let parts = self.parts();
        let claimed = Claimed::read(credentials, &parts.issuer)?;
        let record = match &claimed.client_id {
            Some(client_id) => parts.registry.find_client_record(client_id).await?,
            None => None,
        };
        let trust = parts.trust.load();
        let proof = claimed.authenticate(record.as_deref(), &trust, &parts.issuer, now);
        let (proof, record) = match (proof, record) {
            (Ok(proof), Some(record)) => (proof, record),
            (Ok(_), None) => return Err(LoginRefusalCode::ClientAuthenticationFailed.into()),
            (Err(fault), record) => {
                let denied = Denied::from(fault);
                return Err(match record {
                    Some(record) => denied.naming(&record.client),
                    None => denied,
                });
            }
        };
        let client = AuthenticatedClient {
            client_amr: proof.client_amr,
            record,
        };
        let registration = client.client();
        if let Some(shares) = &parts.shares
            && let Err(Exhausted { retry_after }) =
                shares.take(&registration.client_id, registration.accessing_orgno())
        {
            let refusal = LoginRefusal::TooManyRequests { retry_after };
            return Err(client.denied(refusal.into()));
        }
        if let Some(used) = proof.used
            && !self.use_up(used).await?
        {
            let replayed = &"the assertion was used before";
            let denied = Denied::of(LoginRefusalCode::ClientAuthenticationFailed, replayed);
            // Somebody else may have seen it.
            return Err(denied.naming(registration));
        }
        Ok(client)
    }

    /// Uses something up that may be used once. Says whether this call did.
    pub(super) async fn use_up(&self, used: UsedOnce) -> Result<bool, Denied> {
        let consumed = self.parts().ledger.consume(used.digest, used.keep_until);
        Ok(consumed.await? == Consumption::Fresh)
    }

    /// The registration that a request names, whoever asks: for what needs no proof.
    pub async fn public_registration(&self, client_id: &str) -> Option<Arc<ClientRecord>> {
        let client_id = ClientId::parse(client_id).ok()?;
        let found = self.parts().registry.find_client_record(&client_id).await;
        found.ok().flatten()
    }

    /// The client that a browser's request names, if it may begin logins here.
    pub(super) async fn named_client(
        &self,
        client_id: Option<&str>,
    ) -> Result<Arc<ClientRecord>, Denied> {
        let unknown = || Denied::from(LoginRefusalCode::ClientUnknown);
        let client_id = client_id
            .and_then(|id| ClientId::parse(id).ok())
            .ok_or_else(unknown)?;
        let record = self.parts().registry.find_client_record(&client_id).await?;
        let record = record
            .filter(|record| record.client.active && record.organization_active)
            .ok_or_else(unknown)?;
        if self.issuer().serves(record.client.integration_type) {
            Ok(record)
        } else {
            Err(Denied::from(LoginRefusalCode::ClientNotServed).naming(&record.client))
        }
    }
}
