//! What Pods are given (spec: nais §8).

use k8s_openapi::api::core::v1::Pod;
use portvakt_nais::environment::WebProxy;
use portvakt_operator::injection::{
    Given, Injection, Refusal, Settings, SidecarImage, Target, inject, target,
};
use serde_json::{Value, json};

mod property;
mod sidecar;
mod workload;

const SECRET: &str = "maskinporten-myapplication-9561321b";

/// The Pod of a workload called `myapplication`, with these members of its specification.
fn pod(spec: &Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": "myapplication-1", "labels": {"app": "myapplication", "portvakt/inject": "true"}},
        "spec": {"containers": [{"name": "myapplication", "image": "example/app:1"}]},
    });
    pod["spec"]
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    pod
}

fn maskinporten() -> Given {
    Given {
        maskinporten: Some(SECRET.to_owned()),
        ..Given::default()
    }
}

fn with_sidecar() -> Settings {
    Settings {
        sidecar: Some(SidecarImage {
            image: "example/texas:1".to_owned(),
            args: Vec::new(),
        }),
        ..Settings::default()
    }
}

fn workload() -> Target {
    Target::Workload("myapplication".to_owned())
}

fn read(pod: &Value) -> Pod {
    serde_json::from_value(pod.clone()).unwrap()
}

fn injection(pod: &Value, given: &Given, settings: &Settings) -> Result<Injection, Refusal> {
    let pod = read(pod);
    let target = target(&pod)?.expect("the Pod is for something");
    inject(&pod, &target, given, settings)
}

/// The Pod with everything that it is given. A second look at it changes nothing.
fn injected(pod: &Value, given: &Given, settings: &Settings) -> Value {
    let mut patched = pod.clone();
    let injection_of = |pod: &Value| injection(pod, given, settings).unwrap();
    json_patch::patch(&mut patched, &injection_of(pod).patch).unwrap();
    assert_eq!(injection_of(&patched).patch.0, [], "{patched:#}");
    patched
}

#[test]
fn the_container_gets_the_secret_as_variables_and_as_files() {
    let pod = injected(&pod(&json!({})), &maskinporten(), &Settings::default());
    assert_eq!(
        pod,
        json!({
            "metadata": {"name": "myapplication-1", "labels": {
                "app": "myapplication", "portvakt/inject": "true", "maskinporten": "enabled",
            }},
            "spec": {
                "containers": [{
                    "name": "myapplication",
                    "image": "example/app:1",
                    "envFrom": [{"secretRef": {"name": SECRET}}],
                    "volumeMounts": [{
                        "name": SECRET,
                        "mountPath": "/var/run/secrets/nais.io/maskinporten",
                        "readOnly": true,
                    }],
                }],
                "volumes": [{"name": SECRET, "secret": {"secretName": SECRET}}],
            },
        })
    );
}

#[test]
fn what_the_workload_says_itself_wins() {
    let given = Given {
        idporten: Some("idporten-secret".to_owned()),
        webproxy: true,
        ..maskinporten()
    };
    let settings = Settings {
        proxy: Some(
            WebProxy::parse(
                "http://proxy.example:8088",
                &["localhost".to_owned(), ".local".to_owned()],
            )
            .unwrap(),
        ),
        ..Settings::default()
    };
    let own = json!({"containers": [{
        "name": "myapplication",
        "env": [
            {"name": "JDK_JAVA_OPTIONS", "value": "$(JAVA_PROXY_OPTIONS)"},
            {"name": "HTTPS_PROXY", "value": "http://mine.example:1"},
        ],
        "envFrom": [{"secretRef": {"name": "mine"}}],
        "volumeMounts": [{"name": "mine", "mountPath": "/mine"}],
    }], "volumes": [{"name": "mine", "emptyDir": {}}]});
    let pod = injected(&pod(&own), &given, &settings);
    let container = &pod["spec"]["containers"][0];
    // Of sources the later wins, and so it is with variables.
    let sources = container["envFrom"].as_array().unwrap().iter();
    let sources: Vec<_> = sources.map(|it| it["secretRef"]["name"].clone()).collect();
    assert_eq!(sources, ["idporten-secret", SECRET, "mine"]);
    let variables = container["env"].as_array().unwrap().iter();
    let names: Vec<_> = variables.map(|it| it["name"].clone()).collect();
    assert_eq!(
        names,
        [
            "HTTP_PROXY",
            "http_proxy",
            "https_proxy",
            "NO_PROXY",
            "no_proxy",
            "JAVA_PROXY_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "HTTPS_PROXY"
        ]
    );
    // The text of vector V7.
    assert_eq!(
        container["env"][5]["value"],
        "-Dhttp.proxyHost=proxy.example -Dhttps.proxyHost=proxy.example -Dhttp.proxyPort=8088 \
         -Dhttps.proxyPort=8088 -Dhttp.nonProxyHosts=localhost|*.local"
    );
    let mounts = container["volumeMounts"].as_array().unwrap().iter();
    let mounts: Vec<_> = mounts.map(|it| it["mountPath"].clone()).collect();
    assert_eq!(mounts.len(), 3);
    assert!(mounts.contains(&json!("/var/run/secrets/nais.io/idporten")));
    assert_eq!(pod["metadata"]["labels"]["idporten"], "enabled");
}

