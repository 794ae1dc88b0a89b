//! Where a secret may travel without encryption.

use url::{Host, Url};

/// Whether a secret may be sent to an address: it is `https`, or `http` to this machine under a name that no
/// resolver asks the network for.
#[must_use]
pub fn is_protected(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(url),
        _ => false,
    }
}

/// Whether an address is of this machine for whoever keeps to RFC 6761 §6.3, as browsers do: names below
/// `localhost` are, too. Some resolvers ask the network for these.
#[must_use]
pub fn is_this_machine(url: &Url) -> bool {
    let below = |name: &str| name.ends_with(".localhost");
    is_loopback(url) || url.domain().is_some_and(below)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(url: &str) -> bool {
        is_this_machine(&url.parse().unwrap())
    }

    #[test]
    fn this_machine_has_names_and_addresses() {
        for url in [
            "http://localhost:7700",
            "http://LOCALHOST/",
            "http://sky.localhost:1",
            "http://127.0.0.1:1/x",
            "http://127.1/",
            "http://[::1]:1",
        ] {
            assert!(here(url), "{url}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for (url, protected) in [
            ("https://a.example/", true),
            ("https://localhost/", true),
            ("http://localhost:7700", true),
            ("http://a.example/", false),
            ("http://sky.localhost:1", false),
            ("ftp://localhost/", false),
            ("data:localhost", false),
        ] {
            assert_eq!(is_protected(&url.parse().unwrap()), protected, "{url}");
        }
    }

    #[test]
    fn what_looks_like_it_is_somewhere_else() {
        for url in [
            "http://localhost.example",
            "http://notlocalhost",
            "http://localhost@a.example/",
            "http://a.example/localhost",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "data:localhost",
        ] {
            assert!(!here(url), "{url}");
        }
    }
}
