//! Reading one mapping of a registry file, member by member, and every fault in it.

use std::fmt::Display;
use std::str::FromStr;

use portvakt_yaml::{Content, Fault, Node, Place};
use serde::de::DeserializeOwned;

/// Faults met so far.
pub(super) type Faults = Vec<Fault>;

/// A mapping at its place.
#[derive(Debug)]
pub(super) struct Entry<'n> {
    members: &'n [(String, Node)],
    pub(super) place: Place,
}

impl<'n> Entry<'n> {
    /// Takes a mapping whose members are all known. `null` is taken for an empty one.
    pub(super) fn open(
        node: &'n Node,
        place: Place,
        is_known: &dyn Fn(&str) -> bool,
        names: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let members = match &node.content {
            Content::Mapping(members) => members.as_slice(),
            Content::Null => &[],
            _ => {
                faults.push(place.fault("must be a mapping"));
                return None;
            }
        };
        let entry = Self { members, place };
        for (name, node) in members {
            if !names.contains(&name.as_str()) && !is_known(name) {
                faults.push(
                    entry
                        .place_at(name, node)
                        .fault(unknown_member(name, names)),
                );
            }
        }
        Some(entry)
    }

    /// As [`Entry::open`], with a closed list of members.
    pub(super) fn of(
        node: &'n Node,
        place: Place,
        names: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        Self::open(node, place, &|_| false, names, faults)
    }

    fn place_at(&self, name: &str, node: &Node) -> Place {
        self.place.at(name).of_node(node)
    }

    /// Every member with its name.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'n str, &'n Node)> {
        self.members
            .iter()
            .map(|(name, node)| (name.as_str(), node))
    }

    /// The member of this name; `null` counts as absent.
    pub(super) fn member(&self, name: &str) -> Option<(Place, &'n Node)> {
        let (_, node) = self.members.iter().find(|(member, _)| member == name)?;
        (!node.is_null()).then(|| (self.place_at(name, node), node))
    }

    /// What `read` makes of the member; its absence is a fault.
    pub(super) fn required<T>(
        &self,
        name: &str,
        faults: &mut Faults,
        read: impl FnOnce(&Self, &str, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        if self.member(name).is_none() {
            faults.push(self.place.clone().fault(format!("{name} is required")));
            return None;
        }
        read(self, name, faults)
    }

    /// A text.
    pub(super) fn text(&self, name: &str, faults: &mut Faults) -> Option<String> {
        let (place, node) = self.member(name)?;
        text(node, place, faults).map(str::to_owned)
    }

    /// A text that says something else.
    pub(super) fn parsed<T: FromStr<Err: Display>>(
        &self,
        name: &str,
        faults: &mut Faults,
    ) -> Option<T> {
        let (place, node) = self.member(name)?;
        parsed(node, place, faults)
    }

    /// A word of a closed vocabulary.
    pub(super) fn word<T: DeserializeOwned>(&self, name: &str, faults: &mut Faults) -> Option<T> {
        let (place, node) = self.member(name)?;
        word(node, place, faults)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str, faults: &mut Faults) -> Option<bool> {
        let (place, node) = self.member(name)?;
        let Content::Boolean(flag) = node.content else {
            faults.push(place.fault("must be true or false"));
            return None;
        };
        Some(flag)
    }

    /// A number of seconds.
    pub(super) fn seconds(&self, name: &str, faults: &mut Faults) -> Option<u32> {
        let (place, node) = self.member(name)?;
        let number = match &node.content {
            Content::Number(number) => number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok()),
            _ => None,
        };
        if number.is_none() {
            faults.push(place.fault("must be a whole number of seconds, 0 or more"));
        }
        number
    }

    /// A list, each element by itself; absent means empty.
    pub(super) fn list<T>(
        &self,
        name: &str,
        faults: &mut Faults,
        mut read: impl FnMut(&'n Node, Place, &mut Faults) -> Option<T>,
    ) -> Vec<T> {
        let Some((at, node)) = self.member(name) else {
            return Vec::new();
        };
        let Content::List(nodes) = &node.content else {
            faults.push(at.fault("must be a list"));
            return Vec::new();
        };
        let mut values = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            values.extend(read(
                node,
                at.at(&format!("[{index}]")).of_node(node),
                faults,
            ));
        }
        values
    }
}

/// A node that is a text. The message never repeats it.
pub(super) fn text<'n>(node: &'n Node, place: Place, faults: &mut Faults) -> Option<&'n str> {
    match &node.content {
        Content::Text(text) => Some(text),
        Content::Number(_) | Content::Boolean(_) => {
            faults.push(place.fault("must be a text: put it in quotes"));
            None
        }
        Content::Null | Content::List(_) | Content::Mapping(_) => {
            faults.push(place.fault("must be a text"));
            None
        }
    }
}

/// A node that is a text that says something else.
pub(super) fn parsed<T: FromStr<Err: Display>>(
    node: &Node,
    place: Place,
    faults: &mut Faults,
) -> Option<T> {
    let text = text(node, place.clone(), faults)?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            faults.push(place.fault(error.to_string()));
            None
        }
    }
}

/// A node that is a word of a closed vocabulary.
pub(super) fn word<T: DeserializeOwned>(
    node: &Node,
    place: Place,
    faults: &mut Faults,
) -> Option<T> {
    let text = text(node, place.clone(), faults)?;
    match serde_json::from_value(text.into()) {
        Ok(value) => Some(value),
        Err(error) => {
            faults.push(place.fault(error.to_string()));
            None
        }
    }
}

fn unknown_member(name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let shown: String = name.chars().take(64).collect();
    match nearest {
        Some((_, nearest)) => format!("{shown} is not known: did you mean {nearest}?"),
        None => format!("{shown} is not known; known are {}", known.join(", ")),
    }
}
