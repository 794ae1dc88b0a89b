//! The limits of a production server's public surfaces, as its configuration says.

use std::sync::Arc;

use portvakt_core::fair_share::FairShare;
use portvakt_http::{AddressLimit, FairShares, RateLimits};
use portvakt_maskinporten::TokenShares;

use crate::config::{Config, Faults, Rates};

/// Who may ask how often. An address has one rate over all public surfaces; clients and organizations
/// have a share of each, so that whoever administers too eagerly still gets tokens.
pub(crate) struct Limiters {
    addresses: Option<Arc<AddressLimit>>,
    tokens: Option<Arc<FairShares>>,
    logins: Option<Arc<FairShares>>,
    administration: Option<Arc<FairShares>>,
}

/// Requests that were refused, by whose limit was reached. For metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RateLimited {
    /// By address, before anything was read.
    pub(crate) addresses: u64,
    /// By client.
    pub(crate) clients: u64,
    /// By organization.
    pub(crate) organizations: u64,
}

impl Limiters {
    /// Those of a configuration.
    pub(crate) fn new(config: &Config) -> Result<Self, Faults> {
        let rates = Faults::settle(|faults| Some(config.limits.rates(faults)))?;
        let proxies = Faults::settle(|faults| config.http.proxies(faults))?;
        let Rates {
            address,
            client,
            organization,
        } = rates;
        let proxies = Arc::new(proxies);
        let is_shared = client.is_some() || organization.is_some();
        let shares = || is_shared.then(|| Arc::new(FairShares::new(client, organization)));
        Ok(Self {
            addresses: address.map(|rate| Arc::new(AddressLimit::new(rate, proxies))),
            tokens: shares(),
            logins: shares(),
            administration: shares(),
        })
    }

    /// The limits of the machine-to-machine surface; that shares are kept to is for
    /// [`Limiters::shares`].
    pub(crate) fn maskinporten(&self) -> RateLimits {
        RateLimits {
            addresses: self.addresses.clone(),
            shares: self.tokens.clone(),
        }
    }

    /// The limits of the login surface; that shares are kept to is for [`Limiters::login_shares`].
    pub(crate) fn idporten(&self) -> RateLimits {
        RateLimits {
            addresses: self.addresses.clone(),
            shares: self.logins.clone(),
        }
    }

    /// The limits of the self-service API.
    pub(crate) fn selfservice(&self) -> RateLimits {
        RateLimits {
            addresses: self.addresses.clone(),
            shares: self.administration.clone(),
        }
    }

    /// The shares that the exchange of grants keeps to.
    pub(crate) fn shares(&self) -> Option<Arc<dyn FairShare>> {
        shared(self.tokens.as_ref())
    }

    /// The shares that the login surface keeps to.
    pub(crate) fn login_shares(&self) -> Option<Arc<dyn FairShare>> {
        shared(self.logins.as_ref())
    }

    /// What was refused so far.
    pub(crate) fn refused(&self) -> RateLimited {
        let addresses = self.addresses.as_ref();
        let shares = [&self.tokens, &self.logins, &self.administration];
        let refused = shares.into_iter().flatten().map(|shares| shares.refused());
        let mut limited = RateLimited {
            addresses: addresses.map_or(0, |limit| limit.refused()),
            ..RateLimited::default()
        };
        for refused in refused {
            limited.clients += refused.clients;
            limited.organizations += refused.organizations;
        }
        limited
    }
}

fn shared(shares: Option<&Arc<FairShares>>) -> Option<Arc<dyn FairShare>> {
    let shares = Arc::clone(shares?);
    Some(Arc::new(TokenShares(shares)))
}
