//! Where the ids and keys of a resource's client are kept: its status and its Secret.

use async_trait::async_trait;
use portvakt_client::SelfService;
use portvakt_nais::actual::LocalKeys;
use portvakt_nais::desired::{ClientKey, ClientKind, Presence};
use portvakt_nais::environment::PrivateJwk;
use portvakt_nais::plan::KeyChange;
use portvakt_provision::{Keeper, KeeperError, NewKey, Probe};

use super::cluster::Namespace;
use super::error::PassError;
use super::facts;
use super::kind::ClientResource;
use crate::pass::{ClientCredentials, Done, Held, Issuers, ROTATE, Subject, Work, key_kept};
use crate::resource::ClientStatus;

/// Keeps what a pass finds and makes.
pub(super) struct ClusterKeeper<'k, R> {
    pub(super) namespace: &'k Namespace<R>,
    pub(super) issuers: &'k Issuers,
    pub(super) now: i64,
    /// The resource as it was written last.
    pub(super) resource: R,
    /// The same as plain data.
    pub(super) subject: Subject,
    pub(super) held: Held,
    /// What is carried out, once it is decided.
    pub(super) work: Option<Work>,
    pub(super) done: Done,
}

impl<R: ClientResource> ClusterKeeper<'_, R> {
    /// What the client signs with, as far as it has an id and a key.
    fn credentials(&self) -> Option<ClientCredentials<'_>> {
        Some(ClientCredentials {
            id: self.done.client_id.as_deref()?,
            key: self.held.current.as_ref()?,
            key_since: self.held.current_since,
        })
    }

    /// Writes the Secret, if the resource is to have one.
    pub(super) async fn write_secret(&self) -> Result<(), KeeperError> {
        let Some(work) = &self.work else {
            return Ok(());
        };
        let wanted = work.secret(&self.subject, self.credentials(), self.issuers)?;
        if let Some(wanted) = wanted {
            self.namespace.write_secret(&self.resource, wanted).await?;
        }
        Ok(())
    }

    /// A question to the token endpoint that shows whether it knows the client's key. Login clients get no
    /// token without a person.
    pub(super) fn probe(&self, api: &SelfService) -> Option<Probe> {
        let work = self.work.as_ref()?;
        let credentials = self.credentials()?;
        if work.desired.key.kind != ClientKind::Maskinporten {
            return None;
        }
        let mut consumed = work.desired.client.as_ref()?.consumes.iter();
        let scope = consumed.find(|scope| !work.missing.contains(scope))?;
        let admin = api.tokens().source();
        Probe::with_key(admin, credentials.id, credentials.key.expose(), scope).ok()
    }

    /// Writes the status, and goes on with it.
    pub(super) async fn write_status(&mut self, status: ClientStatus) -> Result<(), PassError> {
        self.resource = self.namespace.write_status(&self.resource, &status).await?;
        self.subject.status = status;
        Ok(())
    }

    /// Takes away those of these annotations that the resource has.
    pub(super) async fn remove_annotations(&mut self, names: &[&str]) -> Result<(), PassError> {
        let annotations = &mut self.subject.annotations;
        let is_there = |name: &&str| annotations.remove(*name).is_some();
        let there: Vec<_> = names.iter().copied().filter(is_there).collect();
        if !there.is_empty() {
            let written = self.namespace.remove_annotations(&self.resource, &there);
            self.resource = written.await?;
        }
        Ok(())
    }
}

#[async_trait]
impl<R: ClientResource> Keeper for ClusterKeeper<'_, R> {
    async fn client_id(&mut self, _: &ClientKey) -> Result<Option<String>, KeeperError> {
        Ok(self.done.client_id.clone())
    }

    async fn local_keys(&mut self, _: &ClientKey) -> Result<LocalKeys, KeeperError> {
        Ok(self.held.keys.clone())
    }

    async fn keep_client_id(
        &mut self,
        _: &ClientKey,
        client_id: Option<&str>,
    ) -> Result<(), KeeperError> {
        // A client that was taken away is one of a resource that goes in a moment, too.
        let Some(client_id) = client_id else {
            return Ok(());
        };
        self.done.client_id = Some(client_id.to_owned());
        let mut status = self.subject.status.clone();
        status.client_id = Some(client_id.to_owned());
        Ok(self.write_status(status).await?)
    }

    async fn keep_key(&mut self, _: &ClientKey, key: &NewKey) -> Result<(), KeeperError> {
        let key = PrivateJwk::parse(key.expose())?;
        let kid = key.public().kid().to_owned();
        self.held.current = Some(key);
        // Pods are as old as the API server's clock says, so it counts where ours is behind.
        let written = facts::status_written_at(self.resource.meta());
        self.held.current_since = Some(written.map_or(self.now, |at| at.max(self.now)));
        self.write_secret().await?;
        if let Some(work) = &self.work {
            let status = key_kept(&self.subject, work, &kid);
            self.write_status(status).await?;
        }
        // Asked for once, made once: from here on the key in the Secret goes on.
        Ok(self.remove_annotations(&[ROTATE]).await?)
    }

    async fn registered(&mut self, _: &ClientKey, _: &KeyChange) -> Result<(), KeeperError> {
        let present = self.work.as_ref();
        let present = present.filter(|work| work.desired.presence == Presence::Present);
        let kid = self.held.current.as_ref().map(|key| key.public().kid());
        self.done.key_ids = present.map(|work| work.key_ids(kid));
        Ok(())
    }
}
