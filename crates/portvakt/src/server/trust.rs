//! Whose organization certificates a server trusts, and what has been revoked.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use portvakt_jose::{RevocationPolicy, TrustStore};
use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;

/// Policies of national certificates under the older requirements (spec: maskinporten §6.3): they
/// are reported as `virksomhetssertifikat`.
const SEID1_POLICIES: [&str; 3] = [
    "2.16.578.1.26.1.3.2",
    "2.16.578.1.26.1.0.3.2",
    "2.16.578.1.29.913.1.1.0",
];

/// First byte of DER, and of nothing that is PEM.
const DER_SEQUENCE: u8 = 0x30;

/// The present trust store, and the revocation lists that it is kept up to date with.
pub(crate) struct Trust {
    shared: Arc<ArcSwap<TrustStore>>,
    /// Lists that need not exist yet: those that are fetched, for example.
    optional_lists: Vec<PathBuf>,
    /// Lists that must.
    named_lists: Vec<PathBuf>,
    seen: Mutex<Vec<(PathBuf, Stamp)>>,
}

/// What tells that a file has changed; none when there is no file.
type Stamp = Option<(u64, SystemTime)>;

/// Where trust comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustSources {
    /// Roots in DER.
    pub(crate) anchors: Vec<Vec<u8>>,
    /// Files with roots, PEM.
    pub(crate) anchor_files: Vec<PathBuf>,
    /// Revocation lists that must be there.
    pub(crate) named_lists: Vec<PathBuf>,
    /// Revocation lists that need not be there yet.
    pub(crate) optional_lists: Vec<PathBuf>,
    /// What an absent list means.
    pub(crate) revocation_policy: RevocationPolicy,
}

impl Trust {
    /// Trusts every root of the sources.
    pub(crate) fn new(sources: TrustSources) -> anyhow::Result<Self> {
        let mut builder = TrustStore::builder().revocation_policy(sources.revocation_policy);
        for anchor in sources.anchors {
            builder = builder.anchor(&anchor);
        }
        for policy in SEID1_POLICIES {
            builder = builder.seid1_policy(policy);
        }
        for path in &sources.anchor_files {
            let pem = std::fs::read_to_string(path)
                .with_context(|| format!("read the trust anchor {}", path.display()))?;
            builder = builder
                .anchors_pem(&pem)
                .with_context(|| format!("read the trust anchor {}", path.display()))?;
        }
        let store = builder.build().context("read the trust anchors")?;
        let trust = Self {
            shared: Arc::new(ArcSwap::from_pointee(store)),
            optional_lists: sources.optional_lists,
            named_lists: sources.named_lists,
            seen: Mutex::default(),
        };
        trust.reload_if_changed()?;
        Ok(trust)
    }

    /// The store that grants are checked against.
    pub(crate) fn shared(&self) -> &Arc<ArcSwap<TrustStore>> {
        &self.shared
    }

    /// Reads the revocation lists again if a file is not what it was. When one cannot be read, the
    /// lists in use stay, and it is tried again.
    pub(crate) fn reload_if_changed(&self) -> anyhow::Result<()> {
        let present = self.optional_lists.iter().filter(|path| path.exists());
        let paths: Vec<_> = present.chain(&self.named_lists).collect();
        let stamps: Vec<_> = paths
            .iter()
            .map(|path| ((*path).clone(), stamp(path)))
            .collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == stamps {
            return Ok(());
        }
        let mut lists = Vec::new();
        for path in paths {
            lists.extend(read_lists(path)?);
        }
        let count = lists.len();
        let store = self.shared.load().with_revocation_lists(lists)?;
        self.shared.store(Arc::new(store));
        if !seen.is_empty() {
            tracing::info!(lists = count, "revocation lists read again");
        }
        *seen = stamps;
        Ok(())
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

fn read_lists(path: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("read the revocation list {shown}"))?;
    parse_lists(&bytes).with_context(|| format!("read the revocation list {shown}"))
}

/// One list in DER, or any number in PEM, each of them well formed. Whether to believe a list is
/// decided with each certificate.
pub(super) fn parse_lists(bytes: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let lists = if bytes.first() == Some(&DER_SEQUENCE) {
        vec![bytes.to_vec()]
    } else {
        CertificateRevocationListDer::pem_slice_iter(bytes)
            .map(|list| list.map(|list| list.as_ref().to_vec()))
            .collect::<Result<_, _>>()
            .map_err(|error| anyhow::anyhow!("malformed PEM: {error}"))?
    };
    if lists.is_empty() {
        bail!("no revocation list, neither DER nor PEM");
    }
    TrustStore::builder()
        .build()?
        .with_revocation_lists(lists.clone())?;
    Ok(lists)
}
