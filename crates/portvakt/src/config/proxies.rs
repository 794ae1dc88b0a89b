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
        let networks = networks("http.trusted_proxies", &self.trusted_proxies, faults)?;
        let header = match self.forwarding_header {
            ForwardingHeader::XForwardedFor => Header::XForwardedFor,
            ForwardingHeader::Forwarded => Header::Forwarded,
        };
        Some(TrustedProxies::new(networks, header))
    }
}

/// The networks that a key names.
pub(super) fn networks(key: &str, texts: &[String], faults: &mut Faults) -> Option<Vec<IpNet>> {
    let networks: Option<Vec<_>> = texts.iter().map(|text| network(text)).collect();
    if networks.is_none() {
        faults.add(
            key,
            "write addresses or networks, like 10.0.0.7 or 10.0.0.0/8",
        );
    }
    networks
}

/// An address is a network of its own.
fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}
