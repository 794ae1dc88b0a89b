//! Delegation: a consumer lets a supplier use a scope in its name (spec: maskinporten §10.1).

use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::scope::ScopeName;

/// An authority where delegations are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelegationSource {
    /// Stable short name (`altinn`).
    pub name: String,
    /// Copied byte for byte to tokens (`https://tt02.altinn.no/`).
    pub issuer: String,
    /// A withdrawn source stays readable; no scope names it.
    pub active: bool,
    /// When it was recorded.
    pub created: Timestamp,
    /// When it last changed.
    pub last_updated: Timestamp,
}

/// One row of the built-in delegation register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// Issuer of the source that this row belongs to.
    pub delegation_source: String,
    /// The scope that may be used.
    pub scope: ScopeName,
    /// Who delegates.
    pub consumer_orgno: OrgNumber,
    /// Who may act.
    pub supplier_orgno: OrgNumber,
    /// First instant at which it holds; none means always.
    pub valid_from: Option<Timestamp>,
    /// First instant at which it no longer holds; none means for ever.
    pub valid_to: Option<Timestamp>,
    /// A withdrawn delegation stays readable and counts for nothing.
    pub active: bool,
    /// When it was recorded.
    pub created: Timestamp,
    /// When it last changed.
    pub last_updated: Timestamp,
}

impl Delegation {
    /// Whether the delegation holds at `now`.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.active
            && self.valid_from.is_none_or(|from| from <= now)
            && self.valid_to.is_none_or(|to| now < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_from_its_first_to_before_its_last_instant() {
        let at = Timestamp::from_seconds;
        let mut delegation = Delegation {
            delegation_source: "https://tt02.altinn.no/".to_owned(),
            scope: "fjord:a".parse().unwrap(),
            consumer_orgno: "312773023".parse().unwrap(),
            supplier_orgno: "313994031".parse().unwrap(),
            valid_from: Some(at(10)),
            valid_to: Some(at(20)),
            active: true,
            created: at(0),
            last_updated: at(0),
        };
        assert_eq!(
            [9, 10, 19, 20].map(|t| delegation.holds_at(at(t))),
            [false, true, true, false]
        );
        delegation.active = false;
        assert!(!delegation.holds_at(at(15)));
    }
}
