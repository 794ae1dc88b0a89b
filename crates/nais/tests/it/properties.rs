//! Random worlds and manifests: a plan reaches what is asked for, from wherever it is interrupted,
//! without anybody getting more or losing what they keep on the way.

use std::collections::BTreeSet;
use std::fmt::Write;

use portvakt_nais::actual::{AccessState, Actual, Consumable, LocalKeys, ObservedClient};
use portvakt_nais::desired::{ClientKey, Desired};
use portvakt_nais::naming::OrgNumber;
use portvakt_nais::plan::{
    Action, ForeignKeys, MAX_KEYS, MissingAccess, Ownership, Plan, Policy, Prune, plan,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::support::{NOW, bare_settings, key, registered, wanted};

const OWN: &str = "889640782";
/// The last is never named by a manifest.
const ORGANIZATIONS: [&str; 5] = [OWN, "310000011", "310000022", "310000033", "310000044"];
const NAMES: [&str; 3] = ["aa.read", "bb.read", "cc/dd.read"];
const WORKLOADS: [&str; 2] = ["alpha-app", "beta-app"];
const TYPES: [&[&str]; 4] = [
    &[],
    &["maskinporten"],
    &["api_klient"],
    &["maskinporten", "api_klient"],
];
const CONSUMABLE: [&str; 4] = ["x:open", "x:granted", "x:withheld", "nav:p/aa.read"];

#[derive(Clone, Debug)]
struct ScopeCase {
    workload: Option<usize>,
    enabled: bool,
    for_all: Option<bool>,
    age: Option<u32>,
    types: usize,
    is_delegable: bool,
    consumers: [bool; 4],
    observed: Option<ObservedScope>,
}

#[expect(clippy::struct_excessive_bools, reason = "attributes of a scope")]
#[derive(Clone, Debug)]
struct ObservedScope {
    active: bool,
    description: usize,
    for_all: bool,
    age: u32,
    types: usize,
    is_delegable: bool,
    asks_for_login: bool,
    access: [Option<AccessState>; 5],
}

#[derive(Clone, Debug)]
struct ClientCase {
    is_wanted: bool,
    consumes: [bool; 4],
    observed: usize,
    has_scopes: [bool; 4],
    registered: [bool; 4],
    current: Option<usize>,
    in_use: [bool; 3],
    rotate: bool,
}

fn observed_scope() -> impl Strategy<Value = ObservedScope> {
    let state = || {
        select(vec![
            None,
            Some(AccessState::Approved),
            Some(AccessState::Denied),
            Some(AccessState::Requested),
        ])
    };
    let access = [state(), state(), state(), state(), state()];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (
        flags,
        0..5_usize,
        select(vec![0, 30, 60, 120]),
        0..4_usize,
        access,
    )
        .prop_map(
            |((active, for_all, is_delegable, asks_for_login), description, age, types, access)| {
                ObservedScope {
                    active,
                    description,
                    for_all,
                    age,
                    types,
                    is_delegable,
                    asks_for_login,
                    access,
                }
            },
        )
}

fn scope_case() -> impl Strategy<Value = ScopeCase> {
    let workload = select(vec![None, Some(0), Some(0), Some(1)]);
    let for_all = select(vec![None, Some(false), Some(true)]);
    let age = select(vec![None, Some(30), Some(60), Some(120)]);
    let observed = proptest::option::weighted(0.7, observed_scope());
    let attributes = (
        workload,
        proptest::bool::weighted(0.8),
        for_all,
        age,
        0..4_usize,
    );
    (attributes, any::<bool>(), any::<[bool; 4]>(), observed).prop_map(
        |((workload, enabled, for_all, age, types), is_delegable, consumers, observed)| ScopeCase {
            workload,
            enabled,
            for_all,
            age,
            types,
            is_delegable,
            consumers,
            observed,
        },
    )
}

fn client_case() -> impl Strategy<Value = ClientCase> {
    let keys = (
        any::<[bool; 4]>(),
        proptest::option::of(0..4_usize),
        any::<[bool; 3]>(),
        any::<bool>(),
    );
    (
        any::<bool>(),
        any::<[bool; 4]>(),
        0..5_usize,
        any::<[bool; 4]>(),
        keys,
    )
        .prop_map(
            |(is_wanted, consumes, observed, has_scopes, (registered, current, in_use, rotate))| {
                ClientCase {
                    is_wanted,
                    consumes,
                    observed,
                    has_scopes,
                    registered,
                    current,
                    in_use,
                    rotate,
                }
            },
        )
}

fn policy() -> impl Strategy<Value = Policy> {
    (
        select(vec![
            Ownership::Takeover,
            Ownership::Claimed,
            Ownership::Legacy,
        ]),
        select(vec![MissingAccess::Refuse, MissingAccess::Skip]),
        select(vec![ForeignKeys::Keep, ForeignKeys::Replace]),
        select(vec![Prune::Report, Prune::Workloads, Prune::Namespaces]),
        any::<bool>(),
    )
        .prop_map(
            |(ownership, missing_access, foreign_keys, prune, drop_oldest_key)| Policy {
                ownership,
                missing_access,
                foreign_keys,
                prune,
                drop_oldest_key,
            },
        )
}

/// A manifest, in which every workload is there.
fn manifest(scopes: &[ScopeCase; 3], clients: &[ClientCase; 2]) -> String {
    let mut text = String::new();
    for (index, workload) in WORKLOADS.iter().enumerate() {
        let client = &clients[index];
        write!(
            text,
            "---\napiVersion: nais.io/v1alpha1\nkind: Application\nmetadata: {{name: {workload}, namespace: team-ns}}\n\
             spec:\n  maskinporten:\n    enabled: {}\n    scopes:\n      consumes: [",
            client.is_wanted
        )
        .unwrap();
        for (name, _) in CONSUMABLE
            .iter()
            .zip(client.consumes)
            .filter(|(_, is_consumed)| *is_consumed)
        {
            write!(text, "{{name: \"{name}\"}}, ").unwrap();
        }
        text.push_str("]\n      exposes:\n");
        for (name, case) in NAMES
            .iter()
            .zip(scopes)
            .filter(|(_, case)| case.workload == Some(index))
        {
            exposed(&mut text, name, case);
        }
    }
    text
}

fn exposed(text: &mut String, name: &str, case: &ScopeCase) {
    write!(
        text,
        "      - {{name: \"{name}\", product: p, separator: \"/\", enabled: {}",
        case.enabled
    )
    .unwrap();
    if let Some(for_all) = case.for_all {
        write!(text, ", accessibleForAll: {for_all}").unwrap();
    }
    if let Some(age) = case.age {
        write!(text, ", atMaxAge: {age}").unwrap();
    }
    if case.types > 0 {
        write!(text, ", allowedIntegrations: {:?}", TYPES[case.types]).unwrap();
    }
    if case.is_delegable && case.types != 2 {
        text.push_str(", delegationSource: altinn");
    }
    text.push_str(", consumers: [");
    for (consumer, _) in ORGANIZATIONS
        .iter()
        .zip(case.consumers)
        .filter(|(_, is_named)| *is_named)
    {
        write!(text, "{{orgno: \"{consumer}\"}}, ").unwrap();
    }
    text.push_str("]}\n");
}

fn world(scopes: &[ScopeCase; 3], clients: &[ClientCase; 2], resources: &[Desired]) -> Actual {
    let mut world = Actual {
        organization: Some(OWN.into()),
        observed_at: NOW,
        ..Actual::default()
    };
    world
        .delegation_sources
        .insert("altinn".into(), "https://altinn.example/".into());
    let consumable = |access, accessible_for_all| Consumable {
        access,
        accessible_for_all,
        ..Consumable::default()
    };
    world
        .consumable
        .insert("x:open".into(), consumable(None, true));
    world.consumable.insert(
        "x:granted".into(),
        consumable(Some(AccessState::Approved), false),
    );
    for (name, case) in NAMES.iter().zip(scopes) {
        if let Some(observed) = &case.observed {
            add_scope(&mut world, &format!("nav:p/{name}"), observed);
        }
    }
    let stray = ObservedScope {
        active: true,
        description: 4,
        for_all: true,
        age: 30,
        types: 1,
        is_delegable: false,
        asks_for_login: false,
        access: [None; 5],
    };
    add_scope(&mut world, "nav:p/stray", &stray);
    for (resource, case) in resources.iter().zip(clients) {
        add_client(&mut world, &resource.key, case);
    }
    world
}

fn add_scope(world: &mut Actual, name: &str, observed: &ObservedScope) {
    let descriptions = [
        "p - dev-gcp:team-ns:alpha-app".to_owned(),
        "p - dev-gcp:team-ns:beta-app".to_owned(),
        "A text for people".to_owned(),
        format!("devgcp:teamns:alphaapp.{}", &name[4..]),
        "p - dev-gcp:team-ns:gone".to_owned(),
    ];
    let scope = json!({
        "name": name, "prefix": "nav", "subscope": &name[4..], "description": descriptions[observed.description],
        "active": observed.active, "visibility": "PRIVATE", "accessible_for_all": observed.for_all,
        "allowed_integration_types": TYPES[observed.types], "at_max_age": observed.age,
        "delegation_source": observed.is_delegable.then_some("https://other.example/"),
        "requires_user_authentication": observed.asks_for_login, "long_description": "long",
        "description#en": "English",
    });
    world
        .scopes
        .insert(name.into(), serde_json::from_value(scope).unwrap());
    let access = ORGANIZATIONS.iter().zip(observed.access);
    let access = access.filter_map(|(consumer, state)| Some(((*consumer).to_owned(), state?)));
    world.access.insert(name.into(), access.collect());
}

fn add_client(world: &mut Actual, client: &ClientKey, case: &ClientCase) {
    let id = format!("id-{}", client.owner.name());
    let scopes = CONSUMABLE
        .iter()
        .zip(case.has_scopes)
        .filter(|(_, has)| *has);
    let scopes: Vec<_> = scopes.map(|(name, _)| *name).collect();
    let attributes = json!({
        "client_id": id, "description": client.owner.to_string(), "integration_type": "maskinporten",
        "client_name": "x", "scopes": scopes, "display_name": "shown",
    });
    let attributes = serde_json::from_value(attributes).unwrap();
    // 0 absent, 1 known, 2 found by its description, 3 known and deactivated, 4 known and gone.
    if (1..4).contains(&case.observed) {
        let active = case.observed != 3;
        world
            .clients
            .insert(id.clone(), ObservedClient { attributes, active });
    }
    if matches!(case.observed, 1 | 3 | 4) {
        world.known_clients.insert(client.clone(), id.clone());
    }
    let all = [
        registered("k0", 200),
        registered("k1", 200),
        registered("k2", 10),
        registered("k3", -1),
    ];
    let keys = all
        .into_iter()
        .zip(case.registered)
        .filter(|(_, is_registered)| *is_registered);
    world
        .key_sets
        .insert(id, keys.map(|(key, _)| key).collect());
    let names = ["k0", "k2", "k3", "k9"];
    let used = ["k0", "k1", "k2"]
        .iter()
        .zip(case.in_use)
        .filter(|(_, is_used)| *is_used);
    let local = LocalKeys {
        current: case.current.map(|index| key(names[index])),
        in_use: used.map(|(kid, _)| key(kid)).collect(),
        rotate: case.rotate,
        ..LocalKeys::default()
    };
    world.local_keys.insert(client.clone(), local);
}

/// Who can use which scope, with which type of client, for how long, and through a supplier or not.
fn access(world: &Actual) -> BTreeSet<(String, &'static str, &'static str, u32, bool, bool)> {
    let mut set = BTreeSet::new();
    for (name, scope) in world
        .scopes
        .iter()
        .filter(|(_, scope)| scope.active != Some(false))
    {
        let states = world.access.get(name);
        let types = scope.allowed_integration_types.clone().unwrap_or_default();
        let age = scope.at_max_age.filter(|age| *age > 0).unwrap_or(u32::MAX);
        let source = scope
            .delegation_source
            .as_deref()
            .filter(|source| !source.is_empty());
        let asks = scope.requires_user_authentication == Some(true);
        for organization in ORGANIZATIONS {
            let state = states.and_then(|states| states.get(organization));
            if scope.accessible_for_all != Some(true) && state != Some(&AccessState::Approved) {
                continue;
            }
            for kind in ["maskinporten", "api_klient"] {
                if !types.is_empty() && !types.iter().any(|name| name == kind) {
                    continue;
                }
                for seconds in [30, 60, 120, u32::MAX]
                    .into_iter()
                    .filter(|seconds| *seconds <= age)
                {
                    // With a login is less than without.
                    for asked in [true, false].into_iter().filter(|asked| *asked || !asks) {
                        set.insert((name.clone(), organization, kind, seconds, false, asked));
                        if let Some(source) = source {
                            let name = format!("{name} {source}");
                            set.insert((name, organization, kind, seconds, true, asked));
                        }
                    }
                }
            }
        }
    }
    set
}

fn states(before: &Actual, plan: &Plan) -> Vec<Actual> {
    let mut states = vec![before.clone()];
    for step in &plan.steps {
        states.push(states[states.len() - 1].apply(&step.action));
    }
    states
}

fn check_reached(world: &Actual, resources: &[Desired]) {
    for resource in resources
        .iter()
        .filter(|resource| matches!(resource.presence, portvakt_nais::desired::Presence::Present))
    {
        for scope in &resource.scopes {
            let Some(observed) = world.scopes.get(&scope.name) else {
                assert!(!scope.enabled, "{} is missing", scope.name);
                continue;
            };
            assert_eq!(observed.active, Some(scope.enabled), "{}", scope.name);
            if !scope.enabled {
                continue;
            }
            assert_eq!(observed.at_max_age, scope.body.at_max_age);
            assert_eq!(observed.accessible_for_all, scope.body.accessible_for_all);
            assert_eq!(observed.description, scope.body.description);
            assert_eq!(
                observed.delegation_source.is_some(),
                scope.delegation_source.is_some()
            );
            let approved = world.access[&scope.name]
                .iter()
                .filter(|(_, state)| **state == AccessState::Approved);
            let approved: Vec<_> = approved.map(|(consumer, _)| consumer.as_str()).collect();
            let named: Vec<_> = scope.consumers.iter().map(OrgNumber::as_str).collect();
            assert_eq!(approved, named, "{}", scope.name);
        }
        let Some(id) = world
            .known_clients
            .get(&resource.key)
            .filter(|_| resource.client.is_some())
        else {
            continue;
        };
        let Some(client) = world.clients.get(id).filter(|client| client.active) else {
            continue;
        };
        assert_eq!(
            client.attributes.description.as_deref(),
            Some(resource.owner().to_string().as_str())
        );
        let current = world.local_keys[&resource.key].current.as_ref().unwrap();
        let keys = &world.key_sets[id];
        assert_eq!(
            keys.iter()
                .filter(|key| key.jwk.kid() == current.kid())
                .count(),
            1
        );
        assert!(keys.len() <= MAX_KEYS);
    }
}

fn check_nobody_gains_or_loses(states: &[Actual]) {
    let access: Vec<_> = states.iter().map(access).collect();
    let (start, end) = (&access[0], &access[access.len() - 1]);
    let ceiling: BTreeSet<_> = start.union(end).cloned().collect();
    let floor: BTreeSet<_> = start.intersection(end).cloned().collect();
    for (index, between) in access.iter().enumerate() {
        let gained: Vec<_> = between.difference(&ceiling).collect();
        assert!(gained.is_empty(), "after {index} steps: {gained:?}");
        let lost: Vec<_> = floor.difference(between).collect();
        assert!(lost.is_empty(), "after {index} steps: {lost:?}");
    }
}

/// Keys that something runs with stay registered throughout.
fn check_keys_in_use_stay(states: &[Actual]) {
    for (client, local) in &states[0].local_keys {
        let Some(id) = states[0].known_clients.get(client) else {
            continue;
        };
        let registered = |world: &Actual| -> BTreeSet<String> {
            let keys = world.key_sets.get(id).into_iter().flatten();
            keys.map(|key| key.jwk.kid().to_owned()).collect()
        };
        let used: BTreeSet<_> = local
            .in_use
            .iter()
            .map(|key| key.kid().to_owned())
            .collect();
        let used: BTreeSet<_> = registered(&states[0])
            .intersection(&used)
            .cloned()
            .collect();
        for state in states {
            assert!(
                registered(state).is_superset(&used),
                "{client} lost a key in use"
            );
        }
    }
}

/// From after any number of steps, also when the caller forgot the id of a client it had just made,
/// planning again ends in the same world.
fn check_resumable(states: &[Actual], made: &Plan, resources: &[Desired], policy: &Policy) {
    let last = &states[states.len() - 1];
    for (index, state) in states.iter().enumerate() {
        let mut starts = vec![state.clone()];
        if let Some(Action::CreateClient { client, .. }) =
            index.checked_sub(1).map(|index| &made.steps[index].action)
        {
            let mut forgetful = state.clone();
            forgetful.known_clients.remove(client);
            starts.push(forgetful);
        }
        for start in starts {
            let again = plan(resources, &start, policy, None).unwrap();
            let end = again
                .steps
                .iter()
                .fold(start, |world, step| world.apply(&step.action));
            assert_eq!(&end, last, "interrupted after {index} steps");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn taking_over_reaches_what_is_asked_for(
        scopes in [scope_case(), scope_case(), scope_case()],
        clients in [client_case(), client_case()],
    ) {
        let resources = wanted(&manifest(&scopes, &clients), &bare_settings());
        let world = world(&scopes, &clients, &resources);
        let policy = Policy { drop_oldest_key: true, ..Policy::compatible() };
        let plan = plan(&resources, &world, &policy, None).unwrap();
        let states = states(&world, &plan);
        check_reached(&states[states.len() - 1], &resources);
    }

    #[test]
    fn a_plan_is_safe_and_resumable_at_every_step(
        scopes in [scope_case(), scope_case(), scope_case()],
        clients in [client_case(), client_case()],
        policy in policy(),
    ) {
        let resources = wanted(&manifest(&scopes, &clients), &bare_settings());
        let world = world(&scopes, &clients, &resources);
        let made = match plan(&resources, &world, &policy, None) {
            Ok(made) => made,
            Err(refused) => {
                prop_assert!(!refused.refusals.is_empty());
                return Ok(());
            }
        };
        let states = states(&world, &made);
        check_nobody_gains_or_loses(&states);
        check_keys_in_use_stay(&states);
        check_resumable(&states, &made, &resources, &policy);
        let saved = serde_json::to_string(&made).unwrap();
        let saved: Plan = serde_json::from_str(&saved).unwrap();
        prop_assert_eq!(&saved, &made);
        prop_assert!(saved.moved(&world).is_empty());
        let end = &states[states.len() - 1];
        prop_assert_eq!(saved.moved(end).is_empty(), made.is_empty());
    }
}
