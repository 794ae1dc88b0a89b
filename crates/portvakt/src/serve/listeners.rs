//! A bound address for each surface.

use std::net::SocketAddr;

use anyhow::Context;
use portvakt_http::{Limits, Listener, Shutdown, serve};
use tokio::task::JoinSet;

use super::certificates::Certificates;
use super::parts::Surfaces;
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

    /// Serves each surface where it listens, until shutdown.
    pub(super) fn serve(
        self,
        surfaces: Surfaces,
        limits: Limits,
        shutdown: &Shutdown,
        tasks: &mut JoinSet<()>,
    ) {
        let Surfaces {
            maskinporten,
            idporten,
            selfservice,
            operations,
        } = surfaces;
        let until = || shutdown.clone();
        tasks.spawn(serve(self.maskinporten, maskinporten, limits, until()));
        tasks.spawn(serve(self.selfservice, selfservice, limits, until()));
        tasks.spawn(serve(self.operations, operations, limits, until()));
        if let Some((listener, idporten)) = self.idporten.zip(idporten) {
            tasks.spawn(serve(listener, idporten, limits, until()));
        }
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
