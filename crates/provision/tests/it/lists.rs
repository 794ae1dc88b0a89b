//! Passes over many resources share lists: what is asked of the target does not grow with the number of
//! resources times what is registered.

use std::time::Duration;

use portvakt_nais::desired::Desired;
use portvakt_nais::plan::Policy;
use portvakt_provision::{Ages, Lists, observe_one};
use portvakt_testkit::{FJORDETATEN, HAVBRIS, NOW, World};

use crate::harness::{Loss, Service, wanted};
use crate::memory::Memory;

/// As long as the test lasts.
const LONG: Ages = Ages {
    found: Duration::from_hours(1),
    missing: Duration::from_hours(1),
    settled: Duration::from_hours(1),
};

fn world() -> World {
    let mut world = World::default();
    world.organization(FJORDETATEN, "Fjordetaten");
    world.organization(HAVBRIS, "Havbris AS");
    world.prefix("fjord", FJORDETATEN);
    world.scope("fjord:apen.read").accessible_for_all = true;
    world
}

/// A workload with a client and a scope.
fn workload(name: &str) -> Desired {
    let manifest = format!(
        "
apiVersion: nais.io/v1
kind: MaskinportenClient
metadata: {{name: {name}, namespace: team}}
spec:
  secretName: {name}
  scopes:
    consumes: [{{name: 'fjord:apen.read'}}]
    exposes: [{{name: {name}.read, product: sea, enabled: true, consumers: [{{orgno: '{HAVBRIS}'}}]}}]
"
    );
    wanted(&manifest).remove(0)
}

fn lists_of_clients(calls: &[String]) -> usize {
    calls
        .iter()
        .filter(|call| call.starts_with("GET /clients?"))
        .count()
}

#[tokio::test]
async fn many_new_resources_take_one_list_of_clients() {
    let service = Service::start(world(), Loss::None).await;
    let lists = Lists::new(LONG);
    for number in 0..8 {
        let (wanted, mut keeper) = (workload(&format!("app{number}")), Memory::default());
        assert!(service.pass(&lists, &wanted, &mut keeper).await > 0);
    }
    let calls = service.calls();
    assert_eq!(lists_of_clients(&calls), 1, "{calls:#?}");
    // The organization has one prefix, so there is no other scope to look for.
    assert!(
        !calls
            .iter()
            .any(|call| call.starts_with("GET /scopes?inactive"))
    );
    for open in ["GET /prefix/all", "GET /delegationsources"] {
        assert_eq!(
            calls.iter().filter(|call| *call == open).count(),
            1,
            "{open}"
        );
    }
    assert_eq!(service.api.clients().await.unwrap().len(), 8 + 1);
}

