//! The token sidecar (spec: nais §8.3).

use portvakt_operator::injection::{Given, Settings};
use serde_json::json;

use super::{SECRET, injected, maskinporten, pod, with_sidecar};

#[test]
fn the_sidecar_starts_first_and_gets_its_own_variables_alone() {
    let mut pod = pod(&json!({"initContainers": [{"name": "migrate"}]}));
    pod["metadata"]["labels"] = json!({"app": "myapplication"});
    let pod = injected(&pod, &maskinporten(), &with_sidecar());
    let sidecar = &pod["spec"]["initContainers"][1];
    let expected = json!({
        "name": "texas",
        "image": "example/texas:1",
        "imagePullPolicy": "IfNotPresent",
        "restartPolicy": "Always",
        "ports": [
            {"name": "texas", "containerPort": 7164},
            {"name": "probe", "containerPort": 7165},
        ],
        "startupProbe": {
            "httpGet": {"path": "/healthz", "port": 7165},
            "periodSeconds": 1,
            "failureThreshold": 60,
        },
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": {
            "runAsUser": 1069,
            "runAsGroup": 1069,
            "runAsNonRoot": true,
            "readOnlyRootFilesystem": true,
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "envFrom": [{"secretRef": {"name": SECRET}}],
        "env": [
            {"name": "BIND_ADDRESS", "value": "127.0.0.1:7164"},
            {"name": "PROBE_BIND_ADDRESS", "value": "0.0.0.0:7165"},
            {"name": "NAIS_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "MASKINPORTEN_ENABLED", "value": "true"},
        ],
    });
    assert_eq!(*sidecar, expected);
    let base = "http://127.0.0.1:7164/api/v1";
    assert_eq!(
        pod["spec"]["containers"][0]["env"],
        json!([
            {"name": "NAIS_TOKEN_ENDPOINT", "value": format!("{base}/token")},
            {"name": "NAIS_TOKEN_EXCHANGE_ENDPOINT", "value": format!("{base}/token/exchange")},
            {"name": "NAIS_TOKEN_INTROSPECTION_ENDPOINT", "value": format!("{base}/introspect")},
        ])
    );
    assert_eq!(pod["metadata"]["labels"]["texas"], "enabled");
}

#[test]
fn a_container_does_not_say_where_the_sidecar_is() {
    let own = json!({"containers": [{
        "name": "myapplication",
        "env": [{"name": "NAIS_TOKEN_ENDPOINT", "value": "http://elsewhere.example"}],
    }]});
    let mut pod = pod(&own);
    pod["metadata"]["annotations"] = json!({"portvakt/sidecar": "true"});
    let pod = injected(&pod, &maskinporten(), &with_sidecar());
    let variables = pod["spec"]["containers"][0]["env"].as_array().unwrap();
    assert_eq!(variables.len(), 3);
    assert_eq!(variables[0]["value"], "http://127.0.0.1:7164/api/v1/token");
}

#[test]
fn the_sidecar_verifies_tokens_of_idporten_where_there_is_an_audience() {
    let shared = "idporten-sso".to_owned();
    let settings = Settings {
        shared_idporten_secret: Some(shared.clone()),
        ..with_sidecar()
    };
    let mut pod = pod(&json!({}));
    pod["metadata"]["labels"] = json!({"app": "myapplication"});
    let cases = [
        (shared, &settings, true),
        ("idporten-own".to_owned(), &settings, false),
        (
            "idporten-own".to_owned(),
            &Settings {
                idporten_has_audience: true,
                ..settings.clone()
            },
            true,
        ),
    ];
    for (secret, settings, is_enabled) in cases {
        let given = Given {
            idporten: Some(secret),
            ..Given::default()
        };
        let pod = injected(&pod, &given, settings);
        let text = pod["spec"]["initContainers"][0]["env"].to_string();
        assert_eq!(text.contains("IDPORTEN_ENABLED"), is_enabled, "{given:?}");
    }
}

#[test]
fn the_sidecar_comes_to_those_who_ask_and_to_applications_that_do_not_decline() {
    let labelled = json!({"app": "myapplication", "portvakt/inject": "true"});
    let named = json!({"app": "myapplication"});
    let cases = [
        (&labelled, None, false),
        (&labelled, Some("true"), true),
        (&labelled, Some("false"), false),
        (&named, None, true),
        (&named, Some("false"), false),
    ];
    for (labels, annotation, expected) in cases {
        let mut pod = pod(&json!({}));
        pod["metadata"]["labels"] = labels.clone();
        if let Some(says) = annotation {
            pod["metadata"]["annotations"] = json!({"portvakt/sidecar": says});
        }
        let pod = injected(&pod, &maskinporten(), &with_sidecar());
        let is_there = pod["spec"]["initContainers"].is_array();
        assert_eq!(is_there, expected, "{labels} {annotation:?}");
    }
}

#[test]
fn an_init_container_that_fetches_tokens_comes_after_the_sidecar() {
    let mut pod = pod(&json!({"initContainers": [{"name": "network"}, {"name": "migrate"}]}));
    pod["metadata"]["annotations"] =
        json!({"portvakt/containers": "migrate,myapplication", "portvakt/sidecar": "true"});
    let pod = injected(&pod, &maskinporten(), &with_sidecar());
    let init = pod["spec"]["initContainers"].as_array().unwrap().iter();
    let names: Vec<_> = init.map(|container| container["name"].clone()).collect();
    assert_eq!(names, ["network", "texas", "migrate"]);
    assert_eq!(
        pod["spec"]["initContainers"][2]["env"][0]["name"],
        "NAIS_TOKEN_ENDPOINT"
    );
}
