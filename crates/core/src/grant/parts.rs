//! What the exchange of grants is made of.

use std::sync::Arc;

use arc_swap::ArcSwap;
use portvakt_jose::TrustStore;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::fair_share::FairShare;
use crate::issuer::Issuer;
use crate::ports::{DelegationLookup, GrantRegistry, PartyLookup, ReplayLedger};
use crate::signing::SigningKeys;

/// What a [`super::TokenExchange`] is made of.
#[derive(Clone)]
pub struct TokenExchangeParts {
    /// Names and policy.
    pub issuer: Issuer,
    /// Clients, scopes, access.
    pub registry: Arc<dyn GrantRegistry>,
    /// Grants that were used.
    pub ledger: Arc<dyn ReplayLedger>,
    /// Delegations.
    pub delegations: Arc<dyn DelegationLookup>,
    /// System users and consents.
    pub parties: Arc<dyn PartyLookup>,
    /// The server's keys.
    pub keys: Arc<SigningKeys>,
    /// Whose certificates are trusted.
    pub trust: Arc<ArcSwap<TrustStore>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// How much each client and organization may use; none when nobody is limited.
    pub shares: Option<Arc<dyn FairShare>>,
    /// Evaluate every check of every refused grant, not only of those whose sender is proven. It
    /// costs reads for unauthenticated callers, so it is for development.
    pub explain_refusals: bool,
}
