//! Certificates of keys: each is made together with its key, or afterwards for a key that has none.

use std::collections::HashMap;
use std::sync::Arc;

use portvakt_core::Timestamp;
use portvakt_core::audit::{Actor, Channel};
use portvakt_core::signing::{OpenKey, SigningKeyRecord, certificate};
use portvakt_jose::Signer;

use super::{KeeperParts, Known, Turn};
use crate::recorded;

impl KeeperParts {
    /// The certificate of a key. A key that cannot sign one now is published without it, and served
    /// when the keys are read the next time.
    pub(super) async fn certificate(
        &self,
        signer: &Signer,
        kid: &str,
        created: Timestamp,
    ) -> Option<Vec<u8>> {
        let host = self.host.as_ref()?;
        match certificate(signer, host, created).await {
            Ok(certificate) => Some(certificate),
            Err(error) => {
                let surface = self.surface;
                tracing::warn!(surface, kid, %error, "a signing key has no certificate");
                None
            }
        }
    }

    /// Makes the certificates that keys lack. Of nodes that do so at the same time one is the first, and
    /// all publish what it made. None if no key lacks one.
    pub(super) async fn certify(&self, turn: &Turn) -> anyhow::Result<Option<Turn>> {
        let made = self.missing_certificates(&turn.known.records).await?;
        if made.is_empty() {
            return Ok(None);
        }
        let read_at = self.clock.now();
        let server = Actor::new(Channel::Server);
        let mut unit = recorded::begin(self.store.as_ref(), server, read_at).await?;
        let mut records = unit.list_signing_keys(self.surface).await?;
        for record in records
            .iter_mut()
            .filter(|record| record.lacks_certificate())
        {
            if let Some(certificate) = made.get(&record.kid) {
                record.certificate = Some(certificate.clone());
                unit.save_signing_key(record).await?;
            }
        }
        let revision = unit.commit().await?;
        let ring = self.open_ring(records.clone()).await?;
        let known = Known { records, revision };
        Ok(Some(Turn {
            known,
            ring,
            read_at,
        }))
    }

    async fn missing_certificates(
        &self,
        records: &[SigningKeyRecord],
    ) -> anyhow::Result<HashMap<String, Vec<u8>>> {
        let mut made = HashMap::new();
        if self.host.is_none() {
            return Ok(made);
        }
        for record in records.iter().filter(|record| record.lacks_certificate()) {
            let (source, opened) = (Arc::clone(&self.source), record.clone());
            let key = tokio::task::spawn_blocking(move || source.open(&opened)).await??;
            let OpenKey::Signs(signer) = key else {
                continue;
            };
            let certificate = self.certificate(&signer, &record.kid, record.created).await;
            made.extend(certificate.map(|certificate| (record.kid.clone(), certificate)));
        }
        Ok(made)
    }
}