#[test]
fn a_pod_that_the_platform_has_injected_stays_as_it_is() {
    let platform = pod(&json!({
        "containers": [{
            "name": "myapplication",
            "envFrom": [{"secretRef": {"name": SECRET}}],
            "env": [{"name": "NAIS_TOKEN_ENDPOINT", "value": "http://127.0.0.1:7164/api/v1/token"}],
            "volumeMounts": [{
                "name": "some-name", "mountPath": "/var/run/secrets/nais.io/maskinporten/", "readOnly": true,
            }],
        }],
        "initContainers": [{"name": "texas", "restartPolicy": "Always"}],
        "volumes": [{"name": "some-name", "secret": {"secretName": SECRET, "defaultMode": 420}}],
    }));
    let mut platform = platform;
    platform["metadata"]["labels"]["maskinporten"] = json!("enabled");
    let read = read(&platform);
    let injection = inject(&read, &workload(), &maskinporten(), &with_sidecar());
    assert_eq!(injection, Ok(Injection::default()));
}

#[test]
fn credentials_of_another_source_are_left_alone() {
    let own = pod(&json!({
        "containers": [{
            "name": "myapplication",
            "volumeMounts": [{"name": "vault", "mountPath": "/var/run/secrets/nais.io/maskinporten"}],
        }],
        "volumes": [{"name": "vault", "emptyDir": {}}],
    }));
    assert_eq!(injected(&own, &maskinporten(), &Settings::default()), own);
}

