//! The flags that say which authorization server a command talks to, and how.

use std::path::PathBuf;

use anyhow::Context;
use portvakt_client::{AuthorizationServer, Clock, HttpClient, HttpSettings};
use portvakt_core::Timestamp;
use serde_json::Value;

use crate::data_dir::DataDir;

/// Which authorization server a command talks to.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// Issuer of the tokens [default: the development server of the data folder]
    #[arg(long, value_name = "URL", env = "PORTVAKT_ISSUER")]
    pub(crate) issuer: Option<String>,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}

/// How requests are made.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HttpArgs {
    /// Certificate authorities to trust beside the system's, PEM
    #[arg(long, value_name = "FILE", env = "PORTVAKT_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Use this HTTP proxy [default: what the environment says]
    #[arg(long, value_name = "URL", env = "PORTVAKT_PROXY")]
    proxy: Option<String>,
    /// Let grants and tokens travel unencrypted to other machines
    #[arg(long, env = "PORTVAKT_ALLOW_PLAIN_HTTP")]
    allow_plain_http: bool,
}

impl HttpArgs {
    /// The client.
    pub(crate) fn client(&self) -> anyhow::Result<HttpClient> {
        let authorities = match &self.ca_file {
            Some(file) => {
                std::fs::read(file).with_context(|| format!("read {}", file.display()))?
            }
            None => Vec::new(),
        };
        Ok(HttpClient::new(&HttpSettings {
            proxy: self.proxy.clone(),
            authorities,
            allow_plain_http: self.allow_plain_http,
            ..HttpSettings::default()
        })?)
    }
}

/// An authorization server, and what time it is there.
pub(crate) struct Server {
    /// Where grants are exchanged.
    pub(crate) oauth: AuthorizationServer,
    /// A development server's clock may have been moved; any other server's is this machine's.
    pub(crate) clock: Clock,
}

impl ServerArgs {
    /// Finds the server of the named issuer, or that of the data folder.
    pub(crate) async fn discover(&self, data_dir: &DataDir) -> anyhow::Result<Server> {
        let http = self.http.client()?;
        let (issuer, clock) = if let Some(issuer) = &self.issuer {
            (issuer.clone(), Clock::system())
        } else {
            let endpoints = data_dir.endpoints()?;
            let clock = dev_clock(&http, &endpoints.operations.base_url).await;
            (endpoints.maskinporten.issuer, clock)
        };
        let oauth = AuthorizationServer::discover(&http, &issuer).await?;
        Ok(Server { oauth, clock })
    }
}

impl Server {
    /// The time there.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.clock.now())
    }
}

/// The clock of a development server.
pub(crate) async fn dev_clock(http: &HttpClient, operations: &str) -> Clock {
    let moved = async {
        let url = http.address(operations).ok()?.below("/dev/clock");
        let clock: Value = http.get_json(&url, "clock").await.ok()?;
        let there = Timestamp::parse(clock["now"].as_str()?).ok()?;
        Some(there.seconds() - Clock::system().now())
    };
    // Seconds are cut off on both sides, so a difference of one is none.
    match moved.await {
        Some(seconds) if seconds.abs() > 1 => Clock::shifted(seconds),
        _ => Clock::system(),
    }
}
