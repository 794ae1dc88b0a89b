//! Tokens: what is issued for a code or a refresh token, and reading them back (spec: idporten §10, §11).

use std::sync::Arc;

use portvakt_jose::{Jws, parse_json_object, verify_with_set};
use serde_json::Value;

use super::{AuthenticatedClient, Denied, Provider};
use crate::client::{AuthenticationMethod, Client, GrantType, RefreshTokenUsage};
use crate::clock::Timestamp;
use crate::entropy::unique_id;
use crate::login::claims::{
    AccessTokenFacts, IdToken, IdTokenFacts, LoginAccessToken, PersonFacts,
};
use crate::login::port::AccessTokenKey;
use crate::login::record::{AccessToken, Authorization, LoginPerson, TokenId};
use crate::login::scopes::{EIDAS, OPENID, is_opaque};
use crate::login::{Document, Handle};
use crate::scope::Scope;

/// `typ` of access tokens, where the operator wants it (RFC 9068 §2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// What a client gets.
#[derive(Clone)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// `token_type`: whether its holder has to prove a key.
    pub token_type: &'static str,
    /// Seconds until it ends.
    pub expires_in: u64,
    /// The id token.
    pub id_token: Option<String>,
    /// The refresh token, and seconds until it ends if it is not used.
    pub refresh_token: Option<(String, u64)>,
    /// The scopes, separated by spaces.
    pub scope: String,
    /// Its id, for the log.
    pub jti: String,
    /// The client, for the log.
    pub client_id: String,
}

/// An access token before it is handed out: what is kept of it, and what becomes of it.
pub(super) struct Draft {
    pub(super) record: AccessToken,
    claims: LoginAccessToken,
    opaque: Option<Handle>,
    scopes: Vec<Arc<Scope>>,
    sub: String,
    subject: LoginPerson,
    matched: Option<LoginPerson>,
    pseudonymous: bool,
}

impl Draft {
    /// Whether an id token goes with it.
    pub(super) fn wants_id_token(&self) -> bool {
        self.has_scope(OPENID)
    }

    /// Thumbprint of the key that it is bound to.
    pub(super) fn dpop_jkt(&self) -> Option<&str> {
        self.claims.dpop_jkt()
    }

    fn has_scope(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.name.as_str() == name)
    }
}

/// Seconds from one instant to another, rounded down.
pub(super) fn seconds_until(end: Timestamp, now: Timestamp) -> u64 {
    let left = end.milliseconds() - now.milliseconds();
    u64::try_from(left / 1000).unwrap_or(0)
}

impl Provider {
    /// Makes an access token for an authorization. It is worth nothing until it is kept.
    pub(super) async fn draft(
        &self,
        client: &AuthenticatedClient,
        authorization: &Authorization,
        scopes: Vec<Arc<Scope>>,
        resources: &[String],
        jkt: Option<&str>,
        now: Timestamp,
    ) -> Result<Draft, Denied> {
        let issuer = self.issuer();
        let details = &authorization.details;
        let (subject, matched) = self.people_of(&details.event).await?;
        let registration = client.client();
        let sub = self
            .parts()
            .pairwise
            .subject(&registration.client_id, &subject);
        let id = TokenId::generate(self.entropy())?;
        let lifetimes = &issuer.lifetimes;
        let expires_at = lifetimes.access_end(registration, &scopes, authorization.ends_at, now);
        // A scope may have become pseudonymous since.
        let pseudonymous = details.pseudonymous
            || scopes
                .iter()
                .any(|scope| scope.requires_pseudonymous_tokens);
        let facts = AccessTokenFacts {
            sub: &sub,
            person: PersonFacts {
                event: &details.event,
                subject: &subject,
                matched: matched.as_ref(),
                pseudonymous,
            },
            client: registration,
            client_amr: client.client_amr,
            scopes: &scopes,
            resources,
            issued_at: now,
            expires_at,
            id: &id,
            dpop_jkt: jkt,
        };
        let claims = LoginAccessToken::new(facts, issuer);
        let opaque = is_opaque(&scopes).then(|| self.handle()).transpose()?;
        let kept = match &opaque {
            Some(handle) => {
                let claims = Document::of(&claims.clone().without_pid())?;
                Some((handle.digest(), claims))
            }
            None => None,
        };
        Ok(Draft {
            record: AccessToken {
                id,
                authorization: authorization.id.clone(),
                issued_at: now,
                expires_at,
                opaque: kept,
            },
            claims,
            opaque,
            scopes,
            sub,
            subject,
            matched,
            pseudonymous,
        })
    }

