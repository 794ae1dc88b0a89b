//! Random worlds and manifests: applying reaches what is asked for, a second plan is empty, and an
//! interruption at every call changes nothing of where it ends.

use std::fmt::Write;

use portvakt_core::client::IntegrationType;
use portvakt_nais::desired::Presence;
use portvakt_nais::naming::OrgNumber;
use portvakt_nais::plan::{Ownership, Policy, Prune};
use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK, SOURCE, TINDESYSTEM, World};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{Loss, Service, wanted};
use crate::memory::Memory;

const ORGANIZATIONS: [&str; 4] = [FJORDETATEN, HAVBRIS, TINDESYSTEM, LYNGVIK];
const WORKLOADS: [&str; 2] = ["alfa-app", "beta-app"];
const NAMES: [&str; 3] = ["aa.read", "bb.read", "cc/dd.read"];
const OPEN: &str = "fjord:apen.read";

/// One scope: what the manifest says of it, and what there is.
#[derive(Clone, Debug)]
struct Scope {
    workload: Option<usize>,
    enabled: bool,
    for_all: bool,
    is_delegable: bool,
    consumers: [bool; 4],
    /// Whether it exists, is active, is open to all, and is described as its workload's.
    exists: [bool; 4],
    /// Approved, denied, or no record.
    access: [Option<bool>; 4],
}

fn scope() -> impl Strategy<Value = Scope> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let workload = proptest::option::weighted(0.8, 0..2_usize);
    (
        (workload, flags),
        any::<[bool; 4]>(),
        any::<[bool; 4]>(),
        any::<[Option<bool>; 4]>(),
    )
        .prop_map(
            |((workload, (enabled, for_all, is_delegable)), consumers, exists, access)| Scope {
                workload,
                enabled,
                for_all,
                is_delegable,
                consumers,
                exists,
                access,
            },
        )
}

/// One workload's client: whether it is wanted, and whether it is registered already.
type Client = (bool, bool);

fn world(scopes: &[Scope; 3], clients: [Client; 2]) -> World {
    let mut world = World::default();
    for number in ORGANIZATIONS {
        world.organization(number, "En organisasjon");
    }
    world.prefix("fjord", FJORDETATEN);
    world.delegation_source("altinn", SOURCE);
    world.scope(OPEN).accessible_for_all = true;
    for (name, scope) in NAMES.iter().zip(scopes) {
        let [exists, active, for_all, is_described] = scope.exists;
        if !exists {
            continue;
        }
        let name = format!("fjord:p/{name}");
        let record = world.scope(&name);
        record.active = active;
        record.accessible_for_all = for_all;
        record.allowed_integration_types = vec![IntegrationType::ApiKlient];
        if is_described {
            let workload = WORKLOADS[scope.workload.unwrap_or(1)];
            record.description = format!("p - test:team:{workload}");
        }
        for (consumer, state) in ORGANIZATIONS.iter().zip(scope.access) {
            if let Some(is_approved) = state {
                world.grant(&name, consumer);
                if !is_approved {
                    world.withdraw(&name, consumer);
                }
            }
        }
    }
    for (workload, (_, exists)) in WORKLOADS.iter().zip(clients) {
        if exists {
            let client = world.client(&format!("id-{workload}"), FJORDETATEN, &[OPEN]);
            client.description = format!("test:team:{workload}");
        }
    }
    world
}

