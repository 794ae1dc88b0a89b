//! Where a secret may travel without encryption.

use url::{Host, Url};

/// Whether an address is of this machine, which it is by its text alone: nobody on a network can listen
/// there, so plain `http` is enough. Every name below `localhost` is (RFC 6761 §6.3).
#[must_use]
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
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
