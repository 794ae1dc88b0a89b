//! What a plan shows is what is done, or nothing is.

use portvakt_client::ClientError;
use portvakt_nais::plan::{Action, KeyReason, Plan, Policy, Problem};
use portvakt_provision::{
    ApplyFault, Effect, Patience, apply_tolerating, observe_for, plan, wait_until_effective,
};
use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK, NOW, World};

use crate::harness::{Loss, Service, wanted};
use crate::memory::Memory;

const MANIFEST: &str = "
apiVersion: nais.io/v1alpha1
kind: Application
metadata: {name: alfa-app, namespace: team}
spec:
  maskinporten:
    enabled: true
    scopes:
      consumes: [{name: 'fjord:apen.read'}]
      exposes:
        - name: 'tide.read'
          product: sea
          separator: '/'
          enabled: true
          consumers: [{orgno: '312773023'}]
";

fn world() -> World {
    let mut world = World::default();
    world.organization(FJORDETATEN, "Fjordetaten");
    world.organization(HAVBRIS, "Havbris AS");
    world.organization(LYNGVIK, "Lyngvik Kafé");
    world.prefix("fjord", FJORDETATEN);
    world.scope("fjord:apen.read").accessible_for_all = true;
    world
}

async fn applied() -> (Service, Memory) {
    let service = Service::start(world(), Loss::None).await;
    let mut keeper = Memory::default();
    let plan = service
        .plan(&wanted(MANIFEST), &Policy::careful(), &mut keeper)
        .await;
    service.apply(&plan, &mut keeper).await.unwrap();
    (service, keeper)
}

#[tokio::test]
async fn a_saved_plan_is_carried_out_as_shown_or_refused_if_the_world_moved() {
    let service = Service::start(world(), Loss::None).await;
    let mut keeper = Memory::default();
    let plan = service
        .plan(&wanted(MANIFEST), &Policy::careful(), &mut keeper)
        .await;
    let saved: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    let seen = observe_for(&service.api, &saved, &mut keeper, NOW + 60)
        .await
        .unwrap();
    assert!(saved.moved(&seen).is_empty(), "{:?}", saved.moved(&seen));
    service.apply(&saved, &mut keeper).await.unwrap();
    let seen = observe_for(&service.api, &saved, &mut keeper, NOW + 60)
        .await
        .unwrap();
    assert!(!saved.moved(&seen).is_empty());
    let effect = wait_until_effective(&service.api, &[], &Patience::default())
        .await
        .unwrap();
    assert!(matches!(effect, Effect::Revision(_)));
}

#[tokio::test]
async fn a_change_by_somebody_else_between_plan_and_apply_is_never_overwritten() {
    let (service, mut keeper) = applied().await;
    let rotated = wanted(&MANIFEST.replace(
        "namespace: team}",
        "namespace: team, annotations: {digdir.nais.io/rotate: 'true'}}",
    ));
    let plan = service
        .plan(&rotated, &Policy::careful(), &mut keeper)
        .await;
    let [step] = plan.steps.as_slice() else {
        panic!("{:?}", plan.steps);
    };
    assert!(
        matches!(&step.action, Action::ReplaceKeys { keys, .. } if keys.reason == KeyReason::Rotation)
    );
    // The same rotation from elsewhere comes first.
    service.apply(&plan, &mut Memory::default()).await.unwrap();
    let late = service.apply(&plan, &mut keeper).await.unwrap_err();
    assert!(matches!(late.fault, ApplyFault::Moved), "{late}");
}

#[tokio::test]
async fn a_consumer_that_is_withdrawn_is_counted_first() {
    let (service, mut keeper) = applied().await;
    let without = wanted(&MANIFEST.replace("312773023", LYNGVIK));
    let plan = service
        .plan(&without, &Policy::careful(), &mut keeper)
        .await;
    let shown: Vec<_> = plan
        .steps
        .iter()
        .map(|step| step.action.to_string())
        .collect();
    assert_eq!(
        shown,
        [
            "grant 314111044 access to fjord:sea/tide.read",
            "withdraw access to fjord:sea/tide.read from 312773023"
        ]
    );
    assert_eq!(
        plan.steps[1].consequences,
        ["withdrawing 312773023 stops nobody that fetched a token in 7 days"]
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_anything_is_changed() {
    let service = Service::start(world(), Loss::None).await;
    let mut keeper = Memory::default();
    let wanted = wanted(&MANIFEST.replace("fjord:apen.read", "other:thing.read"));
    let policy = Policy::careful();
    let actual = service.observe(&wanted, &policy, &mut keeper).await;
    let refused = plan(&service.api, &wanted, &actual, &policy)
        .await
        .unwrap_err();
    assert!(
        matches!(&refused.refusals[0].problem, Problem::UnknownScope { .. }),
        "{refused}"
    );
    assert_eq!(service.changes(), 0);
}

/// A plan that gives access to what is no organization, too.
async fn plan_with_nobody(service: &Service, keeper: &mut Memory) -> Plan {
    let two = "{orgno: '000000000'}, {orgno: '312773023'}";
    let wanted = wanted(&MANIFEST.replace("{orgno: '312773023'}", two));
    let mut plan = service.plan(&wanted, &Policy::careful(), keeper).await;
    for step in &mut plan.steps {
        if let Action::GrantAccess { consumer, .. } = &mut step.action
            && consumer == "000000000"
        {
            "nobody".clone_into(consumer);
        }
    }
    plan
}

#[tokio::test]
async fn a_refusal_that_is_tolerated_is_told_and_the_rest_is_done() {
    let service = Service::start(world(), Loss::None).await;
    let mut keeper = Memory::default();
    let grant = "grant nobody access to fjord:sea/tide.read";
    let plan = plan_with_nobody(&service, &mut keeper).await;
    let refused = service.apply(&plan, &mut keeper).await.unwrap_err();
    assert_eq!(refused.action, grant);

    let plan = plan_with_nobody(&service, &mut keeper).await;
    let is_grant = |action: &Action, error: &ClientError| {
        matches!(action, Action::GrantAccess { .. }) && error.status() == Some(400)
    };
    let applied = apply_tolerating(&service.api, &plan, &mut keeper, |_, _| (), is_grant).await;
    let applied = applied.unwrap();
    let refused = applied.refused.iter().map(|number| &plan.steps[number - 1]);
    let refused: Vec<_> = refused.map(|step| step.action.to_string()).collect();
    assert_eq!(refused, [grant]);
    assert_eq!(applied.steps, plan.steps.len());
    let access = service.api.access("fjord:sea/tide.read").await.unwrap();
    let access: Vec<_> = access
        .iter()
        .map(|one| one.consumer_orgno.as_str())
        .collect();
    assert_eq!(access, ["312773023"]);
}
