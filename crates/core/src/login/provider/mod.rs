//! The use-cases of the login surface: each fetches what a decision needs, has the pure modules
//! beside it decide, and carries the decision out in one atomic act of the store.

mod answer;
mod authorize;
mod client;
mod complete;
mod exchange;
mod introspect;
mod logout;
mod logout_question;
mod notification;
mod people;
mod proof;
mod push;
mod refresh;
mod revoke;
mod step;
mod tokens;
mod transaction;
mod usable;
mod userinfo;

use std::sync::Arc;

use arc_swap::ArcSwap;
use portvakt_jose::{KeyError, TrustStore};
use serde::Serialize;
use tracing::Instrument;

pub use self::answer::Answer;
pub use self::authorize::{AuthorizationRequest, Browser};
pub use self::client::AuthenticatedClient;
pub use self::exchange::CodeRequest;
pub use self::logout::{LogoutOutcome, LogoutRequest, LogoutStep};
pub use self::logout_question::{LogoutQuestion, ReasonToAsk};
pub use self::notification::{LogoutNotice, LogoutSender, Notification};
pub use self::people::Proven;
pub use self::proof::{PresentedToken, TokenScheme};
pub use self::push::Pushed;
pub use self::refresh::RefreshRequest;
pub use self::step::Step;
pub use self::tokens::Tokens;
pub use self::transaction::{EidState, OpenTransaction, ServiceView, Setback, TransactionState};

use super::acr::Acr;
use super::claims::LoginAccessToken;
use super::client_authentication::AuthenticationFault;
use super::issuer::LoginIssuer;
use super::port::LoginStore;
use super::record::Identity;
use super::refusal::{LoginRefusal, LoginRefusalCode};
use super::request::{RequestFault, ReturnAddress};
use super::subject::PairwiseKey;
use super::{Handle, Opening, Room, UnreadableDocument};
use crate::bearer::Caller;
use crate::client::{Client, ClientId};
use crate::clock::{Clock, Timestamp};
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::fair_share::FairShare;
use crate::grant::{Sender, TokenHeader};
use crate::ports::{GrantRegistry, ReplayLedger, StorageError};
use crate::signing::SigningKeys;
use crate::spans::span;

/// What a [`Provider`] is made of.
#[derive(Clone)]
pub struct ProviderParts {
    /// Names and policy.
    pub issuer: LoginIssuer,
    /// Clients, scopes, access.
    pub registry: Arc<dyn GrantRegistry>,
    /// Assertions and request objects that were used.
    pub ledger: Arc<dyn ReplayLedger>,
    /// Logins.
    pub store: Arc<dyn LoginStore>,
    /// The issuer's signing keys.
    pub keys: Arc<SigningKeys>,
    /// What clients know people by.
    pub pairwise: PairwiseKey,
    /// Whose certificates are trusted.
    pub trust: Arc<ArcSwap<TrustStore>>,
    /// The levels that the enabled eID providers reach.
    pub levels: Vec<Acr>,
    /// Tells clients' servers of logouts; none where that is not offered.
    pub logouts: Option<Arc<dyn LogoutSender>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// How much there may be at a time of what anybody may begin.
    pub room: Arc<Room>,
    /// How much each client and organization may use; none when nobody is limited.
    pub shares: Option<Arc<dyn FairShare>>,
}

/// An OpenID provider: one issuer with its store.
#[derive(Clone)]
pub struct Provider(Arc<ProviderParts>);

/// A request that is refused.
#[derive(Clone, Debug)]
pub struct Denied {
    /// What to say.
    pub refusal: LoginRefusal,
    /// The client's address, if it is told there; otherwise whoever asked is told.
    pub told: Option<Box<ReturnAddress>>,
    /// The client, if it is known, and whether it is the one that asked.
    pub sender: Option<Box<Sender>>,
    /// Who was or wanted to be logged in, if that is known, as the audit log calls them.
    pub person: Option<String>,
    /// What exactly was wrong, for the log only: no secret, no person.
    pub cause: Option<String>,
}

impl Provider {
    /// Puts the parts together.
    pub fn new(parts: ProviderParts) -> Self {
        Self(Arc::new(parts))
    }

    /// Names and policy.
    pub fn issuer(&self) -> &LoginIssuer {
        &self.0.issuer
    }

    /// The issuer's keys.
    pub fn keys(&self) -> &SigningKeys {
        &self.0.keys
    }

    /// The present, as the provider sees it.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The levels that the enabled eID providers reach.
    pub fn levels(&self) -> &[Acr] {
        &self.0.levels
    }

    /// Where randomness comes from.
    pub fn entropy(&self) -> &dyn Entropy {
        self.0.entropy.as_ref()
    }

    fn parts(&self) -> &ProviderParts {
        &self.0
    }

    pub(in crate::login) fn registry(&self) -> &dyn GrantRegistry {
        self.0.registry.as_ref()
    }

    pub(in crate::login) fn store(&self) -> &dyn LoginStore {
        self.0.store.as_ref()
    }

