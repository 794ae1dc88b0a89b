//! A pass that is killed after any of its effects, and starts again.

use portvakt_operator::pass::{ROTATE, Triage};
use proptest::prelude::*;

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

fn world() -> World {
    let mut world = World::of(subject(APP));
    world.grant("nav:some/api");
    world
}

/// Passes until there is nothing to do.
fn settle(world: &mut World) {
    for _ in 0..5 {
        if matches!(world.triage(), Triage::Rest(_)) {
            return;
        }
        world.pass();
    }
    panic!("it does not settle: {:?}", world.subject.status);
}

/// What must be true whenever nothing is left to do.
fn check_settled(world: &World) {
    assert_eq!(world.active_clients(), 1, "one client");
    let status = &world.subject.status;
    let id = status.client_id.as_deref().unwrap();
    assert!(world.issuer.clients[id].active);
    let secret = world.subject.spec.as_ref().unwrap().secret_name();
    let kid = world.kid_in(secret).unwrap();
    let registered = world.registered(id);
    assert!(
        registered.contains(&kid.as_str()),
        "{kid} of {registered:?}"
    );
    assert_eq!(status.key_ids.first(), Some(&kid));
    check_pods(world);
}

/// What must be true always: whoever could get a token still can.
fn check_pods(world: &World) {
    let keys = world.issuer.key_sets.values().flatten();
    let registered: Vec<_> = keys.map(|key| key.jwk.kid()).collect();
    for kid in world.pods.iter().filter_map(|pod| pod.kid.as_deref()) {
        assert!(
            registered.contains(&kid),
            "a Pod runs with {kid}, of {registered:?}"
        );
    }
}

#[test]
fn a_first_pass_that_is_killed_anywhere_ends_in_the_same_state() {
    let mut whole = world();
    settle(&mut whole);
    for effects in 0.. {
        let mut world = world();
        let is_whole = world.interrupted_pass(effects).is_ok();
        settle(&mut world);
        check_settled(&world);
        assert_eq!(
            world.issuer.clients, whole.issuer.clients,
            "after {effects} effects"
        );
        assert_eq!(
            world.issuer.scopes, whole.issuer.scopes,
            "after {effects} effects"
        );
        assert_eq!(
            world.issuer.access, whole.issuer.access,
            "after {effects} effects"
        );
        assert_eq!(world.secrets.len(), 1, "after {effects} effects");
        if is_whole {
            assert!(
                effects > 8,
                "there are at least nine places to be killed at: {effects}"
            );
            return;
        }
    }
}

#[test]
fn a_rotation_that_is_killed_anywhere_loses_no_key_and_makes_one() {
    for effects in 0.. {
        let mut world = world();
        settle(&mut world);
        world.now += DAY;
        world.start_pod("secret-0");
        world.now += DAY;
        world
            .subject
            .annotations
            .insert(ROTATE.into(), "true".into());
        let is_whole = world.interrupted_pass(effects).is_ok();
        check_pods(&world);
        settle(&mut world);
        check_settled(&world);
        assert_ne!(
            world.kid_in("secret-0"),
            world.pods[0].kid,
            "after {effects} effects"
        );
        if is_whole {
            return;
        }
    }
}

/// One kept it and one registered it, and neither came to its end.
#[test]
fn a_key_of_interrupted_passes_is_remembered_when_its_secret_is_deleted() {
    let mut world = world();
    assert!(world.interrupted_pass(7).is_err());
    assert!(world.interrupted_pass(2).is_err());
    world.start_pod("secret-0");
    assert_eq!(world.registered("id-1"), ["new-2"]);
    world.secrets.clear();
    settle(&mut world);
    check_settled(&world);
}

/// Its Secret was deleted and made anew while a Pod ran with the one before. Back at that one, a pass that
/// was interrupted had written another key there.
#[test]
fn a_key_stays_when_its_secret_is_overwritten_after_another_was_made_anew() {
    let mut world = overwritten_after_another_was_made_anew();
    settle(&mut world);
    check_settled(&world);
}

/// As before, and renamed once more at once.
#[test]
fn a_key_stays_when_its_overwritten_secret_is_not_the_wanted_one_any_more() {
    let mut world = overwritten_after_another_was_made_anew();
    carry_out(&mut world, &Deed::Rename(2));
    settle(&mut world);
    check_settled(&world);
}

fn overwritten_after_another_was_made_anew() -> World {
    let mut world = world();
    settle(&mut world);
    world.start_pod("secret-0");
    carry_out(&mut world, &Deed::Rename(1));
    settle(&mut world);
    world.secrets.remove("secret-1");
    settle(&mut world);
    carry_out(&mut world, &Deed::Rename(0));
    carry_out(&mut world, &Deed::Rotate);
    assert!(world.interrupted_pass(2).is_err());
    world
}

/// What people, platforms and accidents do.
#[derive(Clone, Debug)]
enum Deed {
    Pass,
    KilledPass(usize),
    Rotate,
    Rename(u8),
    DeleteSecret(u8),
    StartPod,
    StopPod(usize),
    Wait(i64),
    LoseStatus,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => Just(Deed::Pass),
        4 => (0usize..12).prop_map(Deed::KilledPass),
        2 => Just(Deed::Rotate),
        2 => (0u8..3).prop_map(Deed::Rename),
        1 => (0u8..3).prop_map(Deed::DeleteSecret),
        2 => Just(Deed::StartPod),
        2 => (0usize..3).prop_map(Deed::StopPod),
        2 => prop_oneof![Just(60i64), Just(3600), Just(20 * DAY)].prop_map(Deed::Wait),
        1 => Just(Deed::LoseStatus),
    ]
}

fn carry_out(world: &mut World, deed: &Deed) {
    match deed {
        Deed::Pass => {
            world.pass();
        }
        Deed::KilledPass(effects) => {
            let _ = world.interrupted_pass(*effects);
        }
        Deed::Rotate => {
            world
                .subject
                .annotations
                .insert(ROTATE.into(), "true".into());
        }
        Deed::Rename(number) => {
            let text = APP.replace("secret-0", &format!("secret-{number}"));
            world.subject.spec = subject(&text).spec;
            world.subject.generation += 1;
        }
        Deed::DeleteSecret(number) => {
            world.secrets.remove(&format!("secret-{number}"));
        }
        Deed::StartPod => {
            let secret = world
                .subject
                .spec
                .as_ref()
                .unwrap()
                .secret_name()
                .to_owned();
            let id = world.subject.status.client_id.clone().unwrap_or_default();
            let kid = world.kid_in(&secret);
            // A Pod that starts while its key is not registered yet gets no token now, and later does.
            if kid.is_some_and(|kid| world.registered(&id).contains(&kid.as_str())) {
                world.start_pod(&secret);
            }
        }
        Deed::StopPod(index) => {
            if *index < world.pods.len() {
                world.pods.remove(*index);
            }
        }
        Deed::Wait(seconds) => world.now += seconds,
        // As after a restore of resources without their status: what is registered is found again.
        Deed::LoseStatus => {
            if world.pods.is_empty() {
                world.subject.status = portvakt_operator::resource::ClientStatus::default();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_happens_nobody_who_runs_loses_a_key_and_there_is_one_client(
        deeds in proptest::collection::vec(deed(), 0..25),
    ) {
        let mut world = world();
        for deed in &deeds {
            carry_out(&mut world, deed);
            check_pods(&world);
            assert!(world.active_clients() <= 1, "one client, or none yet");
        }
        // With all Pods started anew there is room for keys again.
        world.pods.clear();
        settle(&mut world);
        check_settled(&world);
    }
}
