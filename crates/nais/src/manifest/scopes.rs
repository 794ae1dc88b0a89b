//! `scopes`: what a workload consumes and exposes (spec: nais §3.2).

use std::collections::HashSet;

use portvakt_yaml::{Content, Node, Place};

use super::entry::{Entry, nearest, text};
use super::fault::Faults;
use crate::model::{ConsumedScope, Consumer, ExposedScope, Scopes, Visibility};
use crate::naming::{OrgNumber, Separator};

const EXPOSED: [&str; 10] = [
    "accessibleForAll",
    "allowedIntegrations",
    "atMaxAge",
    "consumers",
    "delegationSource",
    "enabled",
    "name",
    "product",
    "separator",
    "visibility",
];

const INTEGRATION_TYPES: [&str; 6] = [
    "ansattporten",
    "api_klient",
    "eformidling",
    "idporten",
    "krr",
    "maskinporten",
];

const VISIBILITIES: [(&str, Visibility); 2] = [
    ("public", Visibility::Public),
    ("private", Visibility::Private),
];

/// Reads the member `scopes`. A flat list of consumed scopes is its form of 2020.
pub(super) fn read(entry: &Entry<'_>, faults: &mut Faults) -> Scopes {
    let Some((place, node)) = entry.member("scopes") else {
        return Scopes::default();
    };
    if matches!(node.content, Content::List(_)) {
        let message = "a list is the form of 2020: put it below 'consumes'";
        faults.warn(place, message);
        return Scopes {
            consumes: entry.list("scopes", faults, consumed),
            exposes: Vec::new(),
        };
    }
    let Some(entry) = Entry::of(node, place, &["consumes", "exposes"], faults) else {
        return Scopes::default();
    };
    let consumes = entry.list("consumes", faults, consumed);
    let mut seen = HashSet::new();
    let exposes = entry.list("exposes", faults, |node, place, faults| {
        let scope = exposed(node, place.clone(), faults)?;
        if !seen.insert(scope.subscope()) {
            faults.warn(place, "exposes a scope of this list again: this one counts");
        }
        Some(scope)
    });
    Scopes { consumes, exposes }
}

fn consumed(node: &Node, place: Place, faults: &mut Faults) -> Option<ConsumedScope> {
    let entry = Entry::of(node, place, &["name"], faults)?;
    let name = entry.required("name", faults, Entry::text)?;
    let (place, _) = entry.member("name")?;
    // RFC 6749 §3.3; a blank would ask for two scopes.
    let is_token = |c: char| !c.is_whitespace() && !c.is_control() && c != '"' && c != '\\';
    if name.is_empty() || name.chars().count() > 255 || !name.chars().all(is_token) {
        let message = "must be one scope with its prefix, without blanks: 'nav:arbeid/some.read'";
        faults.fault(place, message);
        return None;
    }
    if !name.contains(':') {
        faults.warn(place, "has no prefix: scopes are written prefix:subscope");
    }
    Some(ConsumedScope { name })
}

fn exposed(node: &Node, place: Place, faults: &mut Faults) -> Option<ExposedScope> {
    let entry = Entry::of(node, place, &EXPOSED, faults)?;
    let enabled = entry.required("enabled", faults, Entry::flag);
    let name = entry.required("name", faults, Entry::parsed);
    let product = entry.required("product", faults, Entry::parsed);
    let separator = entry.parsed("separator", faults);
    let at_max_age = entry.number("atMaxAge", faults);
    let allowed_integrations = entry.list("allowedIntegrations", faults, integration_type);
    let consumers = entry.list("consumers", faults, consumer);
    let accessible_for_all = entry.flag("accessibleForAll", faults);
    let delegation_source = entry.text("delegationSource", faults);
    let visibility = entry.word("visibility", &VISIBILITIES, faults);
    check_integrations(&entry, &allowed_integrations, faults);
    check_delegation(&entry, &allowed_integrations, separator, faults);
    warn_consumers(&entry, &consumers, accessible_for_all, faults);
    if separator.is_none() && !entry.has("separator") {
        let message = "has no separator: write separator: \"/\" for a new scope; without it ':' is \
                       taken, or '/' when the name has one";
        faults.warn(entry.place.clone(), message);
    }
    Some(ExposedScope {
        enabled: enabled?,
        name: name?,
        product: product?,
        at_max_age,
        allowed_integrations,
        consumers,
        accessible_for_all,
        delegation_source,
        separator,
        visibility,
    })
}

fn integration_type(node: &Node, place: Place, faults: &mut Faults) -> Option<String> {
    let name = text(node, place.clone(), faults)?;
    if !INTEGRATION_TYPES.contains(&name) {
        let hint = match nearest(name, &INTEGRATION_TYPES) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => format!("known are {}", INTEGRATION_TYPES.join(", ")),
        };
        faults.warn(place, format!("is not a known integration type: {hint}"));
    }
    Some(name.to_owned())
}

fn check_integrations(entry: &Entry<'_>, allowed: &[String], faults: &mut Faults) {
    let Some((place, node)) = entry.member("allowedIntegrations") else {
        return;
    };
    if allowed.is_empty() && matches!(&node.content, Content::List(nodes) if nodes.is_empty()) {
        let message = "must name at least one integration type: leave it out for maskinporten";
        faults.fault(place, message);
    }
}

/// The rule of the published resource definition, and what the self-service API adds to it.
fn check_delegation(
    entry: &Entry<'_>,
    allowed: &[String],
    separator: Option<Separator>,
    faults: &mut Faults,
) {
    let Some((place, _)) = entry.member("delegationSource") else {
        return;
    };
    if separator != Some(Separator::Slash) {
        let message = "scopes.exposes[].separator must be set to \"/\" when \
                       scopes.exposes[].delegationSource is set";
        faults.fault(place.clone(), message);
    }
    if !allowed.is_empty() && !allowed.iter().any(|name| name == "maskinporten") {
        let message = "only works in Maskinporten: add maskinporten to allowedIntegrations, or \
                       remove delegationSource";
        faults.fault(place, message);
    }
}

fn consumer(node: &Node, place: Place, faults: &mut Faults) -> Option<Consumer> {
    let entry = Entry::of(node, place, &["name", "orgno"], faults)?;
    let name = entry.any_text("name", faults);
    let orgno: OrgNumber = entry.required("orgno", faults, Entry::parsed)?;
    if !orgno.has_valid_check_digit()
        && let Some((place, _)) = entry.member("orgno")
    {
        faults.warn(place, format!("the check digit of {orgno} is wrong"));
    }
    Some(Consumer { orgno, name })
}

fn warn_consumers(
    entry: &Entry<'_>,
    consumers: &[Consumer],
    for_all: Option<bool>,
    faults: &mut Faults,
) {
    let Some((place, _)) = entry.member("consumers") else {
        return;
    };
    let mut seen = HashSet::new();
    for consumer in consumers {
        if !seen.insert(&consumer.orgno) {
            let message = format!("names {} twice", consumer.orgno);
            faults.warn(place.clone(), message);
        }
    }
    if for_all == Some(true) && !consumers.is_empty() {
        let message = "has no effect while accessibleForAll is true: every organization has access";
        faults.warn(place, message);
    }
}
