//! The chart's values become settings of the operator.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Manifests;
use super::{OPERATOR, SETS};
use crate::harness::Deployment;

/// Variables of the container, without those that `extraEnv` adds.
fn settings(manifests: &Manifests) -> BTreeMap<String, String> {
    let variables = manifests.container()["env"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    variables
        .map(|variable| (text(&variable["name"]), text(&variable["value"])))
        .filter(|(name, _)| name != "NO_PROXY")
        .collect()
}

/// Names of the variables that the operator has.
fn known() -> BTreeSet<String> {
    let help = Deployment::new().run(&["operator", "--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    let variables = help.split("[env: ").skip(1);
    variables
        .filter_map(|rest| rest.split(['=', ']']).next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_variable_is_one_that_the_operator_has() {
    let known = known();
    for set in SETS {
        for name in settings(&OPERATOR.manifests(set, &[])).keys() {
            assert!(known.contains(name), "{set}: {name} is not in {known:?}");
        }
    }
}

/// What has no value of its own is for other ways of running the operator.
#[test]
fn every_setting_has_a_value() {
    let elsewhere = [
        // Under the names of the existing operator, or not for a cluster.
        "PORTVAKT_ADMIN_CLIENT",
        "PORTVAKT_ADMIN_CERTIFICATE",
        "PORTVAKT_ADMIN_SCOPE",
        "PORTVAKT_DATA_DIR",
        "PORTVAKT_KUBECONFIG",
        "PORTVAKT_OUTPUT",
        "PORTVAKT_ALLOW_PLAIN_HTTP",
        // The Pod's.
        "PORTVAKT_WEBHOOK_NAMESPACE",
    ];
    let module = "admin.key.secretName=,admin.key.kid=,admin.module.library=/usr/lib/hsm.so,\
                  admin.module.token=t,admin.module.label=l,admin.module.thumbprint=p,\
                  admin.module.pinSecretName=pin";
    let mut settable = BTreeSet::new();
    for manifests in [
        OPERATOR.manifests("base", &[]),
        OPERATOR.manifests("existing", &[]),
        OPERATOR.manifests("everything", &[]),
        OPERATOR.manifests("everything", &["--set", module]),
    ] {
        settable.extend(settings(&manifests).into_keys());
    }
    let known = known();
    let missing: Vec<_> = known
        .difference(&settable)
        .filter(|name| !elsewhere.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn values_arrive_as_they_were_written() {
    let manifests = OPERATOR.manifests("everything", &[]);
    let settings = settings(&manifests);
    for (name, expected) in [
        (
            "DIGDIRATOR_DIGDIR_ADMIN_CERT_CHAIN",
            "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n",
        ),
        ("DIGDIRATOR_DIGDIR_MASKINPORTEN_DEFAULT_CLIENT_SCOPE", ""),
        ("DIGDIRATOR_DIGDIR_COMMON_SESSION_LIFETIME", "31536000"),
        ("DIGDIRATOR_FEATURES_IDPORTEN", "true"),
        ("DIGDIRATOR_LEADER_ELECTION_NAMESPACE", "nais-system"),
        ("PORTVAKT_OWNERSHIP", "claimed"),
        ("PORTVAKT_NO_WEB_PROXY", "localhost,.local"),
    ] {
        assert_eq!(settings[name], expected, "{name}");
    }
    let arguments = &manifests.container()["args"];
    let expected = [
        "operator",
        "--sidecar-arg=sidecar",
        "--sidecar-arg=--verbose",
    ];
    assert_eq!(*arguments, serde_json::json!(expected));
    // A host is as good as an address, as in the existing operator's chart.
    let base = OPERATOR.manifests("base", &[]);
    let base = self::settings(&base);
    let url = &base["DIGDIRATOR_DIGDIR_ADMIN_BASE_URL"];
    assert_eq!(url, "https://api.samarbeid.digdir.no");
    // Without login clients their issuer need not be said.
    let more = ["--set", "idporten.enabled=false,idporten.wellKnownUrl="];
    let machines = self::settings(&OPERATOR.manifests("base", &more));
    assert!(!machines.contains_key("DIGDIRATOR_DIGDIR_IDPORTEN_WELL_KNOWN_URL"));
}

/// A cluster's values for the existing operator need two more, and mean what they meant (spec: nais §7.3).
#[test]
fn values_of_the_existing_operators_chart_are_taken() {
    let manifests = OPERATOR.manifests("existing", &[]);
    let container = manifests.container();
    assert_eq!(
        container["image"],
        "registry.example.no/nais/portvakt:0.1.0"
    );
    assert_eq!(container["resources"]["limits"]["cpu"], "2000m");
    let deployment = &manifests.one("Deployment")["spec"];
    assert_eq!(deployment["replicas"], 1);
    assert_eq!(deployment["template"]["metadata"]["labels"]["team"], "nais");
    let policy = &manifests.one("NetworkPolicy")["spec"]["egress"];
    assert_eq!(policy[1]["to"][0]["ipBlock"]["cidr"], "172.16.0.2/32");
    assert!(
        policy[2].get("to").is_none(),
        "the addresses are for policies of workloads, and the self-service API has another"
    );
    let settings = settings(&manifests);
    let scopes = "idporten:dcr.write idporten:dcr.read idporten:scopes.write";
    assert_eq!(settings["DIGDIRATOR_DIGDIR_ADMIN_SCOPES"], scopes);
    let several = ["--set", "application.replicas.min=2"];
    let several = OPERATOR.manifests("existing", &several);
    assert_eq!(several.one("Deployment")["spec"]["replicas"], 2);
    assert_eq!(several.kind("PodDisruptionBudget").len(), 1);
}
