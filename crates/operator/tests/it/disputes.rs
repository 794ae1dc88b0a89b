//! A scope that two owners have: one keeps it, both are told, and nothing is written back and forth.

use std::collections::BTreeSet;

use portvakt_operator::pass::{Footprint, Footprints, RESYNC, Subject, Triage};

use crate::fixtures::*;
use crate::world::*;

const SCOPE: &str = "nav:arbeid:some.read";

fn exposing(name: &str, consumer: &str) -> Subject {
    let manifest = format!(
        "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {{name: {name}, namespace: team}}
spec:
  secretName: {name}
  scopes:
    exposes: [{{enabled: true, name: some.read, product: arbeid, consumers: [{{orgno: '{consumer}'}}]}}]
"
    );
    subject(&manifest)
}

/// Resources of one cluster with one issuer.
struct Cluster {
    worlds: Vec<World>,
    footprints: Footprints,
}

impl Cluster {
    fn of(subjects: Vec<Subject>) -> Self {
        let worlds = subjects
            .into_iter()
            .enumerate()
            .map(|(index, subject)| World {
                // Ids of clients of one issuer differ.
                made: 100 * index,
                ..World::of(subject)
            });
        let worlds = worlds.collect();
        Self {
            worlds,
            footprints: Footprints::default(),
        }
    }

    /// Passes over the resources in this order; says what was called, by resource.
    fn passes(&mut self, order: &[usize]) -> Vec<Vec<String>> {
        for world in &self.worlds {
            let footprint = Footprint::of(&world.subject, &rules().settings);
            self.footprints.note(&world.subject.key, footprint);
        }
        let mut calls = Vec::new();
        for &index in order {
            let world = &mut self.worlds[index];
            world.subject.rivals = self.footprints.rivals(&world.subject.key);
            world.subject.generation += 1;
            world.calls.clear();
            world.pass();
            calls.push(world.calls.clone());
            let issuer = world.issuer.clone();
            for other in &mut self.worlds {
                other.issuer = issuer.clone();
            }
        }
        calls
    }

    fn said(&self, index: usize) -> String {
        conditions(&self.worlds[index].subject.status).join("\n")
    }
}

fn writes_of_scopes(calls: &[Vec<String>]) -> usize {
    calls
        .iter()
        .flatten()
        .filter(|call| call.contains("/scopes"))
        .count()
}

#[test]
fn of_two_resources_the_older_keeps_the_scope_and_both_are_told() {
    let (mut older, mut newer) = (
        exposing("older", "310000011"),
        exposing("newer", "310000022"),
    );
    older.created_at = 100;
    newer.created_at = 200;
    // In whatever order they are looked at.
    for order in [[0, 1], [1, 0]] {
        let mut cluster = Cluster::of(vec![older.clone(), newer.clone()]);
        cluster.passes(&order);
        let calls = cluster.passes(&[1, 0, 1, 0]);
        assert_eq!(writes_of_scopes(&calls), 0, "{calls:#?}");
        let issuer = &cluster.worlds[0].issuer;
        let description = issuer.scopes[SCOPE].description.as_deref();
        assert_eq!(description, Some("arbeid - dev-gcp:team:older"));
        assert!(issuer.access[SCOPE].contains_key("310000011"));
        assert!(!issuer.access[SCOPE].contains_key("310000022"));
        let (older, newer) = (cluster.said(0), cluster.said(1));
        assert!(older.contains("Ready=True"), "{older}");
        let text = "dev-gcp:team:newer exposes \"nav:arbeid:some.read\", too, and does not get it";
        assert!(
            older.contains(&format!("ScopeConflict=True/ExposedTwice: {text}")),
            "{older}"
        );
        let text = "\"nav:arbeid:some.read\" belongs to dev-gcp:team:older, which exposes it, too";
        assert!(
            newer.contains(&format!("Ready=False/ScopeConflict: {text}")),
            "{newer}"
        );
        assert!(
            newer.contains(&format!("ScopeConflict=True/ExposedTwice: {text}")),
            "{newer}"
        );
        // Each still has its client.
        assert_eq!(cluster.worlds[0].active_clients(), 2);
    }
}

