//! Which kind of document it is, and its metadata.

use std::collections::BTreeMap;

use portvakt_yaml::{Content, Node, Place};

use super::entry::{Entry, any_text, nearest};
use super::fault::Faults;
use super::{clients, workload};
use crate::model::{Metadata, Resource, WorkloadKind};

const APPLICATION: &str = "nais.io/v1alpha1";
const CLIENT: &str = "nais.io/v1";
const KINDS: [(&str, &str); 4] = [
    ("Application", APPLICATION),
    ("Naisjob", CLIENT),
    ("MaskinportenClient", CLIENT),
    ("IDPortenClient", CLIENT),
];
const MEMBERS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];
const METADATA: [&str; 15] = [
    "name",
    "namespace",
    "labels",
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Reads a document, or every item of a list.
pub(super) fn read(node: &Node, place: Place, resources: &mut Vec<Resource>, faults: &mut Faults) {
    let place = Place {
        line: node.line,
        column: node.column,
        ..place
    };
    let Some(entry) = Entry::open(node, place, faults) else {
        return;
    };
    let kind = entry.required("kind", faults, Entry::any_text);
    let version = entry.required("apiVersion", faults, Entry::any_text);
    let (Some(kind), Some(version)) = (kind, version) else {
        return;
    };
    if kind == "List" && version == "v1" {
        entry.list("items", faults, |node, place, faults| -> Option<()> {
            read(node, place, resources, faults);
            None
        });
        return;
    }
    if is_ours(&kind, &version, &entry, faults) {
        let entry = Entry::of(node, entry.place, &MEMBERS, faults);
        resources.extend(entry.and_then(|entry| resource(&kind, &entry, faults)));
    }
}

/// Whether the document is one that this crate acts on. Others are left alone, and a name that is
/// nearly ours is a fault, because leaving it alone would look like success.
fn is_ours(kind: &str, version: &str, entry: &Entry<'_>, faults: &mut Faults) -> bool {
    let at = |member| {
        entry
            .member(member)
            .map_or_else(|| entry.place.clone(), |(place, _)| place)
    };
    if let Some((_, expected)) = KINDS.iter().find(|(known, _)| *known == kind) {
        if version != *expected && version.starts_with("nais.io/") {
            let message = format!("must be {expected} for kind {kind}");
            faults.fault(at("apiVersion"), message);
            return false;
        }
        return version == *expected;
    }
    let kinds: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).collect();
    if version.starts_with("nais.io/")
        && let Some(nearest) = nearest(kind, &kinds)
    {
        faults.fault(at("kind"), format!("is not known: did you mean {nearest}?"));
    } else {
        let shown: String = kind.chars().take(64).collect();
        faults.warn(
            at("kind"),
            format!("{shown} is left alone: there is nothing to do for it here"),
        );
    }
    false
}

fn resource(kind: &str, entry: &Entry<'_>, faults: &mut Faults) -> Option<Resource> {
    let metadata = entry.required("metadata", faults, metadata);
    let spec = entry.required("spec", faults, |entry, name, faults| {
        let (place, node) = entry.member(name)?;
        Entry::open(node, place, faults)
    })?;
    let kind = match kind {
        "Application" => Some(workload::read(WorkloadKind::Application, &spec, faults)),
        "Naisjob" => Some(workload::read(WorkloadKind::Naisjob, &spec, faults)),
        "MaskinportenClient" => clients::maskinporten(&spec, faults),
        _ => clients::idporten(&spec, faults),
    };
    Some(Resource {
        place: entry.place.clone(),
        metadata: metadata?,
        kind: kind?,
    })
}

fn metadata(entry: &Entry<'_>, name: &str, faults: &mut Faults) -> Option<Metadata> {
    let entry = entry.mapping(name, &METADATA, faults)?;
    let name = entry.required("name", faults, Entry::parsed);
    let namespace = entry.has("namespace");
    let parsed = entry.parsed("namespace", faults);
    let labels = texts(&entry, "labels", faults);
    let annotations = texts(&entry, "annotations", faults);
    if namespace && parsed.is_none() {
        return None;
    }
    Some(Metadata {
        name: name?,
        namespace: parsed,
        labels,
        annotations,
    })
}

fn texts(entry: &Entry<'_>, name: &str, faults: &mut Faults) -> BTreeMap<String, String> {
    let Some((place, node)) = entry.member(name) else {
        return BTreeMap::new();
    };
    let Some(entry) = Entry::open(node, place, faults) else {
        return BTreeMap::new();
    };
    let mut texts = BTreeMap::new();
    for (name, place, node) in entry.members() {
        if matches!(node.content, Content::Null) {
            continue;
        }
        if let Some(text) = any_text(node, place, faults) {
            texts.insert(name.to_owned(), text.to_owned());
        }
    }
    texts
}
