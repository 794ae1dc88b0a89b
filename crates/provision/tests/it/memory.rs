//! A keeper whose memory survives interruptions, as files do.

use std::collections::BTreeMap;

use async_trait::async_trait;
use portvakt_nais::actual::LocalKeys;
use portvakt_nais::desired::ClientKey;
use portvakt_nais::plan::KeyChange;
use portvakt_provision::{Keeper, KeeperError, NewKey};

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) ids: BTreeMap<ClientKey, String>,
    pub(crate) keys: BTreeMap<ClientKey, LocalKeys>,
    pub(crate) private: BTreeMap<String, String>,
}

#[async_trait]
impl Keeper for Memory {
    async fn client_id(&mut self, client: &ClientKey) -> Result<Option<String>, KeeperError> {
        Ok(self.ids.get(client).cloned())
    }

    async fn local_keys(&mut self, client: &ClientKey) -> Result<LocalKeys, KeeperError> {
        Ok(self.keys.get(client).cloned().unwrap_or_default())
    }

    async fn keep_client_id(
        &mut self,
        client: &ClientKey,
        client_id: Option<&str>,
    ) -> Result<(), KeeperError> {
        match client_id {
            Some(id) => self.ids.insert(client.clone(), id.to_owned()),
            None => self.ids.remove(client),
        };
        Ok(())
    }

    async fn keep_key(&mut self, client: &ClientKey, key: &NewKey) -> Result<(), KeeperError> {
        let kept = self.keys.entry(client.clone()).or_default();
        kept.current = Some(key.public().clone());
        let kid = key.public().kid().to_owned();
        self.private.insert(kid, key.expose().to_owned());
        Ok(())
    }

    async fn registered(&mut self, _: &ClientKey, _: &KeyChange) -> Result<(), KeeperError> {
        Ok(())
    }
}
