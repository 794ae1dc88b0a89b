//! What each client and each organization may use of a surface.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderMap;

use super::table::{Rate, RateTable};

/// Whose request it is. Only who has proved to be this client is asked about here: otherwise anybody
/// could use up somebody else's share.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The client.
    pub client_id: &'a str,
    /// Its organization.
    pub organization: &'a str,
}

/// The rates of clients and organizations. Each that is not limited has none.
#[derive(Debug)]
pub struct FairShares {
    clients: Option<Limited>,
    organizations: Option<Limited>,
}

/// Requests that were refused, by whose share was used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusedShares {
    /// The client's own.
    pub clients: u64,
    /// The organization's.
    pub organizations: u64,
}

#[derive(Debug)]
struct Limited {
    name: &'static str,
    table: RateTable,
    refused: AtomicU64,
}

impl FairShares {
    /// Shares of this size for every client and every organization.
    pub fn new(client: Option<Rate>, organization: Option<Rate>) -> Self {
        let limited = |name, rate: Option<Rate>| {
            rate.map(|rate| Limited {
                name,
                table: RateTable::new(rate),
                refused: AtomicU64::default(),
            })
        };
        Self {
            clients: limited("client", client),
            organizations: limited("organization", organization),
        }
    }

    /// Counts a request of a member, or says how long it has to wait.
    pub fn take(&self, member: Member<'_>) -> Result<(), Duration> {
        for (limited, key) in self.limits(member) {
            if let Err(standing) = limited.table.take(key) {
                limited.refused.fetch_add(1, Ordering::Relaxed);
                return Err(standing.retry_after);
            }
        }
        Ok(())
    }

    /// Tells a member how it stands to each of its limits.
    pub fn tell(&self, member: Member<'_>, headers: &mut HeaderMap) {
        for (limited, key) in self.limits(member) {
            limited.table.look(key).tell(headers, limited.name);
        }
    }

    /// How many requests were refused. For metrics.
    pub fn refused(&self) -> RefusedShares {
        let read = |limited: &Option<Limited>| {
            let refused = limited.as_ref().map(|limited| &limited.refused);
            refused.map_or(0, |refused| refused.load(Ordering::Relaxed))
        };
        RefusedShares {
            clients: read(&self.clients),
            organizations: read(&self.organizations),
        }
    }

    fn limits<'a>(&'a self, member: Member<'a>) -> impl Iterator<Item = (&'a Limited, &'a str)> {
        let client = self
            .clients
            .iter()
            .map(move |limited| (limited, member.client_id));
        let organizations = self.organizations.iter();
        client.chain(organizations.map(move |limited| (limited, member.organization)))
    }
}
