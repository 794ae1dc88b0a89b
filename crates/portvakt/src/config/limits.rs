//! How often somebody may ask.

use portvakt_http::Rate as Limit;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;

/// Automation repeats a refused request up to five times at once (spec: selfservice §4).
const LEAST_BURST: u32 = 5;
/// A request every microsecond.
const MOST_A_MINUTE: u32 = 60_000_000;

/// How often addresses, clients and organizations may ask of the public surfaces of one node. Nobody is
/// limited unless a key says how.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Of one address (IPv6: one network of 64 bits), before anything is read. Behind a proxy it needs
    /// `http.trusted_proxies`: without them all requests are from the proxy's address.
    #[schema(inline)]
    pub(crate) address: Rate,
    /// Of one client, once it has proved itself.
    #[schema(inline)]
    pub(crate) client: Rate,
    /// Of all clients of one organization together, once they have proved themselves.
    #[schema(inline)]
    pub(crate) organization: Rate,
}

/// How often one of them may ask.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// Requests a minute in the long run; none for as many as it likes.
    pub(crate) requests_per_minute: Option<u32>,
    /// Requests at once after a rest, 5 at least: automation repeats a refused request so often.
    pub(crate) burst: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self {
            requests_per_minute: None,
            burst: 60,
        }
    }
}

/// The limits that are in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    pub(crate) address: Option<Limit>,
    pub(crate) client: Option<Limit>,
    pub(crate) organization: Option<Limit>,
}

impl Section {
    /// The limits that are in force.
    pub(crate) fn rates(&self, faults: &mut Faults) -> Rates {
        Rates {
            address: self.address.limit("address", faults),
            client: self.client.limit("client", faults),
            organization: self.organization.limit("organization", faults),
        }
    }
}

impl Rate {
    fn limit(&self, of: &str, faults: &mut Faults) -> Option<Limit> {
        if self.burst < LEAST_BURST {
            faults.add(format!("limits.{of}.burst"), "is at least 5");
        }
        let requests_per_minute = self.requests_per_minute?;
        if !(1..=MOST_A_MINUTE).contains(&requests_per_minute) {
            let key = format!("limits.{of}.requests_per_minute");
            faults.add(key, "is from 1 to 60000000, or absent");
        }
        Some(Limit {
            requests_per_minute,
            burst: self.burst,
        })
    }
}
