//! The shares of clients and organizations, as the exchange of grants asks for them.

use std::sync::Arc;

use portvakt_core::client::ClientId;
use portvakt_core::fair_share::{Exhausted, FairShare};
use portvakt_core::organization::OrgNumber;
use portvakt_http::{FairShares, Member};

/// Shares that an exchange keeps to; the surface tells of the same ones.
#[derive(Clone, Debug)]
pub struct TokenShares(pub Arc<FairShares>);

impl FairShare for TokenShares {
    fn take(&self, client_id: &ClientId, organization: OrgNumber) -> Result<(), Exhausted> {
        let taken = self.0.take(member(client_id, &organization));
        taken.map_err(|retry_after| Exhausted { retry_after })
    }
}

/// A client of an organization, by the names that its shares are kept under.
pub(crate) fn member<'a>(client_id: &'a ClientId, organization: &'a OrgNumber) -> Member<'a> {
    Member {
        client_id: client_id.as_str(),
        organization: organization.as_str(),
    }
}
