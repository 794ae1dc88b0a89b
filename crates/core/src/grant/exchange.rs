//! The use-case of the token endpoint: fetch what the decision needs, use the grant up, sign.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::poll_immediate;
use portvakt_jose::KeyError;
use tracing::Instrument;

use super::authenticate::{Authentication, authenticate};
use super::authorize::{ActingFor, Authorization, authorize};
use super::check::{Check, Findings, Outcome};
use super::claims::GrantClaims;
use super::examination::{Examination, Sender};
use super::facts::Facts;
use super::parts::TokenExchangeParts;
use super::reading::GrantReading;
use super::token::{AccessTokenClaims, TokenHeader};
use crate::client::{Client, ClientId};
use crate::clock::Timestamp;
use crate::entropy::unique_id;
use crate::fair_share::Exhausted;
use crate::issuer::Issuer;
use crate::ports::{ClientRecord, Consumption, StorageError};
use crate::refusal::Refusal;
use crate::scope::{Prefix, ScopeName};
use crate::signing::SigningKeys;
use crate::spans::span;

/// Exchanges grants for tokens, for one issuer.
#[derive(Clone)]
pub struct TokenExchange(TokenExchangeParts);

/// A token and what the answer says about it.
#[derive(Clone)]
pub struct IssuedToken {
    /// The signed token.
    pub access_token: String,
    /// Seconds until it expires, rounded down.
    pub expires_in: u64,
    /// Its scopes, joined by single spaces.
    pub scope: String,
    /// Its id, for logs.
    pub jti: String,
    /// The client that it was issued to.
    pub client_id: ClientId,
    /// The organizations in it.
    pub acting_for: ActingFor,
    /// Its scopes, without repetition.
    pub scopes: Vec<ScopeName>,
}

/// A refused request.
#[derive(Clone, Debug)]
pub struct Denied {
    /// What to answer.
    pub refusal: Refusal,
    /// `iss` of the grant, if it could be read and a client has it.
    pub client_id: Option<String>,
    /// What went wrong on our side, for the log only.
    pub cause: Option<String>,
    /// What was found about the grant; none if there was none to read, or it was not looked into.
    pub examination: Option<Box<Examination>>,
    /// The client, where it proved itself and its grant was not looked into any further.
    pub sender: Option<Box<Sender>>,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            client_id: None,
            cause: None,
            examination: None,
            sender: None,
        }
    }
}

impl From<StorageError> for Denied {
    fn from(error: StorageError) -> Self {
        let refusal = match error {
            StorageError::Unavailable(_) => Refusal::Unavailable,
            StorageError::Corrupt { .. } | StorageError::Refused(_) => Refusal::Internal,
        };
        Self {
            cause: Some(error.to_string()),
            ..refusal.into()
        }
    }
}

impl Denied {
    /// The client proved itself and has used up its share, or its organization has.
    fn exhausted(client: &Client, retry_after: Duration) -> Self {
        Self {
            client_id: Some(client.client_id.to_string()),
            sender: Some(Box::new(Sender::new(client, true))),
            ..Refusal::TooManyRequests { retry_after }.into()
        }
    }

    /// The client that the request proved to be from; none if it proved nobody.
    pub fn proven(&self) -> Option<&Sender> {
        self.known().filter(|sender| sender.is_proven)
    }

    /// The client that the grant names, if there is one.
    pub(crate) fn known(&self) -> Option<&Sender> {
        let examined = || self.examination.as_ref()?.sender();
        self.sender.as_deref().or_else(examined)
    }

    /// A check that was neither passed nor failed must never look like success.
    fn examined(examination: Examination) -> Self {
        let refusal = examination.refusal().cloned().unwrap_or(Refusal::Internal);
        let known = *examination.findings.outcome(Check::Client) == Outcome::Passed;
        let sender = examination.sender().filter(|_| known);
        Self {
            client_id: sender.map(|sender| sender.client_id.to_string()),
            examination: Some(Box::new(examination)),
            ..refusal.into()
        }
    }
}

