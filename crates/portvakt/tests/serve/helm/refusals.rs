//! Values that cannot be meant are refused before anything is installed, in words.

use super::SERVER;

/// What Helm says of values that the schema of a chart does not allow.
pub(super) const BY_SCHEMA: &str = "values don't meet the specifications";

#[test]
fn a_value_that_does_not_exist_or_is_the_charts_own_is_refused() {
    for (value, said) in [
        ("replicas=3", "replicas"),
        ("service.operations.type=LoadBalancer", "operations"),
        ("secrets.encryptionKey.value=AAAA", "value"),
        ("config.databse.url=x", "databse"),
        ("config.database.uri=x", "uri"),
        ("config.database.password_file=/x", "password_file"),
        ("config.keys.encryption_key_file=/x", "encryption_key_file"),
        ("config.operations.listener.listen=0.0.0.0:80", "listen"),
        ("config.maskinporten.listener.listen=0.0.0.0:80", "listen"),
        ("config.idporten.listener.listen=0.0.0.0:80", "listen"),
        ("config.idporten.eids={bankid}", "eids"),
        ("config.http.max_connections=many", "max_connections"),
        ("config.log.format=xml", "format"),
        ("store=mysql", "store"),
        ("userId=0", "userId"),
        ("replicaCount=0", "replicaCount"),
        ("service.maskinporten.type=ExternalName", "type"),
        (
            "podLabels.app\\.kubernetes\\.io/name=x",
            "app.kubernetes.io/name",
        ),
    ] {
        SERVER.refuses("postgresql", value, &[BY_SCHEMA, said]);
    }
}

#[test]
fn what_is_missing_or_does_not_go_together_is_said_in_words() {
    for (set, value, said) in [
        (
            "sqlite",
            "replicaCount=2",
            "replicaCount: with store sqlite it is 1",
        ),
        (
            "sqlite",
            "config.database.url=sqlite:/x",
            "config.database.url: with store sqlite the chart says",
        ),
        (
            "sqlite",
            "secrets.databasePassword.secretName=x",
            "secrets.databasePassword: is for store postgresql",
        ),
        (
            "sqlite",
            "secrets.encryptionKey.secretName=",
            "secrets.encryptionKey.secretName: name the secret",
        ),
        (
            "sqlite",
            "store=postgresql",
            "config.database.url: with store postgresql write",
        ),
        (
            "postgresql",
            "persistence.existingClaim=x",
            "persistence.existingClaim: is for store sqlite",
        ),
        (
            "postgresql",
            "config.database.url=sqlite:/x",
            "config.database.url: with store postgresql write",
        ),
        (
            "postgresql",
            "config.keys.module.library=/x",
            "secrets.encryptionKey: keys in a hardware module",
        ),
        (
            "postgresql",
            "config.idporten.issuer=https://idporten.example.no",
            "config.idporten.eids: with an issuer name one way",
        ),
        (
            "everything",
            "config.idporten.issuer=https://x.example/idporten",
            "an issuer is a host without a path",
        ),
        (
            "postgresql",
            "secrets.traceHeaders.secretName=x",
            "secrets.traceHeaders: is for config.traces.endpoint",
        ),
        (
            "postgresql",
            "httpRoute.enabled=true",
            "httpRoute.parentRefs: name a gateway",
        ),
        (
            "postgresql",
            "image.repository=",
            "image.repository: name the image",
        ),
        (
            "postgresql",
            "config.maskinporten.issuer=",
            "config.maskinporten.issuer: name the issuer",
        ),
        (
            "postgresql",
            "config.selfservice.base_urls={}",
            "config.selfservice.base_urls: name one address",
        ),
        (
            "everything",
            "config.maskinporten.issuer=https://x.example/mp/",
            "an issuer is a host without a path",
        ),
        (
            "everything",
            "config.selfservice.base_urls={https://x.example/v2}",
            "the path is none, /api/v1 or",
        ),
    ] {
        SERVER.refuses(set, value, &[said]);
    }
}

/// Threat: a password in a configuration file that many may read, and in what Helm keeps and prints.
#[test]
fn a_password_in_the_address_of_the_database_is_refused_and_not_repeated() {
    let url = "config.database.url=postgres://portvakt:hemmelig@db.example.no/portvakt";
    let errors = SERVER.refused("postgresql", &["--set", url]);
    assert!(
        errors.contains("name its secret in secrets.databasePassword"),
        "{errors}"
    );
    assert!(!errors.contains("hemmelig"), "{errors}");
}
