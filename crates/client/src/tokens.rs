//! Tokens that are kept until they are about to expire.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::authorization_server::AuthorizationServer;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::error::ClientError;
use crate::grant::Grant;
use crate::retry::{Repeat, RetryPolicy, with_retries};

/// Most tokens that are kept. A grant may name a person, so strangers can choose how many differ.
const MAX_KEPT: usize = 10_000;

/// An access token. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: Arc<str>,
    /// When it expires, in seconds since 1970, by the clock of whoever asked.
    pub expires_at: i64,
    /// When it is replaced, before it expires.
    renewed_at: i64,
    /// Scopes in it, one blank between.
    pub scope: Arc<str>,
}

impl Token {
    /// The token, to put it into a request.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Token")
            .field("expires_at", &self.expires_at)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// A client at an authorization server: it buys tokens, one by one.
#[derive(Clone, Debug)]
pub struct TokenSource {
    /// Where.
    pub server: AuthorizationServer,
    /// Who.
    pub credentials: Credentials,
    /// When.
    pub clock: Clock,
    /// How patiently.
    pub retry: RetryPolicy,
}

impl TokenSource {
    /// A new token. Every attempt signs a grant of its own, since each is good for one use.
    pub async fn fetch(&self, grant: &Grant) -> Result<Token, ClientError> {
        with_retries(&self.retry, Repeat::Harmless, || self.fetch_once(grant)).await
    }

    async fn fetch_once(&self, grant: &Grant) -> Result<Token, ClientError> {
        let now = self.clock.now();
        let issuer = self.server.issuer();
        let assertion = grant.sign(&self.credentials, issuer, now).await?;
        let answer = self.server.exchange(&assertion).await?;
        // A lifetime that is no time is a token for one use.
        let lifetime = i64::try_from(answer.expires_in_seconds).unwrap_or(0);
        Ok(Token {
            text: answer.access_token.into(),
            scope: answer.scope.into(),
            expires_at: now.saturating_add(lifetime),
            renewed_at: now.saturating_add(lifetime - margin(lifetime)),
        })
    }
}

/// Seconds before the end of its life when a token is replaced: a fifth of it, at most a minute, so
/// that a short-lived one is used more than once.
fn margin(lifetime: i64) -> i64 {
    (lifetime / 5).clamp(0, 60)
}

type Pending = Shared<BoxFuture<'static, Result<Token, ClientError>>>;

#[derive(Default)]
struct Kept {
    token: Option<Token>,
    pending: Option<Pending>,
}

/// Tokens by everything that the grant for them says. Callers that want the same token at the same
/// time share one request. A clone shares the tokens.
#[derive(Clone)]
pub struct Tokens {
    source: Arc<TokenSource>,
    kept: Arc<Mutex<HashMap<Grant, Kept>>>,
}

impl Tokens {
    /// Tokens of this source; none is kept yet.
    pub fn new(source: TokenSource) -> Self {
        Self {
            source: Arc::new(source),
            kept: Arc::default(),
        }
    }

    /// Where they come from.
    pub fn source(&self) -> &TokenSource {
        &self.source
    }

    /// A token that has some of its life left.
    ///
    /// It is replaced before it expires; when that fails and it still counts, it is given all the
    /// same. Failures are not kept.
    pub async fn get(&self, grant: &Grant) -> Result<Token, ClientError> {
        let now = self.source.clock.now();
        let (pending, present) = {
            let mut kept = self.lock();
            make_room(&mut kept, grant, now);
            let entry = kept.entry(grant.clone()).or_default();
            let present = entry.token.clone().filter(|token| token.expires_at > now);
            if let Some(token) = present.as_ref().filter(|token| token.renewed_at > now) {
                return Ok(token.clone());
            }
            let pending = entry.pending.clone();
            let pending = pending.unwrap_or_else(|| self.begin(grant));
            entry.pending = Some(pending.clone());
            (pending, present)
        };
        match (pending.await, present) {
            (Err(_), Some(token)) => Ok(token),
            (fetched, _) => fetched,
        }
    }

    /// Forgets a token that was refused, unless it has been replaced already.
    pub fn forget(&self, grant: &Grant, refused: &Token) {
        if let Some(entry) = self.lock().get_mut(grant)
            && entry.token.as_ref() == Some(refused)
        {
            entry.token = None;
        }
    }

    /// One request, which whoever waits for it drives.
    fn begin(&self, grant: &Grant) -> Pending {
        let (source, kept, grant) = (self.source.clone(), self.kept.clone(), grant.clone());
        let fetch = async move {
            let fetched = source.fetch(&grant).await;
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            match &fetched {
                Ok(token) => {
                    let entry = kept.entry(grant).or_default();
                    entry.pending = None;
                    entry.token = Some(token.clone());
                }
                // What a stranger asks for in vain leaves nothing behind.
                Err(_) => {
                    if let Some(entry) = kept.get_mut(&grant) {
                        entry.pending = None;
                        if entry.token.is_none() {
                            kept.remove(&grant);
                        }
                    }
                }
            }
            fetched
        };
        fetch.boxed().shared()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Grant, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what has expired when all room is taken, and everything that nobody waits for when that
/// was not enough.
fn make_room(kept: &mut HashMap<Grant, Kept>, grant: &Grant, now: i64) {
    if kept.len() < MAX_KEPT || kept.contains_key(grant) {
        return;
    }
    let is_alive = |entry: &Kept| entry.token.as_ref().is_some_and(|t| t.expires_at > now);
    kept.retain(|_, entry| entry.pending.is_some() || is_alive(entry));
    if kept.len() >= MAX_KEPT {
        kept.retain(|_, entry| entry.pending.is_some());
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
