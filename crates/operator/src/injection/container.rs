//! What a container gets.

use std::collections::BTreeSet;

use json_patch::jsonptr::PointerBuf;
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, VolumeMount};
use kube::ResourceExt;
use portvakt_nais::environment::{Variable, WebProxy, token_variables};
use serde_json::{Value, json};

use super::edit::{Edit, below};
use super::given::Credential;
use super::{CONTAINERS, Refusal, sidecar};

/// Says which container `kubectl` means; meshes that put containers into Pods set it.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Containers that an annotation may name. An annotation may be as long as a Pod, and each name is work.
const MOST: usize = 32;

/// A container that gets credentials.
#[derive(Debug)]
pub(super) struct Chosen<'p> {
    pub(super) path: PointerBuf,
    pub(super) container: &'p Container,
}

/// The containers that an annotation names. Otherwise one, because a key should be in as few places as it
/// can: the container with the workload's name, or the one that `kubectl` means, or the first.
pub(super) fn chosen<'p>(
    pod: &Pod,
    spec: &'p PodSpec,
    workload: &str,
) -> Result<Vec<Chosen<'p>>, Refusal> {
    let annotation = |name| pod.annotations().get(name).map(String::as_str);
    if let Some(names) = annotation(CONTAINERS) {
        let found = named(names)?.into_iter().map(|name| {
            let mut each = all(spec);
            let found = each.find(|chosen| chosen.container.name == name);
            found.ok_or_else(|| Refusal::NoContainer(name.chars().take(63).collect()))
        });
        return found.collect();
    }
    let named = [Some(workload), annotation(DEFAULT_CONTAINER)];
    let mut named = named.into_iter().flatten();
    let index = named.find_map(|name| spec.containers.iter().position(|it| it.name == name));
    let index = index.unwrap_or_default();
    let container = spec.containers.get(index);
    Ok(container
        .map(|container| at("containers", index, container))
        .into_iter()
        .collect())
}

/// Each name once: what is named twice would have two mounts of one path.
fn named(names: &str) -> Result<BTreeSet<&str>, Refusal> {
    let names = names.split(',').map(str::trim);
    let mut each = BTreeSet::new();
    for name in names.filter(|name| !name.is_empty()) {
        each.insert(name);
        if each.len() > MOST {
            return Err(Refusal::TooManyContainers { most: MOST });
        }
    }
    Ok(each)
}

fn all(spec: &PodSpec) -> impl Iterator<Item = Chosen<'_>> {
    let main = spec.containers.iter().enumerate();
    let init = spec.init_containers.iter().flatten().enumerate();
    main.map(|(index, container)| at("containers", index, container))
        .chain(init.map(|(index, container)| at("initContainers", index, container)))
}

fn at<'p>(list: &str, index: usize, container: &'p Container) -> Chosen<'p> {
    let path = PointerBuf::from_tokens(["spec", list]);
    Chosen {
        path: below(&path, index),
        container,
    }
}

impl Chosen<'_> {
    /// Whether it is to get the Secret. Files of another where the platform puts them mean that somebody else
    /// has seen to it.
    fn is_for(&self, credential: &Credential<'_>, spec: &PodSpec) -> bool {
        let Some(mount) = mount_at(self.container, credential.mount_path()) else {
            return true;
        };
        let mut volumes = spec.volumes.iter().flatten();
        let volume = volumes.find(|volume| volume.name == mount.name);
        let secret = volume.and_then(|volume| volume.secret.as_ref());
        secret.and_then(|secret| secret.secret_name.as_deref()) == Some(credential.secret)
    }
}

impl Edit {
    /// Gives the containers a Secret, as variables and as files.
    ///
    /// It comes before the container's own sources of variables, which win over it, as do the container's own
    /// variables (spec: nais §8.2).
    pub(super) fn credential(
        &mut self,
        pod: &Pod,
        spec: &PodSpec,
        containers: &[Chosen<'_>],
        credential: &Credential<'_>,
    ) -> Result<(), Refusal> {
        let takers = containers.iter().filter(|it| it.is_for(credential, spec));
        for Chosen { path, container } in takers {
            self.label(pod, credential.label());
            if !takes(container, credential.secret) {
                let source = json!({"secretRef": {"name": credential.secret}});
                self.source(&below(path, "envFrom"), container, source);
            }
            if mount_at(container, credential.mount_path()).is_none() {
                let (volume, at) = (self.volume(spec, credential)?, credential.mount_path());
                let mount = json!({"name": volume, "mountPath": at, "readOnly": true});
                let is_there = container.volume_mounts.is_some();
                self.append(&below(path, "volumeMounts"), is_there, mount);
            }
        }
        Ok(())
    }

    /// Where the sidecar is. A container cannot say otherwise.
    pub(super) fn token_variables(&mut self, path: &PointerBuf, container: &Container) {
        let (env, own) = (below(path, "env"), container.env.as_deref());
        for variable in token_variables(sidecar::ADDRESS) {
            let wanted = json(&variable);
            match position(container, &variable.name) {
                None => self.append(&env, own.is_some(), wanted),
                Some(index) => self.replace(below(&env, index), wanted),
            }
        }
    }

    /// The proxy, before the container's own variables, so that these can refer to it, and without those that
    /// the container has. It moves all other variables, so it comes last.
    pub(super) fn proxy_variables(
        &mut self,
        path: &PointerBuf,
        container: &Container,
        proxy: &WebProxy,
    ) {
        let variables = proxy.variables();
        let missing = variables.iter();
        let missing = missing.filter(|it| position(container, &it.name).is_none());
        let (env, is_there) = (below(path, "env"), container.env.is_some());
        self.insert(&env, is_there, 0, missing.map(json).collect());
    }
}

fn mount_at<'c>(container: &'c Container, path: &str) -> Option<&'c VolumeMount> {
    let mut mounts = container.volume_mounts.iter().flatten();
    mounts.find(|mount| mount.mount_path.trim_end_matches('/') == path)
}

/// Whether every entry of the Secret is a variable already.
fn takes(container: &Container, secret: &str) -> bool {
    let mut sources = container.env_from.iter().flatten();
    sources.any(|source| {
        let is_whole = source.prefix.as_deref().unwrap_or_default().is_empty();
        let name = source.secret_ref.as_ref().map(|it| it.name.as_str());
        is_whole && name == Some(secret)
    })
}

fn position(container: &Container, variable: &str) -> Option<usize> {
    let own = container.env.as_deref().unwrap_or_default();
    own.iter().position(|it| it.name == variable)
}

fn json(variable: &Variable) -> Value {
    json!({"name": variable.name, "value": variable.value.expose()})
}