impl TokenExchange {
    /// Puts the parts together.
    pub fn new(parts: TokenExchangeParts) -> Self {
        Self(parts)
    }

    /// Names and policy.
    pub fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    /// The server's keys.
    pub fn keys(&self) -> &SigningKeys {
        &self.0.keys
    }

    /// The present, as the exchange sees it.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Exchanges a grant for a token. The grant is used up as soon as its sender is known, also
    /// when it is refused later.
    pub async fn exchange(&self, assertion: &str) -> Result<IssuedToken, Denied> {
        let now = self.0.clock.now();
        let mut findings = Findings::default();
        let grant = GrantReading::new(assertion, &self.0.issuer, &mut findings);
        if findings.first_refusal().is_some() && !self.0.explain_refusals {
            let examination = Examination::new(&grant, None, findings, &self.0.issuer, now);
            return Err(Denied::examined(examination));
        }
        let as_of = self.0.registry.as_of()?;
        let decided = self.decide(&grant, findings, now).await;
        self.0.registry.still_holds(as_of)?;
        decided
    }

    /// Fetches facts and decides about a grant that can be read.
    async fn decide(
        &self,
        grant: &GrantReading<'_>,
        mut findings: Findings,
        now: Timestamp,
    ) -> Result<IssuedToken, Denied> {
        let record = self.find_client(grant).await?;
        let authentication = self.authenticate(grant, record.as_deref(), now, &mut findings);
        let (Some(authentication), Some(claims), Some(record), true) = (
            authentication,
            grant.claims.as_ref(),
            record.as_deref(),
            findings.passed_through(Check::Expiry),
        ) else {
            // In a box, because every request's task would be as large as what refusals need.
            let refused = self.examine_refused(grant, record.as_deref(), findings, now);
            return Err(Denied::examined(Box::pin(refused).await));
        };
        if let Err(Exhausted { retry_after }) = self.take_share(&record.client) {
            return Err(Denied::exhausted(&record.client, retry_after));
        }
        // The record of the used grant is being made durable while the rest is decided and signed;
        // the answer waits for both.
        let mut consumption = pin!(self.consume(grant).instrument(span!("ledger.consume")));
        let begun = poll_immediate(consumption.as_mut()).await;
        let authorized = self
            .authorize_and_sign(claims, record, authentication, now, &mut findings)
            .instrument(span!("grant.authorize"))
            .await;
        let consumed = match begun {
            Some(consumed) => consumed,
            None => consumption.await,
        };
        findings.record(Check::OneTimeUse, consumed?);
        let (token, facts) = authorized?;
        match token {
            Some(token) if findings.all_passed() => Ok(token),
            _ => {
                let sender = Some(Sender::new(&record.client, true));
                let issuer = &self.0.issuer;
                let examination = Examination::new(grant, sender, findings, issuer, now);
                Err(Denied::examined(examination.with_facts(
                    claims,
                    &record.client,
                    &facts,
                    issuer,
                )))
            }
        }
    }

    pub(super) fn parts(&self) -> &TokenExchangeParts {
        &self.0
    }

    pub(super) fn explains_refusals(&self) -> bool {
        self.0.explain_refusals
    }

    pub(super) async fn find_client(
        &self,
        grant: &GrantReading<'_>,
    ) -> Result<Option<Arc<ClientRecord>>, StorageError> {
        match grant.client_id() {
            Some(client_id) => self.0.registry.find_client_record(&client_id).await,
            None => Ok(None),
        }
    }

    fn authenticate(
        &self,
        grant: &GrantReading<'_>,
        record: Option<&ClientRecord>,
        now: Timestamp,
        findings: &mut Findings,
    ) -> Option<Authentication> {
        let _span = span!("grant.authenticate").entered();
        let trust = self.0.trust.load();
        authenticate(grant, record, &trust, &self.0.issuer, now, findings)
    }

