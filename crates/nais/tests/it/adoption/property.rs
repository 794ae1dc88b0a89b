//! Whatever a scope and its manifest look like: an adoption that nothing is objected to takes nothing
//! from anybody, and changes nothing that the manifest does not state.

use std::collections::BTreeSet;

use portvakt_nais::actual::{AccessState, Actual};
use portvakt_nais::adoption::{Terms, narrowed, objections, standings};
use portvakt_nais::plan::{Policy, plan};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::support::{NOW, access, bare_settings, scope, wanted};

const SCOPE: &str = "nav:havn/kai.read";
const CONSUMERS: [&str; 3] = ["310000011", "310000022", "310000033"];

/// An attribute of a scope: its name, values that it may have, and lines of a manifest for it.
const ATTRIBUTES: [(&str, &[&str], &[&str]); 4] = [
    (
        "at_max_age",
        &["null", "0", "30", "120", "3600"],
        &["atMaxAge: 30", "atMaxAge: 120"],
    ),
    (
        "visibility",
        &["\"PUBLIC\"", "\"PRIVATE\""],
        &["visibility: public", "visibility: private"],
    ),
    (
        "accessible_for_all",
        &["true", "false"],
        &["accessibleForAll: true", "accessibleForAll: false"],
    ),
    (
        "allowed_integration_types",
        &["[]", "[\"maskinporten\"]", "[\"maskinporten\",\"krr\"]"],
        &["allowedIntegrations: [maskinporten, krr]"],
    ),
];

/// What one attribute is, and whether and how the manifest states it.
fn attribute(index: usize) -> impl Strategy<Value = (&'static str, Option<&'static str>)> {
    let (_, values, lines) = ATTRIBUTES[index];
    (select(values), proptest::option::of(select(lines)))
}

fn attributes() -> impl Strategy<Value = Vec<(&'static str, Option<&'static str>)>> {
    (0..ATTRIBUTES.len()).map(attribute).collect::<Vec<_>>()
}

fn consumers() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let states = select(&["APPROVED", "DENIED", "REQUESTED"][..]);
    let states = proptest::collection::vec(states, CONSUMERS.len());
    let named = subsequence(CONSUMERS.to_vec(), 0..=CONSUMERS.len());
    (named, states).prop_map(|(named, states)| named.into_iter().zip(states).collect())
}

fn approved(world: &Actual) -> BTreeSet<&str> {
    let access = world.access.get(SCOPE).into_iter().flatten();
    let approved = access.filter(|(_, state)| **state == AccessState::Approved);
    approved.map(|(consumer, _)| consumer.as_str()).collect()
}

fn attributes_of(world: &Actual) -> Value {
    serde_json::to_value(world.scopes.get(SCOPE)).unwrap()
}

/// Unset is the default of a type, and lists are sets.
fn normal(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(false) => Value::Null,
        Value::Number(number) if number.as_u64() == Some(0) => Value::Null,
        Value::Array(values) if values.is_empty() => Value::Null,
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_loses_and_nothing_unsaid_changes(
        attributes in attributes(),
        observed in consumers(),
        listed in subsequence(CONSUMERS.to_vec(), 0..=CONSUMERS.len()),
        active in any::<bool>(),
    ) {
        let lines: Vec<_> = attributes.iter().filter_map(|(_, line)| *line).collect();
        let lines: Vec<_> = lines.iter().map(|line| format!("          {line}\n")).collect();
        let lines = lines.concat();
        let listed: Vec<_> = listed.iter().map(|orgno| format!("{{orgno: \"{orgno}\"}}")).collect();
        let text = include_str!("../vectors/v6.yaml").trim_end();
        let text = format!("{text}\n{lines}          consumers: [{}]\n", listed.join(", "));
        let resources = wanted(&text, &bare_settings());
        let mut world = Actual { observed_at: NOW, ..Actual::default() };
        scope(&mut world, SCOPE, "devgcp:teamhavn:kaiplass.havn/kai.read", active);
        let mut record = attributes_of(&world);
        for ((name, _, _), (value, _)) in ATTRIBUTES.iter().zip(&attributes) {
            record[*name] = serde_json::from_str(value).unwrap();
        }
        world.scopes.insert(SCOPE.into(), serde_json::from_value(record).unwrap());
        for (consumer, state) in &observed {
            access(&mut world, SCOPE, consumer, state);
        }

        let terms = Terms::default();
        let resources = narrowed(&resources, &standings(&resources, &world, &terms));
        let made = plan(&resources, &world, &Policy::careful(), None).unwrap();
        let objected = objections(&resources, &world, &made, &terms);
        let after = made.steps.iter().fold(world.clone(), |world, step| world.apply(&step.action));
        let lost: Vec<_> = approved(&world).difference(&approved(&after)).map(ToString::to_string).collect();
        let (before, now) = (attributes_of(&world), attributes_of(&after));
        let changed: Vec<_> = ATTRIBUTES.iter().zip(&attributes).filter(|((name, _, _), (_, line))| {
            line.is_none() && normal(&before[*name]) != normal(&now[*name])
        }).map(|((name, _, _), _)| (*name).to_owned()).collect();

        // Each is told by its name, and nothing else is.
        let told = json!(objected).to_string();
        for name in lost.iter().chain(&changed) {
            prop_assert!(told.contains(name.as_str()), "{name} in {told}");
        }
        let requested = observed.iter().filter(|(consumer, state)| {
            *state == "REQUESTED" && !listed.iter().any(|line| line.contains(consumer))
        });
        prop_assert_eq!(objected.len(), lost.len() + changed.len() + requested.count(), "{}", told);
    }
}
