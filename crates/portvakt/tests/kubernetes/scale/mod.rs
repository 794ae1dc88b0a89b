//! Many resources that have had their clients for long: what they cost while nothing happens, how soon a change
//! of one is effective, and what a start costs.
//!
//! `PORTVAKT_RESOURCES` says how many; `make bench-operator` takes 10 000, and prints what it measured.

mod meter;
mod prepared;

use std::fmt::Display;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use portvakt_client::{
    AuthorizationServer, Clock, Grant, HttpClient, HttpSettings, RetryPolicy, TokenSource,
};
use portvakt_operator::resource::MaskinportenClient;
use portvakt_testkit::ApiServer;
use serde_json::json;
use tokio::time::{Instant, sleep};

use self::meter::{Footprint, added, asked_of_cluster};
use self::prepared::{CONSUMER, SCOPES, Workload};
use crate::between::Between;
use crate::cluster::{own_cluster, until_for};
use crate::operator::Process;
use crate::support::DevServer;

/// The question what changed.
const LOOK: &str = "/changes";

/// What the short form looks at.
const FEW: usize = 300;
/// Resources of the long form that are deployed anew, to see how long one takes.
const DEPLOYED: usize = 100;

/// How long the long form may take for one thing.
const PATIENCE: Duration = Duration::from_mins(30);

/// The bounds of the long form.
const MOST_MEMORY_MIB: u64 = 200;
const MOST_TIME: Duration = Duration::from_secs(5);

struct Scale {
    count: usize,
    is_long: bool,
    server: DevServer,
    cluster: ApiServer,
    client: Client,
    /// Before the service.
    between: Between,
}

impl Scale {
    async fn prepared() -> Self {
        let asked = std::env::var("PORTVAKT_RESOURCES").ok();
        let count = asked.as_deref().map_or(FEW, |count| count.parse().unwrap());
        let server = DevServer::start();
        let (cluster, client, _) = own_cluster().await;
        let between = Between::before(&server.selfservice()).await;
        let scale = Self {
            count,
            is_long: asked.is_some(),
            server,
            cluster,
            client,
            between,
        };
        let started = Instant::now();
        prepared::register(&scale.server, count);
        scale.say("registered at the service", seconds(started));
        prepared::store(&scale.client, &scale.server, count).await;
        scale.say("registered, and stored in the cluster", seconds(started));
        scale
    }

    /// A row of the table that the long form prints.
    #[expect(clippy::print_stdout, reason = "it is what the long form is run for")]
    fn say(&self, what: &str, figure: impl Display) {
        if self.is_long {
            println!("| {what} | {figure} |");
        }
    }

    /// An operator that has just been started.
    fn start(&self) -> Process {
        let key = self
            .server
            .data_dir()
            .join("keys/nav-administrasjon.jwk.json");
        let well_known = format!(
            "{}.well-known/oauth-authorization-server",
            self.server.issuer()
        );
        let follow = if self.is_long { "30" } else { "1" };
        Process::start_for_machines(
            &self.server,
            &self.cluster,
            &[
                "--digdir.admin.base-url",
                &self.between.url("/api/v1"),
                "--digdir.admin.client-id",
                "nav-administrasjon",
                "--admin-key",
                key.to_str().unwrap(),
                "--digdir.maskinporten.well-known-url",
                &well_known,
                "--log-level",
                "warn",
                "--follow-seconds",
                follow,
            ],
        )
    }

    /// Waits until the operator looks after every resource.
    async fn all_seen(&self, operator: &Process, count: usize) {
        let line = format!("maskinporten_client_total {count}");
        let is_seen = async || operator.metrics().await.lines().any(|found| found == line);
        until_for(PATIENCE, "all are seen", is_seen).await;
    }

    /// Waits until the operator has asked so often what changed.
    async fn looks(&self, looks: usize) {
        let asked = || self.between.asked("GET", LOOK);
        let first = asked();
        let has_looked = async || asked() >= first + looks;
        until_for(PATIENCE, "what changed is asked", has_looked).await;
    }

    /// Waits until the operator has written down that it has looked at everything.
    async fn all_compared(&self) {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), "default");
        let is_kept = async || {
            let map = maps.get_opt("portvakt-operator-maskinporten").await;
            map.unwrap().is_some()
        };
        until_for(PATIENCE, "everything is compared", is_kept).await;
    }

    /// Waits until nobody has asked the service anything but what changed for a while.
    async fn at_rest(&self) {
        let others = || self.between.count() - self.between.asked("GET", LOOK);
        loop {
            let before = others();
            self.looks(2).await;
            if others() == before {
                return;
            }
        }
    }

    /// Gives a workload another scope; says after how long it gets tokens with it.
    async fn change(&self, workload: Workload) -> Duration {
        let resources: Api<MaskinportenClient> =
            Api::namespaced(self.client.clone(), &workload.namespace());
        let settings = HttpSettings {
            no_proxy: true,
            ..HttpSettings::default()
        };
        let http = HttpClient::new(&settings).unwrap();
        let found = AuthorizationServer::discover(&http, &self.server.issuer()).await;
        let source = TokenSource {
            server: found.unwrap(),
            credentials: workload.credentials(),
            clock: Clock::system(),
            retry: RetryPolicy::default(),
        };
        let before = source.fetch(&Grant::for_scopes([SCOPES[0]])).await;
        before.unwrap();
        let grant = Grant::for_scopes([SCOPES[1]]);
        source.fetch(&grant).await.unwrap_err();
        let consumes = SCOPES.map(|name| json!({"name": name}));
        let patch = Patch::Merge(json!({"spec": {"scopes": {"consumes": consumes}}}));
        let started = Instant::now();
        let params = PatchParams::default();
        resources
            .patch(&workload.name(), &params, &patch)
            .await
            .unwrap();
        while source.fetch(&grant).await.is_err() {
            assert!(started.elapsed() < PATIENCE, "it is not effective");
            sleep(Duration::from_millis(20)).await;
        }
        let took = started.elapsed();
        prepared::ready(&self.client, workload).await;
        took
    }

    /// Withdraws by hand what a resource gives; says after how long it is given again.
    async fn drift(&self, workload: Workload) -> Duration {
        let scope = workload.exposed().unwrap();
        self.server
            .run(&["access", "withdraw", &scope, CONSUMER])
            .done();
        let started = Instant::now();
        let is_back = async || {
            let listed = self
                .server
                .run(&["access", "list", "--scope", &scope, "--output", "json"]);
            listed.done().contains("APPROVED")
        };
        until_for(PATIENCE, "it is put back", is_back).await;
        started.elapsed()
    }
}

