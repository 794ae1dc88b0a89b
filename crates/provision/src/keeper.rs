//! Where ids and private keys of clients are kept.

use async_trait::async_trait;
use portvakt_nais::actual::LocalKeys;
use portvakt_nais::desired::ClientKey;
use portvakt_nais::plan::KeyChange;

use crate::key::NewKey;

/// What went wrong in a keeper; its text must not hold anything of a key.
pub type KeeperError = Box<dyn std::error::Error + Send + Sync>;

/// Keeps ids and private keys of clients, each durably before the method returns.
#[async_trait]
pub trait Keeper: Send {
    /// The id of a client, if one is kept.
    async fn client_id(&mut self, client: &ClientKey) -> Result<Option<String>, KeeperError>;

    /// The public halves of what is kept of a client's keys.
    async fn local_keys(&mut self, client: &ClientKey) -> Result<LocalKeys, KeeperError>;

    /// Keeps the id of a client, or forgets it.
    async fn keep_client_id(
        &mut self,
        client: &ClientKey,
        client_id: Option<&str>,
    ) -> Result<(), KeeperError>;

    /// Keeps a new key as the client's present one. It is not registered yet, so whoever is started
    /// now has to wait until it is.
    async fn keep_key(&mut self, client: &ClientKey, key: &NewKey) -> Result<(), KeeperError>;

    /// Hears that a key set was registered.
    async fn registered(&mut self, client: &ClientKey, keys: &KeyChange)
    -> Result<(), KeeperError>;
}
