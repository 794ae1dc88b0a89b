//! What a scope's description says about whose it is (spec: nais §5.2).

use std::fmt;

use super::{Owner, Product};

/// The description that is written today: `product - cluster:namespace:name`.
pub fn scope_description(product: &Product, owner: &Owner) -> String {
    format!("{product} - {owner}")
}

/// The description of the first years, which the migration guides ask for:
/// `cluster:namespace:name.subscope` without any `-`.
pub fn joined_description(owner: &Owner, subscope: &str) -> String {
    format!("{owner}.{subscope}").replace('-', "")
}

/// Whose a scope is, as far as its description tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody's: the description is a text for people.
    Unclaimed,
    /// In today's form.
    Named(Owner),
    /// In the first form: `cluster:namespace:name`, which has lost its dashes.
    Joined(String),
}

impl Claim {
    /// Reads the description of the scope with this subscope.
    pub fn of(description: &str, subscope: &str) -> Self {
        if let Some((product, owner)) = description.split_once(" - ")
            && !product.is_empty()
            && let Ok(owner) = owner.parse()
        {
            return Self::Named(owner);
        }
        let suffix = format!(".{}", subscope.replace('-', ""));
        match description.strip_suffix(&suffix) {
            Some(joined) if !joined.contains('-') && joined.parse::<Owner>().is_ok() => {
                Self::Joined(joined.to_owned())
            }
            _ => Self::Unclaimed,
        }
    }

    /// Whether it names this owner.
    pub fn is_of(&self, owner: &Owner) -> bool {
        match self {
            Self::Unclaimed => false,
            Self::Named(named) => named == owner,
            Self::Joined(joined) => *joined == owner.to_string().replace('-', ""),
        }
    }

    /// Whether it names somebody, and not this owner.
    pub fn is_of_another(&self, owner: &Owner) -> bool {
        *self != Self::Unclaimed && !self.is_of(owner)
    }
}

/// The owner that is named, or nothing.
impl fmt::Display for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclaimed => Ok(()),
            Self::Named(owner) => owner.fmt(formatter),
            Self::Joined(joined) => formatter.write_str(joined),
        }
    }
}
