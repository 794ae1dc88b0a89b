//! Whose word is taken for whom they forward for.

use std::net::IpAddr;

use ipnet::IpNet;
use portvakt_http::{ForwardingHeader as Header, TrustedProxies};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Faults, http};

/// The header in which trusted proxies say whom they forward for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ForwardingHeader {
    /// As most proxies do.
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

impl http::Section {
    /// The proxies that are trusted.
    pub(crate) fn proxies(&self, faults: &mut Faults) -> Option<TrustedProxies> {
        let networks = self.trusted_proxies.iter().map(|text| network(text));
        let Some(networks) = networks.collect::<Option<Vec<_>>>() else {
            let message = "write addresses or networks, like 10.0.0.7 or 10.0.0.0/8";
            faults.add("http.trusted_proxies", message);
            return None;
        };
        let header = match self.forwarding_header {
            ForwardingHeader::XForwardedFor => Header::XForwardedFor,
            ForwardingHeader::Forwarded => Header::Forwarded,
        };
        Some(TrustedProxies::new(networks, header))
    }
}

/// An address is a network of its own.
fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}