    /// The sender is known and its grant not used up yet: it may come again with the same one.
    fn take_share(&self, client: &Client) -> Result<(), Exhausted> {
        match &self.0.shares {
            Some(shares) => shares.take(&client.client_id, client.accessing_orgno()),
            None => Ok(()),
        }
    }

    /// One atomic, durable insert decides who used the grant first.
    async fn consume(&self, grant: &GrantReading<'_>) -> Result<Result<(), Refusal>, StorageError> {
        let (Some(digest), Some(keep_until)) = (grant.digest(), grant.keep_until(&self.0.issuer))
        else {
            return Ok(Err(Refusal::Internal));
        };
        Ok(match self.0.ledger.consume(digest, keep_until).await? {
            Consumption::Fresh => Ok(()),
            Consumption::Replayed => Err(Refusal::GrantReplayed),
        })
    }

    async fn authorize_and_sign(
        &self,
        claims: &GrantClaims,
        record: &ClientRecord,
        authentication: Authentication,
        now: Timestamp,
        findings: &mut Findings,
    ) -> Result<(Option<IssuedToken>, Facts), Denied> {
        let client = &record.client;
        let mut facts = Facts::fetch(&self.0, claims, client).await?;
        if facts.acting_for.delegated || claims.authorization_details.is_some() {
            let mut attempt = findings.clone();
            authorize(claims, facts.of(client), &self.0.issuer, now, &mut attempt);
            // Whoever has no right to the scopes costs the registers nothing.
            if attempt.first_refusal().is_none() || self.0.explain_refusals {
                facts.ask_registers(&self.0, claims, client, now).await?;
            }
        }
        let Some(authorization) =
            authorize(claims, facts.of(client), &self.0.issuer, now, findings)
        else {
            return Ok((None, facts));
        };
        let prefixes = self.consumer_prefixes(&authorization).await?;
        let token = self
            .sign(authentication, authorization, client, prefixes, now)
            .instrument(span!("token.sign"))
            .await?;
        Ok((Some(token), facts))
    }

    async fn consumer_prefixes(
        &self,
        authorization: &Authorization,
    ) -> Result<Vec<Prefix>, StorageError> {
        if authorization
            .scopes
            .iter()
            .any(|scope| scope.emit_consumer_prefix)
        {
            self.0
                .registry
                .find_prefixes_of(authorization.acting_for.consumer)
                .await
        } else {
            Ok(Vec::new())
        }
    }

    async fn sign(
        &self,
        authentication: Authentication,
        authorization: Authorization,
        client: &Client,
        prefixes: Vec<Prefix>,
        now: Timestamp,
    ) -> Result<IssuedToken, Denied> {
        let our_fault = |cause: &dyn std::fmt::Display| Denied {
            cause: Some(cause.to_string()),
            ..Refusal::Internal.into()
        };
        let jti = unique_id(self.0.entropy.as_ref()).map_err(|error| our_fault(&error))?;
        let acting_for = authorization.acting_for;
        let scopes = authorization.scopes.iter();
        let scopes = scopes.map(|scope| scope.name.clone()).collect();
        let claims = AccessTokenClaims::new(
            authentication,
            authorization,
            client,
            prefixes,
            &self.0.issuer,
            now,
            jti,
        );
        let ring = self.0.keys.for_signing(now).map_err(|stale| Denied {
            cause: Some(stale.to_string()),
            ..Refusal::Unavailable.into()
        })?;
        let header = TokenHeader {
            kid: ring.active_kid(),
            alg: ring.active().algorithm().as_str(),
        };
        let access_token = ring
            .active()
            .sign_compact(&header, &claims)
            .await
            .map_err(|error| match error {
                KeyError::Unavailable => Denied {
                    cause: Some(error.to_string()),
                    ..Refusal::Unavailable.into()
                },
                _ => our_fault(&error),
            })?;
        Ok(IssuedToken {
            access_token,
            expires_in: claims.expires_in(now),
            scope: claims.scope().to_owned(),
            jti: claims.jti().to_owned(),
            client_id: client.client_id.clone(),
            acting_for,
            scopes,
        })
    }
}
