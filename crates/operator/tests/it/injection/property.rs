//! Random Pods, in which much is there already.

use portvakt_nais::environment::WebProxy;
use portvakt_operator::injection::Settings;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{SECRET, injected, maskinporten, pod, with_sidecar};

/// Parts of Pods, some of which get in each other's way.
fn any_pod() -> impl Strategy<Value = Value> {
    let source = prop_oneof![Just(SECRET), Just("mine")]
        .prop_map(|name| json!({"secretRef": {"name": name}}));
    let variable = prop_oneof![
        Just("NAIS_TOKEN_ENDPOINT"),
        Just("HTTP_PROXY"),
        Just("MINE")
    ]
    .prop_map(|name| json!({"name": name, "value": "own"}));
    let path = prop_oneof![Just("/var/run/secrets/nais.io/maskinporten"), Just("/mine")];
    let mount = (prop_oneof![Just(SECRET), Just("mine")], path)
        .prop_map(|(name, path)| json!({"name": name, "mountPath": path}));
    let list =
        |element: BoxedStrategy<Value>| prop::option::of(prop::collection::vec(element, 0..3));
    let name = prop_oneof![Just("myapplication"), Just("other")];
    let container = (name, list(source.boxed()), list(variable.boxed()), list(mount.boxed()))
        .prop_map(|(name, sources, variables, mounts)| {
            json!({"name": name, "envFrom": sources, "env": variables, "volumeMounts": mounts})
        })
        .boxed();
    let volume = prop_oneof![
        Just(json!({"name": SECRET, "secret": {"secretName": SECRET}})),
        Just(json!({"name": "mine", "emptyDir": {}})),
    ];
    (
        prop::collection::vec(container.clone(), 1..3),
        list(container),
        list(volume.boxed()),
        prop::option::of(Just(
            json!({"portvakt/sidecar": "true", "portvakt/webproxy": "true"}),
        )),
    )
        .prop_map(|(containers, init, volumes, annotations)| {
            let spec =
                json!({"containers": containers, "initContainers": init, "volumes": volumes});
            let mut pod = pod(&spec);
            pod["metadata"]["annotations"] = json!(annotations);
            pod
        })
}

proptest! {
    /// Nothing that a Pod has goes, but for where the sidecar is, and a second look changes nothing.
    #[test]
    fn nothing_is_lost_and_a_second_look_changes_nothing(pod in any_pod()) {
        let settings = Settings {
            proxy: Some(WebProxy::parse("http://proxy.example:8088", &[]).unwrap()),
            ..with_sidecar()
        };
        let after = injected(&pod, &maskinporten(), &settings);
        for list in ["/spec/containers", "/spec/initContainers"] {
            let before = pod.pointer(list).and_then(Value::as_array).into_iter().flatten();
            for (index, container) in before.enumerate() {
                for member in ["envFrom", "env", "volumeMounts"] {
                    let kept = after.pointer(&format!("{list}/{index}/{member}")).cloned().unwrap_or_default();
                    let kept = kept.as_array().cloned().unwrap_or_default();
                    for element in container[member].as_array().into_iter().flatten() {
                        prop_assert!(kept.contains(element) || element["name"] == "NAIS_TOKEN_ENDPOINT");
                    }
                }
            }
        }
    }
}
