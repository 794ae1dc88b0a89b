//! Who a managed scope or client belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A workload in a cluster, `cluster:namespace:name`. It is also the description of its client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner {
    cluster: String,
    namespace: String,
    name: String,
}

/// A part of an owner that would make the text ambiguous.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnerError {
    /// A part is empty, too long, or holds more than letters, digits, `-`, `_` and `.`.
    #[error("{0} is not usable: write 1 to 253 letters, digits, '-', '_' or '.'")]
    Part(&'static str),
    /// The text does not have three parts.
    #[error("an owner is written cluster:namespace:name")]
    Form,
}

impl Owner {
    /// An owner of three parts, none of which holds a colon or a blank.
    pub fn new(cluster: &str, namespace: &str, name: &str) -> Result<Self, OwnerError> {
        let parts = [
            ("the cluster", cluster),
            ("the namespace", namespace),
            ("the name", name),
        ];
        match parts.iter().find(|(_, part)| !is_part(part)) {
            Some((what, _)) => Err(OwnerError::Part(what)),
            None => Ok(Self {
                cluster: cluster.to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }),
        }
    }

    /// The cluster, or the context that stands for one.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// `metadata.namespace`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the same workload, in whichever cluster: clusters are renamed.
    pub fn is_same_workload(&self, other: &Self) -> bool {
        self.namespace == other.namespace && self.name == other.name
    }
}

fn is_part(part: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=253).contains(&part.len()) && part.chars().all(is_allowed)
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}:{}:{}",
            self.cluster, self.namespace, self.name
        )
    }
}

impl FromStr for Owner {
    type Err = OwnerError;

    fn from_str(text: &str) -> Result<Self, OwnerError> {
        let mut parts = text.split(':');
        let (Some(cluster), Some(namespace), Some(name), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(OwnerError::Form);
        };
        Self::new(cluster, namespace, name)
    }
}

impl TryFrom<String> for Owner {
    type Error = OwnerError;

    fn try_from(text: String) -> Result<Self, OwnerError> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.to_string()
    }
}
