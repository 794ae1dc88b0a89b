//! When something is done about a resource, and what is said when it cannot be.

use portvakt_nais::actual::Actual;
use portvakt_operator::pass::{Ending, Failure, Held, RESYNC, ROTATE, Reason, Triage, decide};
use portvakt_operator::resource::SpecError;

use crate::fixtures::*;
use crate::world::*;

const APP: &str = "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {name: app, namespace: team}
spec: {secretName: some-secret, scopes: {consumes: [{name: 'nav:some/api'}]}}
";

fn settled() -> World {
    let mut world = World::of(subject(APP));
    world.grant("nav:some/api");
    world.pass();
    assert!(matches!(world.triage(), Triage::Rest(_)));
    world
}

#[test]
fn each_reason_starts_a_pass() {
    let annotated = |name: &'static str, value: &'static str| {
        move |world: &mut World| {
            world.subject.annotations.insert(name.into(), value.into());
        }
    };
    let check = |change: &dyn Fn(&mut World), expected: Option<Reason>| {
        let mut world = settled();
        change(&mut world);
        let found = match world.triage() {
            Triage::Process(reason) => Some(reason),
            _ => None,
        };
        assert_eq!(found, expected);
    };
    check(&|_| (), None);
    check(
        &|world| world.subject.generation += 1,
        Some(Reason::Changed),
    );
    check(
        &|world| world.subject.status.observed_generation = None,
        Some(Reason::Changed),
    );
    check(&annotated(RESYNC, "true"), Some(Reason::Asked));
    check(&annotated(ROTATE, "true"), Some(Reason::Asked));
    // Only exactly `true` counts.
    check(&annotated(ROTATE, "True"), None);
    check(
        &annotated("nais.io/deploymentCorrelationID", "some-id"),
        None,
    );
    check(&|world| world.now += 7 * DAY, None);
    check(&|world| world.now += 7 * DAY + 1, Some(Reason::Stale));
    check(&|world| world.secrets.clear(), Some(Reason::Secret));
    check(
        &|world| world.subject.status.synchronization_time = None,
        None,
    );
}

/// Its client stays registered, and what runs keeps its key; the Secret of the new name holds no key, and is
/// whole without one.
#[test]
fn a_resource_that_consumes_nothing_any_more_comes_to_rest() {
    let mut world = settled();
    world.rules.settings.default_client_scope = None;
    world.start_pod("some-secret");
    let exposing = "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {name: app, namespace: team}
spec: {secretName: other-secret, scopes: {exposes: [{name: some.read, product: prod, enabled: true}]}}
";
    world.subject.spec = subject(exposing).spec;
    world.subject.generation += 1;
    world.pass();
    assert!(
        matches!(world.triage(), Triage::Rest(_)),
        "{:?}",
        world.triage()
    );
    assert_eq!(world.registered("id-1"), ["new-2"]);
    assert_eq!(world.kid_in("some-secret").as_deref(), Some("new-2"));
    assert_eq!(world.kid_in("other-secret"), None);
    // Edited by hand, it is still a reason for a pass.
    world.secrets.remove("other-secret");
    assert_eq!(world.triage(), Triage::Process(Reason::Secret));
}

#[test]
fn a_client_without_any_usable_scope_is_left_as_it_is() {
    let mut world = settled();
    world.issuer.consumable.remove("nav:some/api");
    world
        .subject
        .annotations
        .insert(RESYNC.into(), "true".into());
    world.calls.clear();
    let before = world.secrets.clone();
    let conclusion = world.pass().unwrap();
    assert_eq!(world.calls, Vec::<String>::new());
    assert_eq!(world.secrets, before);
    let conditions = conditions(&conclusion.status).join("\n");
    assert!(
        conditions.contains("Ready=False/Failed: no consumed scope is usable"),
        "{conditions}"
    );
    assert!(
        conditions.contains("InvalidConsumedScopes=True/Failed"),
        "{conditions}"
    );
    assert_eq!(conclusion.requeue, Some(std::time::Duration::from_hours(1)));
    // Access is given: the next pass is whole again.
    world.grant("nav:some/api");
    let conclusion = world.pass().unwrap();
    assert_eq!(
        conclusion.status.synchronization_state.as_deref(),
        Some("Synchronized")
    );
}

#[test]
fn a_specification_that_means_nothing_is_named_and_can_be_deleted() {
    let mut world = settled();
    world.subject.spec = Err(SpecError {
        field: "spec.clientURI".into(),
        message: "must be an address".into(),
    });
    world.subject.generation += 1;
    let conclusion = world.pass().unwrap();
    let shown = conditions(&conclusion.status).join("\n");
    assert!(
        shown.contains("Error=True/Failed: spec.clientURI: must be an address"),
        "{shown}"
    );
    assert_eq!(conclusion.status.client_id.as_deref(), Some("id-1"));
    assert_eq!(conclusion.requeue, None, "the pauses grow");
    assert_eq!(conclusion.ending, Ending::Failed);
    world.subject.is_deleted = true;
    world.pass();
    assert_eq!(world.active_clients(), 0);
    assert_eq!(world.triage(), Triage::Forget);
}

#[test]
fn a_login_client_without_a_known_issuer_is_not_registered() {
    let login = "
apiVersion: nais.io/v1
kind: IDPortenClient
metadata: {name: app, namespace: team}
spec: {secretName: some-secret}
";
    let subject = subject(login);
    let mut rules = rules();
    rules.issuers.idporten = None;
    let refused = decide(&subject, &Held::default(), &Actual::default(), &rules);
    assert_eq!(refused.unwrap_err(), Failure::NoIssuer);
}