    /// Takes a place for what anybody may begin.
    fn enter(&self, opening: Opening) -> Result<(), Denied> {
        if self.0.room.enter(opening) {
            Ok(())
        } else {
            Err(LoginRefusalCode::TooManyUnderWay.into())
        }
    }

    /// What the audit log calls somebody.
    pub(in crate::login) fn pseudonym(&self, identity: &Identity) -> String {
        self.0.pairwise.pseudonym(identity)
    }

    fn handle(&self) -> Result<Handle, Denied> {
        Ok(Handle::generate(self.0.entropy.as_ref())?)
    }

    /// Signs an answer that is no token: the compact form of a JWS with this `typ`.
    pub async fn sign_answer<C: Serialize + Sync>(
        &self,
        typ: &'static str,
        answer: &C,
    ) -> Result<String, Denied> {
        self.sign(Some(typ), answer, self.now()).await
    }

    /// Signs claims with the active key. `typ` is for tokens that must not pass for others.
    async fn sign<C: Serialize + Sync>(
        &self,
        typ: Option<&'static str>,
        claims: &C,
        now: Timestamp,
    ) -> Result<String, Denied> {
        let ring = self.0.keys.for_signing(now);
        let ring = ring.map_err(|stale| Denied::of(LoginRefusalCode::Unavailable, &stale))?;
        let header = Header {
            token: TokenHeader {
                kid: ring.active_kid(),
                alg: ring.active().algorithm().as_str(),
            },
            typ,
        };
        let signing = ring.active().sign_compact(&header, claims);
        let signed = signing.instrument(span!("token.sign")).await;
        signed.map_err(|error| match error {
            KeyError::Unavailable => Denied::of(LoginRefusalCode::Unavailable, &error),
            _ => Denied::of(LoginRefusalCode::Internal, &error),
        })
    }
}

/// The header of what is signed.
#[derive(Serialize)]
struct Header<'a> {
    #[serde(flatten)]
    token: TokenHeader<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'static str>,
}

impl Denied {
    /// A refusal with its cause.
    pub(in crate::login) fn of(code: LoginRefusalCode, cause: &dyn std::fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..Self::from(code)
        }
    }

    /// The client, if it is known.
    pub fn client_id(&self) -> Option<&ClientId> {
        self.sender.as_deref().map(|sender| &sender.client_id)
    }

    /// The client that the request proved to be from; none if it proved nobody.
    pub fn proven(&self) -> Option<&Sender> {
        self.sender.as_deref().filter(|sender| sender.is_proven)
    }

    /// The same, of a client that the request names without a proof.
    #[must_use]
    fn naming(self, client: &Client) -> Self {
        self.sent_by(Sender::new(client, false))
    }

    /// The same, of this client.
    #[must_use]
    pub(in crate::login) fn sent_by(self, sender: Sender) -> Self {
        Self {
            sender: Some(Box::new(sender)),
            ..self
        }
    }

    /// The same, of the client that an access token was issued to.
    #[must_use]
    fn of_token(self, claims: &LoginAccessToken, is_proven: bool) -> Self {
        let caller = Caller::of_claims(&claims.to_object()).ok();
        match caller.and_then(|caller| caller.sender(is_proven)) {
            Some(sender) => self.sent_by(sender),
            None => self,
        }
    }

    /// The same, told to the client.
    #[must_use]
    fn told(self, address: &ReturnAddress) -> Self {
        Self {
            told: Some(Box::new(address.clone())),
            ..self
        }
    }
}

impl From<LoginRefusal> for Denied {
    fn from(refusal: LoginRefusal) -> Self {
        Self {
            refusal,
            told: None,
            sender: None,
            person: None,
            cause: None,
        }
    }
}

impl From<LoginRefusalCode> for Denied {
    fn from(code: LoginRefusalCode) -> Self {
        LoginRefusal::from(code).into()
    }
}

impl From<RequestFault> for Denied {
    fn from(fault: RequestFault) -> Self {
        Self {
            told: fault.told.map(Box::new),
            ..fault.refusal.into()
        }
    }
}

impl From<AuthenticationFault> for Denied {
    fn from(fault: AuthenticationFault) -> Self {
        Self {
            cause: Some(fault.cause.to_owned()),
            ..fault.refusal.into()
        }
    }
}

impl From<StorageError> for Denied {
    fn from(error: StorageError) -> Self {
        let code = match error {
            StorageError::Unavailable(_) => LoginRefusalCode::Unavailable,
            StorageError::Corrupt { .. } | StorageError::Refused(_) => LoginRefusalCode::Internal,
        };
        Self::of(code, &error)
    }
}

impl From<EntropyUnavailable> for Denied {
    fn from(error: EntropyUnavailable) -> Self {
        Self::of(LoginRefusalCode::Internal, &error)
    }
}

impl From<UnreadableDocument> for Denied {
    fn from(error: UnreadableDocument) -> Self {
        Self::of(LoginRefusalCode::Internal, &error)
    }
}
