//! Documents of a YAML or JSON text as trees of values that know where they stand.

use portvakt_yaml::{Bounds, Content, Node, Place, unreadable};
use serde_saphyr::DuplicateKeyPolicy;

use super::fault::Faults;
use super::template::{self, Templates};

/// Longest text that is read, in bytes. Kubernetes refuses objects above 1.5 MiB.
pub const MAX_MANIFEST_BYTES: usize = 4 * 1024 * 1024;

const MAX_DOCUMENTS: usize = 200;
const BOUNDS: Bounds = Bounds {
    bytes: MAX_MANIFEST_BYTES,
    depth: 64,
    nodes: 500_000,
    replayed: 10_000,
    documents: MAX_DOCUMENTS + 1,
};

/// Reads every document. A document that cannot be read is a fault; those around it are read.
pub(super) fn parse(text: &str, place: &Place, faults: &mut Faults) -> Vec<Node> {
    if text.len() > MAX_MANIFEST_BYTES {
        let message = format!("the manifest is longer than {MAX_MANIFEST_BYTES} bytes: split it");
        faults.fault(place.clone(), message);
        return Vec::new();
    }
    if template::is_reserved(text) {
        faults.fault(
            place.clone(),
            "holds the characters U+F8FE or U+F8FF: remove them",
        );
        return Vec::new();
    }
    let (masked, templates) = template::mask(text);
    let (mut nodes, errors) = parse_yaml(&masked);
    for error in &errors {
        faults.add(unreadable(error, place));
    }
    if nodes.len() > MAX_DOCUMENTS {
        let message = format!("holds more than {MAX_DOCUMENTS} documents: split it");
        faults.fault(place.clone(), message);
        nodes.clear();
    }
    for node in &mut nodes {
        restore(node, &templates);
    }
    nodes
}

fn parse_yaml(text: &str) -> (Vec<Node>, Vec<serde_saphyr::Error>) {
    // A member given twice is a fault of its own, which names it.
    let options = BOUNDS.options(DuplicateKeyPolicy::PassThrough);
    let mut reader = text.as_bytes();
    let documents = serde_saphyr::read_with_options::<_, Node>(&mut reader, options);
    let (mut nodes, mut errors) = (Vec::new(), Vec::new());
    for document in documents.take(MAX_DOCUMENTS + 1) {
        match document {
            Ok(node) => nodes.push(node),
            Err(error) => errors.push(error),
        }
    }
    (nodes, errors)
}

/// Puts the templates back that were masked for the parser.
fn restore(node: &mut Node, templates: &Templates) {
    match &mut node.content {
        Content::Text(text) => *text = templates.restore(std::mem::take(text)),
        Content::List(nodes) => nodes.iter_mut().for_each(|node| restore(node, templates)),
        Content::Mapping(members) => {
            for (name, node) in members {
                *name = templates.restore(std::mem::take(name));
                restore(node, templates);
            }
        }
        Content::Null | Content::Boolean(_) | Content::Number(_) => {}
    }
}
