//! Ids and private keys of clients, in files that their owner alone can read.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use async_trait::async_trait;
use portvakt_nais::actual::{LocalKeys, PublicJwk};
use portvakt_nais::desired::{ClientKey, ClientKind};
use portvakt_nais::environment::PrivateJwk;
use portvakt_nais::plan::KeyChange;
use portvakt_provision::{Keeper, KeeperError, NewKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::data_dir::{make_private_folder, write_private};

/// More than any file of this store has.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A folder of records, `CLUSTER/NAMESPACE/NAME.maskinporten.json`.
#[derive(Clone, Debug)]
pub(crate) struct CredentialStore {
    folder: PathBuf,
    /// Ids that somebody named for clients, and that are not kept yet.
    assumed: BTreeMap<ClientKey, String>,
}

/// What is kept of one client. The private key is a text, so that it is written as it was made.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Whose it is.
    client: ClientKey,
    /// The service's id of it.
    #[serde(default)]
    client_id: Option<String>,
    /// The private JWK that it signs with.
    #[serde(default, with = "secret_text")]
    key: Option<Zeroizing<String>>,
    /// Whether that key was registered.
    #[serde(default)]
    is_registered: bool,
    /// The key before it, which what is still running may use.
    #[serde(default)]
    previous: Option<PublicJwk>,
    /// Ids of older keys, which nothing uses.
    #[serde(default)]
    released: Vec<String>,
    /// The manifest's annotation for a new key was followed; it counts again once it was gone.
    #[serde(default)]
    is_rotated_as_annotated: bool,
}

impl Record {
    fn new(client: &ClientKey) -> Self {
        Self {
            client: client.clone(),
            client_id: None,
            key: None,
            is_registered: false,
            previous: None,
            released: Vec::new(),
            is_rotated_as_annotated: false,
        }
    }

    /// The id, if the client was registered.
    pub(crate) fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The key, if there is one.
    pub(crate) fn key(&self) -> anyhow::Result<Option<PrivateJwk>> {
        let key = self.key.as_ref().map(|text| PrivateJwk::parse(text));
        key.transpose()
            .with_context(|| format!("the key that is kept of {}", self.client))
    }

    /// The private JWK as it was made.
    pub(crate) fn private_jwk(&self) -> Option<&str> {
        self.key.as_ref().map(|text| text.as_str())
    }
}

/// Taken for as long as credentials are read and changed.
#[derive(Debug)]
pub(crate) struct StoreLock {
    _file: File,
}

impl CredentialStore {
    /// The store in this folder, which need not exist.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            assumed: BTreeMap::new(),
        }
    }

    /// Takes an id for a client's, until [`Self::keep_assumed`] keeps it. It takes the place of no
    /// other id, whose credentials would be lost.
    pub(crate) fn assume(&mut self, client: &ClientKey, client_id: &str) -> anyhow::Result<()> {
        let record = self.find(client)?;
        let kept = record.as_ref().and_then(Record::client_id);
        if let Some(kept) = kept.filter(|kept| *kept != client_id) {
            bail!(
                "{client} has client {kept} here already: remove {} to have {client_id} in its place",
                self.path(client).display()
            );
        }
        self.assumed.insert(client.clone(), client_id.to_owned());
        Ok(())
    }

    /// Keeps the assumed ids.
    pub(crate) fn keep_assumed(&mut self) -> anyhow::Result<()> {
        for (client, client_id) in std::mem::take(&mut self.assumed) {
            self.change(&client, |record| record.client_id = Some(client_id))?;
        }
        Ok(())
    }

    /// Waits until no other command of this machine changes the credentials. The operating system
    /// lets go of the lock when the process ends, however it ends.
    pub(crate) async fn lock(&self) -> anyhow::Result<StoreLock> {
        make_private_folder(&self.folder)?;
        let path = self.folder.join("lock");
        let lock = move || -> std::io::Result<File> {
            let mut options = File::options();
            let file = options
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)?;
            file.lock()?;
            Ok(file)
        };
        let locked = tokio::task::spawn_blocking(lock).await?;
        let file = locked.with_context(|| format!("lock {}", self.folder.display()))?;
        Ok(StoreLock { _file: file })
    }

    /// Where a client's record is.
    pub(crate) fn path(&self, client: &ClientKey) -> PathBuf {
        let owner = &client.owner;
        let kind = match client.kind {
            ClientKind::Maskinporten => "maskinporten",
            ClientKind::IdPorten => "idporten",
        };
        // Parts of an owner hold letters, digits, `-`, `_` and `.`; a letter in front of them keeps
        // `..` from being a way out of the folder.
        self.folder
            .join(format!("c-{}", owner.cluster()))
            .join(format!("n-{}", owner.namespace()))
            .join(format!("{}.{kind}.json", owner.name()))
    }

    /// A client's record, if there is one.
    pub(crate) fn find(&self, client: &ClientKey) -> anyhow::Result<Option<Record>> {
        let path = self.path(client);
        let text = match read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.with_context(|| format!("read {}", path.display()))?,
        };
        // The reader's own message could quote the key.
        let record: Record = serde_json::from_str(&text).map_err(|_| {
            anyhow::anyhow!("{} is damaged: remove it to get a new key", path.display())
        })?;
        if record.client != *client {
            bail!(
                "{} is of {}, not of {client}",
                path.display(),
                record.client
            );
        }
        Ok(Some(record))
    }

    fn record(&self, client: &ClientKey) -> anyhow::Result<Record> {
        Ok(self.find(client)?.unwrap_or_else(|| Record::new(client)))
    }

    fn change(&self, client: &ClientKey, change: impl FnOnce(&mut Record)) -> anyhow::Result<()> {
        let mut record = self.record(client)?;
        change(&mut record);
        let path = self.path(client);
        if let Some(folder) = path.parent() {
            make_private_folder(folder)?;
        }
        let text = Zeroizing::new(serde_json::to_vec_pretty(&record)?);
        write_private(&path, &text)
    }

    /// Whether a manifest's annotation for a new key is to be followed. It is followed once: unlike
    /// an operator, this program cannot take it off the manifest.
    pub(crate) fn follows_annotation(
        &self,
        client: &ClientKey,
        is_annotated: bool,
    ) -> anyhow::Result<bool> {
        let Some(record) = self.find(client)? else {
            return Ok(false);
        };
        if !is_annotated && record.is_rotated_as_annotated {
            self.change(client, |record| record.is_rotated_as_annotated = false)?;
        }
        Ok(is_annotated && !record.is_rotated_as_annotated)
    }

    /// Remembers that the annotations of these clients were followed.
    pub(crate) fn followed_annotation(&self, client: &ClientKey) -> anyhow::Result<()> {
        self.change(client, |record| record.is_rotated_as_annotated = true)
    }
}