/// Which containers take the Secret.
fn takers(pod: &Value) -> Vec<String> {
    let spec = &pod["spec"];
    let lists = [&spec["initContainers"], &spec["containers"]];
    let containers = lists
        .into_iter()
        .flat_map(|list| list.as_array().into_iter().flatten());
    let takers = containers.filter(|container| container["envFrom"].is_array());
    takers
        .map(|container| container["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn one_container_gets_the_key_unless_the_pod_names_others() {
    let containers = json!({
        "initContainers": [{"name": "migrate"}, {"name": "prepare"}],
        "containers": [{"name": "proxy"}, {"name": "worker"}],
    });
    let with_own = json!({"containers": [{"name": "proxy"}, {"name": "myapplication"}]});
    let cases = [
        (&with_own, json!({}), vec!["myapplication"]),
        (&containers, json!({}), vec!["proxy"]),
        (
            &containers,
            json!({"kubectl.kubernetes.io/default-container": "worker"}),
            vec!["worker"],
        ),
        (
            &containers,
            json!({"portvakt/containers": "worker, prepare,"}),
            vec!["prepare", "worker"],
        ),
    ];
    for (spec, annotations, expected) in cases {
        let mut pod = pod(spec);
        pod["metadata"]["annotations"] = annotations;
        let pod = injected(&pod, &maskinporten(), &Settings::default());
        assert_eq!(takers(&pod), expected);
        assert_eq!(pod["spec"]["volumes"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_volume_has_a_name_that_a_volume_can_have() {
    let long = "a".repeat(64);
    for secret in [long.as_str(), "with.dots"] {
        let given = Given {
            maskinporten: Some(secret.to_owned()),
            ..Given::default()
        };
        let pod = injected(&pod(&json!({})), &given, &Settings::default());
        assert_eq!(
            pod["spec"]["volumes"][0],
            json!({"name": "portvakt-maskinporten", "secret": {"secretName": secret}})
        );
    }
    // Something else of that name, or some files of the Secret.
    for taken in [
        json!({"name": SECRET, "emptyDir": {}}),
        json!({"name": SECRET, "secret": {"secretName": SECRET, "items": [{"key": "a", "path": "a"}]}}),
    ] {
        let pod = injected(
            &pod(&json!({"volumes": [taken]})),
            &maskinporten(),
            &Settings::default(),
        );
        assert_eq!(pod["spec"]["volumes"][1]["name"], "portvakt-maskinporten");
    }
}

#[test]
fn a_container_that_is_named_twice_gets_everything_once() {
    let of = |containers: &str| {
        let mut pod = pod(&json!({}));
        pod["metadata"]["annotations"] = json!({"portvakt/containers": containers});
        injected(&pod, &maskinporten(), &Settings::default())["spec"].clone()
    };
    assert_eq!(of("myapplication, myapplication"), of("myapplication"));
    assert_eq!(of(&"myapplication,".repeat(100_000)), of("myapplication"));
}

#[test]
fn a_pod_that_asks_for_what_it_cannot_have_is_told_what_to_do() {
    let sidecar = json!({"portvakt/sidecar": "true"});
    let plain = json!({});
    let given = maskinporten();
    let cases = [
        (
            &plain,
            plain.clone(),
            Given::default(),
            Settings::default(),
            "there is no MaskinportenClient and no IDPortenClient myapplication",
        ),
        (
            &plain,
            json!({"portvakt/containers": "other"}),
            given.clone(),
            Settings::default(),
            "the Pod has no container other",
        ),
        (
            &plain,
            json!({"portvakt/containers": (0..33).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",")}),
            given.clone(),
            Settings::default(),
            "annotation portvakt/containers: name 32 containers at most",
        ),
        (
            &plain,
            json!({"portvakt/webproxy": "yes"}),
            given.clone(),
            Settings::default(),
            "annotation portvakt/webproxy: write \"true\" or \"false\"",
        ),
        (
            &plain,
            sidecar.clone(),
            given.clone(),
            Settings::default(),
            "no image",
        ),
        (
            &json!({"hostNetwork": true}),
            sidecar.clone(),
            given.clone(),
            with_sidecar(),
            "must not run on the host's network",
        ),
        (
            &json!({"containers": [{"name": "a", "ports": [{"containerPort": 7165}]}]}),
            sidecar,
            given.clone(),
            with_sidecar(),
            "cannot use port '7165'; conflicts with sidecar",
        ),
        (
            &json!({"volumes": [
                {"name": SECRET, "emptyDir": {}}, {"name": "portvakt-maskinporten", "emptyDir": {}},
            ]}),
            plain.clone(),
            given,
            Settings::default(),
            "the volume portvakt-maskinporten is of another kind",
        ),
    ];
    for (spec, annotations, given, settings, expected) in cases {
        let mut pod = pod(spec);
        pod["metadata"]["annotations"] = annotations;
        let refusal = injection(&pod, &given, &settings).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn a_pod_says_which_client_or_workload_it_is_for() {
    let of = |labels: Value| target(&read(&json!({"metadata": {"labels": labels}})));
    let name = || "a".to_owned();
    let cases = [
        (json!({}), Ok(None)),
        (json!({"app": ""}), Ok(None)),
        (json!({"app": "a"}), Ok(Some(Target::Workload(name())))),
        (
            json!({"app": "a", "portvakt/inject": "true"}),
            Ok(Some(Target::Client(name()))),
        ),
        (json!({"app": "a", "portvakt/inject": "false"}), Ok(None)),
        (json!({"portvakt/inject": "true"}), Err(Refusal::NoName)),
    ];
    for (labels, expected) in cases {
        assert_eq!(of(labels.clone()), expected, "{labels}");
    }
    let long = "a".repeat(1 << 20);
    for no_name in ["../..", "x?watch=1", "a/b", "a%2fb", "A", ".", &long] {
        assert_eq!(of(json!({"app": no_name})), Ok(None));
        let refusal = of(json!({"app": no_name, "portvakt/inject": "true"}));
        let refusal = refusal.unwrap_err().to_string();
        assert!(refusal.starts_with("label app: must be"), "{refusal}");
        assert!(refusal.len() < 200, "{refusal}");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_a_warning_to_those_who_ask_for_it() {
    let mut pod = pod(&json!({}));
    pod["metadata"]["annotations"] = json!({"portvakt/webproxy": "true"});
    let injection = injection(&pod, &maskinporten(), &Settings::default()).unwrap();
    assert_eq!(injection.warnings.len(), 1);
}

#[test]
fn a_pod_that_nothing_is_there_for_is_let_through() {
    let mut pod = pod(&json!({"hostNetwork": true}));
    pod["metadata"]["labels"] = json!({"app": "myapplication"});
    pod["metadata"]["annotations"] = json!({"portvakt/sidecar": "true"});
    let injection = injection(&pod, &Given::default(), &with_sidecar());
    assert_eq!(injection, Ok(Injection::default()));
}
