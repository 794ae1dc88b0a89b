//! What to write in a manifest so that it says what is.

use portvakt_api_types::ScopeRequest;
use serde_json::Value;

use crate::actual::Actual;
use crate::naming::{Separator, parts_of_subscope};

/// The line for an attribute of a scope; none if manifests cannot say it.
pub(super) fn line(
    scope: &str,
    attribute: &str,
    observed: &ScopeRequest,
    world: &Actual,
) -> Option<String> {
    match attribute {
        "at_max_age" => {
            let seconds = observed.at_max_age.filter(|age| (30..=680).contains(age))?;
            Some(format!("atMaxAge: {seconds}"))
        }
        "visibility" => match observed.visibility.as_deref()? {
            "PUBLIC" => Some("visibility: public".to_owned()),
            "PRIVATE" => Some("visibility: private".to_owned()),
            _ => None,
        },
        "accessible_for_all" => Some(format!(
            "accessibleForAll: {}",
            observed.accessible_for_all?
        )),
        "allowed_integration_types" => {
            let types = observed.allowed_integration_types.as_ref()?;
            (!types.is_empty()).then(|| format!("allowedIntegrations: [{}]", types.join(", ")))
        }
        "delegation_source" => {
            let issuer = observed.delegation_source.as_ref()?;
            let named = world.delegation_sources.iter();
            let (name, _) = named.into_iter().find(|(_, known)| *known == issuer)?;
            let (_, separator, _) = parts_of_subscope(scope.split_once(':')?.1)?;
            (separator == Separator::Slash).then(|| format!("delegationSource: {name}"))
        }
        _ => None,
    }
}

/// The element of `exposes` that gives this scope; none if no manifest can name it.
pub(super) fn exposes(scope: &str) -> Option<String> {
    let (product, separator, name) = parts_of_subscope(scope.split_once(':')?.1)?;
    Some(format!(
        "{{name: \"{name}\", product: \"{product}\", separator: \"{separator}\", enabled: true}}"
    ))
}

/// A value as people read it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "unset".to_owned(),
        other => other.to_string(),
    }
}
