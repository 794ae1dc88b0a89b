//! Taking scopes and clients over from another source, so that nobody notices.

mod clients;
mod property;

use portvakt_nais::actual::Actual;
use portvakt_nais::adoption::{
    Source, Stage, Terms, failures, narrowed, notes, objections, settle, standings, unknown,
};
use portvakt_nais::desired::Desired;
use portvakt_nais::plan::{Ownership, Plan, Policy, plan};

use crate::support::*;

const SCOPE: &str = "nav:havn/kai.read";
const JOINED: &str = "devgcp:teamhavn:kaiplass.havn/kai.read";
const TODAY: &str = "havn - dev-gcp:team-havn:kai-plass";

/// The workload of the vectors with more lines in its scope.
fn manifest(more: &str) -> Vec<Desired> {
    let text = include_str!("vectors/v6.yaml").trim_end().to_owned();
    wanted(&format!("{text}\n{more}"), &bare_settings())
}

fn line(text: &str) -> String {
    format!("          {text}\n")
}

/// A manifest that lists the consumer of [`world`].
fn complete() -> Vec<Desired> {
    manifest(&line("consumers: [{orgno: \"310000011\"}]"))
}

fn world(description: &str) -> Actual {
    let mut actual = Actual {
        observed_at: NOW,
        ..Actual::default()
    };
    scope(&mut actual, SCOPE, description, true);
    access(&mut actual, SCOPE, "310000011", "APPROVED");
    actual
}

fn stage(actual: &Actual, terms: &Terms) -> Stage {
    let found = standings(&complete(), actual, terms);
    assert_eq!(found.len(), 1);
    found[0].stage.clone()
}

fn from(source: Source) -> Terms {
    Terms {
        source,
        ..Terms::default()
    }
}

/// The plan of an adoption, for what is left of the manifest.
fn adoption(wanted: &[Desired], actual: &Actual, terms: &Terms) -> (Vec<Desired>, Plan) {
    let narrowed = narrowed(wanted, &standings(wanted, actual, terms));
    let policy = Policy {
        ownership: Ownership::Takeover,
        ..Policy::careful()
    };
    let plan = plan(&narrowed, actual, &policy, None).unwrap();
    (narrowed, plan)
}

fn objected(wanted: &[Desired], actual: &Actual, terms: &Terms) -> Vec<String> {
    let (narrowed, plan) = adoption(wanted, actual, terms);
    let found = objections(&narrowed, actual, &plan, terms);
    found
        .iter()
        .map(|finding| finding.problem.to_string())
        .collect()
}

#[test]
fn a_scope_is_adopted_when_its_description_names_the_workload_in_either_form() {
    for description in [JOINED, TODAY] {
        assert_eq!(stage(&world(description), &Terms::default()), Stage::Adopt);
    }
    let write = vec![JOINED.to_owned(), TODAY.to_owned()];
    for description in ["Kaiplasser", "", "devgcp:teamhavn:kaiplass"] {
        let described = Stage::Describe {
            description: description.to_owned(),
            write: write.clone(),
        };
        assert_eq!(stage(&world(description), &Terms::default()), described);
        assert_eq!(
            stage(&world(description), &from(Source::Anybody)),
            Stage::Adopt
        );
    }
    let nothing = Actual::default();
    assert_eq!(stage(&nothing, &Terms::default()), Stage::Missing);
}

#[test]
fn a_scope_of_another_is_not_adopted_and_it_is_told_how_it_could_be() {
    let told = |description: &str, source: Source| {
        let stage = stage(&world(description), &from(source));
        let Stage::Refused { problem } = stage else {
            panic!("{stage:?}");
        };
        problem.to_string()
    };
    let text = told("havn - prod-fss:team-havn:kai-plass", Source::Described);
    assert!(
        text.contains("recorded as prod-fss:team-havn:kai-plass's")
            && text.contains("dev-gcp:team-havn:kai-plass is to adopt it")
            && text.contains("--from-cluster prod-fss moves it"),
        "{text}"
    );
    let text = told("havn - dev-gcp:team-brygge:kai", Source::Described);
    assert!(text.contains("--take-over"), "{text}");
    // The named cluster must be the recorded one.
    let cluster = |name: &str| Source::Cluster(name.to_owned());
    for (description, recorded) in [
        (
            "havn - prod-fss:team-havn:kai-plass",
            "prod-fss:team-havn:kai-plass",
        ),
        ("havn - dev-fss:annen:kai-plass", "dev-fss:annen:kai-plass"),
        ("Kaiplasser", "nobody"),
    ] {
        let text = told(description, cluster("dev-fss"));
        let recorded = format!("recorded as {recorded}'s");
        assert!(
            text.contains(&recorded) && text.contains("not as dev-fss:team-havn:kai-plass's"),
            "{text}"
        );
    }
    for description in [
        "havn - dev-fss:team-havn:kai-plass",
        "devfss:teamhavn:kaiplass.havn/kai.read",
        TODAY,
    ] {
        let stage = stage(&world(description), &from(cluster("dev-fss")));
        assert_eq!(stage, Stage::Adopt, "{description}");
    }
}

