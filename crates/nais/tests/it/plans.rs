//! Plans in the cases that people ask about.

use portvakt_nais::actual::{Actual, ClientUsage, Consumable, Usage};
use portvakt_nais::desired::Desired;
use portvakt_nais::plan::{Action, Object, Ownership, Plan, Policy, Problem, Prune, Refused, plan};
use serde_json::json;

use crate::support::*;

const OWN: &str = "889640782";

/// An Application that exposes these scopes and consumes those.
fn application(name: &str, exposes: &str, consumes: &str) -> String {
    format!(
        "---\napiVersion: nais.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: havn}}\nspec:\n  \
         maskinporten:\n    enabled: true\n    scopes:\n      consumes: [{consumes}]\n      exposes: [{exposes}]\n"
    )
}

fn exposing(exposes: &str) -> Vec<Desired> {
    wanted(&application("kai", exposes, ""), &bare_settings())
}

fn consuming(scope: &str) -> Vec<Desired> {
    wanted(
        &application("kai", "", &format!("{{name: \"{scope}\"}}")),
        &bare_settings(),
    )
}

fn world() -> Actual {
    Actual {
        organization: Some(OWN.into()),
        observed_at: NOW,
        ..Actual::default()
    }
}

fn careful(wanted: &[Desired], actual: &Actual) -> Result<Plan, Refused> {
    plan(wanted, actual, &Policy::careful(), None)
}

fn refusals(wanted: &[Desired], actual: &Actual) -> Vec<String> {
    let refused = careful(wanted, actual).unwrap_err();
    refused
        .refusals
        .iter()
        .map(|finding| finding.problem.to_string())
        .collect()
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .map(|step| step.action.to_string())
        .collect()
}

const KAI: &str =
    "{name: kai.read, product: havn, enabled: true, consumers: [{orgno: \"310000011\"}]}";

fn kai_world() -> Actual {
    let mut actual = world();
    scope(
        &mut actual,
        "nav:havn:kai.read",
        "havn - dev-gcp:havn:kai",
        true,
    );
    for consumer in ["310000011", "123456789"] {
        access(&mut actual, "nav:havn:kai.read", consumer, "APPROVED");
    }
    actual
}

fn usage(consumer: &str, client: &str, tokens: u64, seconds_ago: i64) -> ClientUsage {
    ClientUsage {
        scope: "nav:havn:kai.read".into(),
        consumer_orgno: consumer.into(),
        client_id: client.into(),
        tokens,
        last_at: NOW - seconds_ago,
    }
}

#[test]
fn a_withdrawal_says_whom_it_stops() {
    let usage = Usage {
        period_days: 7,
        clients: vec![
            usage("123456789", "a", 41_000, 240),
            usage("123456789", "b", 200, 9000),
            usage("310000011", "c", 5, 10),
        ],
    };
    let plan = plan(
        &exposing(KAI),
        &kai_world(),
        &Policy::careful(),
        Some(&usage),
    )
    .unwrap();
    assert_eq!(
        lines(&plan),
        ["withdraw access to nav:havn:kai.read from 123456789"]
    );
    assert_eq!(
        plan.steps[0].consequences,
        [
            "withdrawing 123456789 stops 2 clients that fetched 41 200 tokens in 7 days, last 4 minutes ago"
        ]
    );
}

#[test]
fn without_figures_it_says_so() {
    let plan = careful(&exposing(KAI), &kai_world()).unwrap();
    let expected = "withdrawing 123456789 stops whoever uses it; how much it is used is not known";
    assert_eq!(plan.steps[0].consequences, [expected]);
}

#[test]
fn unused_access_stops_nobody() {
    let usage = Usage {
        period_days: 1,
        clients: vec![],
    };
    let plan = plan(
        &exposing(KAI),
        &kai_world(),
        &Policy::careful(),
        Some(&usage),
    )
    .unwrap();
    let expected = "withdrawing 123456789 stops nobody that fetched a token in 1 day";
    assert_eq!(plan.steps[0].consequences, [expected]);
}

