//! A JSON patch as it grows.

use json_patch::jsonptr::{PointerBuf, Token};
use json_patch::{AddOperation, Patch, PatchOperation, ReplaceOperation};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use kube::ResourceExt;
use serde_json::{Map, Value, json};

use super::Refusal;
use super::given::Credential;

/// Changes of a Pod, none of which moves what a later one is about.
#[derive(Debug, Default)]
pub(super) struct Edit {
    operations: Vec<PatchOperation>,
    /// Members that the Pod did not have.
    made: Vec<PointerBuf>,
    /// Volumes that the Pod did not have: the Secret, and the volume's name.
    volumes: Vec<(String, String)>,
}

impl Edit {
    pub(super) fn into_patch(self) -> Patch {
        Patch(self.operations)
    }

    /// Adds the label with the value `enabled`. One that is there says what its author meant.
    pub(super) fn label(&mut self, pod: &Pod, name: &str) {
        if pod.labels().contains_key(name) {
            return;
        }
        let labels = PointerBuf::from_tokens(["metadata", "labels"]);
        if pod.metadata.labels.is_none() {
            self.make(&labels, Value::Object(Map::new()));
        }
        self.make(&below(&labels, name), json!("enabled"));
    }

    /// The name of a volume with every entry of the Secret; it is added if there is none.
    pub(super) fn volume(
        &mut self,
        spec: &PodSpec,
        credential: &Credential<'_>,
    ) -> Result<String, Refusal> {
        let secret = credential.secret;
        let added = self.volumes.iter().find(|(of, _)| of == secret);
        if let Some(name) = added.map(|(_, name)| name.as_str()) {
            return Ok(name.to_owned());
        }
        if let Some(name) = files_of(spec, secret) {
            return Ok(name.to_owned());
        }
        let name = volume_name(spec, credential)?;
        let path = PointerBuf::from_tokens(["spec", "volumes"]);
        let volume = json!({"name": name, "secret": {"secretName": secret}});
        self.append(&path, spec.volumes.is_some(), volume);
        self.volumes.push((secret.to_owned(), name.clone()));
        Ok(name)
    }

    /// Puts a source of variables before those that the container has.
    pub(super) fn source(&mut self, sources: &PointerBuf, container: &Container, source: Value) {
        self.insert(sources, container.env_from.is_some(), 0, vec![source]);
    }

    /// Puts a container among the init containers.
    pub(super) fn init_container(&mut self, spec: &PodSpec, position: usize, container: Container) {
        let path = PointerBuf::from_tokens(["spec", "initContainers"]);
        // A container is plain data; it has a JSON form.
        let container = serde_json::to_value(container).unwrap_or_default();
        let is_there = spec.init_containers.is_some();
        self.insert(&path, is_there, position, vec![container]);
    }

    /// Puts elements into a list, beginning at a position; the list is made if it is not there.
    pub(super) fn insert(
        &mut self,
        list: &PointerBuf,
        is_there: bool,
        position: usize,
        elements: Vec<Value>,
    ) {
        if elements.is_empty() {
            return;
        }
        if !is_there && !self.made.contains(list) {
            self.make(list, Value::Array(elements));
            return;
        }
        for (offset, element) in elements.into_iter().enumerate() {
            self.add(below(list, position + offset), element);
        }
    }

    /// Puts an element at the end of a list; the list is made if it is not there.
    pub(super) fn append(&mut self, list: &PointerBuf, is_there: bool, element: Value) {
        if is_there || self.made.contains(list) {
            self.add(below(list, "-"), element);
        } else {
            self.make(list, Value::Array(vec![element]));
        }
    }

    /// Puts another value in the place of one that is there.
    pub(super) fn replace(&mut self, path: PointerBuf, value: Value) {
        let replace = ReplaceOperation { path, value };
        self.operations.push(PatchOperation::Replace(replace));
    }

    fn make(&mut self, path: &PointerBuf, value: Value) {
        if !self.made.contains(path) {
            self.made.push(path.clone());
            self.add(path.clone(), value);
        }
    }

    fn add(&mut self, path: PointerBuf, value: Value) {
        let add = AddOperation { path, value };
        self.operations.push(PatchOperation::Add(add));
    }
}

/// A member of what a pointer points to.
pub(super) fn below<'t>(path: &PointerBuf, member: impl Into<Token<'t>>) -> PointerBuf {
    let mut path = path.clone();
    path.push_back(member);
    path
}

/// The volume with every entry of the Secret, if there is one. Files of some entries, or of a Secret that may be
/// missing, are not what an application expects.
fn files_of<'p>(spec: &'p PodSpec, secret: &str) -> Option<&'p str> {
    let mut volumes = spec.volumes.iter().flatten();
    let found = volumes.find(|volume| {
        volume.secret.as_ref().is_some_and(|source| {
            let is_whole = source.items.is_none() && source.optional != Some(true);
            is_whole && source.secret_name.as_deref() == Some(secret)
        })
    });
    found.map(|volume| volume.name.as_str())
}

/// That of the Secret, as on the platform. Names of volumes are shorter than those of Secrets may be, and the Pod
/// may have something else of that name.
fn volume_name(spec: &PodSpec, credential: &Credential<'_>) -> Result<String, Refusal> {
    let is_free = |name: &String| {
        let mut volumes = spec.volumes.iter().flatten();
        !volumes.any(|volume| volume.name == *name)
    };
    let secret = credential.secret;
    let own = (secret.len() <= 63 && !secret.contains('.')).then(|| secret.to_owned());
    let other = format!("portvakt-{}", credential.label());
    let mut names = own.into_iter().chain([other.clone()]);
    names.find(is_free).ok_or(Refusal::Volume(other))
}
