//! Two operators at once: one acts.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::Client;
use kube::api::Api;
use portvakt_operator::resource::MaskinportenClient;
use portvakt_operator::shell::{Candidate, LEASE, Lead, Terms};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::calls::Calls;
use crate::cluster::{counted_client, namespace, own_cluster, until};
use crate::first_deploy::{issuer, laanesok};
use crate::operator::Process;

/// Short ones, so that nobody waits long.
const TERMS: Terms = Terms {
    lease: Duration::from_secs(2),
    renewal: Duration::from_secs(1),
    pause: Duration::from_millis(100),
};

struct Running {
    lead: Lead,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

fn run(client: Client, namespace: &str, name: &str) -> Running {
    let candidate = Candidate::new(client, namespace, name.to_owned(), TERMS);
    let (stop, stopped) = oneshot::channel();
    let lead = candidate.lead();
    let task = tokio::spawn(candidate.run(async {
        let _ = stopped.await;
    }));
    Running { lead, stop, task }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_leads_and_gives_the_lease_to_the_other() {
    let (client, namespace) = namespace().await;
    let leases: Api<Lease> = Api::namespaced(client.clone(), &namespace);
    let first = run(client.clone(), &namespace, "first");
    first.lead.held().await;
    let second = run(client, &namespace, "second");
    let renewed = leases.get(LEASE).await.unwrap().spec.unwrap().renew_time;
    let is_later = |lease: Lease| lease.spec.unwrap().renew_time > renewed;
    until("the Lease is kept", async || {
        is_later(leases.get(LEASE).await.unwrap())
    })
    .await;
    assert!(first.lead.is_held() && !second.lead.is_held());
    let held = leases.get(LEASE).await.unwrap().spec.unwrap();
    assert_eq!(held.holder_identity.as_deref(), Some("first"));
    first.stop.send(()).unwrap();
    first.task.await.unwrap();
    assert!(!first.lead.is_held());
    second.lead.held().await;
    let held = leases.get(LEASE).await.unwrap().spec.unwrap();
    assert_eq!(held.holder_identity.as_deref(), Some("second"));
}

/// The API server takes the leader's calls and answers none from some moment on.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_cannot_renew_stops_before_another_begins() {
    let (client, namespace) = namespace().await;
    let calls = Calls::until(6);
    let first = run(counted_client(&calls).await, &namespace, "first");
    first.lead.held().await;
    let second = run(client, &namespace, "second");
    first.lead.lost().await;
    assert!(!second.lead.is_held(), "the Lease is not over");
    second.lead.held().await;
    assert!(!first.lead.is_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_operator_takes_over_and_both_say_how_they_are() {
    let server = issuer();
    let (cluster, client, namespace) = own_cluster().await;
    let resources: Api<MaskinportenClient> = Api::namespaced(client, &namespace);
    let elected = [
        "--leader-election.enabled",
        "--leader-election.namespace",
        &namespace,
    ];
    let mut leader = Process::start_with(&server, &cluster, &elected);
    until("one leads", async || leader.is_leading().await).await;
    let other = Process::start_with(&server, &cluster, &elected);
    let is_done = async |name: &str| {
        let status = resources.get(name).await.unwrap().status;
        status.is_some_and(|status| status.observed_generation == Some(1))
    };
    let mut resource = laanesok();
    resources
        .create(&kube::api::PostParams::default(), &resource)
        .await
        .unwrap();
    until("the first resource is done", async || {
        is_done("laanesok").await
    })
    .await;
    assert!(!other.is_leading().await);
    let figures = leader.metrics().await;
    for line in [
        "maskinporten_client_total 1",
        "maskinporten_client_secrets_total 1",
        "maskinporten_external_scopes_consumed_total 2",
        "maskinporten_client_created_count{namespace=\"team\"} 1",
        "maskinporten_client_rotated_count{namespace=\"team\"} 1",
        "maskinporten_client_processed_count{namespace=\"team\"} 1",
        "maskinporten_client_failed_processing_count{namespace=\"team\"} 0",
        "# TYPE maskinporten_scope_reactivated_count counter",
        "idporten_client_total 0",
        "idporten_client_created_count{namespace=\"team\"} 0",
    ] {
        assert!(
            figures.lines().any(|found| found == line),
            "{line} is not in {figures}"
        );
    }
    let idle = other.metrics().await;
    assert!(idle.contains("maskinporten_client_created_count{namespace=\"team\"} 0"));

    assert!(leader.stop().success());
    until("the other leads", async || other.is_leading().await).await;
    resource.metadata.name = Some("annen".to_owned());
    resource.spec.secret_name = "annen".to_owned();
    resources
        .create(&kube::api::PostParams::default(), &resource)
        .await
        .unwrap();
    until("the second resource is done", async || {
        is_done("annen").await
    })
    .await;
    assert!(
        other
            .metrics()
            .await
            .contains("maskinporten_client_created_count{namespace=\"team\"} 1")
    );
}
