//! A resource that asks for a look first is left as it is until exactly what was shown is approved.

use portvakt_nais::actual::AccessState;
use portvakt_operator::pass::{APPROVE, Ending, PREVIEW, ROTATE, Triage};

use crate::fixtures::*;
use crate::world::*;

const APP: &str = "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {name: app, namespace: team}
spec:
  secretName: secret-0
  scopes:
    consumes: [{name: 'nav:some/api'}]
    exposes: [{enabled: true, name: some.read, product: arbeid, consumers: [{orgno: '310000011'}]}]
";
const SCOPE: &str = "nav:arbeid:some.read";

fn world() -> World {
    let mut world = World::of(subject(APP));
    world.grant("nav:some/api");
    world
        .subject
        .annotations
        .insert(PREVIEW.into(), "true".into());
    world
}

fn approve(world: &mut World) -> String {
    let preview = world.subject.status.preview.as_ref().unwrap();
    let hash = preview.hash.clone();
    world
        .subject
        .annotations
        .insert(APPROVE.into(), hash.clone());
    hash
}

fn actions(world: &World) -> Vec<&str> {
    let preview = world.subject.status.preview.as_ref().unwrap();
    preview
        .steps
        .iter()
        .map(|step| step.action.as_str())
        .collect()
}

#[test]
fn the_plan_is_shown_and_nothing_is_done() {
    let mut world = world();
    let conclusion = world.pass().unwrap();
    assert_eq!(world.calls, Vec::<String>::new());
    assert!(world.secrets.is_empty());
    assert_eq!(
        actions(&world),
        [
            "create scope nav:arbeid:some.read",
            "grant 310000011 access to nav:arbeid:some.read",
            "create client maskinporten dev-gcp:team:app",
            "register a key of maskinporten dev-gcp:team:app",
        ]
    );
    let hash = &world.subject.status.preview.as_ref().unwrap().hash;
    let text = format!(
        "status.preview shows a plan of 4 steps: annotate with digdir.nais.io/approve: \"{hash}\" to have it carried out"
    );
    assert_eq!(
        conditions(&conclusion.status),
        [
            format!("Ready=False/AwaitingApproval: {text}"),
            format!("AwaitingApproval=True/Previewed: {text}"),
        ]
    );
    assert_eq!(told(&conclusion), [format!("AwaitingApproval: {text}")]);
    // Somebody has to act; looking again tells nothing new.
    assert_eq!(conclusion.requeue.unwrap().as_secs(), 3600);
    assert_eq!(conclusion.ending, Ending::Waits, "nothing failed");
    let again = world.pass().unwrap();
    assert_eq!(told(&again), Vec::<String>::new());
    assert_eq!(again.status.preview, conclusion.status.preview);
}

#[test]
fn what_was_approved_is_done_and_the_approval_is_used_up() {
    let mut world = world();
    world.pass();
    approve(&mut world);
    let conclusion = world.pass().unwrap();
    assert!(
        world.calls.contains(&"POST /clients".to_owned()),
        "{:?}",
        world.calls
    );
    assert_eq!(conclusion.status.preview, None);
    let conditions = conditions(&conclusion.status).join("\n");
    assert!(conditions.contains("Ready=True"), "{conditions}");
    assert!(!conditions.contains("AwaitingApproval"), "{conditions}");
    assert!(!world.subject.annotations.contains_key(APPROVE));
    assert!(matches!(world.triage(), Triage::Rest(_)));
}

#[test]
fn an_approval_is_of_one_plan_alone() {
    let mut world = world();
    world.pass();
    let hash = approve(&mut world);
    // Meanwhile somebody makes the scope, with a consumer of their own.
    world.scope(SCOPE, "", true);
    world.access(SCOPE, "310000099", AccessState::Approved);
    let conclusion = world.pass().unwrap();
    assert_eq!(world.calls, Vec::<String>::new());
    assert!(actions(&world).contains(&"withdraw access to nav:arbeid:some.read from 310000099"));
    assert_ne!(world.subject.status.preview.as_ref().unwrap().hash, hash);
    let text = conditions(&conclusion.status).join("\n");
    assert!(
        text.contains("the present approval is of another plan"),
        "{text}"
    );
    for approval in ["true", "", &hash[..16]] {
        world
            .subject
            .annotations
            .insert(APPROVE.into(), approval.into());
        world.pass();
        assert_eq!(world.calls, Vec::<String>::new(), "{approval}");
    }
}

