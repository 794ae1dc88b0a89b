//! What the attributes of a scope may be (spec: selfservice §6.1).

use std::collections::HashSet;
use std::hash::Hash;

use crate::administration::FieldFaults;
use crate::client::IntegrationType;
use crate::ports::{StorageError, UnitOfWork};
use crate::scope::{Scope, Visibility};

const INTROSPECTION: &str = "enforced_aud_for_introspection";
const MAX_DESCRIPTION: usize = 1000;
const MAX_LONG_DESCRIPTION: usize = 8000;
const MAX_INTROSPECTING_CLIENTS: usize = 100;

/// Brings attributes with several spellings into one.
pub(crate) fn normalize(scope: &mut Scope) {
    if scope.delegation_source.as_deref() == Some("") {
        scope.delegation_source = None;
    }
    keep_first(&mut scope.allowed_integration_types);
    keep_first(&mut scope.enforced_aud_for_introspection);
}

/// Callers choose how many there are, and are told only later that there are too many.
fn keep_first<T: Clone + Eq + Hash>(values: &mut Vec<T>) {
    let mut seen = HashSet::new();
    values.retain(|value| seen.insert(value.clone()));
}

/// Every fault that the attributes alone show.
pub fn attribute_faults(scope: &Scope) -> FieldFaults {
    let mut faults = FieldFaults::default();
    faults.length("description", &scope.description, 1..=MAX_DESCRIPTION);
    if let Some(text) = &scope.long_description {
        faults.length("long_description", text, 0..=MAX_LONG_DESCRIPTION);
    }
    for (member, text) in &scope.translations {
        match member.split_once('#') {
            Some(("description", tag)) if is_language(tag) => {
                faults.length(member, text, 0..=MAX_DESCRIPTION);
            }
            Some(("long_description", tag)) if is_language(tag) => {
                faults.length(member, text, 0..=MAX_LONG_DESCRIPTION);
            }
            _ => faults.invalid(member, "is not description#xx or long_description#xx"),
        }
    }
    let types = &scope.allowed_integration_types;
    let excludes_machines = !types.is_empty() && !types.contains(&IntegrationType::Maskinporten);
    if scope.delegation_source.is_some() && excludes_machines {
        faults.invalid(
            "delegation_source",
            "works for maskinporten only: add maskinporten to allowed_integration_types",
        );
    }
    if scope.enforced_aud_for_introspection.len() > MAX_INTROSPECTING_CLIENTS {
        let message = format!("has more than {MAX_INTROSPECTING_CLIENTS} clients");
        faults.invalid(INTROSPECTION, message);
    }
    faults
}

/// Only clients of the scope's owner may read its tokens. Of clients of others nothing is said, not
/// even that they exist.
pub(crate) async fn check_introspecting_clients(
    unit: &mut dyn UnitOfWork,
    scope: &Scope,
    faults: &mut FieldFaults,
) -> Result<(), StorageError> {
    let listed = scope.enforced_aud_for_introspection.iter();
    for (index, client_id) in listed.take(MAX_INTROSPECTING_CLIENTS).enumerate() {
        let found = unit.find_client(client_id).await?;
        if found.is_none_or(|client| client.client_orgno != scope.owner_orgno) {
            let owner = scope.owner_orgno;
            let message =
                format!("{client_id} is no client of {owner}: list clients of the scope's owner");
            faults.invalid(format!("{INTROSPECTION}[{index}]"), message);
        }
    }
    Ok(())
}

