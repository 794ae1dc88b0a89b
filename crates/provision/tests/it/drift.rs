//! What others change is noticed by a few requests, however much is registered.

use std::time::Duration;

use portvakt_provision::{Drift, Lists, Pace, Touched, Watch};
use portvakt_testkit::{FJORDETATEN, HAVBRIS, World};

use crate::harness::{Loss, Service, wanted};
use crate::memory::Memory;

const SCOPE: &str = "fjord:sea:app.read";
const APP: &str = "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {name: app, namespace: team}
spec:
  secretName: app
  scopes:
    consumes: [{name: 'fjord:apen.read'}]
    exposes: [{name: app.read, product: sea, enabled: true}]
";

fn world() -> World {
    let mut world = World::default();
    world.organization(FJORDETATEN, "Fjordetaten");
    world.organization(HAVBRIS, "Havbris AS");
    world.prefix("fjord", FJORDETATEN);
    world.scope("fjord:apen.read").accessible_for_all = true;
    world
}

/// A service with the application's registrations, and the id of its client.
async fn service() -> (Service, String) {
    let service = Service::start(world(), Loss::None).await;
    let (app, mut keeper) = (wanted(APP).remove(0), Memory::default());
    service.pass(&Lists::default(), &app, &mut keeper).await;
    let id = keeper.ids.into_values().next().unwrap();
    service.calls();
    (service, id)
}

fn touched(clients: &[&str], scopes: &[&str]) -> Drift {
    Drift::Touched(Touched {
        clients: clients.iter().map(ToString::to_string).collect(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
    })
}

#[tokio::test]
async fn a_portvakt_is_asked_once_whatever_there_is_and_tells_what_was_touched() {
    let (service, id) = service().await;
    let mut watch = Watch::new(service.api.clone(), Pace::default());
    assert_eq!(
        watch.look().await.unwrap(),
        Drift::Anything,
        "nobody looked before"
    );
    assert_eq!(watch.pause(), Duration::from_secs(30));
    service.calls();
    assert_eq!(watch.look().await.unwrap(), touched(&[], &[]));
    assert_eq!(service.calls().len(), 1);
    service.api.grant(SCOPE, HAVBRIS).await.unwrap();
    service.api.deactivate_client(&id, None).await.unwrap();
    assert_eq!(watch.look().await.unwrap(), touched(&[&id], &[SCOPE]));
    assert_eq!(watch.look().await.unwrap(), touched(&[], &[]));
}

#[tokio::test]
async fn what_happens_while_the_target_is_away_is_told_when_it_is_back() {
    let (service, _) = service().await;
    let mut watch = Watch::new(service.api.clone(), Pace::default());
    watch.look().await.unwrap();
    service.api.grant(SCOPE, HAVBRIS).await.unwrap();
    service.fail("/changes", true);
    watch.look().await.unwrap_err();
    service.fail("/changes", false);
    assert_eq!(watch.look().await.unwrap(), touched(&[], &[SCOPE]));
}

#[tokio::test]
async fn one_answer_that_is_not_a_portvakts_does_not_end_following_it() {
    let (service, _) = service().await;
    let mut watch = Watch::new(service.api.clone(), Pace::default());
    watch.look().await.unwrap();
    service.lack("/changes");
    assert_eq!(watch.look().await.unwrap(), Drift::Anything);
    service.fail("/changes", false);
    assert_eq!(watch.look().await.unwrap(), Drift::Anything);
    service.api.grant(SCOPE, HAVBRIS).await.unwrap();
    assert_eq!(watch.look().await.unwrap(), touched(&[], &[SCOPE]));
}

#[tokio::test]
async fn elsewhere_lists_are_compared() {
    let (service, id) = service().await;
    service.lack("/changes");
    let mut watch = Watch::new(service.api.clone(), Pace::default());
    assert_eq!(watch.look().await.unwrap(), touched(&[], &[]));
    assert_eq!(watch.pause(), Duration::from_mins(5));
    service.calls();
    assert_eq!(watch.look().await.unwrap(), touched(&[], &[]));
    let calls = service.calls();
    assert_eq!(calls.len(), 3, "{calls:#?}");
    service.api.deactivate_scope(SCOPE, None).await.unwrap();
    service.api.deactivate_client(&id, None).await.unwrap();
    assert_eq!(watch.look().await.unwrap(), touched(&[&id], &[SCOPE]));
    assert_eq!(watch.look().await.unwrap(), touched(&[], &[]));
}
