//! The model: what exists, whose it is, and what may be done with it, in a few lines.

use std::collections::BTreeMap;

use crate::harness::{MODIFY, READ, SCOPES_READ, SCOPES_WRITE, SUPPLIER, WRITE};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ModelScope {
    pub(super) owner: &'static str,
    pub(super) active: bool,
    pub(super) private: bool,
    pub(super) for_all: bool,
}

#[derive(Clone, Debug)]
pub(super) struct ModelClient {
    pub(super) orgno: &'static str,
    pub(super) supplier: Option<&'static str>,
    pub(super) active: bool,
    pub(super) scope: String,
    pub(super) has_key: bool,
}

/// Who calls, with which rights.
pub(super) struct Who {
    pub(super) orgno: &'static str,
    pub(super) scopes: Vec<&'static str>,
}

impl Who {
    pub(super) fn has(&self, any_of: &[&str]) -> bool {
        any_of.iter().any(|scope| self.scopes.contains(scope))
    }
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) scopes: BTreeMap<String, ModelScope>,
    /// Whether it is approved.
    pub(super) access: BTreeMap<(String, &'static str), bool>,
    pub(super) clients: BTreeMap<String, ModelClient>,
}

impl Model {
    pub(super) fn owns(&self, who: &Who, scope: &str) -> bool {
        self.scopes
            .get(scope)
            .is_some_and(|scope| scope.owner == who.orgno)
    }

    pub(super) fn approved(&self, scope: &str, orgno: &'static str) -> bool {
        self.access.get(&(scope.to_owned(), orgno)) == Some(&true)
    }

    pub(super) fn may_register(&self, scope: &str, orgno: &'static str) -> bool {
        self.scopes
            .get(scope)
            .is_some_and(|known| known.active && (known.for_all || self.approved(scope, orgno)))
    }

    pub(super) fn change_scope(&self, who: &Who, scope: &str) -> u16 {
        match (who.has(&[SCOPES_WRITE]), self.owns(who, scope)) {
            (false, _) => 403,
            (true, false) => 404,
            (true, true) => 200,
        }
    }

    pub(super) fn see_scope(&self, who: &Who, scope: &str) -> u16 {
        let visible = self.scopes.get(scope).is_some_and(|known| {
            known.owner == who.orgno || !known.private || self.approved(scope, who.orgno)
        });
        match (who.has(&[SCOPES_READ, SCOPES_WRITE]), visible) {
            (false, _) => 403,
            (true, false) => 404,
            (true, true) => 200,
        }
    }

    /// 404 if the client does not exist for the caller, else whether it may be changed and stopped.
    pub(super) fn sees(&self, who: &Who, id: &str) -> Option<(bool, bool)> {
        let client = self.clients.get(id)?;
        let (own, changes) = (client.orgno == who.orgno, who.has(&[MODIFY, WRITE]));
        match client.supplier {
            Some(supplier) if supplier == who.orgno && who.has(&[SUPPLIER]) => Some((true, true)),
            Some(_) if own && who.has(&[READ, MODIFY, WRITE]) => Some((false, changes)),
            None if own && who.has(&[READ, MODIFY, WRITE]) => Some((changes, changes)),
            _ => None,
        }
    }

    pub(super) fn read_client(&self, who: &Who, id: &str) -> u16 {
        match (
            who.has(&[READ, MODIFY, WRITE, SUPPLIER]),
            self.sees(who, id),
        ) {
            (false, _) => 403,
            (true, None) => 404,
            (true, Some(_)) => 200,
        }
    }

    pub(super) fn change_client(&self, who: &Who, id: &str, stop: bool) -> u16 {
        match (who.has(&[MODIFY, WRITE, SUPPLIER]), self.sees(who, id)) {
            (true, None) => 404,
            (true, Some((changes, stops))) if changes || (stop && stops) => 200,
            (false, _) | (true, Some(_)) => 403,
        }
    }
}