fn manifest(scopes: &[Scope; 3], clients: [Client; 2]) -> String {
    let mut text = String::new();
    for (index, (workload, (is_wanted, _))) in WORKLOADS.iter().zip(clients).enumerate() {
        let exposed = || {
            scopes
                .iter()
                .zip(NAMES)
                .filter(|(scope, _)| scope.workload == Some(index))
        };
        write!(
            text,
            "---\napiVersion: nais.io/v1alpha1\nkind: Application\n\
             metadata: {{name: {workload}, namespace: team}}\n\
             spec:\n  maskinporten:\n    enabled: {is_wanted}\n    scopes:\n      \
             consumes: [{{name: \"{OPEN}\"}}]\n      exposes:\n"
        )
        .unwrap();
        for (scope, name) in exposed() {
            let consumers = ORGANIZATIONS.iter().zip(scope.consumers);
            let consumers = consumers.filter(|(_, is_named)| *is_named);
            let consumers: Vec<_> = consumers
                .map(|(number, _)| format!("{{orgno: \"{number}\"}}"))
                .collect();
            let source = if scope.is_delegable {
                ", delegationSource: altinn"
            } else {
                ""
            };
            writeln!(
                text,
                "      - {{name: \"{name}\", product: p, separator: \"/\", enabled: {}, \
                 accessibleForAll: {}{source}, consumers: [{}]}}",
                scope.enabled,
                scope.for_all,
                consumers.join(", ")
            )
            .unwrap();
        }
        if exposed().next().is_none() {
            text.truncate(text.len() - "      exposes:\n".len());
        }
    }
    text
}

/// Applies until the plan is empty, and says how often it was interrupted.
async fn converge(service: &Service, manifest: &str, policy: &Policy) -> (Memory, usize) {
    let (wanted, mut keeper) = (wanted(manifest), Memory::default());
    let mut interruptions = 0;
    loop {
        let plan = service.plan(&wanted, policy, &mut keeper).await;
        if plan.is_empty() {
            return (keeper, interruptions);
        }
        match service.apply(&plan, &mut keeper).await {
            Ok(()) => {
                let again = service.plan(&wanted, policy, &mut keeper).await;
                assert!(again.is_empty(), "{manifest}{:#?}", again.steps);
            }
            Err(_) => interruptions += 1,
        }
        assert!(interruptions < 100, "{manifest}");
    }
}

async fn check(scopes: &[Scope; 3], clients: [Client; 2]) {
    let policy = Policy {
        ownership: Ownership::Takeover,
        prune: Prune::Workloads,
        ..Policy::careful()
    };
    let manifest = manifest(scopes, clients);
    let straight = Service::start(world(scopes, clients), Loss::None).await;
    let (keeper, interruptions) = converge(&straight, &manifest, &policy).await;
    assert_eq!(interruptions, 0, "{manifest}");
    let reached = straight.state().await;
    let wanted = wanted(&manifest);
    let present = wanted
        .iter()
        .filter(|resource| resource.presence == Presence::Present);
    for scope in present.flat_map(|resource| &resource.scopes) {
        let is_active = reached["scopes"][&scope.name]["active"] == true;
        assert_eq!(is_active, scope.enabled, "{} {manifest}", scope.name);
        let approved = reached["access"][&scope.name]
            .as_object()
            .into_iter()
            .flatten();
        let approved = approved.filter(|(_, state)| *state == "APPROVED");
        let approved: Vec<_> = approved.map(|(consumer, _)| consumer.as_str()).collect();
        let named: Vec<_> = scope.consumers.iter().map(OrgNumber::as_str).collect();
        assert!(
            !scope.enabled || approved == named,
            "{} {manifest}",
            scope.name
        );
    }
    let made = keeper.ids.len();
    for loss in [Loss::Call, Loss::Answer] {
        let service = Service::start(world(scopes, clients), loss).await;
        let (keeper, interruptions) = converge(&service, &manifest, &policy).await;
        assert_eq!(service.state().await, reached, "{loss:?} {manifest}");
        assert_eq!(keeper.ids.len(), made, "{loss:?} {manifest}");
        assert!(
            interruptions > 0 || straight.changes() == 0,
            "{loss:?} {manifest}"
        );
    }
}

#[test]
fn applying_reaches_what_is_asked_for_whatever_is_lost_on_the_way() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        cases: 8,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    };
    let clients = [any::<Client>(), any::<Client>()];
    let strategy = ([scope(), scope(), scope()], clients);
    let ran = TestRunner::new(config).run(&strategy, |(scopes, clients)| {
        runtime.block_on(check(&scopes, clients));
        Ok(())
    });
    ran.unwrap();
}
