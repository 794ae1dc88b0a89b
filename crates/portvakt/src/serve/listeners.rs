//! A bound address for each surface.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use portvakt_http::Listener;

use super::certificates::Certificates;
use super::parts::Routers;
use crate::config::{Binding, Config, Faults};

/// A bound address for each surface.
pub(super) struct Listeners {
    maskinporten: Listener,
    idporten: Option<Listener>,
    selfservice: Listener,
    operations: Listener,
}

/// Where the surfaces listen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// The machine-to-machine surface.
    pub(crate) maskinporten: SocketAddr,
    /// The login surface, if there is one.
    pub(crate) idporten: Option<SocketAddr>,
    /// The self-service API.
    pub(crate) selfservice: SocketAddr,
    /// Health, readiness and the operator's API.
    pub(crate) operations: SocketAddr,
}

impl Listeners {
    /// All of them, or none.
    pub(super) async fn bind(
        config: &Config,
        certificates: &mut Certificates,
    ) -> anyhow::Result<Self> {
        let maskinporten = &config.maskinporten.listener;
        let maskinporten = Faults::settle(|faults| maskinporten.binding("maskinporten", faults))?;
        let idporten = &config.idporten.listener;
        let idporten = Faults::settle(|faults| idporten.binding("idporten", faults))?;
        let selfservice = &config.selfservice.listener;
        let selfservice = Faults::settle(|faults| selfservice.binding("selfservice", faults))?;
        let operations = &config.operations.listener;
        let operations = Faults::settle(|faults| operations.binding("operations", faults))?;
        Ok(Self {
            maskinporten: bind(maskinporten, certificates).await?,
            idporten: if config.idporten.is_served() {
                Some(bind(idporten, certificates).await?)
            } else {
                None
            },
            selfservice: bind(selfservice, certificates).await?,
            operations: bind(operations, certificates).await?,
        })
    }

    pub(super) fn addresses(&self) -> Addresses {
        Addresses {
            maskinporten: self.maskinporten.local_addr(),
            idporten: self.idporten.as_ref().map(Listener::local_addr),
            selfservice: self.selfservice.local_addr(),
            operations: self.operations.local_addr(),
        }
    }

    /// Each with the router that it serves.
    pub(super) fn with(self, routers: Routers) -> impl Iterator<Item = (Listener, Router)> {
        let always = [
            (self.maskinporten, routers.maskinporten),
            (self.selfservice, routers.selfservice),
            (self.operations, routers.operations),
        ];
        always
            .into_iter()
            .chain(self.idporten.zip(routers.idporten))
    }
}

async fn bind(binding: Binding, certificates: &mut Certificates) -> anyhow::Result<Listener> {
    let listener = Listener::bind(binding.address)
        .await
        .with_context(|| format!("listen on {}", binding.address))?;
    match &binding.tls {
        Some(files) => Ok(listener.with_tls(certificates.load(files)?)),
        None => Ok(listener),
    }
}