#[tokio::test]
async fn a_pass_over_what_is_up_to_date_reads_its_own_records_and_lists_nothing() {
    let service = Service::start(world(), Loss::None).await;
    let (lists, wanted, mut keeper) = (Lists::new(LONG), workload("app"), Memory::default());
    service.pass(&lists, &wanted, &mut keeper).await;
    let id = keeper.ids.values().next().unwrap().clone();
    service.calls();
    assert_eq!(service.pass(&lists, &wanted, &mut keeper).await, 0);
    let mut calls = service.calls();
    calls.sort();
    assert_eq!(
        calls,
        [
            format!("GET /clients/{id}"),
            format!("GET /clients/{id}/jwks"),
            "GET /scopes/access?scope=fjord%3Asea%3Aapp.read&inactive=true".to_owned(),
            "GET /scopes?scope=fjord%3Aapen.read".to_owned(),
            "GET /scopes?scope=fjord%3Asea%3Aapp.read".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_client_whose_id_was_lost_is_found_although_the_list_is_from_before_it() {
    let service = Service::start(world(), Loss::None).await;
    let (lists, wanted, mut keeper) = (Lists::new(LONG), workload("app"), Memory::default());
    service.pass(&lists, &wanted, &mut keeper).await;
    // The operator could not write the id down.
    keeper.ids.clear();
    service.calls();
    service.pass(&lists, &wanted, &mut keeper).await;
    let calls = service.calls();
    assert_eq!(lists_of_clients(&calls), 1, "{calls:#?}");
    assert!(!calls.contains(&"POST /clients".to_owned()), "{calls:#?}");
    assert_eq!(keeper.ids.len(), 1);
}

#[tokio::test]
async fn an_interrupted_attempt_is_looked_for_in_a_new_list() {
    let service = Service::start(world(), Loss::Answer).await;
    let (lists, wanted, mut keeper) = (Lists::new(LONG), workload("app"), Memory::default());
    let policy = Policy::compatible();
    for _ in 0..20 {
        let actual = observe_one(&service.api, &lists, &wanted, &policy, &mut keeper, NOW).await;
        let desired = std::slice::from_ref(&wanted);
        let plan = portvakt_nais::plan::plan(desired, &actual.unwrap(), &policy, None).unwrap();
        if plan.is_empty() {
            break;
        }
        let _attempt = lists.attempt(&plan);
        let _ = service.apply(&plan, &mut keeper).await;
    }
    let clients = service.api.clients().await.unwrap();
    let made = clients
        .iter()
        .filter(|client| client.description == wanted.key.owner.to_string());
    assert_eq!(made.count(), 1);
    assert_eq!(keeper.ids.len(), 1);
}

#[tokio::test]
async fn a_list_that_is_too_old_to_say_that_something_is_missing_is_read_again() {
    let service = Service::start(world(), Loss::None).await;
    let ages = Ages {
        missing: Duration::ZERO,
        ..LONG
    };
    let (lists, policy) = (Lists::new(ages), Policy::compatible());
    let mut keeper = Memory::default();
    let first = workload("first");
    observe_one(&service.api, &lists, &first, &policy, &mut keeper, NOW)
        .await
        .unwrap();
    // Somebody else registers the client of the second resource.
    let second = workload("second");
    service
        .pass(&Lists::default(), &second, &mut Memory::default())
        .await;
    let actual = observe_one(&service.api, &lists, &second, &policy, &mut keeper, NOW).await;
    let actual = actual.unwrap();
    assert_eq!(actual.clients.len(), 1, "{actual:#?}");
    assert!(actual.revision.is_some(), "a Portvakt tells revisions");
}

/// Threat: a status that names the client of another hides the resource's own, which stays registered then when
/// the resource is deleted.
#[tokio::test]
async fn the_client_of_another_does_not_stand_for_the_own_one_that_a_list_is_too_old_to_name() {
    let service = Service::start(world(), Loss::None).await;
    let ages = Ages {
        missing: Duration::ZERO,
        ..LONG
    };
    let (lists, policy) = (Lists::new(ages), Policy::compatible());
    let (mut others, mut own) = (Memory::default(), Memory::default());
    service.pass(&lists, &workload("other"), &mut others).await;
    let wanted = workload("app");
    service.pass(&Lists::default(), &wanted, &mut own).await;
    let own = own.ids.into_values().next().unwrap();
    let other = others.ids.into_values().next().unwrap();
    let mut keeper = Memory::default();
    keeper.ids.insert(wanted.key.clone(), other);
    for desired in [wanted.clone(), wanted.removed(false)] {
        let lists = &lists;
        let actual = observe_one(&service.api, lists, &desired, &policy, &mut keeper, NOW).await;
        let actual = actual.unwrap();
        assert!(actual.clients.contains_key(&own), "{actual:#?}");
    }
}

#[tokio::test]
async fn what_is_read_of_one_resource_gives_the_plan_that_reading_everything_gives() {
    let mut world = world();
    world.scope("fjord:sea:app.read").accessible_for_all = true;
    world.organization("310000011", "Annen etat");
    world.prefix("annen", "310000011");
    world.scope("annen:lukket.read");
    let service = Service::start(world, Loss::None).await;
    let mut resource = workload("app");
    let client = resource.client.as_mut().unwrap();
    client.consumes.extend([
        "annen:lukket.read".to_owned(),
        "annen:ukjent.read".to_owned(),
    ]);
    client.consumes.push("fjord:sea:app.read".to_owned());
    let policy = Policy::compatible();
    let mut keeper = Memory::default();
    let lists = Lists::default();
    for desired in [
        resource.clone(),
        resource.clone().removed(false),
        resource.removed(true),
    ] {
        let narrow = observe_one(&service.api, &lists, &desired, &policy, &mut keeper, NOW).await;
        let desired = [desired];
        let whole = service.observe(&desired, &policy, &mut keeper).await;
        let plan = |actual| {
            let plan = portvakt_nais::plan::plan(&desired, actual, &policy, None).unwrap();
            let actions = plan.steps.into_iter().map(|step| step.action);
            (actions.collect::<Vec<_>>(), plan.notes)
        };
        assert_eq!(plan(&narrow.unwrap()), plan(&whole));
    }
}
