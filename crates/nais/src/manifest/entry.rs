//! Reading one mapping of a manifest, member by member, with every fault in it.

use std::collections::HashSet;
use std::fmt::Display;
use std::str::FromStr;

use portvakt_yaml::{Content, Node, Place};

use super::fault::Faults;
use super::template::is_templated;

/// A mapping at its place.
#[derive(Debug)]
pub(super) struct Entry<'n> {
    members: &'n [(String, Node)],
    pub(super) place: Place,
}

impl<'n> Entry<'n> {
    /// Takes a mapping; `null` is taken for an empty one. A member given twice is a fault, because
    /// readers differ in which they take.
    pub(super) fn open(node: &'n Node, place: Place, faults: &mut Faults) -> Option<Self> {
        let members = match &node.content {
            Content::Mapping(members) => members.as_slice(),
            Content::Null => &[],
            _ => {
                faults.fault(place, "must be a mapping (lines of 'name: value')");
                return None;
            }
        };
        let entry = Self { members, place };
        let mut seen = HashSet::new();
        for (name, node) in members {
            if !seen.insert(name.as_str()) {
                faults.fault(entry.place_at(name, node), "is given twice: keep one");
            }
        }
        Some(entry)
    }

    /// As [`Entry::open`], with a warning for every member that is not known.
    pub(super) fn of(
        node: &'n Node,
        place: Place,
        known: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let entry = Self::open(node, place, faults)?;
        for (name, node) in entry.members {
            let is_known = known.contains(&name.as_str()) || is_templated(name);
            if !is_known && faults.has_room_for_warning() {
                faults.warn(entry.place_at(name, node), unknown_member(name, known));
            }
        }
        Some(entry)
    }

    fn place_at(&self, name: &str, node: &Node) -> Place {
        self.place.at(name).of_node(node)
    }

    /// Every member with its name.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'n str, Place, &'n Node)> {
        let members = self.members.iter();
        members.map(|(name, node)| (name.as_str(), self.place_at(name, node), node))
    }

    /// The member of this name; `null` counts as absent.
    pub(super) fn member(&self, name: &str) -> Option<(Place, &'n Node)> {
        let (_, node) = self.members.iter().find(|(member, _)| member == name)?;
        (!node.is_null()).then(|| (self.place_at(name, node), node))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// What `read` makes of the member; its absence is a fault.
    pub(super) fn required<T>(
        &self,
        name: &str,
        faults: &mut Faults,
        read: impl FnOnce(&Self, &str, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        if self.member(name).is_none() {
            faults.fault(self.place.clone(), format!("{name} is required"));
            return None;
        }
        read(self, name, faults)
    }

    /// A text that is not a template.
    pub(super) fn text(&self, name: &str, faults: &mut Faults) -> Option<String> {
        let (place, node) = self.member(name)?;
        text(node, place, faults).map(str::to_owned)
    }

    /// A text, a template or not.
    pub(super) fn any_text(&self, name: &str, faults: &mut Faults) -> Option<String> {
        let (place, node) = self.member(name)?;
        any_text(node, place, faults).map(str::to_owned)
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
    pub(super) fn word<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
        faults: &mut Faults,
    ) -> Option<T> {
        let (place, node) = self.member(name)?;
        let text = text(node, place.clone(), faults)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            faults.fault(place, format!("must be one of {}", words.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str, faults: &mut Faults) -> Option<bool> {
        let (place, node) = self.member(name)?;
        if let Content::Boolean(flag) = node.content {
            return Some(flag);
        }
        if !is_template(node, &place, faults) {
            faults.fault(place, "must be true or false, without quotes");
        }
        None
    }

    /// A whole number within the bounds of its type.
    pub(super) fn number<T>(&self, name: &str, faults: &mut Faults) -> Option<T>
    where
        T: TryFrom<u32, Error: Display>,
    {
        let (place, node) = self.member(name)?;
        if is_template(node, &place, faults) {
            return None;
        }
        let number = match &node.content {
            Content::Number(number) => number
                .as_u64()
                .map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
            _ => None,
        };
        match number.map(T::try_from) {
            Some(Ok(value)) => return Some(value),
            Some(Err(error)) => faults.fault(place, error.to_string()),
            None => faults.fault(place, "must be a whole number, without quotes"),
        }
        None
    }

    /// A mapping with known members.
    pub(super) fn mapping(&self, name: &str, known: &[&str], faults: &mut Faults) -> Option<Self> {
        let (place, node) = self.member(name)?;
        Self::of(node, place, known, faults)
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
            if !is_template(node, &at, faults) {
                faults.fault(at, "must be a list (lines that begin with '- ')");
            }
            return Vec::new();
        };
        let elements = nodes.iter().enumerate();
        let elements =
            elements.map(|(index, node)| (at.at(&format!("[{index}]")).of_node(node), node));
        elements
            .filter_map(|(place, node)| read(node, place, faults))
            .collect()
    }
}

/// A node that is a text and not a template.
pub(super) fn text<'n>(node: &'n Node, place: Place, faults: &mut Faults) -> Option<&'n str> {
    if is_template(node, &place, faults) {
        return None;
    }
    any_text(node, place, faults)
}

/// A node that is a text, a template or not. The message never repeats it.
pub(super) fn any_text<'n>(node: &'n Node, place: Place, faults: &mut Faults) -> Option<&'n str> {
    match &node.content {
        Content::Text(text) => return Some(text),
        Content::Number(_) | Content::Boolean(_) => {
            faults.fault(place, "must be a text: put it in quotes");
        }
        Content::Null | Content::List(_) | Content::Mapping(_) => {
            faults.fault(place, "must be a text");
        }
    }
    None
}

/// A node that is a text that says something else.
pub(super) fn parsed<T: FromStr<Err: Display>>(
    node: &Node,
    place: Place,
    faults: &mut Faults,
) -> Option<T> {
    match text(node, place.clone(), faults)?.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            faults.fault(place, error.to_string());
            None
        }
    }
}

/// Whether the node is a template, which is reported: what it will be is not known before a deploy.
fn is_template(node: &Node, place: &Place, faults: &mut Faults) -> bool {
    let Some(text) = node.as_text().filter(|text| is_templated(text)) else {
        return false;
    };
    let shown: String = text.chars().take(64).collect();
    let message =
        format!("is the template {shown}: write the value, or fill in the templates first");
    faults.fault(place.clone(), message);
    true
}

/// The nearest known name, if one is near.
pub(super) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    let short: String = name.chars().take(64).collect();
    let distances = known.iter().map(|known| {
        (
            strsim::damerau_levenshtein(&short.to_lowercase(), &known.to_lowercase()),
            *known,
        )
    });
    let (_, nearest) = distances.min().filter(|(distance, _)| *distance <= limit)?;
    Some(nearest)
}

pub(super) fn unknown_member(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(nearest) => format!("is not known and ignored: did you mean {nearest}?"),
        None => format!("is not known and ignored; known are {}", known.join(", ")),
    }
}
