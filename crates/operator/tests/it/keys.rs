//! Which keys a resource has, and which stay registered.

use portvakt_operator::pass::{ROTATE, SecretOwner};

use crate::fixtures::*;
use crate::world::*;

const APP: &str = "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {name: app, namespace: team}
spec: {secretName: some-secret, scopes: {consumes: [{name: 'nav:test/api'}]}}
";

/// A resource whose first pass is long past, with a Pod that runs since.
fn running() -> World {
    let mut world = World::of(subject(APP));
    world.pass();
    world.now += DAY;
    world.start_pod("some-secret");
    world.now += DAY;
    world.calls.clear();
    world
}

fn rotate(world: &mut World) {
    world
        .subject
        .annotations
        .insert(ROTATE.into(), "true".into());
    world.pass();
}

#[test]
fn a_rotation_keeps_the_key_that_a_pod_was_started_with() {
    let mut world = running();
    rotate(&mut world);
    assert_eq!(world.calls, ["POST /clients/id-1/jwks new-3 new-2"]);
    assert_eq!(world.subject.annotations.get(ROTATE), None);
    assert_eq!(world.subject.status.key_ids, ["new-3", "new-2"]);
}

#[test]
fn a_second_rotation_keeps_it_too_as_long_as_the_pod_runs() {
    let mut world = running();
    rotate(&mut world);
    world.now += DAY;
    rotate(&mut world);
    assert_eq!(world.registered("id-1"), ["new-4", "new-3", "new-2"]);
    // The Pod starts anew, after the key was written.
    world.now += DAY;
    world.pods.clear();
    world.start_pod("some-secret");
    rotate(&mut world);
    assert_eq!(world.registered("id-1"), ["new-5", "new-4"]);
}

#[test]
fn a_sixth_key_is_refused_while_the_others_may_be_in_use() {
    let mut world = running();
    for _ in 0..4 {
        rotate(&mut world);
        world.now += DAY;
    }
    assert_eq!(world.registered("id-1").len(), 5);
    let before = world.issuer.key_sets.clone();
    rotate(&mut world);
    assert_eq!(world.issuer.key_sets, before);
    let conditions = conditions(&world.subject.status).join("\n");
    assert!(
        conditions.contains("6 keys would be registered and a client has at most 5"),
        "{conditions}"
    );
    assert_eq!(
        world.kid_in("some-secret").as_deref(),
        Some("new-6"),
        "the Secret is as it was"
    );
}

#[test]
fn a_secret_that_was_deleted_by_hand_is_made_anew_and_the_lost_key_stays() {
    let mut world = running();
    world.secrets.clear();
    world.pass();
    assert_eq!(world.calls, ["POST /clients/id-1/jwks new-3 new-2"]);
    assert_eq!(world.kid_in("some-secret").as_deref(), Some("new-3"));
}

#[test]
fn a_secret_that_was_edited_by_hand_is_mended() {
    let mut world = running();
    let mut edited = world.secrets["some-secret"].clone();
    let mut data = edited.entries.clone().into_data();
    data.insert("MASKINPORTEN_CLIENT_ID".into(), b"somebody else".to_vec());
    edited.entries = data.into();
    world.secrets.insert("some-secret".into(), edited);
    world.pass();
    assert_eq!(world.calls, Vec::<String>::new());
    assert_eq!(
        world
            .text("some-secret", "MASKINPORTEN_CLIENT_ID")
            .as_deref(),
        Some("id-1")
    );
}

#[test]
fn a_key_that_expires_soon_is_renewed_in_place() {
    let mut world = running();
    world.now += 340 * DAY;
    world.pass();
    assert_eq!(world.calls, ["POST /clients/id-1/jwks new-2"]);
}

#[test]
fn somebody_elses_secret_is_never_written() {
    for (owner, text) in [
        (SecretOwner::Nobody, "exists and is not the operator's"),
        (
            SecretOwner::Another("Deployment other".into()),
            "belongs to Deployment other",
        ),
    ] {
        let mut world = World::of(subject(APP));
        let secret = foreign_secret("some-secret", owner);
        world.secrets.insert("some-secret".into(), secret.clone());
        world.pass();
        assert_eq!(world.secrets["some-secret"], secret);
        assert_eq!(
            world.calls,
            Vec::<String>::new(),
            "nothing is registered before that is known"
        );
        let conditions = conditions(&world.subject.status).join("\n");
        assert!(conditions.contains(text), "{conditions}");
    }
}

#[test]
fn a_used_secret_whose_key_cannot_be_read_stops_the_pass() {
    let mut world = running();
    world.secret("old-secret", "k", NOW);
    let mut broken = world.secrets["old-secret"].clone();
    broken.entries = [("MASKINPORTEN_CLIENT_JWK".to_owned(), b"{}".to_vec())]
        .into_iter()
        .collect::<std::collections::BTreeMap<_, _>>()
        .into();
    world.secrets.insert("old-secret".into(), broken);
    world.start_pod("old-secret");
    rotate(&mut world);
    assert_eq!(world.calls, Vec::<String>::new());
    let conditions = conditions(&world.subject.status).join("\n");
    assert!(
        conditions.contains("Secret old-secret is in use and its key is not readable"),
        "{conditions}"
    );
}

#[test]
fn nothing_of_a_key_is_in_what_debug_shows() {
    let world = running();
    let shown = format!("{:?}", world.secrets);
    assert!(shown.contains("MASKINPORTEN_CLIENT_JWK"), "{shown}");
    assert!(
        !shown.contains("\"kid\"") && !shown.contains("QI"),
        "{shown}"
    );
}

#[test]
fn a_secret_that_somebody_else_labelled_supplies_no_key() {
    let mut world = running();
    world.secret("planted", "theirs", NOW + 10 * DAY);
    let planted = world.secrets.get_mut("planted").unwrap();
    planted.owner = SecretOwner::Nobody;
    world.start_pod("planted");
    world.pods[1].kid = None;
    // Neither as the key of a resource whose Secret is gone, nor as one that is in use.
    world.secrets.remove("some-secret");
    world.pass();
    assert_eq!(world.calls, ["POST /clients/id-1/jwks new-3 new-2"]);
    assert!(
        world.secrets.contains_key("planted"),
        "and is not ours to delete"
    );
}
