//! How far the changes of the issuer were followed, kept in the cluster: whoever acts next need not compare every
//! resource with what is registered.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ObjectMeta, Patch, PatchParams};
use portvakt_nais::desired::ClientKind;

use super::cluster::MANAGER;
use super::following::Following;
use super::pass::Operator;
use crate::cluster_error::ClusterError;

const REVISION: &str = "revision";
const TARGET: &str = "target";
const RULES: &str = "rules";

/// One revision for each kind of resource: up to there everything was looked at that others have changed.
pub(super) struct Progress {
    maps: Api<ConfigMap>,
    names: Vec<String>,
    /// Everything that the revision is worth nothing without.
    about: BTreeMap<String, String>,
    written: Option<u64>,
    /// Whether it was said that it cannot be kept.
    has_complained: bool,
}

impl Progress {
    pub(super) fn of(operator: &Operator, following: &Following) -> Self {
        let mut rules = DefaultHasher::new();
        // What is asked for follows from them, so another answer means comparing everything.
        format!("{:?} {}", operator.rules, env!("CARGO_PKG_VERSION")).hash(&mut rules);
        let about = [
            (TARGET, operator.api.base_url().as_str().to_owned()),
            (RULES, format!("{:016x}", rules.finish())),
        ];
        let names = following.kinds.iter().map(|kind| match kind {
            ClientKind::Maskinporten => "portvakt-operator-maskinporten".to_owned(),
            ClientKind::IdPorten => "portvakt-operator-idporten".to_owned(),
        });
        Self {
            maps: Api::namespaced(operator.client().clone(), &following.namespace),
            names: names.collect(),
            about: about.map(|(name, value)| (name.to_owned(), value)).into(),
            written: None,
            has_complained: false,
        }
    }

    /// The revision to go on after; `None` if everything is to be compared.
    pub(super) async fn read(&mut self) -> Option<u64> {
        let mut lowest: Option<u64> = None;
        for name in &self.names {
            let found = match self.maps.get_opt(name).await {
                Ok(found) => found?.data?,
                Err(error) => {
                    self.complain("read the ConfigMap", error);
                    return None;
                }
            };
            let is_same = |(name, value): (&String, &String)| found.get(name) == Some(value);
            if !self.about.iter().all(is_same) {
                return None;
            }
            let revision = found.get(REVISION)?.parse().ok()?;
            lowest = Some(lowest.map_or(revision, |lowest| lowest.min(revision)));
        }
        self.written = lowest;
        lowest
    }

    /// Everything up to this revision was looked at.
    pub(super) async fn write(&mut self, revision: u64) {
        if self.written == Some(revision) {
            return;
        }
        let mut data = self.about.clone();
        data.insert(REVISION.to_owned(), revision.to_string());
        for name in &self.names {
            let map = ConfigMap {
                metadata: ObjectMeta {
                    name: Some(name.clone()),
                    ..ObjectMeta::default()
                },
                data: Some(data.clone()),
                ..ConfigMap::default()
            };
            let apply = PatchParams::apply(MANAGER).force();
            let written = self.maps.patch(name, &apply, &Patch::Apply(&map)).await;
            if let Err(error) = written {
                return self.complain("write the ConfigMap", error);
            }
        }
        self.written = Some(revision);
    }

    /// Nothing depends on it but what the next start costs.
    fn complain(&mut self, act: &'static str, error: kube::Error) {
        let error = ClusterError::at(act)(error);
        if self.has_complained {
            tracing::debug!(%error, "how far changes were followed is not kept");
        } else {
            tracing::warn!(%error, "how far changes were followed is not kept, so the next start compares everything");
            self.has_complained = true;
        }
    }
}
