//! Documents of a YAML or JSON text as trees of values that know where they stand.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

use super::fault::{Faults, Place};
use super::template::{self, Templates};

/// Longest text that is read, in bytes. Kubernetes refuses objects above 1.5 MiB.
pub const MAX_MANIFEST_BYTES: usize = 4 * 1024 * 1024;

const MAX_DOCUMENTS: usize = 200;
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 500_000;
/// Anchors may save some typing; what they unfold to stays small.
const MAX_REPLAYED: usize = 10_000;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) line: u64,
    pub(super) column: u64,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Null,
    Boolean(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

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
    if !errors.is_empty() {
        if let Some(node) = parse_json(text) {
            return vec![node];
        }
        for error in &errors {
            yaml_fault(error, place, faults);
        }
    }
    if nodes.len() > MAX_DOCUMENTS {
        let message = format!("holds more than {MAX_DOCUMENTS} documents: split it");
        faults.fault(place.clone(), message);
        nodes.clear();
    }
    for node in &mut nodes {
        node.restore(&templates);
    }
    nodes
}

fn parse_yaml(text: &str) -> (Vec<Node>, Vec<serde_saphyr::Error>) {
    let mut reader = text.as_bytes();
    let documents = serde_saphyr::read_with_options::<_, Node>(&mut reader, options());
    let (mut nodes, mut errors) = (Vec::new(), Vec::new());
    for document in documents.take(MAX_DOCUMENTS + 1) {
        match document {
            Ok(node) => nodes.push(node),
            Err(error) => errors.push(error),
        }
    }
    (nodes, errors)
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_events: 2 * MAX_NODES,
            max_nodes: MAX_NODES,
            max_documents: MAX_DOCUMENTS + 1,
            max_anchors: 1000,
            max_aliases: 10_000,
            max_total_scalar_bytes: MAX_MANIFEST_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPLAYED },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // The text around a fault may hold a secret.
        with_snippet: false,
        // What begins with a zero is an identifier, not a number.
        leading_zero_numbers_as_strings: true,
    }
}

/// JSON that YAML does not take; its values have no places.
fn parse_json(text: &str) -> Option<Node> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(text).ok().map(Node::from_json)
}

fn yaml_fault(error: &serde_saphyr::Error, place: &Place, faults: &mut Faults) {
    let mut place = place.clone();
    if let Some(location) = error.location() {
        (place.line, place.column) = (location.line(), location.column());
    }
    let text = error.without_snippet().to_string();
    let message = text.lines().next().unwrap_or_default().to_owned();
    faults.fault(place, format!("is not readable as YAML or JSON: {message}"));
}

impl Node {
    fn from_json(value: Value) -> Self {
        let content = match value {
            Value::Null => Content::Null,
            Value::Bool(flag) => Content::Boolean(flag),
            Value::Number(number) => Content::Number(number),
            Value::String(text) => Content::Text(text),
            Value::Array(values) => {
                Content::List(values.into_iter().map(Self::from_json).collect())
            }
            Value::Object(members) => {
                let member = |(name, value)| (name, Self::from_json(value));
                Content::Mapping(members.into_iter().map(member).collect())
            }
        };
        Self {
            content,
            line: 0,
            column: 0,
        }
    }

    fn restore(&mut self, templates: &Templates) {
        match &mut self.content {
            Content::Text(text) => *text = templates.restore(std::mem::take(text)),
            Content::List(nodes) => nodes.iter_mut().for_each(|node| node.restore(templates)),
            Content::Mapping(members) => {
                for (name, node) in members {
                    *name = templates.restore(std::mem::take(name));
                    node.restore(templates);
                }
            }
            Content::Null | Content::Boolean(_) | Content::Number(_) => {}
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    /// The text, if it is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        let (line, column) = (spanned.referenced.line(), spanned.referenced.column());
        Ok(Self {
            content: spanned.value,
            line,
            column,
        })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Content, E> {
        Ok(Content::Boolean(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Content, E> {
        Ok(Content::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Content, E> {
        Ok(Content::Number(number.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Content, E> {
        let number = Number::from_f64(number);
        number
            .map(Content::Number)
            .ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Content, E> {
        Ok(Content::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Content, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = elements.next_element()? {
            nodes.push(node);
        }
        Ok(Content::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = entries.next_entry()? {
            members.push(member);
        }
        Ok(Content::Mapping(members))
    }
}
