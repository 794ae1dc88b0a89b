//! A status that names a client of somebody else.

use portvakt_operator::pass::FINALIZER;

use crate::fixtures::*;
use crate::world::*;

const V1: &str = include_str!("../../../nais/tests/it/vectors/v1.yaml");
const SECRET: &str = "maskinporten-laanesok-9b0cdc78";

/// A resource whose status somebody has written, or copied: it names this client.
fn with_status(id: &str, description: &str) -> World {
    let mut world = World::of(subject(V1));
    world.grant("demoskatt:inntekt.read");
    world.open("demoregister:oppslag/enhet.read");
    world.client(id, &["demoskatt:inntekt.read"], &["theirs"]);
    let client = world.issuer.clients.get_mut(id).unwrap();
    client.attributes.description = Some(description.to_owned());
    world.subject.status = synchronized(id, SECRET, &[]);
    // The specification has changed since.
    world.subject.status.observed_generation = None;
    world
}

#[test]
fn nobody_gets_the_client_of_another_workload_by_a_status_that_names_it() {
    for owner in [
        "dev-gcp:annet-team:laanesok",
        "dev-gcp:team-laan:annen",
        "prod-gcp:annet-team:annen",
    ] {
        let mut world = with_status("theirs", owner);
        let before = world.issuer.clone();
        let conclusion = world.pass().unwrap();
        assert_eq!(world.calls, Vec::<String>::new(), "{owner}");
        assert_eq!(world.issuer, before);
        assert!(world.secrets.is_empty());
        let message = format!(
            "status.clientID is theirs, which is the client of {owner}: take it out of the status (kubectl edit \
             --subresource=status), and the resource gets a client of its own"
        );
        assert_eq!(
            conditions(&conclusion.status),
            [
                format!("Ready=False/ClientOfAnother: {message}"),
                format!("Error=True/ClientOfAnother: {message}"),
            ]
        );

        // Without it, the resource gets one of its own.
        world.subject.status.client_id = None;
        world.pass().unwrap();
        assert_eq!(world.subject.status.client_id.as_deref(), Some("id-1"));
        assert_eq!(world.registered("theirs"), ["theirs"]);
    }
}

#[test]
fn deleting_a_resource_takes_its_own_client_away_and_not_the_one_that_a_status_names() {
    let mut world = with_status("theirs", "dev-gcp:annet-team:annen");
    world.client("own", &["demoskatt:inntekt.read"], &["own"]);
    world.subject.is_deleted = true;
    world.subject.finalizers = vec![FINALIZER.to_owned()];
    assert!(world.pass().is_none());
    assert!(world.subject.finalizers.is_empty());
    assert!(world.issuer.clients["theirs"].active);
    assert!(!world.issuer.clients["own"].active);
}

#[test]
fn a_client_of_a_renamed_cluster_or_with_a_text_of_its_own_is_taken_over() {
    let own = subject(V1).key.owner;
    let renamed = format!("old:{}:{}", own.namespace(), own.name());
    for description in [own.to_string(), renamed, "registered by hand".to_owned()] {
        let mut world = with_status("id-0", &description);
        world.pass().unwrap();
        assert_eq!(
            world.subject.status.client_id.as_deref(),
            Some("id-0"),
            "{description}"
        );
        assert_eq!(world.active_clients(), 1);
    }
}
