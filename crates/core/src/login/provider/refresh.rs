//! `grant_type=refresh_token` (spec: idporten §10.1).

use std::sync::Arc;

use super::exchange::{granted, resources};
use super::proof::check_binding;
use super::tokens::{Draft, refresh_binding, refresh_usage, seconds_until};
use super::{AuthenticatedClient, Denied, Provider, Tokens};
use crate::client::{GrantType, RefreshTokenUsage};
use crate::clock::Timestamp;
use crate::login::Handle;
use crate::login::client_authentication::Credentials;
use crate::login::dpop::DpopHeader;
use crate::login::port::{RefreshUse, Refreshing, Rotation};
use crate::login::record::{Authorization, RefreshToken, RevocationReason};
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::scope::{Scope, ScopeName};

/// A token request with a refresh token.
#[derive(Clone, Copy)]
pub struct RefreshRequest<'a> {
    /// `refresh_token`.
    pub refresh_token: Option<&'a str>,
    /// `scope`.
    pub scope: Option<&'a str>,
    /// `resource`.
    pub resources: &'a [&'a str],
    /// The key that the tokens shall be bound to.
    pub dpop: DpopHeader<'a>,
}

/// What came of it: the token that the client goes on with.
struct Kept {
    id_token: bool,
    handle: Handle,
    expires_at: Timestamp,
}

impl Provider {
    /// Exchanges a refresh token for new tokens. One that had been replaced is a sign of theft, and
    /// revokes everything that its login gave.
    pub async fn refresh(
        &self,
        request: RefreshRequest<'_>,
        credentials: Credentials<'_>,
    ) -> Result<Tokens, Denied> {
        let refreshing =
            async |client: &AuthenticatedClient, now| self.refresh_as(client, request, now).await;
        self.for_login_client(credentials, refreshing).await
    }

    async fn refresh_as(
        &self,
        client: &AuthenticatedClient,
        request: RefreshRequest<'_>,
        now: Timestamp,
    ) -> Result<Tokens, Denied> {
        client.require_grant(GrantType::RefreshToken)?;
        let missing = LoginRefusal::Parameter(LoginRefusalCode::ParameterMissing, "refresh_token");
        let text = request.refresh_token.ok_or(missing)?;
        let shown = Handle::parse(text).map_err(|_| invalid("it is no handle"))?;
        let (record, authorization) = self.find_refresh_token(&shown, client, now).await?;
        let key = self.clients_key(request.dpop, "token", now)?;
        check_binding(record.dpop_jkt.as_deref(), key.as_ref())?;
        self.use_clients_proof(key.as_ref()).await?;
        let scopes = self.narrowed(request.scope, &authorization, client).await?;
        let resources = resources(request.resources, &authorization.details.resources)?;
        let jkt = key.as_ref().map(|key| key.jkt.as_str());
        let draft = self
            .draft(client, &authorization, scopes, &resources, jkt, now)
            .await?;
        let kept = self
            .use_refresh_token(shown, &record, &authorization, &draft, client, now)
            .await?;
        // A refreshed id token has no nonce (OpenID Connect Core §12.2).
        let tokens = self.hand_out(
            draft,
            client.client(),
            &authorization,
            None,
            kept.id_token,
            now,
        );
        let mut tokens = tokens.await?;
        let left = seconds_until(kept.expires_at, now);
        tokens.refresh_token = Some((kept.handle.expose().to_owned(), left));
        Ok(tokens)
    }

