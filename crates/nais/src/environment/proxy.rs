//! Variables of `webproxy: true` (spec: nais §8.5).

use url::Url;

use super::variable::{Variable, Variables};

/// The web proxy of a cluster or of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebProxy {
    address: String,
    host: String,
    port: u16,
    excluded: Vec<String>,
}

/// An address that is no proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a web proxy is an address with host and port: http://proxy.example:8088")]
pub struct ProxyError;

impl WebProxy {
    /// A proxy with the hosts that are reached without it; none means `localhost`.
    pub fn parse(address: &str, excluded: &[String]) -> Result<Self, ProxyError> {
        let url = Url::parse(address).map_err(|_| ProxyError)?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(ProxyError)?;
        // `Url` drops a port that is the scheme's default; it has to be written all the same.
        let is_written = address
            .trim_end_matches('/')
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let port = url
            .port_or_known_default()
            .filter(|_| is_written)
            .ok_or(ProxyError)?;
        let excluded = match excluded {
            [] => vec!["localhost".to_owned()],
            hosts => hosts.to_vec(),
        };
        Ok(Self {
            address: address.to_owned(),
            host: host.to_owned(),
            port,
            excluded,
        })
    }

    /// The variables, in both cases of their names, and the options for Java.
    pub fn variables(&self) -> Variables {
        let address = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"];
        let mut variables: Variables = address
            .iter()
            .map(|name| Variable::plain(name, &self.address))
            .collect();
        let excluded = self.excluded.join(",");
        variables.extend(["NO_PROXY", "no_proxy"].map(|name| Variable::plain(name, &excluded)));
        variables.push(Variable::plain("JAVA_PROXY_OPTIONS", self.java_options()));
        variables
    }

    fn java_options(&self) -> String {
        let Self { host, port, .. } = self;
        let hosts: Vec<_> = self
            .excluded
            .iter()
            .map(|host| java_pattern(host))
            .collect();
        let hosts = hosts.join("|");
        format!(
            "-Dhttp.proxyHost={host} -Dhttps.proxyHost={host} -Dhttp.proxyPort={port} \
             -Dhttps.proxyPort={port} -Dhttp.nonProxyHosts={hosts}"
        )
    }
}

fn java_pattern(host: &str) -> String {
    if host.starts_with('.') {
        format!("*{host}")
    } else {
        host.to_owned()
    }
}