fn seconds(since: Instant) -> String {
    format!("{:.1} s", since.elapsed().as_secs_f64())
}

/// The requests that are about one resource or another, rather than about all that there is.
fn about_one(asked: &[String]) -> Vec<&String> {
    let is_shared = |asked: &&String| {
        let shared = [
            LOOK,
            "/prefix/all",
            "/delegationsources",
            "/scopes/access/all",
        ];
        shared.iter().any(|path| asked.contains(path))
    };
    asked.iter().filter(|asked| !is_shared(asked)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_cost_nothing_while_nothing_happens_and_a_change_of_one_is_a_few_requests() {
    let scale = Scale::prepared().await;

    // The first operator of this kind compares everything, once.
    let started = Instant::now();
    let mut operator = scale.start();
    scale.all_seen(&operator, scale.count).await;
    scale.say(
        "first start: every resource is seen after",
        seconds(started),
    );
    scale.all_compared().await;
    scale.say(
        "first start: everything is compared after",
        seconds(started),
    );
    let asked = scale.between.since(0);
    scale.say("first start: requests to the service", asked.len());
    let is_change = |asked: &&String| !asked.starts_with("GET ");
    let changes: Vec<_> = asked.iter().filter(is_change).collect();
    assert!(
        changes.is_empty(),
        "everything was as it should be: {changes:?}"
    );

    // Nothing happens.
    let (first, before) = (scale.between.count(), asked_of_cluster(&scale.client).await);
    let (begun, footprint) = (Instant::now(), Footprint::of(operator.pid()));
    scale.looks(3).await;
    let asked = scale.between.since(first);
    let of_cluster = added(&before, &asked_of_cluster(&scale.client).await);
    assert!(about_one(&asked).is_empty(), "{asked:?}");
    let reads: u64 = of_cluster.values().sum();
    assert!(reads < 20, "{of_cluster:?}");
    let after = Footprint::of(operator.pid());
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let each = |count: usize| format!("{:.1}", count as f64 / minutes);
    scale.say(
        "at rest: requests to the service a minute",
        each(asked.len()),
    );
    scale.say(
        "at rest: requests to the API server a minute",
        format!("{} {of_cluster:?}", each(usize::try_from(reads).unwrap())),
    );
    let busy = after.busy.saturating_sub(footprint.busy).as_secs_f64() / (minutes * 60.0) * 100.0;
    scale.say("at rest: of one core", format!("{busy:.2} %"));
    scale.say("at rest: memory", format!("{} MiB", after.resident));
    scale.say("most memory since the start", format!("{} MiB", after.peak));
    let mut most_memory = after.peak;

    // One changes.
    let first = scale.between.count();
    let mut most_time = Duration::ZERO;
    for number in [1, scale.count / 2, scale.count - 1] {
        let took = scale.change(Workload(number)).await;
        most_time = most_time.max(took);
        scale.say("a change is effective after", format!("{took:.2?}"));
    }
    let asked = scale.between.since(first);
    assert!(about_one(&asked).len() <= 3 * 10, "{asked:?}");
    let took = scale.drift(Workload(0)).await;
    scale.say(
        "what others changed is put back after",
        format!("{took:.2?}"),
    );
    scale.at_rest().await;

    // It is started again.
    assert!(operator.stop().success());
    let (first, before) = (scale.between.count(), asked_of_cluster(&scale.client).await);
    let started = Instant::now();
    let operator = scale.start();
    scale.all_seen(&operator, scale.count).await;
    scale.say("next start: every resource is seen after", seconds(started));
    let of_cluster = added(&before, &asked_of_cluster(&scale.client).await);
    scale.say(
        "next start: requests to the API server",
        format!("{of_cluster:?}"),
    );
    let took = scale.change(Workload(2)).await;
    scale.say(
        "next start: a change is effective after",
        format!("{took:.2?}"),
    );
    scale.at_rest().await;
    let asked = scale.between.since(first);
    scale.say("next start: requests to the service", asked.len());
    assert!(about_one(&asked).len() <= 20, "{asked:?}");

    if scale.is_long {
        let started = Instant::now();
        prepared::deploy(&scale.client, scale.count..scale.count + DEPLOYED).await;
        for number in scale.count..scale.count + DEPLOYED {
            prepared::ready(&scale.client, Workload(number)).await;
        }
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let each = started.elapsed().as_secs_f64() / DEPLOYED as f64;
        scale.say("new resources a second", format!("{:.1}", 1.0 / each));
        most_memory = most_memory.max(Footprint::of(operator.pid()).peak);
        scale.say(
            "most memory since the next start",
            format!("{most_memory} MiB"),
        );
        assert!(most_memory < MOST_MEMORY_MIB, "{most_memory} MiB");
        assert!(most_time < MOST_TIME, "{most_time:?}");
    }
}