#[test]
fn closing_an_open_scope_grants_first_and_says_whom_it_stops() {
    let mut actual = kai_world();
    let observed = actual.scopes.get_mut("nav:havn:kai.read").unwrap();
    observed.accessible_for_all = Some(true);
    actual.access.get_mut("nav:havn:kai.read").unwrap().clear();
    let usage = Usage {
        period_days: 7,
        clients: vec![
            usage("310000011", "c", 5, 10),
            usage("310000044", "d", 1, 90),
        ],
    };
    let plan = plan(&exposing(KAI), &actual, &Policy::careful(), Some(&usage)).unwrap();
    assert_eq!(
        lines(&plan),
        [
            "grant 310000011 access to nav:havn:kai.read",
            "update scope nav:havn:kai.read"
        ]
    );
    assert_eq!(
        plan.steps[1].consequences,
        [
            "closing nav:havn:kai.read to organizations that are not listed stops 1 client that fetched 1 token in 7 days, last 1 minute ago"
        ]
    );
}

#[test]
fn an_update_names_what_changes_and_keeps_what_it_does_not_manage() {
    let mut actual = kai_world();
    actual
        .access
        .get_mut("nav:havn:kai.read")
        .unwrap()
        .remove("123456789");
    let observed = actual.scopes.get_mut("nav:havn:kai.read").unwrap();
    observed.at_max_age = Some(600);
    observed.long_description = Some("**Long**".into());
    observed.delegation_source = Some("https://tt02.altinn.no/".into());
    observed.enforced_aud_for_introspection = Some(vec!["kai-api".into()]);
    observed
        .other
        .insert("description#en".into(), json!("Berths"));
    let plan = careful(&exposing(KAI), &actual).unwrap();
    let changes: Vec<_> = plan.steps[0]
        .action
        .changes()
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(changes, ["at_max_age", "delegation_source"]);
    let body = &calls(&plan, "k")[0].1;
    assert_eq!(body["long_description"], "**Long**");
    assert_eq!(body["description#en"], "Berths");
    assert_eq!(body["enforced_aud_for_introspection"], json!(["kai-api"]));
    assert_eq!(body["delegation_source"], "", "it is unset, not left out");
}

#[test]
fn a_scope_of_two_manifests_is_refused_and_both_named() {
    let text = application("kai", KAI, "") + &application("brygge", KAI, "");
    let found = refusals(&wanted(&text, &bare_settings()), &world());
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("exposed by dev-gcp:havn:kai (app.yaml:2:1)"),
        "{found:?}"
    );
    assert!(
        found[0].contains("and by dev-gcp:havn:brygge (app.yaml:12:1)"),
        "{found:?}"
    );
}

#[test]
fn a_scope_of_another_workload_is_refused_and_both_named() {
    let mut actual = kai_world();
    let observed = actual.scopes.get_mut("nav:havn:kai.read").unwrap();
    observed.description = Some("havn - prod-gcp:havn:kai".into());
    let expected = "scope nav:havn:kai.read belongs to prod-gcp:havn:kai and is asked for by dev-gcp:havn:kai: \
                    remove it from one of the two, or take it over";
    assert_eq!(refusals(&exposing(KAI), &actual), [expected]);
    let takeover = Policy {
        ownership: Ownership::Takeover,
        ..Policy::careful()
    };
    let plan = plan(&exposing(KAI), &actual, &takeover, None).unwrap();
    let adopted = plan
        .steps
        .iter()
        .find(|step| matches!(step.action, Action::AdoptScope { .. }))
        .unwrap();
    assert_eq!(
        adopted.consequences,
        ["the description \"havn - prod-gcp:havn:kai\" is replaced"]
    );
}

#[test]
fn a_scope_that_names_nobody_is_adopted() {
    let mut actual = kai_world();
    let observed = actual.scopes.get_mut("nav:havn:kai.read").unwrap();
    observed.description = Some("Kaiplasser".into());
    let plan = careful(&exposing(KAI), &actual).unwrap();
    assert!(lines(&plan).contains(&"adopt scope nav:havn:kai.read".to_owned()));
}

