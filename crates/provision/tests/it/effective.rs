//! When a change decides about tokens.

use std::time::Duration;

use portvakt_client::Grant;
use portvakt_jose::SigningKey;
use portvakt_nais::plan::Policy;
use portvakt_provision::{Effect, Patience, Probe, wait_until_effective};
use portvakt_testkit::{FJORDETATEN, HAVBRIS, World};

use crate::harness::{Loss, Service, source, wanted};
use crate::memory::Memory;

const MANIFEST: &str = "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {name: kaia, namespace: team}
spec:
  secretName: kaia
  scopes: {consumes: [{name: 'fjord:apen.read'}]}
";

fn world() -> World {
    let mut world = World::default();
    world.organization(FJORDETATEN, "Fjordetaten");
    world.organization(HAVBRIS, "Havbris AS");
    world.prefix("fjord", FJORDETATEN);
    world.scope("fjord:apen.read").accessible_for_all = true;
    world
}

/// The new client with the key that was kept for it.
async fn probe(service: &Service, keeper: &Memory) -> Probe {
    let id = keeper.ids.values().next().unwrap();
    let private = keeper.private.values().next().unwrap();
    let jwk = serde_json::from_str(private).unwrap();
    let (key, kid) = SigningKey::from_private_jwk(&jwk).unwrap();
    Probe {
        source: source(&service.server, id, key.into(), &kid.unwrap()).await,
        grant: Grant::for_scopes(["fjord:apen.read"]),
    }
}

#[tokio::test]
async fn a_portvakt_says_the_revision_at_which_it_decides_and_the_key_works_then() {
    let service = Service::start(world(), Loss::None).await;
    let (wanted, mut keeper) = (wanted(MANIFEST), Memory::default());
    let plan = service.plan(&wanted, &Policy::careful(), &mut keeper).await;
    service.apply(&plan, &mut keeper).await.unwrap();
    let probe = probe(&service, &keeper).await;
    let effect = wait_until_effective(&service.api, &[], &Patience::default()).await;
    assert!(matches!(effect, Ok(Effect::Revision(_))), "{effect:?}");
    probe.source.fetch(&probe.grant).await.unwrap();
}

#[tokio::test]
async fn elsewhere_the_token_endpoint_is_asked_until_it_knows_the_key_or_patience_ends() {
    let service = Service::start(world(), Loss::None).await;
    let (wanted, mut keeper) = (wanted(MANIFEST), Memory::default());
    let plan = service.plan(&wanted, &Policy::careful(), &mut keeper).await;
    service.apply(&plan, &mut keeper).await.unwrap();
    let probe = probe(&service, &keeper).await;
    // An API that has written nothing knows no revision, as one that tells none.
    let other = Service::start(world(), Loss::None).await;
    let patience = Patience {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(2),
        total: Duration::from_millis(20),
    };
    let known = wait_until_effective(&other.api, std::slice::from_ref(&probe), &patience).await;
    assert_eq!(known.unwrap(), Effect::Probed);
    // A refusal that is about something else than the client is an answer to somebody who is known.
    let elsewhere = Probe {
        grant: Grant::for_scopes(["fjord:unknown"]),
        ..probe.clone()
    };
    let known = wait_until_effective(&other.api, &[elsewhere], &patience).await;
    assert_eq!(known.unwrap(), Effect::Probed);
    let stranger = source(
        &service.server,
        "nobody",
        portvakt_testkit::signing_key().clone().into(),
        "k",
    )
    .await;
    let stranger = Probe {
        source: stranger,
        ..probe
    };
    let unknown = wait_until_effective(&other.api, &[stranger], &patience).await;
    assert_eq!(
        unknown.unwrap_err().refusal().unwrap().error.as_deref(),
        Some("invalid_grant")
    );
}
