//! Revocation (RFC 7009; spec: idporten §14).

use super::{AuthenticatedClient, Denied, Provider};
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::Handle;
use crate::login::client_authentication::Credentials;
use crate::login::record::{AuthorizationId, RevocationReason};
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};

impl Provider {
    /// Ends what a token hangs off, with every other token of it. A token that is unknown, over or
    /// another client's changes nothing, and nobody is told so.
    pub async fn revoke(
        &self,
        token: Option<&str>,
        credentials: Credentials<'_>,
    ) -> Result<(), Denied> {
        let revoking = async |client: &AuthenticatedClient, now| {
            self.revoke_as(&client.client().client_id, token, now).await
        };
        self.for_login_client(credentials, revoking).await
    }

    async fn revoke_as(
        &self,
        client_id: &ClientId,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Denied> {
        let missing = LoginRefusal::Parameter(LoginRefusalCode::ParameterMissing, "token");
        let token = token.ok_or(missing)?;
        if let Some((owner, authorization)) = self.authorization_of(token).await?
            && owner == *client_id
        {
            let reason = RevocationReason::Client;
            self.store()
                .revoke_authorization(&authorization, reason, now)
                .await?;
        }
        Ok(())
    }

    async fn authorization_of(
        &self,
        token: &str,
    ) -> Result<Option<(ClientId, AuthorizationId)>, Denied> {
        if let Ok(handle) = Handle::parse(token)
            && let Some((_, found)) = self.store().find_refresh(&handle.digest()).await?
        {
            return Ok(Some((found.client_id, found.id)));
        }
        let found = self.read_access_token(token, self.now()).await?;
        Ok(found.map(|(_, found)| (found.client_id, found.id)))
    }
}
