//! An exposed scope as a body of the self-service API (spec: nais §6.5).

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use portvakt_api_types::ScopeRequest;

use crate::model::{ExposedScope, Visibility};
use crate::naming::{OrgNumber, Owner, scope_description, scope_name};
use crate::settings::Settings;

/// Seconds.
const DEFAULT_MAX_AGE: u32 = 30;

/// A scope that a resource exposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredScope {
    /// `prefix:subscope`.
    pub name: String,
    /// What follows the prefix: it alone decides which existing scope is meant.
    pub subscope: String,
    /// Whether it is active.
    pub enabled: bool,
    /// Everything but the delegation source, whose issuer only the API knows.
    pub body: ScopeRequest,
    /// Name of the delegation source.
    pub delegation_source: Option<String>,
    /// Organizations with access.
    pub consumers: BTreeSet<OrgNumber>,
    /// Attributes of the body, by their names in the API, that the manifest states; the others are
    /// defaults.
    pub stated: BTreeSet<&'static str>,
}

/// The scopes of a list; a later one replaces an earlier one of the same name, as it does in the
/// existing operator.
pub(super) fn scopes(
    exposes: &[ExposedScope],
    owner: &Owner,
    settings: &Settings,
) -> Vec<DesiredScope> {
    let mut wanted: Vec<DesiredScope> = Vec::new();
    let mut positions = HashMap::new();
    for exposed in exposes {
        let scope = scope(exposed, owner, settings);
        match positions.entry(scope.name.clone()) {
            Entry::Occupied(position) => wanted[*position.get()] = scope,
            Entry::Vacant(position) => {
                position.insert(wanted.len());
                wanted.push(scope);
            }
        }
    }
    wanted
}

fn scope(exposed: &ExposedScope, owner: &Owner, settings: &Settings) -> DesiredScope {
    let subscope = exposed.subscope();
    let consumers = exposed.consumers.iter();
    DesiredScope {
        name: scope_name(&settings.scope_prefix, &subscope),
        enabled: exposed.enabled,
        body: body(exposed, &subscope, owner, settings),
        subscope,
        delegation_source: exposed.delegation_source.clone(),
        consumers: consumers.map(|consumer| consumer.orgno.clone()).collect(),
        stated: stated(exposed),
    }
}

fn stated(exposed: &ExposedScope) -> BTreeSet<&'static str> {
    let attributes = [
        (exposed.at_max_age.is_some(), "at_max_age"),
        (exposed.visibility.is_some(), "visibility"),
        (exposed.accessible_for_all.is_some(), "accessible_for_all"),
        (exposed.delegation_source.is_some(), "delegation_source"),
        (
            !exposed.allowed_integrations.is_empty(),
            "allowed_integration_types",
        ),
    ];
    let stated = attributes.into_iter().filter(|(is_stated, _)| *is_stated);
    stated.map(|(_, attribute)| attribute).collect()
}

fn body(
    exposed: &ExposedScope,
    subscope: &str,
    owner: &Owner,
    settings: &Settings,
) -> ScopeRequest {
    let integrations = match exposed.allowed_integrations.as_slice() {
        [] => vec!["maskinporten".to_owned()],
        named => named.to_vec(),
    };
    let visibility = match exposed.visibility {
        Some(Visibility::Private) => "PRIVATE",
        Some(Visibility::Public) | None => "PUBLIC",
    };
    ScopeRequest {
        accessible_for_all: Some(exposed.accessible_for_all.unwrap_or_default()),
        active: Some(exposed.enabled),
        allowed_integration_types: Some(integrations),
        at_max_age: Some(exposed.at_max_age.map_or(DEFAULT_MAX_AGE, u32::from)),
        description: Some(scope_description(&exposed.product, owner)),
        name: Some(String::new()),
        prefix: Some(settings.scope_prefix.clone()),
        requires_pseudonymous_tokens: Some(false),
        requires_user_authentication: Some(false),
        requires_user_consent: Some(false),
        subscope: Some(subscope.to_owned()),
        token_type: Some("SELF_CONTAINED".to_owned()),
        visibility: Some(visibility.to_owned()),
        ..ScopeRequest::default()
    }
}
