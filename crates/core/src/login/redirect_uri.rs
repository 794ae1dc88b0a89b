//! Whether a response may go to the address that a request names (spec: idporten §3.4).
//!
//! Addresses are compared as they are written, byte for byte. The one thing that may differ is the
//! port of a native client's loopback address (RFC 8252 §7.3), where the registration leaves it open.

use crate::client::ApplicationType;

/// Whether `requested` is one of the registered addresses.
pub fn is_registered(
    requested: &str,
    registered: &[String],
    application_type: ApplicationType,
) -> bool {
    let native = application_type == ApplicationType::Native;
    registered.iter().any(|known| {
        let wildcard = native.then(|| Loopback::parse(known)).flatten();
        match wildcard {
            Some(wildcard) if wildcard.leaves_port_open() => wildcard.admits(requested),
            _ => known == requested,
        }
    })
}

/// A loopback address in its parts, as they are written.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Loopback<'a> {
    scheme: &'a str,
    host: &'a str,
    /// What stands between the colon and the path; none without a colon.
    port: Option<&'a str>,
    /// Path and query.
    rest: &'a str,
}

impl<'a> Loopback<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, after) = text.split_once("://")?;
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        let host = ["127.0.0.1", "[::1]", "localhost"]
            .into_iter()
            .find(|host| authority.starts_with(host))?;
        let (host, port) = authority.split_at(host.len());
        let port = match port {
            "" => None,
            port => Some(port.strip_prefix(':')?),
        };
        matches!(scheme, "http" | "https").then_some(Self {
            scheme,
            host,
            port,
            rest,
        })
    }

    fn leaves_port_open(self) -> bool {
        matches!(self.port, None | Some("0" | "*"))
    }

    fn admits(self, requested: &str) -> bool {
        let Some(requested) = Loopback::parse(requested) else {
            return false;
        };
        let port_fits = match requested.port {
            Some(port) => is_port(port),
            None => self.port.is_none(),
        };
        port_fits
            && (self.scheme, self.host, self.rest)
                == (requested.scheme, requested.host, requested.rest)
    }
}

/// A number from 1 to 65535 in its one spelling.
fn is_port(text: &str) -> bool {
    let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(application_type: ApplicationType, registered: &str, requested: &str) -> bool {
        is_registered(requested, &[registered.to_owned()], application_type)
    }

    #[test]
    fn addresses_are_compared_byte_for_byte() {
        let registered = "https://nettsted.eksempel.no/oauth2/callback?tenant=a";
        for kind in [
            ApplicationType::Web,
            ApplicationType::Browser,
            ApplicationType::Native,
        ] {
            assert!(check(kind, registered, registered));
            for look_alike in [
                "",
                "https://nettsted.eksempel.no/oauth2/callback",
                "https://nettsted.eksempel.no/oauth2/callback/?tenant=a",
                "https://nettsted.eksempel.no/oauth2/callback?tenant=a&x=1",
                "https://nettsted.eksempel.no/oauth2/callback?tenant=A",
                "https://nettsted.eksempel.no/oauth2/Callback?tenant=a",
                "https://NETTSTED.eksempel.no/oauth2/callback?tenant=a",
                "https://nettsted.eksempel.no:443/oauth2/callback?tenant=a",
                "https://nettsted.eksempel.no/oauth2/x/../callback?tenant=a",
                "https://nettsted.eksempel.no/oauth2%2Fcallback?tenant=a",
                "https://nettsted.eksempel.no.evil.no/oauth2/callback?tenant=a",
                "https://evil.no@nettsted.eksempel.no/oauth2/callback?tenant=a",
                "https://nettsted.eksempel.no\\@evil.no/oauth2/callback?tenant=a",
                "http://nettsted.eksempel.no/oauth2/callback?tenant=a",
                " https://nettsted.eksempel.no/oauth2/callback?tenant=a",
                "https://nettsted.eksempel.no/oauth2/callback?tenant=a#f",
            ] {
                assert!(!check(kind, registered, look_alike), "{look_alike}");
            }
        }
    }

    #[test]
    fn native_clients_may_listen_on_any_port_of_the_loopback_interface() {
        for registered in [
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:*/cb",
            "http://127.0.0.1/cb",
        ] {
            for port in ["1", "8080", "65535"] {
                let requested = format!("http://127.0.0.1:{port}/cb");
                assert!(check(ApplicationType::Native, registered, &requested));
                assert!(!check(ApplicationType::Web, registered, &requested));
            }
            for wrong in [
                "http://127.0.0.1:0/cb",
                "http://127.0.0.1:*/cb",
                "http://127.0.0.1:/cb",
                "http://127.0.0.1:65536/cb",
                "http://127.0.0.1:08080/cb",
                "http://127.0.0.1:+80/cb",
                "http://127.0.0.1:80@evil.no/cb",
                "http://127.0.0.1:8080/cb/",
                "http://127.0.0.1:8080/cb?x",
                "http://127.0.0.1:8080/CB",
                "https://127.0.0.1:8080/cb",
                "http://localhost:8080/cb",
                "http://[::1]:8080/cb",
                "http://127.0.0.10:8080/cb",
                "http://127.0.0.1.evil.no:8080/cb",
            ] {
                assert!(
                    !check(ApplicationType::Native, registered, wrong),
                    "{wrong}"
                );
            }
        }
    }

    #[test]
    fn each_of_the_three_hosts_is_its_own() {
        for host in ["127.0.0.1", "[::1]", "localhost"] {
            let registered = format!("http://{host}:0/cb?a=b");
            let requested = format!("http://{host}:51004/cb?a=b");
            assert!(check(ApplicationType::Native, &registered, &requested));
        }
        assert!(!check(
            ApplicationType::Native,
            "http://localhost.evil.no:0/cb",
            "http://localhost.evil.no:80/cb"
        ));
    }

    #[test]
    fn a_port_that_is_registered_is_the_only_one() {
        let registered = "http://127.0.0.1:4000/cb";
        assert!(check(ApplicationType::Native, registered, registered));
        assert!(!check(
            ApplicationType::Native,
            registered,
            "http://127.0.0.1:4001/cb"
        ));
        assert!(check(
            ApplicationType::Native,
            "http://localhost/cb",
            "http://localhost/cb"
        ));
    }
}