#[test]
fn whoever_has_the_scope_at_the_issuer_keeps_it() {
    let (mut older, mut newer) = (
        exposing("older", "310000011"),
        exposing("newer", "310000022"),
    );
    older.created_at = 100;
    newer.created_at = 200;
    let mut cluster = Cluster::of(vec![older, newer]);
    for world in &mut cluster.worlds {
        world.scope(SCOPE, "arbeid - dev-gcp:team:newer", true);
    }
    cluster.passes(&[0, 1]);
    let calls = cluster.passes(&[0, 1, 0, 1]);
    assert_eq!(writes_of_scopes(&calls), 0, "{calls:#?}");
    assert!(
        cluster.said(0).contains("Ready=False/ScopeConflict"),
        "{}",
        cluster.said(0)
    );
    assert!(
        cluster.said(1).contains("Ready=True"),
        "{}",
        cluster.said(1)
    );
}

#[test]
fn when_one_lets_go_the_other_gets_it_and_nobody_is_told_any_more() {
    let (mut older, newer) = (
        exposing("older", "310000011"),
        exposing("newer", "310000022"),
    );
    older.created_at = -1;
    let mut cluster = Cluster::of(vec![older, newer]);
    cluster.passes(&[0, 1]);
    let (older, newer) = (
        &cluster.worlds[0].subject.key,
        &cluster.worlds[1].subject.key,
    );
    // The other is looked at because of it, and nothing about it has changed.
    let concerned = cluster.footprints.forget(older);
    assert_eq!(concerned, BTreeSet::from([newer.clone()]));
    let world = &mut cluster.worlds[1];
    world.subject.rivals = cluster.footprints.rivals(&world.subject.key);
    world.pass();
    let description = world.issuer.scopes[SCOPE].description.as_deref();
    assert_eq!(description, Some("arbeid - dev-gcp:team:newer"));
    let said = cluster.said(1);
    assert!(said.contains("Ready=True"), "{said}");
    assert!(!said.contains("ScopeConflict"), "{said}");
}

#[test]
fn between_clusters_the_manifest_that_was_applied_last_has_the_scope() {
    let mut world = World::of(exposing("app", "310000011"));
    world.scope(SCOPE, "arbeid - dev-fss:team:app", true);
    let conclusion = world.pass().unwrap();
    let said = conditions(&conclusion.status).join("\n");
    assert!(said.contains("Ready=True"), "{said}");
    let text = "\"nav:arbeid:some.read\" was taken over from dev-fss:team:app: remove it there";
    assert!(
        said.contains(&format!("ScopeConflict=True/TakenOver: {text}")),
        "{said}"
    );
    // The other cluster takes it back. Whatever passes there are, it is left to it.
    let taken = world.issuer.scopes.get_mut(SCOPE).unwrap();
    taken.description = Some("arbeid - dev-fss:team:app".into());
    world.calls.clear();
    for _ in 0..3 {
        world.now += 8 * DAY;
        let conclusion = world.pass().unwrap();
        let said = conditions(&conclusion.status).join("\n");
        let text = "\"nav:arbeid:some.read\" was taken over by dev-fss:team:app: remove it here";
        assert!(
            said.contains(&format!("Ready=False/ScopeConflict: {text}")),
            "{said}"
        );
        assert!(said.contains("ScopeConflict=True/ExposedTwice"), "{said}");
    }
    assert_eq!(
        writes_of_scopes(&[world.calls.clone()]),
        0,
        "{:?}",
        world.calls
    );
    // Until somebody says otherwise here.
    world
        .subject
        .annotations
        .insert(RESYNC.into(), "true".into());
    world.pass();
    let scope = &world.issuer.scopes[SCOPE];
    assert_eq!(
        scope.description.as_deref(),
        Some("arbeid - dev-gcp:team:app")
    );
    assert!(matches!(world.triage(), Triage::Rest(_)));
}

#[test]
fn a_resource_that_goes_away_switches_nothing_off_that_another_has() {
    let mut subject = exposing("app", "310000011");
    subject.is_deleted = true;
    subject
        .finalizers
        .push("digdirator.nais.io/finalizer".into());
    let disabled = |subject: &Subject| {
        let mut subject = subject.clone();
        let manifest = "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {name: app, namespace: team}
spec: {secretName: app, scopes: {exposes: [{enabled: false, name: some.read, product: arbeid}]}}
";
        subject.spec = crate::fixtures::subject(manifest).spec;
        subject
    };
    for (description, is_active) in [
        ("arbeid - dev-fss:team:app", true),
        ("arbeid - dev-gcp:team:other", true),
        ("arbeid - dev-gcp:team:app", false),
    ] {
        let mut world = World::of(disabled(&subject));
        world.scope(SCOPE, description, true);
        world.pass();
        assert_eq!(
            world.issuer.scopes[SCOPE].active,
            Some(is_active),
            "{description}"
        );
    }
}