#[async_trait]
impl Keeper for CredentialStore {
    async fn client_id(&mut self, client: &ClientKey) -> Result<Option<String>, KeeperError> {
        if let Some(assumed) = self.assumed.get(client) {
            return Ok(Some(assumed.clone()));
        }
        Ok(self.find(client)?.and_then(|record| record.client_id))
    }

    async fn local_keys(&mut self, client: &ClientKey) -> Result<LocalKeys, KeeperError> {
        let Some(record) = self.find(client)? else {
            return Ok(LocalKeys::default());
        };
        let current = record.key()?.map(|key| key.public().clone());
        Ok(LocalKeys {
            current,
            in_use: record.previous.into_iter().collect(),
            released: record.released.into_iter().collect(),
            rotate: false,
        })
    }

    async fn keep_client_id(
        &mut self,
        client: &ClientKey,
        client_id: Option<&str>,
    ) -> Result<(), KeeperError> {
        let client_id = client_id.map(str::to_owned);
        Ok(self.change(client, |record| record.client_id = client_id)?)
    }

    /// The key before it stays registered until the next rotation: something may run with it. A key
    /// that was never registered is used by nothing.
    async fn keep_key(&mut self, client: &ClientKey, key: &NewKey) -> Result<(), KeeperError> {
        let before = self.record(client)?;
        let before = before.key()?.filter(|_| before.is_registered);
        Ok(self.change(client, |record| {
            if let Some(before) = before {
                let older = record.previous.replace(before.public().clone());
                record
                    .released
                    .extend(older.map(|key| key.kid().to_owned()));
            }
            record.key = Some(Zeroizing::new(key.expose().to_owned()));
            record.is_registered = false;
        })?)
    }

    async fn registered(&mut self, client: &ClientKey, _: &KeyChange) -> Result<(), KeeperError> {
        Ok(self.change(client, |record| record.is_registered = true)?)
    }
}

/// Text that is wiped from memory after use, as text in the file.
mod secret_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use zeroize::Zeroizing;

    #[expect(
        clippy::ref_option,
        reason = "serde calls it with a reference to the member"
    )]
    pub(super) fn serialize<S: Serializer>(
        text: &Option<Zeroizing<String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        text.as_ref()
            .map(|text| text.as_str())
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Zeroizing<String>>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Zeroizing::new))
    }
}

fn read(path: &Path) -> std::io::Result<Zeroizing<String>> {
    let length = std::fs::metadata(path)?.len();
    if length > MAX_FILE_BYTES {
        return Err(std::io::Error::other(format!(
            "is larger than {MAX_FILE_BYTES} bytes"
        )));
    }
    std::fs::read_to_string(path).map(Zeroizing::new)
}
