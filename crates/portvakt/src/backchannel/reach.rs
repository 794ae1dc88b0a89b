//! Which hosts a server calls at an address that somebody else has chosen.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use portvakt_core::client::is_public_address;
use portvakt_core::login::issuer::Environment;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The hosts that may be called.
#[derive(Clone, Debug)]
pub(crate) enum Reach {
    /// Every host, unencrypted too: where nobody real logs in.
    Anywhere,
    /// By TLS alone: hosts that everybody reaches, and those of these networks.
    PublicAnd(Vec<IpNet>),
}

impl Reach {
    /// What a deployment calls: in production what everybody reaches, and these networks.
    pub(crate) fn of(environment: Environment, networks: Vec<IpNet>) -> Self {
        match environment {
            Environment::Production => Self::PublicAnd(networks),
            Environment::Test => Self::Anywhere,
        }
    }

    /// Whether an address may be called, as far as its text says. What its name stands for is for
    /// [`CheckedNames`] to say.
    pub(super) fn admits(&self, url: &Url) -> bool {
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_scheme = match self {
            Self::Anywhere => matches!(url.scheme(), "http" | "https"),
            Self::PublicAnd(_) => url.scheme() == "https",
        };
        let is_host = match url.host() {
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(address)) => self.admits_ip(address.into()),
            Some(Host::Ipv6(address)) => self.admits_ip(address.into()),
            None => false,
        };
        is_plain && is_scheme && is_host
    }

    fn admits_ip(&self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::PublicAnd(networks) => {
                let address = address.to_canonical();
                let mut networks = networks.iter();
                is_public_address(address) || networks.any(|network| network.contains(&address))
            }
        }
    }
}

/// Looks names up, once for each connection, which is made to what was looked at here and to nothing
/// else: a name that stands for another host a moment later changes nothing.
pub(super) struct CheckedNames(pub(super) Arc<Reach>);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            // One that may not be called makes the name suspect.
            if !found.iter().all(|address| reach.admits_ip(address.ip())) {
                return Err(NotAdmitted.into());
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

/// A name stands for a host that may not be called.
#[derive(Debug)]
pub(super) struct NotAdmitted;

impl fmt::Display for NotAdmitted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name stands for a host that may not be called")
    }
}

impl Error for NotAdmitted {}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(reach: &Reach, url: &str) -> bool {
        reach.admits(&url.parse().unwrap())
    }

    #[test]
    fn in_production_only_encrypted_public_hosts_are_called() {
        let reach = Reach::PublicAnd(Vec::new());
        for url in [
            "https://app.eksempel.no/ut",
            "https://app.eksempel.no:8443/",
            "https://93.184.215.14/",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
        ] {
            assert!(admits(&reach, url), "{url}");
        }
        for url in [
            "http://app.eksempel.no/",
            "ftp://app.eksempel.no/",
            "https://user@app.eksempel.no/",
            "https://127.0.0.1/",
            "https://0.0.0.0/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.0.1/",
            "https://100.64.0.1/",
            "https://169.254.169.254/",
            "https://198.18.0.1/",
            "https://240.0.0.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::]/",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::127.0.0.1]/",
            "https://0.1.2.3/",
            "https://192.0.0.1/",
            "https://[64:ff9b::169.254.169.254]/",
            "https://[64:ff9b:1::169.254.169.254]/",
            "https://[fec0::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:0:1:2:3:4:5:6]/",
            "https://[ff02::1]/",
        ] {
            assert!(!admits(&reach, url), "{url}");
        }
    }

    #[test]
    fn an_operator_opens_networks_by_name() {
        let reach = Reach::PublicAnd(vec!["10.1.0.0/16".parse().unwrap()]);
        assert!(admits(&reach, "https://10.1.2.3/"));
        assert!(admits(&reach, "https://[::ffff:10.1.2.3]/"));
        assert!(!admits(&reach, "https://10.2.2.3/"));
        assert!(
            !admits(&reach, "http://10.1.2.3/"),
            "encrypted all the same"
        );
    }

    #[test]
    fn under_development_every_web_address_is_called() {
        assert!(admits(&Reach::Anywhere, "http://localhost:3000/ut"));
        assert!(!admits(&Reach::Anywhere, "file:///etc/passwd"));
    }

    #[tokio::test]
    async fn a_name_is_looked_at_when_it_is_looked_up() {
        let resolve = |reach| CheckedNames(Arc::new(reach)).resolve("localhost".parse().unwrap());
        let refused = resolve(Reach::PublicAnd(Vec::new())).await;
        assert!(refused.err().unwrap().is::<NotAdmitted>());
        assert!(resolve(Reach::Anywhere).await.is_ok());
    }
}
