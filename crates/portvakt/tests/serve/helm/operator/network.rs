//! Who reaches the operator, what it reaches, and how the API server is told of the webhook.

use serde_json::{Value, json};

use super::super::{Manifests, named};
use super::{OPERATOR, OPTIONS};
use crate::deployment::text;

fn policies(manifests: &Manifests) -> Vec<&Value> {
    let policies = manifests.kind("NetworkPolicy").into_iter();
    policies.map(|policy| &policy["spec"]).collect()
}

/// Threat: the operator is reached from elsewhere, or reaches what it need not.
#[test]
fn nobody_reaches_the_pods_and_they_reach_what_is_named() {
    let base = OPERATOR.manifests("base", &[]);
    let [policy] = policies(&base)[..] else {
        panic!("one policy");
    };
    assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(policy["ingress"], json!([]));
    assert_eq!(policy["egress"].as_array().unwrap().len(), 3);

    let everything = OPERATOR.manifests("everything", &[]);
    let [policy, webhook] = policies(&everything)[..] else {
        panic!("two policies");
    };
    let egress = policy["egress"].as_array().unwrap();
    let api_server = json!([{"ipBlock": {"cidr": "172.16.0.2/32"}}]);
    assert_eq!(egress[1]["to"], api_server);
    assert_eq!(
        egress[1]["ports"],
        json!([{"port": 443, "protocol": "TCP"}])
    );
    assert_eq!(egress[2]["to"].as_array().unwrap().len(), 3);
    assert_eq!(egress[3]["ports"][0]["port"], 3128);
    for (policy, port) in [(policy, "metrics"), (webhook, "webhook")] {
        let [rule] = policy["ingress"].as_array().unwrap().as_slice() else {
            panic!("{policy}");
        };
        assert_eq!(rule["ports"], json!([{"port": port, "protocol": "TCP"}]));
        assert_eq!(rule["from"].as_array().unwrap().len(), 1);
        assert!(everything.port(port).is_u64());
    }
    let off = OPERATOR.manifests("everything", &["--set", "networkPolicy.enabled=false"]);
    assert!(policies(&off).is_empty());
}

/// With one address of an API server of IPv6, too.
#[test]
fn the_api_server_is_one_address() {
    let more = ["--set", "apiserverIP=fd00::1"];
    let manifests = OPERATOR.manifests("base", &more);
    let egress = &policies(&manifests)[0]["egress"][1];
    assert_eq!(egress["to"][0]["ipBlock"]["cidr"], "fd00::1/128");
}

/// The operator's own code says what the configuration is; `crates/operator` writes it to this file.
#[test]
fn the_configuration_of_the_webhook_is_the_documented_one() {
    let documented: Value = serde_saphyr::from_str(&text("operator/webhook.yaml")).unwrap();
    let manifests = OPERATOR.manifests("base", &OPTIONS);
    let rendered = manifests.one("MutatingWebhookConfiguration");
    assert_eq!(rendered["webhooks"], documented["webhooks"]);
    assert_eq!(rendered["metadata"]["name"], documented["metadata"]["name"]);
    let base = OPERATOR.manifests("base", &[]);
    assert!(base.kind("MutatingWebhookConfiguration").is_empty());
}

/// Threat: Pods of the system, or of strangers, cannot be made while the operator is away.
#[test]
fn scope_and_failure_policy_are_values_and_the_system_is_never_asked_about() {
    let manifests = OPERATOR.manifests("everything", &[]);
    let configuration = manifests.one("MutatingWebhookConfiguration");
    let webhooks = configuration["webhooks"].as_array().unwrap();
    let policies: Vec<_> = webhooks.iter().map(|it| &it["failurePolicy"]).collect();
    assert_eq!(policies, ["Fail", "Ignore"], "Pods of strangers are made");
    for webhook in webhooks {
        let selector = &webhook["namespaceSelector"];
        assert_eq!(
            selector["matchLabels"],
            json!({"example.no/tenant": "fjord"})
        );
        let excluded = &selector["matchExpressions"][0];
        assert_eq!(excluded["operator"], "NotIn");
        let expected = [
            "kube-system",
            "kube-public",
            "kube-node-lease",
            "portvakt-operator",
        ];
        assert_eq!(excluded["values"], json!(expected));
        assert_eq!(selector["matchExpressions"][1]["operator"], "DoesNotExist");
    }
}

/// The Service that the API server calls leads to the port that the operator answers at.
#[test]
fn the_webhook_is_one_name_from_the_configuration_to_the_container() {
    for (set, more, name, port) in [
        ("base", &OPTIONS[..], "portvakt-webhook", 9443),
        ("everything", &[], "injection", 8443),
    ] {
        let manifests = OPERATOR.manifests(set, more);
        let configuration = manifests.one("MutatingWebhookConfiguration");
        assert_eq!(configuration["metadata"]["name"], name);
        let called = &configuration["webhooks"][0]["clientConfig"]["service"];
        let services = manifests.kind("Service").into_iter();
        let mut services = services.filter(|service| service["metadata"]["name"] == called["name"]);
        let service = services.next().unwrap();
        assert_eq!(service["metadata"]["namespace"], called["namespace"]);
        let ports = &service["spec"]["ports"][0];
        assert_eq!(ports["port"], called["port"]);
        assert_eq!(*manifests.port(ports["targetPort"].as_str().unwrap()), port);
        let variables = &manifests.container()["env"];
        let said = |variable: &str| named(variables, variable)["value"].clone();
        assert_eq!(said("PORTVAKT_WEBHOOK"), format!("0.0.0.0:{port}"));
        assert_eq!(said("PORTVAKT_WEBHOOK_NAME"), name);
    }
}

#[test]
fn a_cluster_without_the_prometheus_operator_is_asked_for_nothing_of_it() {
    let base = OPERATOR.manifests("base", &[]);
    for kind in ["ServiceMonitor", "PrometheusRule"] {
        assert!(base.kind(kind).is_empty(), "{kind}");
    }
}

/// Figures that nobody shows never tell of anything.
#[test]
fn alerts_are_about_figures_that_there_are() {
    let page = text("../docs/operator.md");
    for set in ["everything", "existing"] {
        let manifests = OPERATOR.manifests(set, &[]);
        let rules = &manifests.one("PrometheusRule")["spec"]["groups"][0]["rules"];
        let rules = rules.as_array().unwrap();
        assert_eq!(rules.len(), 2, "{set}");
        for rule in rules {
            let expression = rule["expr"].as_str().unwrap();
            let figure = expression.trim_start_matches("sum(rate(");
            let (figure, _) = figure.split_once('[').unwrap();
            let (_, counted) = figure.split_once("_client").unwrap();
            assert!(page.contains(&format!("`…{counted}`")), "{figure}");
        }
    }
}
