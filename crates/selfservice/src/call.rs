//! A request as handlers see it: who asks, when, with which query, on which state.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use portvakt_core::administration::secret::Making;
use portvakt_core::audit::{Act, Actor, Channel, Recorded};
use portvakt_core::bearer::{BearerError, BearerPolicy, Caller};
use portvakt_core::client::ClientId;
use portvakt_core::grant::TokenExchange;
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{Store, UnitOfWork, UsageLog};
use portvakt_core::{Entropy, Timestamp};
use portvakt_http::{Member, RequestId, TraceId};
use tokio::sync::Semaphore;

use crate::State;
use crate::authority::Operation;
use crate::min_revision;
use crate::problem::Problem;
use crate::query::Query;
use crate::refused::Witness;
use crate::settings::Settings;

/// A request without its body. The clock is read once.
pub(crate) struct Call {
    state: Arc<State>,
    request_id: Option<RequestId>,
    trace_id: Option<TraceId>,
    witness: Witness,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Query,
    pub(crate) now: Timestamp,
}

impl FromRequestParts<Arc<State>> for Call {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<State>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self {
            state: state.clone(),
            request_id: parts.extensions.get().copied(),
            trace_id: parts.extensions.get().copied(),
            witness: parts.extensions.get().cloned().unwrap_or_default(),
            headers: parts.headers.clone(),
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            now: state.clock.now(),
        })
    }
}

impl Call {
    /// The caller, if the token proves one that may do this.
    pub(crate) async fn authorize(&self, operation: Operation) -> Result<Caller, Problem> {
        let caller = self.prove().await?;
        if !operation.is_open_to(&caller) {
            return Err(Problem::insufficient_scope(operation.any_of()));
        }
        self.log(&caller, &operation);
        Ok(caller)
    }

    /// The caller, where nobody needs to be one: a token that is sent must be good.
    pub(crate) async fn caller(&self) -> Result<Option<Caller>, Problem> {
        if self.headers.contains_key(AUTHORIZATION) {
            self.prove().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// The caller, if the token proves one whose organizations are active.
    pub(crate) async fn prove(&self) -> Result<Caller, Problem> {
        let caller = self
            .authenticate()
            .map_err(|error| Problem::unauthenticated(&error))?;
        self.witness.saw(actor(&caller));
        let organizations = [Some(caller.organization), caller.supplier];
        for orgno in organizations.into_iter().flatten() {
            if self.is_deactivated(orgno).await? {
                return Err(Problem::unauthenticated(&BearerError::Deactivated));
            }
        }
        self.take_share(&caller)?;
        Ok(caller)
    }

    /// Counts the request, now that the token proves whose it is.
    fn take_share(&self, caller: &Caller) -> Result<(), Problem> {
        let Some(shares) = &self.state.shares else {
            return Ok(());
        };
        let taken = shares.take(Member {
            client_id: &caller.client_id,
            organization: caller.supplier.unwrap_or(caller.organization).as_str(),
        });
        taken.map_err(Problem::too_many_requests)
    }

    fn authenticate(&self) -> Result<Caller, BearerError> {
        let state = &self.state;
        let policy = BearerPolicy {
            issuer: &state.issuer,
            base_urls: &state.base_urls,
            requires_certificate: state.settings.administration_requires_certificate,
        };
        let token = bearer_token(&self.headers)?;
        Caller::authenticate(token, state.keys.current().published(), policy, self.now)
    }

    async fn is_deactivated(&self, orgno: OrgNumber) -> Result<bool, Problem> {
        let answer = self.state.store.is_deactivated(orgno).await;
        answer.map_err(|error| Problem::storage(&error))
    }

    /// Tells the log who does what.
    pub(crate) fn log(&self, caller: &Caller, operation: &dyn std::fmt::Debug) {
        tracing::info!(
            request_id = self.request_id.map(tracing::field::display),
            trace_id = self.trace_id.map(tracing::field::display),
            organization = %caller.organization,
            supplier = caller.supplier.map(tracing::field::display),
            client_id = caller.client_id,
            ?operation,
            "administration"
        );
    }

    /// Begins to write. What the caller changes is in the audit log, in the same transaction.
    pub(crate) async fn begin(&self, caller: &Caller) -> Result<Box<dyn UnitOfWork>, Problem> {
        self.begin_act(self.act(caller, Channel::Selfservice)).await
    }

    /// Begins to write what is in the audit log as this act.
    pub(crate) async fn begin_act(&self, act: Act) -> Result<Box<dyn UnitOfWork>, Problem> {
        let unit = Recorded::begin(self.state.store.as_ref(), act).await;
        unit.map_err(|error| Problem::storage(&error))
    }

    /// What the caller does with this request, as the audit log tells it.
    pub(crate) fn act(&self, caller: &Caller, channel: Channel) -> Act {
        Act {
            actor: Actor {
                client_id: ClientId::parse(&caller.client_id).ok(),
                organization: Some(caller.organization),
                supplier: caller.supplier,
                ..Actor::new(channel)
            },
            at: self.now,
            request_id: self.request_id.map(|id| id.to_string()),
        }
    }

    /// Begins to read a state that is as new as the caller asks for.
    pub(crate) async fn read(&self) -> Result<Box<dyn UnitOfWork>, Problem> {
        self.reach().await?;
        let unit = self.state.store.read().await;
        unit.map_err(|error| Problem::storage(&error))
    }

    /// Waits until reads are as new as the caller asks for.
    pub(crate) async fn reach(&self) -> Result<(), Problem> {
        let state = &self.state;
        min_revision::wait(state.store.as_ref(), &state.waiting, &self.headers).await
    }

    /// The counts of issued tokens.
    pub(crate) fn usage(&self) -> &dyn UsageLog {
        self.state.store.as_ref()
    }

    /// The store, for what outlives the call.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.state.store.clone()
    }

    /// The permits of transactions that stay open while a client reads.
    pub(crate) fn snapshots(&self) -> Arc<Semaphore> {
        self.state.snapshots.clone()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.state.settings
    }

    /// What making a secret takes.
    pub(crate) fn making(&self) -> Making<'_> {
        Making {
            entropy: self.entropy(),
            now: self.now,
        }
    }

    /// Those that decide about grants: the first, and its siblings.
    pub(crate) fn exchanges(&self) -> (&TokenExchange, &[TokenExchange]) {
        (&self.state.exchange, &self.state.siblings)
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        self.state.entropy.as_ref()
    }
}

/// The caller as the audit log tells of it.
fn actor(caller: &Caller) -> Actor {
    Actor {
        client_id: ClientId::parse(&caller.client_id).ok(),
        organization: Some(caller.organization),
        supplier: caller.supplier,
        ..Actor::new(Channel::Selfservice)
    }
}

/// The one token of the one `Authorization` header (RFC 6750 §2.1). A token in the query or the
/// body is not looked at.
fn bearer_token(headers: &HeaderMap) -> Result<&str, BearerError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(BearerError::Missing)?;
    if values.next().is_some() {
        return Err(BearerError::Malformed);
    }
    let text = value.to_str().map_err(|_| BearerError::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(BearerError::Malformed)?;
    let token = token.trim_start_matches(' ');
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if scheme.eq_ignore_ascii_case("bearer") && is_token {
        Ok(token)
    } else {
        Err(BearerError::Malformed)
    }
}