#[test]
fn a_consumer_that_the_manifest_does_not_list_has_to_be_named_to_go() {
    let (wanted, mut actual) = (complete(), world(JOINED));
    access(&mut actual, SCOPE, "310000022", "APPROVED");
    access(&mut actual, SCOPE, "310000033", "DENIED");
    let objected_to = objected(&wanted, &actual, &Terms::default());
    let [text] = objected_to.try_into().unwrap();
    assert!(
        text.contains("`- orgno: \"310000022\"`") && text.contains("--withdraw 310000022"),
        "{text}"
    );
    let mut terms = Terms::default();
    terms.withdraw.insert("310000033".parse().unwrap());
    assert_eq!(objected(&wanted, &actual, &terms).len(), 1);
    terms.withdraw.insert("310000022".parse().unwrap());
    assert!(objected(&wanted, &actual, &terms).is_empty());
}

#[test]
fn a_default_overwrites_nothing_that_is_not_named() {
    let mut actual = world(JOINED);
    let issuer = "https://tt02.altinn.no/";
    actual
        .delegation_sources
        .insert("altinn".into(), issuer.into());
    let observed = actual.scopes.get_mut(SCOPE).unwrap();
    observed.at_max_age = Some(120);
    observed.visibility = Some("PRIVATE".into());
    observed.accessible_for_all = Some(true);
    observed.allowed_integration_types = Some(vec!["maskinporten".into(), "krr".into()]);
    observed.delegation_source = Some(issuer.into());
    observed.requires_user_consent = Some(true);
    observed.long_description = Some("Alle *kaiplasser*".into());
    let lines = [
        "atMaxAge: 120",
        "visibility: private",
        "accessibleForAll: true",
        "allowedIntegrations: [maskinporten, krr]",
        "delegationSource: altinn",
    ];
    let told = objected(&complete(), &actual, &Terms::default());
    assert_eq!(told.len(), lines.len() + 1, "{told:#?}");
    for expected in lines {
        let expected = format!("write `{expected}`");
        assert!(told.iter().any(|text| text.contains(&expected)), "{told:?}");
    }
    let consent = told.iter().find(|text| text.contains("consent")).unwrap();
    assert!(
        consent.contains("no manifest can say it")
            && consent.contains("--overwrite requires_user_consent"),
        "{consent}"
    );
    // What was told is enough: nothing but the description changes.
    let consumers = line("consumers: [{orgno: \"310000011\"}]");
    let more: String = lines.iter().map(|text| line(text)).collect();
    let mut terms = Terms::default();
    terms.overwrite.insert("requires_user_consent".into());
    let wanted = manifest(&(consumers + &more));
    assert!(objected(&wanted, &actual, &terms).is_empty());
    let (_, plan) = adoption(&wanted, &actual, &terms);
    let fields: Vec<_> = plan.steps[0].action.changes().iter().collect();
    let fields: Vec<_> = fields.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["description", "requires_user_consent"]);
    // What a manifest states is what somebody wants.
    let shorter = manifest(&(line("atMaxAge: 60") + &line("consumers: [{orgno: \"310000011\"}]")));
    let told = objected(&shorter, &actual, &terms);
    assert!(!told.iter().any(|text| text.contains("at_max_age")));
}

