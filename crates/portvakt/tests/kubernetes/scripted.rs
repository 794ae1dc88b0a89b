//! What a real API server, and a real issuer, cannot be made to do: they are real, and somebody stands between.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use portvakt_operator::pass::{RESYNC, ROTATE};
use portvakt_operator::resource::MaskinportenClient;
use portvakt_operator::shell::{Bounds, Operator, Passed, run};
use portvakt_testkit::ApiServer;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::between::{Act, Between};
use crate::calls::Calls;
use crate::cluster::{own_cluster, until};
use crate::first_deploy::laanesok;
use crate::issuer::Issuer;
use crate::scene::{Life, Scene, conditions, rules};
use crate::vector::Vector;

/// How long the operator waits for bytes of the API server here.
const PATIENCE: Duration = Duration::from_secs(2);

/// Short ones, so that nobody waits long.
const BOUNDS: Bounds = Bounds {
    watch: Duration::from_secs(1),
    pass: Duration::from_secs(3),
    page: 1,
};

/// Writes of a pass over a new resource, each by its number among its like.
const WRITES: [(&str, &str, usize); 6] = [
    ("PATCH", "/maskinportenclients/", 1),
    ("PUT", "/status", 1),
    ("PUT", "/status", 2),
    ("PATCH", "/secrets/", 1),
    ("PUT", "/status", 3),
    ("PATCH", "/secrets/", 2),
];

