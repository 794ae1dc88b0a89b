use super::*;
use crate::manifest::Manifest;
use crate::model::{ResourceKind, Workload};

const KEY: &str = r#"{"kid":"k1","kty":"RSA","qi":"QI","n":"N","e":"AQAB","d":"PRIVATE","p":"P",
    "q":"Q","dp":"DP","dq":"DQ","exp":5}"#;

fn workload(spec: &str) -> Workload {
    let text = format!(
        "apiVersion: nais.io/v1alpha1\nkind: Application\nmetadata: {{name: a}}\nspec:\n{spec}"
    );
    match Manifest::parse(&text).unwrap().resources.remove(0).kind {
        ResourceKind::Workload(workload) => *workload,
        other => panic!("{other:?}"),
    }
}

fn value<'v>(variables: &'v Variables, name: &str) -> &'v str {
    let mut found = variables.iter().filter(|variable| variable.name == name);
    let value = found
        .next()
        .unwrap_or_else(|| panic!("no {name}"))
        .value
        .expose();
    assert!(found.next().is_none(), "{name} is there twice");
    value
}

#[test]
fn a_private_key_is_one_line_in_the_documented_order_and_never_shown() {
    let key = PrivateJwk::parse(KEY).unwrap();
    let expected = r#"{"use":"sig","kty":"RSA","kid":"k1","alg":"RS256","n":"N","e":"AQAB","d":"PRIVATE","p":"P","q":"Q","dp":"DP","dq":"DQ","qi":"QI"}"#;
    assert_eq!(key.expose(), expected);
    let variable = Variable::secret("MASKINPORTEN_CLIENT_JWK", key.expose().to_owned());
    assert!(!format!("{key:?}{variable:?}").contains("PRIVATE"));
    assert!(
        !serde_json::to_string(key.public())
            .unwrap()
            .contains("PRIVATE")
    );
}

#[test]
fn what_is_no_private_rsa_key_is_refused_without_repeating_it() {
    let cases = [
        ("[]", "the key is not a JSON object"),
        (
            r#"{"kty":"EC","kid":"k","d":"PRIVATE"}"#,
            "the key is not of type RSA",
        ),
        (
            &KEY.replace("\"d\":\"PRIVATE\",", ""),
            "the key has no text member d",
        ),
        (
            &KEY.replace("\"k1\"", "1"),
            "the key has no text member kid",
        ),
    ];
    for (json, expected) in cases {
        assert_eq!(PrivateJwk::parse(json).unwrap_err().to_string(), expected);
    }
}

#[test]
fn the_later_source_wins_and_references_are_expanded() {
    let workload = workload(
        "  env:\n  - {name: A, value: \"$(B)-$(MISSING)-$$(B)-$\"}\n  - {name: PORT, value: \"1\"}\n  - {name: C, value: \"$(PORT)\"}\n  - {name: NAIS_TOKEN_ENDPOINT, value: mine}\n  - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}",
    );
    let owner = "c:n:a".parse().unwrap();
    let platform = platform_variables(
        &Platform {
            owner: &owner,
            pod_name: "pod-1",
        },
        &workload,
    );
    let injected = Injected {
        credentials: vec![
            Variable::plain("B", "from credentials"),
            Variable::plain("D", "1"),
        ],
        env_from: vec![
            Variable::plain("B", "from envFrom"),
            Variable::plain("PORT", "2"),
        ],
        platform,
        token: token_variables("http://127.0.0.1:7164"),
        ..Injected::default()
    };
    let variables = compose(&workload, injected).unwrap();
    assert_eq!(value(&variables, "A"), "from envFrom-$(MISSING)-$(B)-$");
    assert_eq!(value(&variables, "C"), "1");
    assert_eq!(value(&variables, "POD"), "pod-1");
    assert_eq!(value(&variables, "NAIS_CLIENT_ID"), "c:n:a");
    assert_eq!(
        value(&variables, "NAIS_TOKEN_ENDPOINT"),
        "http://127.0.0.1:7164/api/v1/token"
    );
}

#[test]
fn what_refers_to_a_secret_is_one() {
    let workload = workload("  env: [{name: A, value: \"x$(KEY)\"}]");
    let credentials = vec![Variable::secret("KEY", "hidden".into())];
    let injected = Injected {
        credentials,
        ..Injected::default()
    };
    let variables = compose(&workload, injected).unwrap();
    assert_eq!(value(&variables, "A"), "xhidden");
    assert!(!format!("{variables:?}").contains("hidden"));
}

#[test]
fn a_field_without_meaning_outside_a_pod_is_refused() {
    let workload = workload("  env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]");
    assert_eq!(
        compose(&workload, Injected::default()),
        Err(vec!["status.podIP".to_owned()])
    );
}

#[test]
fn a_proxy_has_host_and_port() {
    for address in [
        "http://proxy.example:8088",
        "http://proxy.example:80/",
        "http://[::1]:1",
    ] {
        assert!(WebProxy::parse(address, &[]).is_ok(), "{address}");
    }
    for address in [
        "",
        "proxy.example:8088x",
        "http://proxy.example",
        "http://[::1]",
    ] {
        assert!(WebProxy::parse(address, &[]).is_err(), "{address}");
    }
}