/// A language tag as translations use it: `en`, `nn`, `se`, `en-GB` (RFC 5646).
fn is_language(tag: &str) -> bool {
    (2..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

type Attribute = (&'static str, fn(&Scope) -> bool);

/// What only the operator sets.
const OPERATOR_ATTRIBUTES: [Attribute; 5] = [
    ("visibility", |scope| {
        scope.visibility == Visibility::Internal
    }),
    ("protected", |scope| scope.protected),
    ("supports_european_businesses", |scope| {
        scope.supports_european_businesses
    }),
    ("operator_only", |scope| scope.operator_only),
    ("emit_consumer_prefix", |scope| scope.emit_consumer_prefix),
];

/// For anybody but the operator the default is the only value, unless the operator has set the
/// attribute already: callers send back what they read.
pub(super) fn operator_attribute_faults(
    scope: &Scope,
    known: Option<&Scope>,
    faults: &mut FieldFaults,
) {
    for (field, is_set) in OPERATOR_ATTRIBUTES {
        if is_set(scope) && !known.is_some_and(is_set) {
            faults.forbidden(field, "can be set by the operator only");
        }
    }
}

/// An owner's update leaves what the operator set.
pub(super) fn keep_operator_attributes(known: &Scope, desired: &mut Scope) {
    if known.visibility == Visibility::Internal {
        desired.visibility = Visibility::Internal;
    }
    desired.protected = known.protected;
    desired.supports_european_businesses = known.supports_european_businesses;
    desired.operator_only = known.operator_only;
    desired.emit_consumer_prefix = known.emit_consumer_prefix;
}

pub(crate) fn unknown_source(issuer: &str) -> String {
    format!("{issuer:?} is not the issuer of a delegation source: add the source first")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn scope() -> Scope {
        let name = "fjord:a".parse().unwrap();
        Scope::new(
            name,
            "310420107".parse().unwrap(),
            "A",
            Timestamp::from_seconds(0),
        )
    }

    fn invalid_fields(scope: &Scope) -> Vec<String> {
        attribute_faults(scope)
            .invalid
            .into_iter()
            .map(|fault| fault.field)
            .collect()
    }

    #[test]
    fn texts_are_bounded_in_characters() {
        let mut scope = scope();
        assert!(invalid_fields(&scope).is_empty());
        scope.description = "ø".repeat(1000);
        scope.long_description = Some("ø".repeat(8000));
        assert!(invalid_fields(&scope).is_empty());
        scope.description.push('ø');
        scope.long_description = Some("ø".repeat(8001));
        assert_eq!(invalid_fields(&scope), ["description", "long_description"]);
        scope.description.clear();
        assert_eq!(invalid_fields(&scope), ["description", "long_description"]);
    }

    #[test]
    fn translations_name_a_language() {
        let mut scope = scope();
        for member in [
            "description#en",
            "long_description#se",
            "description#",
            "name#en",
        ] {
            scope.translations.insert(member.to_owned(), "x".to_owned());
        }
        assert_eq!(invalid_fields(&scope), ["description#", "name#en"]);
    }

    #[test]
    fn a_delegable_scope_admits_machines() {
        let mut scope = scope();
        scope.delegation_source = Some("https://tt02.altinn.no/".to_owned());
        assert!(invalid_fields(&scope).is_empty());
        scope.allowed_integration_types = vec![IntegrationType::Idporten];
        assert_eq!(invalid_fields(&scope), ["delegation_source"]);
        scope
            .allowed_integration_types
            .push(IntegrationType::Maskinporten);
        assert!(invalid_fields(&scope).is_empty());
    }

    #[test]
    fn repeated_values_collapse_and_an_empty_source_is_none() {
        use IntegrationType::{Krr, Maskinporten};
        let mut scope = scope();
        scope.allowed_integration_types = vec![Maskinporten, Krr, Maskinporten];
        scope.delegation_source = Some(String::new());
        scope.enforced_aud_for_introspection =
            ["b", "a", "b"].map(|id| id.parse().unwrap()).to_vec();
        normalize(&mut scope);
        assert_eq!(scope.allowed_integration_types, [Maskinporten, Krr]);
        assert_eq!(scope.delegation_source, None);
        let ids = ["b", "a"].map(|id| id.parse().unwrap());
        assert_eq!(scope.enforced_aud_for_introspection, ids);
    }

    #[test]
    fn operator_attributes_are_the_operators() {
        let mut scope = scope();
        scope.protected = true;
        scope.visibility = Visibility::Internal;
        let forbidden = |known: Option<&Scope>| {
            let mut faults = FieldFaults::default();
            operator_attribute_faults(&scope, known, &mut faults);
            faults.forbidden.len()
        };
        assert_eq!(forbidden(None), 2);
        assert_eq!(forbidden(Some(&scope)), 0, "what was read can be sent back");
        assert_eq!(forbidden(Some(&self::scope())), 2);
    }
}
