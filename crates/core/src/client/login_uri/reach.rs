//! Who gets to a host, as far as its name or its number says.

use std::net::{IpAddr, Ipv4Addr};

use url::Host;

/// Who gets to a host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Whoever is on the machine at hand.
    Machine,
    /// Whoever is on the same network.
    Network,
    /// Everybody.
    Public,
}

impl Reach {
    pub(super) fn of(host: &Host<String>) -> Self {
        match host {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                let is_machine = name == "localhost" || name.ends_with(".localhost");
                if is_machine {
                    Self::Machine
                } else {
                    Self::Public
                }
            }
            Host::Ipv4(address) => reach_of(IpAddr::V4(*address)),
            Host::Ipv6(address) => reach_of(address.to_canonical()),
        }
    }
}

fn reach_of(address: IpAddr) -> Reach {
    let is_network = match address {
        IpAddr::V4(address) => is_network_v4(address),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    };
    if address.is_loopback() || address.is_unspecified() {
        Reach::Machine
    } else if is_network || address.is_multicast() {
        Reach::Network
    } else {
        Reach::Public
    }
}

fn is_network_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // RFC 1122 §3.2.1.3 "this network", RFC 6598 between a provider and its customers.
    let is_shared = first == 100 && (64..128).contains(&second);
    first == 0
        || is_shared
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
}