#[test]
fn the_same_change_asks_again_after_it_was_done_once() {
    let mut world = world();
    world.pass();
    approve(&mut world);
    world.pass();
    for _ in 0..2 {
        world.access(SCOPE, "310000099", AccessState::Approved);
        world.subject.generation += 1;
        world.calls.clear();
        world.pass();
        assert_eq!(world.calls, Vec::<String>::new());
        let preview = world.subject.status.preview.clone().unwrap();
        assert_eq!(preview.steps[0].consequences.len(), 1, "{preview:?}");
        approve(&mut world);
        world.pass();
        assert_eq!(world.issuer.access[SCOPE]["310000099"], AccessState::Denied);
    }
}

#[test]
fn an_approved_plan_that_is_killed_anywhere_goes_on_to_its_end() {
    for effects in 0.. {
        let mut world = world();
        world.pass();
        approve(&mut world);
        let is_whole = world.interrupted_pass(effects).is_ok();
        for _ in 0..5 {
            world.pass();
        }
        assert!(
            matches!(world.triage(), Triage::Rest(_)),
            "{effects}: {:?}",
            world.subject.status
        );
        assert_eq!(world.active_clients(), 1, "{effects}");
        if is_whole {
            return;
        }
    }
}

#[test]
fn what_changes_while_an_approved_plan_is_interrupted_asks_again() {
    let mut world = world();
    world.pass();
    approve(&mut world);
    // After the finalizer, the status and the scope.
    world.interrupted_pass(2).unwrap_err();
    world.access(SCOPE, "310000099", AccessState::Approved);
    world.calls.clear();
    world.pass();
    assert_eq!(world.calls, Vec::<String>::new());
    assert!(actions(&world).contains(&"withdraw access to nav:arbeid:some.read from 310000099"));
}

#[test]
fn a_rotation_and_nothing_to_do_and_a_deletion() {
    let mut world = world();
    world.pass();
    approve(&mut world);
    world.pass();
    world.calls.clear();
    world
        .subject
        .annotations
        .insert(ROTATE.into(), "true".into());
    world.pass();
    assert_eq!(
        actions(&world),
        ["rotate the key of maskinporten dev-gcp:team:app"]
    );
    assert_eq!(world.calls, Vec::<String>::new());
    world.subject.annotations.remove(ROTATE);
    // There is nothing to approve any more.
    let conclusion = world.pass().unwrap();
    assert_eq!(conclusion.status.preview, None);
    assert!(conditions(&conclusion.status)[0].starts_with("Ready=True"));
    // A namespace that is being deleted waits for nobody.
    world.subject.is_deleted = true;
    world.pass();
    assert_eq!(world.active_clients(), 0);
}

#[test]
fn a_plan_of_any_length_has_a_status_that_can_be_stored() {
    let consumers: Vec<_> = (0..1000)
        .map(|number| format!("{{orgno: '{number:09}'}}"))
        .collect();
    let manifest = APP.replace("{orgno: '310000011'}", &consumers.join(", "));
    let mut world = World::of(subject(&manifest));
    world.grant("nav:some/api");
    world
        .subject
        .annotations
        .insert(PREVIEW.into(), "true".into());
    world.pass();
    let preview = world.subject.status.preview.clone().unwrap();
    assert_eq!((preview.steps.len(), preview.more), (200, Some(803)));
    assert!(serde_json::to_string(&preview).unwrap().len() < 200_000);
    // Whoever approves it approves all of it.
    approve(&mut world);
    world.pass();
    assert_eq!(world.issuer.access[SCOPE].len(), 1000);
}
