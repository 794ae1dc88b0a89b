//! Who gets to a host, as far as its name or its number says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

/// Whether everybody reaches this address, so that nothing of the server's own network answers at it.
pub fn is_public_address(address: IpAddr) -> bool {
    reach_of(address.to_canonical()) == Reach::Public
}

fn reach_of(address: IpAddr) -> Reach {
    let is_network = match address {
        IpAddr::V4(address) => is_network_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(embedded) => return reach_of(IpAddr::V4(embedded)),
            None => is_network_v6(address),
        },
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
    let [first, second, third, _] = address.octets();
    // RFC 1122 §3.2.1.3 "this network", RFC 6598 between a provider and its customers, RFC 6890
    // protocol assignments, RFC 2544 benchmarks, RFC 1112 reserved.
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_assigned = (first, second, third) == (192, 0, 0);
    let is_benchmark = first == 198 && (18..20).contains(&second);
    first == 0
        || first >= 240
        || is_shared
        || is_assigned
        || is_benchmark
        || address.is_private()
        || address.is_link_local()
}

fn is_network_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, ..] = address.segments();
    // RFC 8215 translators of a network's own, RFC 4380 tunnels, and RFC 3879, which was for sites.
    let is_translated = (first, second, third) == (0x64, 0xff9b, 1);
    let is_teredo = (first, second) == (0x2001, 0);
    let is_site_local = first & 0xffc0 == 0xfec0;
    is_translated
        || is_teredo
        || is_site_local
        || address.is_unique_local()
        || address.is_unicast_link_local()
}

/// The IPv4 address that a translator or a tunnel makes of it: RFC 6052, RFC 3056, RFC 4291 §2.5.5.1.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        // [::] and [::1] are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0, high, low] => {
            Some(of(high, low))
        }
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}