fn new_operator(client: Client, api: portvakt_client::SelfService) -> Operator {
    let operator = Operator::new(client, api, rules(), || "some-pass".to_owned());
    operator.within(BOUNDS)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_refused_or_not_answered_is_made_by_the_next_pass() {
    let scene = Scene::new().await;
    Vector::V1.prepare(&scene).await;
    assert!(Vector::V1.pass(&scene, &Calls::default()).await.succeeded());
    let expected = in_order(Vector::V1.state(&scene).await);
    let acts = [
        Act::Refuse(409),
        Act::Refuse(500),
        Act::RefuseFor(429, 1),
        Act::Silence,
    ];
    for (method, part, number) in WRITES {
        for act in &acts {
            let scene = Scene::new().await;
            Vector::V1.prepare(&scene).await;
            let between = Between::before_cluster(ApiServer::shared()).await;
            if number > 1 {
                between.script(number - 1, method, part, Act::Late(Duration::ZERO));
            }
            between.script(1, method, part, act.clone());
            let client = between.client(Duration::from_millis(500));
            let operator = new_operator(client, scene.issuer.api(&Calls::default()).await);
            let name = Vector::V1.name();
            let mut ends = Vec::new();
            for _ in 0..3 {
                let passed = operator.pass::<MaskinportenClient>(&scene.namespace, name);
                ends.push(passed.await);
                if matches!(ends.last(), Some(Ok(Passed::Succeeded(_)))) {
                    break;
                }
            }
            assert!(between.is_told(), "{method} {part} {number}: {ends:?}");
            let state = in_order(Vector::V1.state(&scene).await);
            assert_eq!(
                state, expected,
                "{method} {part} {number}, {act:?}: {ends:?}"
            );
        }
    }
}

/// The same with its conditions in an order of their own: one that was set by a pass that failed is the first.
fn in_order(mut state: Value) -> Value {
    let conditions = state["status"]["conditions"].as_array_mut().unwrap();
    conditions.sort_by_key(ToString::to_string);
    state
}

/// An operator that looks after a cluster and an issuer, with somebody before both.
struct Around {
    _cluster: ApiServer,
    client: Client,
    namespace: String,
    issuer: Issuer,
    before_cluster: Between,
    before_issuer: Between,
    stop: Option<oneshot::Sender<()>>,
}

impl Around {
    async fn new() -> Self {
        let (cluster, client, namespace) = own_cluster().await;
        let issuer = Issuer::start().await;
        let url = issuer.serve(&Calls::default()).await;
        Self {
            before_cluster: Between::before_cluster(&cluster).await,
            before_issuer: Between::before(&url).await,
            _cluster: cluster,
            client,
            namespace,
            issuer,
            stop: None,
        }
    }

    /// Starts an operator; one that was started before stops.
    async fn start(&mut self) {
        self.start_within(BOUNDS).await;
    }

    async fn start_within(&mut self, bounds: Bounds) {
        let url = self.before_issuer.url("/api/v1");
        let api = self.issuer.api_at(&url, Duration::from_millis(500)).await;
        let operator = new_operator(self.before_cluster.client(PATIENCE), api).within(bounds);
        let (stop, stopped) = oneshot::channel();
        self.stop = Some(stop);
        let until = async {
            let _ = stopped.await;
        };
        tokio::spawn(run::<MaskinportenClient>(operator, until, || 0.0));
    }

    fn resources(&self) -> Api<MaskinportenClient> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn create(&self, name: &str, more: &Value) {
        let mut resource = serde_json::to_value(laanesok()).unwrap();
        resource["metadata"]["name"] = json!(name);
        resource["spec"]["secretName"] = json!(name);
        if let Some(exposes) = more.get("exposes") {
            resource["spec"]["scopes"]["exposes"] = exposes.clone();
        }
        let resource = serde_json::from_value(resource).unwrap();
        let params = PostParams::default();
        self.resources().create(&params, &resource).await.unwrap();
    }

    async fn says(&self, name: &str, condition: &str) -> bool {
        let resource = self.resources().get(name).await.unwrap();
        let said = resource.status.as_ref().map(conditions);
        said.is_some_and(|said| said.contains(&condition.to_owned()))
    }

    async fn ready(&self, name: &str) {
        until(name, async || self.says(name, "Ready=True").await).await;
    }

    /// Each of these has one client, and its Secret the one key of it.
    async fn have_one_client_each(&self, names: &[String]) {
        let api = self.issuer.api(&Calls::default()).await;
        let clients = api.clients().await.unwrap();
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
        for name in names {
            let description = format!("dev-gcp:{}:{name}", self.namespace);
            let own: Vec<_> = clients
                .iter()
                .filter(|client| client.description == description)
                .collect();
            assert_eq!(own.len(), 1, "{name}");
            let data = secrets.get(name).await.unwrap().data.unwrap();
            let jwk: Value = serde_json::from_slice(&data["MASKINPORTEN_CLIENT_JWK"].0).unwrap();
            let keys = api.keys(&own[0].client_id).await.unwrap().value.keys;
            let kids: Vec<_> = keys.iter().map(|key| &key["kid"]).collect();
            assert_eq!(kids, [&jwk["kid"]], "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_that_fail_in_any_way_are_begun_again_and_not_all_the_time() {
    let mut around = Around::new().await;
    around.start().await;
    let gone = json!({"type": "ERROR", "object": {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 410,
        "message": "too old resource version", "reason": "Expired",
    }});
    let bookmark = json!({"type": "BOOKMARK", "object": {
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "1", "creationTimestamp": null},
    }});
    let faults = [
        ("silent", Act::SayAndStay(String::new())),
        ("closed", Act::Say(String::new())),
        ("gone", Act::Say(format!("{gone}\n"))),
        (
            "garbage",
            Act::Say("<html>This is no event</html>\n".to_owned()),
        ),
        ("bookmarks", Act::SayForEver(format!("{bookmark}\n"))),
        ("endless", Act::SayForEver(" ".to_owned())),
        ("refused", Act::Refuse(500)),
    ];
    let mut names = Vec::new();
    for (name, act) in faults {
        let between = &around.before_cluster;
        let asked = || between.asked("GET", "/maskinportenclients");
        let before = asked();
        between.script(10_000, "GET", "/maskinportenclients watch=true", act);
        around.create(name, &json!({})).await;
        // Long enough for a hot loop to show.
        sleep(Duration::from_secs(4)).await;
        let count = asked() - before;
        assert!(count <= 40, "{name}: {count} requests in 4 seconds");
        between.forget();
        around.ready(name).await;
        names.push(name.to_owned());
    }
    around.have_one_client_each(&names).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_break_off_or_never_end_delay_a_start_and_lose_nobody() {
    let mut around = Around::new().await;
    around.create("first", &json!({})).await;
    around.create("second", &json!({})).await;
    let mut names = vec!["first".to_owned(), "second".to_owned()];
    let faults = [
        ("page", "/maskinportenclients continue=", Act::Refuse(500)),
        (
            "expired",
            "/maskinportenclients continue=",
            Act::Refuse(410),
        ),
        (
            "garbage",
            "/maskinportenclients limit=1",
            Act::Say("{".to_owned()),
        ),
        (
            "endless",
            "/maskinportenclients limit=1",
            Act::SayForEver(" ".to_owned()),
        ),
        ("secrets", "/secrets limit=1", Act::Silence),
    ];
    for (name, parts, act) in faults {
        around.before_cluster.script(2, "GET", parts, act);
        around.start().await;
        around.create(name, &json!({})).await;
        names.push(name.to_owned());
        for name in &names {
            around.ready(name).await;
        }
        assert!(around.before_cluster.is_told(), "{name}");
    }
    around.have_one_client_each(&names).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_that_the_issuer_does_not_answer_about_keep_nobody_waiting() {
    let mut around = Around::new().await;
    // Long enough for the issuer to be asked again and again.
    let pass = Duration::from_mins(1);
    around.start_within(Bounds { pass, ..BOUNDS }).await;
    around
        .before_issuer
        .script(10_000, "GET", "treg", Act::Silence);
    // Twice as many as are looked at side by side.
    let slow: Vec<_> = (0..16).map(|number| format!("treg-{number}")).collect();
    for name in &slow {
        let scope = json!({"name": format!("{name}.read").replace('-', ""), "product": "treg", "enabled": true});
        around.create(name, &json!({"exposes": [scope]})).await;
    }
    until("they are asked about", async || {
        around.before_issuer.asked("GET", "treg") >= 8
    })
    .await;
    around.create("rask", &json!({})).await;
    around.ready("rask").await;
    for name in &slow {
        until(name, async || around.says(name, "Error=True").await).await;
    }
    around.before_issuer.forget();
    // What is waited for is not heard of once.
    around
        .before_issuer
        .script(3, "GET", "/changes", Act::Silence);
    around.create("venter", &json!({})).await;
    until("it is registered and not effective", async || {
        around.says("venter", "Ready=False").await && around.before_issuer.is_told()
    })
    .await;
    for name in slow.iter().map(String::as_str).chain(["venter"]) {
        around.ready(name).await;
    }
    let mut names = slow;
    names.extend(["rask".to_owned(), "venter".to_owned()]);
    around.have_one_client_each(&names).await;
}

/// The operator's clock is months behind that of the API server, by which Pods are old.
#[tokio::test(flavor = "multi_thread")]
async fn what_runs_keeps_its_key_although_clocks_differ() {
    let scene = Scene::new().await;
    Vector::V1.prepare(&scene).await;
    let name = Vector::V1.name();
    let pass = async |annotations: Value| {
        let resources: Api<MaskinportenClient> = scene.all();
        let patch = Patch::Merge(json!({"metadata": {"annotations": annotations}}));
        let params = PatchParams::default();
        resources.patch(name, &params, &patch).await.unwrap();
        let life = Vector::V1.pass(&scene, &Calls::default()).await;
        assert!(
            matches!(life, Life::Passed(Passed::Succeeded(_))),
            "{life:?}"
        );
        scene.clients(name).await.remove(0).2
    };
    let first = pass(json!({})).await;
    let [secret] = first.as_slice() else {
        panic!("{first:?}")
    };
    scene.create_pod(name, secret).await;
    let kids = pass(json!({ROTATE: "true"})).await;
    assert_eq!(kids.len(), 2, "the Pod has the other: {kids:?}");
    let kids = pass(json!({RESYNC: "true"})).await;
    assert_eq!(kids.len(), 2, "and goes on: {kids:?}");
}

/// Threat: whoever may change a resource has a key that leaked stay registered for ever, by a time that makes the
/// key after it newer than any Pod: the API server believes what it is told of others' writes.
#[tokio::test(flavor = "multi_thread")]
async fn the_age_of_a_key_is_not_what_somebody_says_of_others_writes() {
    let scene = Scene::new().await;
    Vector::V1.prepare(&scene).await;
    let name = Vector::V1.name();
    assert!(Vector::V1.pass(&scene, &Calls::default()).await.succeeded());
    let far = "2999-01-01T00:00:00Z";
    let resources: Api<MaskinportenClient> = scene.all();
    let mut claimed = serde_json::to_value(resources.get(name).await.unwrap()).unwrap();
    for writer in claimed["metadata"]["managedFields"].as_array_mut().unwrap() {
        writer["time"] = json!(far);
    }
    claimed["metadata"]["annotations"] = json!({ROTATE: "true"});
    let claimed = serde_json::from_value(claimed).unwrap();
    let params = PostParams::default();
    let replaced = resources.replace(name, &params, &claimed);
    let writers = replaced.await.unwrap().metadata.managed_fields.unwrap();
    let writers = serde_json::to_value(writers).unwrap();
    assert!(writers.to_string().contains(far), "{writers}");

    assert!(Vector::V1.pass(&scene, &Calls::default()).await.succeeded());
    let secrets: Api<Secret> = scene.all();
    let secrets = secrets.list(&ListParams::default()).await.unwrap();
    let [secret] = secrets.items.as_slice() else {
        panic!("{secrets:?}")
    };
    let since = &secret.metadata.annotations.as_ref().unwrap()["portvakt/key-since"];
    assert!(since.as_str() < "2100", "{since}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_changed_since_it_was_unused_stays() {
    let scene = Scene::new().await;
    Vector::V1.prepare(&scene).await;
    let name = Vector::V1.name();
    assert!(Vector::V1.pass(&scene, &Calls::default()).await.succeeded());
    let before = scene.secrets().await.into_keys().next().unwrap();
    let resources: Api<MaskinportenClient> = scene.all();
    let patch = Patch::Merge(json!({"spec": {"secretName": "another"}}));
    let params = PatchParams::default();
    resources.patch(name, &params, &patch).await.unwrap();

    // Between the look at it and its deletion somebody changes it.
    let between = Between::before_cluster(ApiServer::shared()).await;
    between.script(1, "DELETE", "/secrets/", Act::Late(Duration::from_secs(1)));
    let operator = new_operator(
        between.client(PATIENCE),
        scene.issuer.api(&Calls::default()).await,
    );
    let namespace = scene.namespace.clone();
    let pass =
        tokio::spawn(async move { operator.pass::<MaskinportenClient>(&namespace, name).await });
    until("it is to be deleted", async || between.is_told()).await;
    let secrets: Api<Secret> = scene.all();
    let patch = Patch::Merge(json!({"stringData": {"OWN": "kept"}}));
    secrets.patch(&before, &params, &patch).await.unwrap();
    assert!(matches!(pass.await.unwrap(), Ok(Passed::Failed(_))));
    let there = secrets.get(&before).await.unwrap().data.unwrap();
    assert_eq!(there["OWN"].0, b"kept");

    // The next pass looks at what it is now.
    assert!(Vector::V1.pass(&scene, &Calls::default()).await.succeeded());
    assert!(secrets.get_opt(&before).await.unwrap().is_none());
}
