//! Who is at the other end, behind proxies that are trusted (RFC 7239).

use std::net::{IpAddr, SocketAddr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header in which trusted proxies say whom they forward for. It is one and not both: a proxy sets
/// one of them and lets the other through as its client sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For: client, proxy`.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy`.
    Forwarded,
}

/// The proxies whose word is taken for whom they forward for. By default there are none.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardingHeader,
}

impl TrustedProxies {
    /// Proxies in these networks, which tell in this header.
    pub fn new(networks: Vec<IpNet>, header: ForwardingHeader) -> Self {
        Self { networks, header }
    }

    /// Whether this is the address of a trusted proxy.
    pub fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let mut networks = self.networks.iter();
        networks.any(|network| network.contains(&address))
    }

    /// The address that a request is from: the last one that no trusted proxy has. Every proxy adds
    /// whom it was asked by at the end, so this is as far as they are to be believed; what comes before
    /// is the client's to write. Where a trusted proxy names nobody, the request is the proxy's own.
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer.to_canonical();
        if self.networks.is_empty() || !self.trust(address) {
            return address;
        }
        let lines = headers.get_all(self.name()).iter().rev();
        for hop in lines.flat_map(|line| self.hops(line)) {
            let Some(hop) = hop else { break };
            address = hop;
            if !self.trust(address) {
                break;
            }
        }
        address
    }

    fn name(&self) -> HeaderName {
        match self.header {
            ForwardingHeader::Forwarded => FORWARDED,
            ForwardingHeader::XForwardedFor => X_FORWARDED_FOR,
        }
    }

    /// The addresses of a line, the last one first; none for what is no address.
    fn hops(&self, line: &HeaderValue) -> Vec<Option<IpAddr>> {
        let Ok(line) = line.to_str() else {
            return vec![None];
        };
        match self.header {
            ForwardingHeader::XForwardedFor => line.rsplit(',').map(node).collect(),
            ForwardingHeader::Forwarded => match split_outside_quotes(line, ',') {
                Some(elements) => elements.into_iter().rev().map(forwarded_for).collect(),
                None => vec![None],
            },
        }
    }
}

