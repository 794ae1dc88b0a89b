//! The loopback ports that surfaces listen on, in both families of addresses: clients that are
//! told `localhost` may try either.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use portvakt_http::Listener;

/// How often to look for a port that is free in both families.
const ATTEMPTS: usize = 20;

/// One port, bound on `127.0.0.1` and, where that exists, on `[::1]`.
#[derive(Debug)]
pub(crate) struct Port {
    /// Its number.
    pub(crate) number: u16,
    /// One listener for each family.
    pub(crate) listeners: Vec<Listener>,
}

impl Port {
    /// Binds the port; 0 takes a free one.
    pub(crate) async fn bind(number: u16) -> anyhow::Result<Self> {
        if number != 0 {
            return bind_both(number)
                .await
                .map_err(|error| explain(&error, number));
        }
        let mut outcome = bind_both(0).await;
        for _ in 1..ATTEMPTS {
            match outcome {
                Err(error) if error.kind() == ErrorKind::AddrInUse => outcome = bind_both(0).await,
                other => return other.map_err(|error| explain(&error, number)),
            }
        }
        outcome.map_err(|error| explain(&error, number))
    }
}

fn explain(error: &io::Error, number: u16) -> anyhow::Error {
    if error.kind() == ErrorKind::AddrInUse {
        anyhow::anyhow!(
            "port {number} is in use: stop what listens there, or choose others with --base-port (0 picks free ones)"
        )
    } else {
        anyhow::anyhow!("cannot listen on port {number}: {error}")
    }
}

async fn bind_both(number: u16) -> io::Result<Port> {
    let bind = |address: IpAddr, number| Listener::bind(SocketAddr::new(address, number));
    let first = bind(Ipv4Addr::LOCALHOST.into(), number).await?;
    let number = first.local_addr().port();
    let mut listeners = vec![first];
    match bind(Ipv6Addr::LOCALHOST.into(), number).await {
        Ok(second) => listeners.push(second),
        Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
        // Machines and containers without IPv6 are common, and 127.0.0.1 is enough for them.
        Err(error) => tracing::debug!(%error, "no IPv6 loopback"),
    }
    Ok(Port { number, listeners })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named_with_what_to_do() {
        let taken = Port::bind(0).await.unwrap();
        let message = Port::bind(taken.number).await.unwrap_err().to_string();
        assert!(message.contains(&taken.number.to_string()), "{message}");
        assert!(message.contains("--base-port"), "{message}");
    }

    #[tokio::test]
    async fn every_family_has_the_same_port() {
        let port = Port::bind(0).await.unwrap();
        for listener in &port.listeners {
            assert_eq!(listener.local_addr().port(), port.number);
        }
    }
}
