//! What an operator asked of the API server, beside what its roles give it.

use std::collections::BTreeSet;

use portvakt_testkit::ApiServer;
use serde_json::Value;

const USER: &str = "system:serviceaccount:portvakt-operator:portvakt-operator";

/// Acts such as `patch secrets` and `update nais.io/maskinportenclients/status`.
pub(super) type Acts = BTreeSet<String>;

fn act(verb: &Value, group: &Value, resource: &str) -> String {
    let group = group.as_str().filter(|group| !group.is_empty());
    let group = group.map(|group| format!("{group}/")).unwrap_or_default();
    format!("{} {group}{resource}", verb.as_str().unwrap())
}

/// What it asked, and those of the questions that were forbidden.
pub(super) fn asked(cluster: &ApiServer) -> (Acts, Acts) {
    let (mut asked, mut forbidden) = (Acts::new(), Acts::new());
    for line in cluster.audit().lines() {
        // The last line may be on its way.
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        assert_eq!(event["user"]["username"], USER);
        let object = &event["objectRef"];
        let Some(resource) = object["resource"].as_str() else {
            continue;
        };
        let subresource = object["subresource"].as_str();
        let whole = subresource.map_or_else(
            || resource.to_owned(),
            |subresource| format!("{resource}/{subresource}"),
        );
        let act = act(&event["verb"], &object["apiGroup"], &whole);
        if event["responseStatus"]["code"] == 403 {
            forbidden.insert(act.clone());
        }
        asked.insert(act);
    }
    (asked, forbidden)
}

/// What roles among these manifests give.
pub(super) fn given(manifests: &[Value]) -> Acts {
    let list = |list: &Value| list.as_array().unwrap().clone();
    let roles = manifests
        .iter()
        .filter(|manifest| manifest["kind"] == "Role" || manifest["kind"] == "ClusterRole");
    let mut given = Acts::new();
    for rule in roles.flat_map(|role| list(&role["rules"])) {
        let [group] = list(&rule["apiGroups"]).try_into().unwrap();
        for resource in list(&rule["resources"]) {
            for verb in list(&rule["verbs"]) {
                given.insert(act(&verb, &group, resource.as_str().unwrap()));
            }
        }
    }
    given
}
