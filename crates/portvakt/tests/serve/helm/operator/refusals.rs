//! Values that cannot be meant are refused before anything is installed, in words.

use super::super::refusals::BY_SCHEMA;
use super::OPERATOR;

#[test]
fn a_value_that_does_not_exist_or_cannot_be_is_refused() {
    for (value, said) in [
        ("replicas=2", "replicas"),
        ("replicaCount=0", "replicaCount"),
        ("ownership=mine", "ownership"),
        ("followSeconds=0", "followSeconds"),
        ("logLevel=trace", "logLevel"),
        ("clusterName=Prod", "clusterName"),
        ("admin.key.value=AAAA", "value"),
        ("admin.apiHost=https://a.example", "apiHost"),
        ("webhook.failurePolicy=Maybe", "failurePolicy"),
        ("webhook.name=UPPER", "name"),
        ("webhook.port=443", "port"),
        ("webhook.namespaceSelector.matchNames={a}", "matchNames"),
        ("metrics.port=80", "port"),
        ("networkPolicy.serviceCIDRs={10.0.0.1}", "serviceCIDRs"),
        ("apiserverPorts={}", "apiserverPorts"),
        ("userId=0", "userId"),
        (
            "podLabels.app\\.kubernetes\\.io/name=x",
            "app.kubernetes.io/name",
        ),
    ] {
        OPERATOR.refuses("base", value, &[BY_SCHEMA, said]);
    }
}

#[test]
fn what_is_missing_or_does_not_go_together_is_said_in_words() {
    for (value, said) in [
        ("image.repository=", "image.repository: name the image"),
        ("clusterName=", "clusterName: name the cluster"),
        ("admin.apiHost=", "name the self-service API"),
        ("admin.baseUrl=https://a.example", "name one, not both"),
        (
            "admin.clientID=",
            "admin.clientID: name the administration client",
        ),
        (
            "admin.key.kid=",
            "name the id under which the key is registered",
        ),
        ("admin.certChain=AA==", "by one of them, not by both"),
        (
            "admin.key.secretName=",
            "name the secret with the administration client's key",
        ),
        (
            "admin.module.library=/a.so",
            "the key is in one of them, not in both",
        ),
        (
            "admin.key.secretName=,admin.module.library=/a.so",
            "with a library name token, label and pinSecretName",
        ),
        (
            "maskinporten.wellKnownUrl=",
            "maskinporten.wellKnownUrl: name",
        ),
        ("idporten.wellKnownUrl=", "idporten.wellKnownUrl: name"),
        (
            "maskinporten.enabled=false,idporten.enabled=false",
            "there is nothing to look after",
        ),
        (
            "replicaCount=2,leaderElection.enabled=false",
            "several replicas need leaderElection.enabled",
        ),
        ("webhook.enabled=true,webhook.port=8080", "take two"),
        ("webhook.sidecar.args={a}", "are for webhook.sidecar.image"),
        (
            "webhook.webProxy.exceptions={a}",
            "are for webhook.webProxy.url",
        ),
        (
            "applications.ownIdportenClient=true",
            "is for applications.enabled, webhook.enabled, or both",
        ),
        (
            "serviceAccount.create=false",
            "serviceAccount.name: name one that exists",
        ),
    ] {
        OPERATOR.refuses("base", value, &[said]);
    }
}