    /// The token's record, if this client may use it. The atomic act that uses it looks again.
    async fn find_refresh_token(
        &self,
        shown: &Handle,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Result<(RefreshToken, Authorization), Denied> {
        let found = self.store().find_refresh(&shown.digest()).await?;
        let (record, authorization) =
            found.ok_or_else(|| invalid("it was never issued, or is forgotten"))?;
        if authorization.client_id != client.client().client_id {
            return Err(invalid("it is another client's"));
        }
        let grace = self.issuer().lifetimes.refresh_reuse_grace;
        if record.replaced_at.is_some_and(|at| now >= at.plus(grace)) {
            let reason = RevocationReason::RefreshReplay;
            let id = &authorization.id;
            self.store().revoke_authorization(id, reason, now).await?;
            let cause = format!("it was replaced before; authorization {id} is revoked");
            return Err(invalid(&cause));
        }
        if !authorization.is_live(now) || now >= record.expires_at {
            return Err(invalid("its time is over"));
        }
        Ok((record, authorization))
    }

    /// The scopes of the new token: what was granted, or the part of it that is asked for, as far as
    /// it may still be used.
    async fn narrowed(
        &self,
        scope: Option<&str>,
        authorization: &Authorization,
        client: &AuthenticatedClient,
    ) -> Result<Vec<Arc<Scope>>, Denied> {
        let mut names = granted(authorization);
        if let Some(scope) = scope {
            let asked: Vec<_> = scope.split(' ').filter(|name| !name.is_empty()).collect();
            let is_granted = |name: &&str| names.iter().any(|known| known.as_str() == *name);
            let refused: Vec<_> = asked
                .iter()
                .filter(|name| !is_granted(name))
                .map(|name| name.chars().take(64).collect())
                .collect();
            if !refused.is_empty() || asked.is_empty() {
                return Err(LoginRefusal::Scopes(refused).into());
            }
            names.retain(|name: &ScopeName| asked.contains(&name.as_str()));
        }
        let scopes = self.usable_scopes(&names, client.client()).await?;
        if scopes.is_empty() {
            return Err(LoginRefusalCode::NothingLeft.into());
        }
        Ok(scopes)
    }

    async fn use_refresh_token(
        &self,
        shown: Handle,
        record: &RefreshToken,
        authorization: &Authorization,
        draft: &Draft,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Result<Kept, Denied> {
        let lifetimes = &self.issuer().lifetimes;
        let expires_at = lifetimes.refresh_end(client.client(), authorization.ends_at, now);
        let used = RefreshUse {
            token: &shown.digest(),
            client_id: &client.client().client_id,
            access: &draft.record,
            id_token: draft.wants_id_token(),
        };
        let (refreshing, handle) = match refresh_usage(client.client()) {
            RefreshTokenUsage::Reuse => {
                let reused = self.store().reuse_refresh(&used, expires_at, now);
                (reused.await?, shown)
            }
            RefreshTokenUsage::Onetime => {
                let grace = lifetimes.refresh_reuse_grace;
                let successor = if grace.is_zero() {
                    self.handle()?
                } else {
                    shown.successor(self.parts().pairwise.refresh_key())
                };
                let next = RefreshToken {
                    token: successor.digest(),
                    authorization: authorization.id.clone(),
                    generation: record.generation.saturating_add(1),
                    issued_at: now,
                    expires_at,
                    dpop_jkt: refresh_binding(client.client(), draft.dpop_jkt()),
                    replaced_at: None,
                };
                let rotation = Rotation {
                    used,
                    successor: &next,
                    grace,
                };
                let rotated = self.store().rotate_refresh(&rotation, now);
                (rotated.await?, successor)
            }
        };
        match refreshing {
            Refreshing::Refreshed { id_token } => Ok(Kept {
                id_token,
                handle,
                expires_at,
            }),
            Refreshing::Repeated {
                id_token,
                successor,
            } => Ok(Kept {
                id_token,
                handle,
                expires_at: successor.expires_at,
            }),
            Refreshing::Replayed(id) => Err(invalid(&format!(
                "it was replaced before; authorization {id} is revoked"
            ))),
            Refreshing::Expired => Err(invalid("its time is over")),
            Refreshing::Foreign => Err(invalid("it is another client's")),
            Refreshing::Unknown => Err(invalid("it was never issued, or is forgotten")),
        }
    }
}

fn invalid(cause: &str) -> Denied {
    Denied::of(LoginRefusalCode::RefreshTokenInvalid, &cause)
}