/// The `for` of one element: `for=192.0.2.60;proto=http`, `For="[2001:db8:cafe::17]:4711"`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = split_outside_quotes(element, ';')?;
    let mut named = pairs.into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then_some(value.trim())
    });
    // One that is named twice is nobody.
    let (value, None) = (named.next()?, named.next()) else {
        return None;
    };
    match value.strip_prefix('"') {
        Some(quoted) => node(quoted.strip_suffix('"')?),
        None => node(value),
    }
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:80`. Names such as `unknown` and `_hidden` are none.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = match bare {
        Some(bare) => IpAddr::V6(bare.parse().ok()?),
        None => text.parse().ok().or_else(|| {
            let address: SocketAddr = text.parse().ok()?;
            Some(address.ip())
        })?,
    };
    Some(address.to_canonical())
}

/// The parts between separators that are not inside a quoted string; none when a quote is open or an
/// escape is in it, which no address needs.
fn split_outside_quotes(text: &str, separator: char) -> Option<Vec<&str>> {
    if text.contains('\\') {
        return None;
    }
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (place, character) in text.char_indices() {
        if character == '"' {
            quoted = !quoted;
        } else if character == separator && !quoted {
            parts.push(&text[start..place]);
            start = place + separator.len_utf8();
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "10.0.0.1";

    fn proxies(header: ForwardingHeader) -> TrustedProxies {
        let networks = ["10.0.0.0/8", "2001:db8:ffff::/48"];
        let networks = networks.map(|network| network.parse().unwrap());
        TrustedProxies::new(networks.to_vec(), header)
    }

    fn check(header: ForwardingHeader, cases: &[(&str, &[&str], &str)]) {
        let proxies = proxies(header);
        for (peer, lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(proxies.name(), line.parse().unwrap());
            }
            let found = proxies.client_address(peer.parse().unwrap(), &headers);
            assert_eq!(found.to_string(), *expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn the_last_address_that_is_not_trusted_is_the_client() {
        check(
            ForwardingHeader::XForwardedFor,
            &[
                (PEER, &["192.0.2.1"], "192.0.2.1"),
                (PEER, &["203.0.113.9, 192.0.2.1"], "192.0.2.1"),
                (PEER, &["192.0.2.1, 10.0.0.7"], "192.0.2.1"),
                (
                    PEER,
                    &["203.0.113.9, 192.0.2.1,10.0.0.7 , 10.0.0.8"],
                    "192.0.2.1",
                ),
                (PEER, &["203.0.113.9", "192.0.2.1", "10.0.0.7"], "192.0.2.1"),
                (PEER, &["192.0.2.1:4711"], "192.0.2.1"),
                (PEER, &["[2001:db8::1]:4711"], "2001:db8::1"),
                (PEER, &["2001:db8::1"], "2001:db8::1"),
                (PEER, &["::ffff:192.0.2.1"], "192.0.2.1"),
                ("::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
                ("2001:db8:ffff::1", &["192.0.2.1"], "192.0.2.1"),
                // All of them are proxies: the request began at the first.
                (PEER, &["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
            ],
        );
    }

    #[test]
    fn whoever_is_not_trusted_is_not_believed() {
        for header in [ForwardingHeader::XForwardedFor, ForwardingHeader::Forwarded] {
            check(
                header,
                &[
                    ("192.0.2.66", &["198.51.100.1"], "192.0.2.66"),
                    ("192.0.2.66", &["for=198.51.100.1"], "192.0.2.66"),
                    ("2001:db8:fffe::1", &["10.0.0.1"], "2001:db8:fffe::1"),
                ],
            );
        }
        let nobody = TrustedProxies::default();
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, "198.51.100.1".parse().unwrap());
        let peer = PEER.parse().unwrap();
        assert_eq!(nobody.client_address(peer, &headers), peer);
    }

    #[test]
    fn what_is_no_address_ends_what_is_believed() {
        check(
            ForwardingHeader::XForwardedFor,
            &[
                (PEER, &[], PEER),
                (PEER, &[""], PEER),
                (PEER, &["unknown"], PEER),
                (PEER, &["198.51.100.1, unknown"], PEER),
                (PEER, &["198.51.100.1, unknown, 10.0.0.7"], "10.0.0.7"),
                (PEER, &["198.51.100.1,"], PEER),
                (PEER, &["198.51.100.1; 1"], PEER),
                (PEER, &["\u{e5}"], PEER),
                (PEER, &["192.0.2.1%25eth0"], PEER),
                (PEER, &["0300.0.2.1"], PEER),
            ],
        );
    }

    #[test]
    fn forwarded_is_read_as_the_standard_writes_it() {
        check(
            ForwardingHeader::Forwarded,
            &[
                (
                    PEER,
                    &["for=192.0.2.1;proto=https;by=10.0.0.1"],
                    "192.0.2.1",
                ),
                (
                    PEER,
                    &["For=\"[2001:db8:cafe::17]:4711\""],
                    "2001:db8:cafe::17",
                ),
                (PEER, &["for=198.51.100.1, for=192.0.2.1"], "192.0.2.1"),
                (PEER, &["for=192.0.2.1, for=10.0.0.7"], "192.0.2.1"),
                (PEER, &["proto=https; for=192.0.2.1"], "192.0.2.1"),
                (
                    PEER,
                    &["host=\"a,b;for=198.51.100.1\";for=192.0.2.1"],
                    "192.0.2.1",
                ),
                // A client that hopes to swallow what the proxy adds.
                (PEER, &["for=198.51.100.1;host=\", for=192.0.2.1"], PEER),
                (PEER, &["host=\"\\\", for=192.0.2.1"], PEER),
                (PEER, &["for=198.51.100.1;for=192.0.2.1"], PEER),
                (PEER, &["for=198.51.100.1, for=_hidden"], PEER),
                (PEER, &["for=\"192.0.2.1"], PEER),
                (PEER, &["by=192.0.2.1"], PEER),
            ],
        );
    }

    #[test]
    fn the_header_that_is_not_the_proxies_own_says_nothing() {
        let proxies = proxies(ForwardingHeader::XForwardedFor);
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED, "for=198.51.100.1".parse().unwrap());
        headers.insert(X_FORWARDED_FOR, "192.0.2.1".parse().unwrap());
        let found = proxies.client_address(PEER.parse().unwrap(), &headers);
        assert_eq!(found.to_string(), "192.0.2.1");
    }
}
