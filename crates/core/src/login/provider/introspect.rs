//! Introspection (RFC 7662; spec: idporten §12).

use serde_json::Value;

use super::{AuthenticatedClient, Denied, Provider};
use crate::client::Client;
use crate::clock::Timestamp;
use crate::login::claims::{Inactive, LoginAccessToken, PersonFacts, introspection};
use crate::login::client_authentication::Credentials;
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::login::scopes::{is_login_scope, may_introspect};
use crate::scope::{ScopeName, ScopeToken};

/// What a caller must have registered.
const INTROSPECTION: &str = "idporten:token.introspection";

impl Provider {
    /// What the API that a token is meant for may know of it. Everybody else, and everybody about a
    /// token that does not count, learns that it is not active and nothing more.
    pub async fn introspect(
        &self,
        token: Option<&str>,
        credentials: Credentials<'_>,
    ) -> Result<Value, Denied> {
        let introspecting = async |caller: &AuthenticatedClient, now| {
            self.introspect_as(caller.client(), token, now).await
        };
        self.for_client(credentials, introspecting).await
    }

    async fn introspect_as(
        &self,
        caller: &Client,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Value, Denied> {
        if caller.is_public() {
            return Err(LoginRefusalCode::ClientAuthenticationFailed.into());
        }
        if !self.may_introspect(caller).await? {
            return Err(LoginRefusalCode::IntrospectionScopeRequired.into());
        }
        let missing = LoginRefusal::Parameter(LoginRefusalCode::ParameterMissing, "token");
        let token = token.ok_or(missing)?;
        let inactive = serde_json::json!(Inactive::ANSWER);
        let Some((claims, authorization)) = self.usable_access_token(token, now).await? else {
            return Ok(inactive);
        };
        let scopes = self.readable(&claims, caller).await?;
        if scopes.is_empty() {
            return Ok(inactive);
        }
        let event = &authorization.details.event;
        let (subject, matched) = self.people_of(event).await?;
        let person = PersonFacts {
            event,
            subject: &subject,
            matched: matched.as_ref(),
            pseudonymous: authorization.details.pseudonymous,
        };
        let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
        Ok(introspection(&claims, &scopes, person, now).unwrap_or(inactive))
    }

    /// Whether the caller has the scope that introspection needs, and may still use it.
    async fn may_introspect(&self, caller: &Client) -> Result<bool, Denied> {
        let Ok(name) = ScopeName::parse(INTROSPECTION) else {
            return Ok(false);
        };
        Ok(!self.usable_scopes(&[name], caller).await?.is_empty())
    }

    /// Those scopes of the token that the caller may read, in the token's order.
    async fn readable(
        &self,
        claims: &LoginAccessToken,
        caller: &Client,
    ) -> Result<Vec<String>, Denied> {
        let tokens: Vec<_> = claims
            .scope()
            .split(' ')
            .filter(|name| !is_login_scope(name))
            .filter_map(|name| ScopeToken::parse(name).ok())
            .collect();
        let registry = &self.parts().registry;
        let facts = registry.find_scope_facts(&tokens, caller.client_orgno);
        let fallback = self.issuer().introspection_owner_fallback;
        let scopes = facts.await?.into_iter().filter_map(|fact| fact.scope);
        let readable = scopes.filter(|scope| may_introspect(scope, caller, fallback));
        Ok(readable.map(|scope| scope.name.to_string()).collect())
    }
}