    /// Hands out what is kept now.
    pub(super) async fn hand_out(
        &self,
        draft: Draft,
        client: &Client,
        authorization: &Authorization,
        nonce: Option<&str>,
        id_token: bool,
        now: Timestamp,
    ) -> Result<Tokens, Denied> {
        let id_token = if id_token {
            let claims = self.id_token(&draft, client, authorization, nonce, now)?;
            Some(self.sign(None, &claims, now).await?)
        } else {
            None
        };
        let typ = self
            .issuer()
            .access_token_type_header
            .then_some(ACCESS_TOKEN_TYPE);
        let access_token = match &draft.opaque {
            Some(handle) => handle.expose().to_owned(),
            None => self.sign(typ, &draft.claims, now).await?,
        };
        Ok(Tokens {
            access_token,
            token_type: draft.claims.token_type(),
            expires_in: seconds_until(draft.record.expires_at, now),
            id_token,
            refresh_token: None,
            scope: draft.claims.scope().to_owned(),
            jti: draft.record.id.to_string(),
            client_id: client.client_id.to_string(),
        })
    }

    fn id_token(
        &self,
        draft: &Draft,
        client: &Client,
        authorization: &Authorization,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<IdToken, Denied> {
        let details = &authorization.details;
        let pairwise = &self.parts().pairwise;
        let facts = IdTokenFacts {
            sub: &draft.sub,
            sid: &pairwise.session_id(&client.client_id, &authorization.session),
            person: PersonFacts {
                event: &details.event,
                subject: &draft.subject,
                matched: draft.matched.as_ref(),
                pseudonymous: draft.pseudonymous,
            },
            client,
            nonce,
            on_behalf_of: details.on_behalf_of.as_deref(),
            eidas_scope: draft.has_scope(EIDAS),
            issued_at: now,
            id: &unique_id(self.entropy())?,
        };
        Ok(IdToken::new(facts, self.issuer()))
    }

    /// An access token that counts now: what it says, and the authorization that it hangs off. It is
    /// none if it is not ours, has ended, or was revoked.
    pub(super) async fn read_access_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<(LoginAccessToken, Authorization)>, Denied> {
        if let Ok(handle) = Handle::parse(token) {
            let digest = handle.digest();
            let found = self
                .store()
                .find_access_token(AccessTokenKey::Opaque(&digest), now);
            let Some((record, authorization)) = found.await? else {
                return Ok(None);
            };
            let Some((_, claims)) = record.opaque else {
                return Ok(None);
            };
            return Ok(Some((claims.read()?, authorization)));
        }
        let Some(claims) = self.verified(token) else {
            return Ok(None);
        };
        let Ok(id) = claims.id().parse::<TokenId>() else {
            return Ok(None);
        };
        let found = self.store().find_access_token(AccessTokenKey::Id(&id), now);
        let found = found.await?;
        Ok(found.map(|(_, authorization)| (claims, authorization)))
    }

    /// The claims of a self-contained access token that this issuer signed.
    fn verified(&self, token: &str) -> Option<LoginAccessToken> {
        let jws = Jws::parse(token).ok()?;
        verify_with_set(&jws, self.keys().current().published()).ok()?;
        let claims = parse_json_object(jws.payload()).ok()?;
        let claims: LoginAccessToken = serde_json::from_value(Value::Object(claims)).ok()?;
        claims.is_from(self.issuer()).then_some(claims)
    }

    /// What an id token says that this issuer signed, however long ago.
    pub(super) fn id_token_hint(&self, token: &str) -> Option<IdTokenHint> {
        let jws = Jws::parse(token).ok()?;
        verify_with_set(&jws, self.keys().current().published()).ok()?;
        let claims = parse_json_object(jws.payload()).ok()?;
        let text = |name: &str| claims.get(name)?.as_str().map(str::to_owned);
        // Access tokens have a scope, and signed answers no auth_time.
        let is_id_token = claims.contains_key("auth_time") && !claims.contains_key("scope");
        if !is_id_token || text("iss")? != self.issuer().identifier {
            return None;
        }
        Some(IdTokenHint {
            audience: text("aud")?,
            subject: text("sub")?,
        })
    }
}

/// What an id token is good for once it has been used.
pub(super) struct IdTokenHint {
    pub(super) audience: String,
    pub(super) subject: String,
}

/// Whether the client gets refresh tokens.
pub(super) fn gets_refresh_tokens(client: &Client) -> bool {
    client.grant_types.contains(&GrantType::RefreshToken)
}

/// The key that a refresh token is bound to: only of a client that cannot prove itself otherwise.
pub(super) fn refresh_binding(client: &Client, jkt: Option<&str>) -> Option<String> {
    jkt.filter(|_| client.is_public()).map(str::to_owned)
}

/// Whether a refresh token is replaced at every use: what is registered, and always for a client
/// that cannot prove itself.
pub(super) fn refresh_usage(client: &Client) -> RefreshTokenUsage {
    match client.token_endpoint_auth_method {
        AuthenticationMethod::None => RefreshTokenUsage::Onetime,
        _ => client.login.refresh_token_usage.unwrap_or_default(),
    }
}