#[test]
fn one_client_or_secret_for_two_resources_is_refused() {
    let client = "---\napiVersion: nais.io/v1\nkind: MaskinportenClient\nmetadata: {name: NAME, namespace: havn}\n\
                  spec: {secretName: shared, scopes: {consumes: [{name: \"a:b\"}]}}\n";
    let mut actual = world();
    let open = Consumable {
        accessible_for_all: true,
        ..Consumable::default()
    };
    actual.consumable.insert("a:b".into(), open);
    let text =
        client.replace("NAME", "a") + &client.replace("NAME", "b") + &client.replace("NAME", "a");
    let found = refusals(&wanted(&text, &bare_settings()), &actual);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found
            .iter()
            .any(|text| text.starts_with("client maskinporten dev-gcp:havn:a is asked for twice"))
    );
    assert!(
        found
            .iter()
            .any(|text| text.starts_with("Secret shared is wanted by dev-gcp:havn:a"))
    );
}

#[test]
fn everything_wrong_is_refused_at_once_before_anything_changes() {
    let mut actual = kai_world();
    actual.prefixes.insert("nav".into(), "310000011".into());
    actual.prefixes.insert("skatt".into(), "310000022".into());
    actual
        .delegation_sources
        .insert("altinn".into(), "https://tt02.altinn.no/".into());
    let foreign = Consumable {
        owner: Some("310000033".into()),
        allowed_integration_types: vec!["api_klient".into()],
        ..Consumable::default()
    };
    actual.consumable.insert("x:login".into(), foreign.clone());
    let foreign = Consumable {
        allowed_integration_types: vec![],
        ..foreign
    };
    actual.consumable.insert("x:withheld".into(), foreign);
    let text = application(
        "kai",
        "{name: kai.write, product: havn, enabled: true, separator: \"/\", delegationSource: altin}",
        "{name: \"x:login\"}, {name: \"x:withheld\"}, {name: \"skatt:missing\"}, {name: \"nav:havn:kai.read\"}",
    );
    let found = refusals(&wanted(&text, &bare_settings()), &actual);
    let expected = [
        "prefix nav is assigned to 310000011: use a prefix of your own",
        "scope nav:havn/kai.write: there is no delegation source altin; there are: altinn",
        "scope x:login is for clients of type api_klient and cannot be used by one of type maskinporten: ask its owner to allow it",
        "the organization has no access to scope x:withheld: ask its owner, organization 310000033, for it",
        "scope skatt:missing does not exist, or the organization has no access to it: check its name, or ask organization 310000022 for access",
        "the organization has no access to scope nav:havn:kai.read: ask its owner, organization 889640782, for it",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_scope_that_the_same_plan_grants_can_be_consumed() {
    let exposes = format!(
        "{{name: kai.read, product: havn, enabled: true, consumers: [{{orgno: \"{OWN}\"}}]}}"
    );
    let text = application("reader", "", "{name: \"nav:havn:kai.read\"}")
        + &application("kai", &exposes, "");
    let plan = careful(&wanted(&text, &bare_settings()), &world()).unwrap();
    assert_eq!(
        lines(&plan),
        [
            "create scope nav:havn:kai.read",
            "grant 889640782 access to nav:havn:kai.read",
            "create client maskinporten dev-gcp:havn:reader",
            "register a key of maskinporten dev-gcp:havn:reader",
        ]
    );
}

#[test]
fn a_disabled_scope_is_not_made() {
    let plan = careful(
        &exposing(&KAI.replace("enabled: true", "enabled: false")),
        &world(),
    )
    .unwrap();
    assert!(plan.is_empty());
    let scope = "nav:havn:kai.read".to_owned();
    assert_eq!(
        plan.notes[0].problem,
        Problem::DisabledScopeNotMade { scope }
    );
}

#[test]
fn access_that_was_not_listed_is_not_guessed() {
    let mut actual = kai_world();
    actual.access.clear();
    let needed = portvakt_nais::plan::access_needed(&exposing(KAI), &actual, &Policy::careful());
    assert_eq!(
        needed.into_iter().collect::<Vec<_>>(),
        ["nav:havn:kai.read"]
    );
    let expected = "scope nav:havn:kai.read: who has access is not known; list it and plan again";
    assert_eq!(refusals(&exposing(KAI), &actual), [expected]);
}

#[test]
fn a_workload_that_says_disabled_has_its_client_go_away() {
    let text = application("kai", KAI, "{name: \"a:b\"}")
        .replace("    enabled: true\n", "    enabled: false\n");
    let desired = wanted(&text, &bare_settings());
    let mut actual = kai_world();
    client(&mut actual, "id-1", &desired[0], &["a:b"]);
    let plan = careful(&desired, &actual).unwrap();
    assert_eq!(
        lines(&plan),
        ["deactivate client maskinporten dev-gcp:havn:kai (id-1)"]
    );
}

#[test]
fn what_no_manifest_asks_for_is_noted_or_pruned() {
    let mut actual = kai_world();
    access(&mut actual, "nav:havn:kai.read", "123456789", "DENIED");
    scope(
        &mut actual,
        "nav:havn:old.read",
        "havn - dev-gcp:havn:kai",
        true,
    );
    scope(
        &mut actual,
        "nav:havn:other.read",
        "havn - dev-gcp:havn:gone",
        true,
    );
    scope(
        &mut actual,
        "nav:havn:far.read",
        "havn - dev-gcp:elsewhere:app",
        true,
    );
    scope(&mut actual, "nav:havn:text.read", "For people", true);
    let gone = wanted(
        &application("gone", "", "{name: \"a:b\"}"),
        &bare_settings(),
    );
    client(&mut actual, "id-gone", &gone[0], &["a:b"]);
    let pruned = |prune| {
        let policy = Policy {
            prune,
            ..Policy::careful()
        };
        plan(&exposing(KAI), &actual, &policy, None).unwrap()
    };
    let report = pruned(Prune::Report);
    assert!(report.is_empty());
    let scope = "nav:havn:old.read".to_owned();
    assert_eq!(report.notes[0].problem, Problem::OrphanedScope { scope });
    assert_eq!(
        lines(&pruned(Prune::Workloads)),
        ["deactivate scope nav:havn:old.read"]
    );
    let expected = [
        "deactivate scope nav:havn:old.read",
        "deactivate scope nav:havn:other.read",
        "deactivate client maskinporten dev-gcp:havn:gone (id-gone)",
    ];
    assert_eq!(lines(&pruned(Prune::Namespaces)), expected);
}

#[test]
fn a_saved_plan_names_what_moved_and_ignores_what_does_not_matter() {
    let mut actual = kai_world();
    let plan = careful(&exposing(KAI), &actual).unwrap();
    scope(&mut actual, "nav:havn:unrelated", "text", true);
    assert!(plan.moved(&actual).is_empty());
    access(&mut actual, "nav:havn:kai.read", "310000022", "APPROVED");
    assert_eq!(
        plan.moved(&actual),
        [Object::Access("nav:havn:kai.read".into())]
    );
}

#[test]
fn entity_tags_come_with_what_they_protect() {
    let mut actual = kai_world();
    actual
        .scopes
        .get_mut("nav:havn:kai.read")
        .unwrap()
        .at_max_age = Some(60);
    actual
        .etags
        .insert("scope nav:havn:kai.read".into(), "\"7\"".into());
    let plan = careful(&exposing(KAI), &actual).unwrap();
    let update = plan
        .steps
        .iter()
        .find(|step| matches!(step.action, Action::UpdateScope { .. }))
        .unwrap();
    assert_eq!(update.if_match.as_deref(), Some("\"7\""));
}

fn client_world(keys: &[(&str, i64)]) -> (Vec<Desired>, Actual) {
    let desired = consuming("a:b");
    let mut actual = world();
    let open = Consumable {
        accessible_for_all: true,
        ..Consumable::default()
    };
    actual.consumable.insert("a:b".into(), open);
    client(&mut actual, "id-1", &desired[0], &["a:b"]);
    actual
        .known_clients
        .insert(desired[0].key.clone(), "id-1".into());
    let keys = keys.iter().map(|(kid, days)| registered(kid, *days));
    actual.key_sets.insert("id-1".into(), keys.collect());
    (desired, actual)
}

#[test]
fn a_key_is_renewed_in_its_last_thirty_days() {
    for (days, is_renewed) in [(31, false), (30, false), (29, true)] {
        let (desired, mut actual) = client_world(&[("k1", days)]);
        actual
            .local_keys
            .insert(desired[0].key.clone(), local("k1", &[], false));
        assert_eq!(
            !careful(&desired, &actual).unwrap().is_empty(),
            is_renewed,
            "{days}"
        );
    }
}

#[test]
fn a_rotation_keeps_the_present_key_until_it_is_released() {
    let (desired, mut actual) = client_world(&[("k1", 100)]);
    let key = desired[0].key.clone();
    actual
        .local_keys
        .insert(key.clone(), local("k1", &[], true));
    let kids = |actual: &Actual| {
        let plan = careful(&desired, actual).unwrap();
        let body = calls(&plan, "k2").pop().unwrap().1;
        let keys = body["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(kids(&actual), ["k2", "k1"]);
    actual
        .local_keys
        .get_mut(&key)
        .unwrap()
        .released
        .insert("k1".into());
    assert_eq!(kids(&actual), ["k2"]);
}

#[test]
fn a_sixth_key_is_refused_unless_the_oldest_may_go() {
    let (desired, mut actual) = client_world(&[("k1", 100)]);
    let in_use = ["k1", "k2", "k3", "k4", "k5"];
    actual
        .local_keys
        .insert(desired[0].key.clone(), local("k1", &in_use, true));
    let found = refusals(&desired, &actual);
    assert!(
        found[0].starts_with("6 keys would be registered and a client has at most 5"),
        "{found:?}"
    );
    let policy = Policy {
        drop_oldest_key: true,
        ..Policy::careful()
    };
    let plan = plan(&desired, &actual, &policy, None).unwrap();
    let body = calls(&plan, "k6").pop().unwrap().1;
    let kids: Vec<_> = body["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["kid"])
        .collect();
    assert_eq!(kids, ["k6", "k1", "k2", "k3", "k4"]);
}

#[test]
fn a_deactivated_client_gets_a_successor_and_a_note() {
    let (desired, mut actual) = client_world(&[]);
    actual.clients.get_mut("id-1").unwrap().active = false;
    let plan = careful(&desired, &actual).unwrap();
    assert_eq!(
        lines(&plan)[0],
        "create client maskinporten dev-gcp:havn:kai"
    );
    let client_id = "id-1".to_owned();
    assert_eq!(
        plan.notes[0].problem,
        Problem::ClientDeactivated { client_id }
    );
}

#[test]
fn a_client_of_another_type_is_never_changed() {
    let (desired, mut actual) = client_world(&[]);
    let observed = actual.clients.get_mut("id-1").unwrap();
    observed.attributes.integration_type = Some("idporten".into());
    let found = refusals(&desired, &actual);
    assert!(found[0].starts_with(
        "cannot update immutable integration type (existing: idporten, desired: maskinporten)"
    ));
}

#[test]
fn a_manifest_without_namespace_is_refused_unless_one_is_named() {
    let text = "apiVersion: nais.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {maskinporten: {enabled: true}}\n";
    let manifest = portvakt_nais::manifest::Manifest::parse(text).unwrap();
    let faults = portvakt_nais::desired::desired(&manifest, &bare_settings()).unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "line 1, column 1: a has no namespace: write metadata.namespace, or name one"
    );
    let settings = portvakt_nais::Settings {
        default_namespace: Some("n".into()),
        ..bare_settings()
    };
    assert_eq!(
        wanted(text, &settings)[0].owner().to_string(),
        "dev-gcp:n:a"
    );
}