#[test]
fn a_lifetime_that_no_manifest_can_say_is_told_so() {
    for age in [None, Some(0), Some(3600)] {
        let mut actual = world(JOINED);
        actual.scopes.get_mut(SCOPE).unwrap().at_max_age = age;
        let [text] = objected(&complete(), &actual, &Terms::default())
            .try_into()
            .unwrap();
        assert!(text.contains("no manifest can say it"), "{text}");
    }
}

#[test]
fn a_scope_that_the_manifest_disables_is_not_adopted() {
    let text = include_str!("vectors/v6.yaml");
    let disabled = text.replace(
        "enabled: true\n          product",
        "enabled: false\n          product",
    );
    let wanted = wanted(&disabled, &bare_settings());
    assert!(!wanted[0].scopes[0].enabled);
    let told = objected(&wanted, &world(JOINED), &Terms::default());
    assert!(told[0].contains("`enabled: true`"), "{told:?}");
}

#[test]
fn what_is_complete_is_known_and_what_was_interrupted_goes_on() {
    let (wanted, terms) = (complete(), Terms::default());
    let mut actual = world(JOINED);
    access(&mut actual, SCOPE, "310000022", "APPROVED");
    let settled = |actual: &Actual| {
        let mut found = standings(&wanted, actual, &terms);
        settle(&mut found, &adoption(&wanted, actual, &terms).1);
        found.remove(0).stage
    };
    for step in adoption(&wanted, &actual, &terms).1.steps {
        assert_eq!(settled(&actual), Stage::Adopt);
        actual = actual.apply(&step.action);
    }
    assert_eq!(settled(&actual), Stage::Adopted);
}

#[test]
fn an_adoption_that_did_not_last_or_lost_somebody_is_noticed() {
    let (wanted, mut terms) = (complete(), Terms::default());
    let before = world(JOINED);
    let found = standings(&wanted, &before, &terms);
    let told = |after: &Actual, terms: &Terms| {
        let failures = failures(&found, &before, after, terms);
        failures
            .iter()
            .map(|finding| finding.problem.to_string())
            .collect::<Vec<_>>()
    };
    let after = world(TODAY);
    assert!(told(&after, &terms).is_empty());
    assert!(told(&before, &terms)[0].contains("written it again"));
    let mut after = world(TODAY);
    access(&mut after, SCOPE, "310000011", "DENIED");
    assert!(told(&after, &terms)[0].contains("310000011 had access"));
    terms.withdraw.insert("310000011".parse().unwrap());
    assert!(told(&after, &terms).is_empty());
}

#[test]
fn named_scopes_are_the_only_ones_and_must_be_in_the_manifest() {
    let more = "        - {name: annen.read, product: havn, enabled: true}\n";
    let (wanted, mut actual) = (manifest(more), world(JOINED));
    scope(&mut actual, "nav:havn:annen.read", "Annen", true);
    let mut terms = Terms::default();
    assert_eq!(standings(&wanted, &actual, &terms).len(), 2);
    terms.scopes.insert(SCOPE.to_owned());
    assert_eq!(standings(&wanted, &actual, &terms).len(), 1);
    let (narrowed, plan) = adoption(&wanted, &actual, &terms);
    assert_eq!(narrowed[0].scopes.len(), 1);
    assert!(
        plan.steps
            .iter()
            .all(|step| step.action.scope() == Some(SCOPE))
    );
    assert!(unknown(&wanted, &terms).is_empty());
    terms.scopes.insert("nav:havn/leie.read".into());
    terms.scopes.insert("nav:trygdeopplysninger".into());
    let told: Vec<_> = unknown(&wanted, &terms)
        .iter()
        .map(|finding| finding.problem.to_string())
        .collect();
    assert!(
        told[0].contains(
            "`{name: \"leie.read\", product: \"havn\", separator: \"/\", enabled: true}`"
        ),
        "{told:?}"
    );
    assert!(told[1].contains("no manifest can name it"), "{told:?}");
}

#[test]
fn a_scope_that_is_described_as_the_workloads_and_not_exposed_is_noted() {
    let mut actual = world(JOINED);
    let described = "devgcp:teamhavn:kaiplass.havn:kai.skriv";
    scope(&mut actual, "nav:havn:kai.skriv", described, true);
    let found = notes(&complete(), &actual);
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().contains("nav:havn:kai.skriv"));
}
