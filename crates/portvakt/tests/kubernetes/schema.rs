//! What a cluster accepts and refuses as a custom resource, and what it makes of it (spec: nais §3.2, §4).

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::gvk::GroupVersionKind;
use serde_json::{Value, json};

use crate::cluster::namespace;

fn api(client: &Client, namespace: &str, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("nais.io", "v1", kind);
    Api::namespaced_with(client.clone(), namespace, &ApiResource::from_gvk(&kind))
}

fn object(kind: &str, name: &str, spec: &Value) -> DynamicObject {
    let object = json!({
        "apiVersion": "nais.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec,
    });
    serde_json::from_value(object).unwrap()
}

/// What the server says to this specification, without storing it.
async fn verdict(api: &Api<DynamicObject>, kind: &str, spec: &Value) -> Result<Value, String> {
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    match api.create(&dry, &object(kind, "judged", spec)).await {
        Ok(stored) => Ok(stored.data["spec"].clone()),
        Err(kube::Error::Api(status)) => Err(status.message),
        Err(error) => panic!("{error}"),
    }
}

/// Every specification is refused with the field and the text that stand before it.
async fn refused(kind: &str, cases: &[(&str, &str, Value)]) {
    let (client, namespace) = namespace().await;
    let api = api(&client, &namespace, kind);
    let mut wrong = Vec::new();
    for (field, text, spec) in cases {
        match verdict(&api, kind, spec).await {
            Ok(_) => wrong.push(format!("{spec} is accepted")),
            Err(message) if message.contains(&format!("spec{field}")) && message.contains(text) => {
            }
            Err(message) => wrong.push(format!("{spec}: {message}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every specification is accepted and stored as it is.
async fn accepted(kind: &str, specs: &[Value]) {
    let (client, namespace) = namespace().await;
    let api = api(&client, &namespace, kind);
    let mut wrong = Vec::new();
    for spec in specs {
        let stored = verdict(&api, kind, spec).await;
        if stored.as_ref() != Ok(spec) {
            wrong.push(format!("{spec}: {stored:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A `MaskinportenClient` that exposes a scope with these members, beside those that it must have.
fn exposes(members: Value) -> Value {
    let mut scope = json!({"enabled": true, "name": "some.read", "product": "arbeid"});
    let Value::Object(members) = members else {
        panic!("members of a scope are an object");
    };
    scope.as_object_mut().unwrap().extend(members);
    json!({"secretName": "some-secret", "scopes": {"exposes": [scope]}})
}

/// An `IDPortenClient` with these members.
fn login(members: Value) -> Value {
    let mut spec = json!({"secretName": "some-secret", "integrationType": "idporten"});
    let Value::Object(members) = members else {
        panic!("members of a specification are an object");
    };
    spec.as_object_mut().unwrap().extend(members);
    spec
}

#[tokio::test]
async fn a_maskinporten_client_with_every_field_is_stored_as_it_is() {
    let every = json!({
        "clientName": "Eksempel",
        "secretName": "some-secret",
        "scopes": {
            "consumes": [{"name": "Anything At All"}],
            "exposes": [{
                "enabled": true, "name": "some.read", "product": "arbeid", "separator": "/",
                "atMaxAge": 680, "allowedIntegrations": ["maskinporten", "whatever"],
                "consumers": [{"orgno": "889640782", "name": "NAV"}, {"orgno": "000000000"}],
                "accessibleForAll": true, "delegationSource": "altinn", "visibility": "private",
            }],
        },
    });
    let specs = [
        every,
        json!({"secretName": ""}),
        exposes(json!({"atMaxAge": 30})),
        exposes(json!({"separator": "."})),
        exposes(json!({"separator": ":", "visibility": "public"})),
        // The same subscope twice, and a disabled scope with consumers: nothing looks across fields.
        json!({"secretName": "s", "scopes": {"exposes": [
            {"enabled": false, "name": "ab", "product": "a", "consumers": [{"orgno": "889640782"}]},
            {"enabled": true, "name": "ab", "product": "a"},
        ]}}),
    ];
    accepted("MaskinportenClient", &specs).await;
}

#[tokio::test]
async fn names_of_scopes_follow_the_published_pattern() {
    let good = [
        "read",
        "ab",
        "some.scope.read",
        "sykepenger/afp.read",
        "a/b",
        "a/b/c.read",
        "loans/v2",
        "v1/loan.read.write",
        "a:bc",
        "ab:cd.ef",
        "abc:d:ef",
        "lån.read",
        "ytelse/økonomi.les",
    ];
    let good: Vec<_> = good
        .iter()
        .map(|name| exposes(json!({"name": name})))
        .collect();
    accepted("MaskinportenClient", &good).await;
    let bad = [
        "a",
        "ab:c",
        "a:b.c",
        "a:b/c",
        "a.b/c",
        "a.b:c",
        "scope/",
        "/scope",
        "x//y",
        "ab.",
        "ab..c",
        "some_scope",
        "some-scope",
        "Some",
        "read\n",
    ];
    let bad: Vec<_> = bad
        .iter()
        .map(|name| {
            (
                ".scopes.exposes[0].name",
                "should match",
                exposes(json!({"name": name})),
            )
        })
        .collect();
    refused("MaskinportenClient", &bad).await;
}

#[tokio::test]
async fn an_invalid_maskinporten_client_is_refused_with_the_field() {
    let separator = "scopes.exposes[].separator must be set to \"/\" when scopes.exposes[].delegationSource is set";
    let exposed = |field: &'static str, text, members| (field, text, exposes(members));
    let mut cases = vec![
        (".secretName", "Required value", json!({})),
        (
            ".scopes.consumes[0].name",
            "Required value",
            json!({"secretName": "s", "scopes": {"consumes": [{}]}}),
        ),
        // The flat list of the first months.
        (
            ".scopes",
            "must be of type object",
            json!({"secretName": "s", "scopes": [{"name": "x"}]}),
        ),
        exposed(
            ".scopes.exposes[0].product",
            "should match",
            json!({"product": "some-product"}),
        ),
        exposed(
            ".scopes.exposes[0].atMaxAge",
            "greater than or equal to 30",
            json!({"atMaxAge": 29}),
        ),
        exposed(
            ".scopes.exposes[0].atMaxAge",
            "less than or equal to 680",
            json!({"atMaxAge": 681}),
        ),
        exposed(
            ".scopes.exposes[0].allowedIntegrations",
            "at least 1 items",
            json!({"allowedIntegrations": []}),
        ),
        exposed(
            ".scopes.exposes[0].consumers[0].orgno",
            "should match",
            json!({"consumers": [{"orgno": "12345678"}]}),
        ),
        exposed(
            ".scopes.exposes[0].consumers[0].orgno",
            "Required value",
            json!({"consumers": [{"name": "x"}]}),
        ),
        exposed(
            ".scopes.exposes[0].separator",
            "should match",
            json!({"separator": "-"}),
        ),
        exposed(
            ".scopes.exposes[0].separator",
            "1",
            json!({"separator": ""}),
        ),
        exposed(
            ".scopes.exposes[0].separator",
            "1",
            json!({"separator": "//"}),
        ),
        exposed(
            ".scopes.exposes[0].visibility",
            "\"public\", \"private\"",
            json!({"visibility": "PUBLIC"}),
        ),
        exposed(
            ".scopes.exposes[0].delegationSource",
            "\"altinn\"",
            json!({"delegationSource": "other", "separator": "/"}),
        ),
        // The separator must be written out, also where the default would be the same.
        exposed(
            ".scopes.exposes[0]",
            separator,
            json!({"delegationSource": "altinn", "name": "a/b"}),
        ),
        exposed(
            ".scopes.exposes[0]",
            separator,
            json!({"delegationSource": "altinn", "separator": ":"}),
        ),
    ];
    for name in ["enabled", "name", "product"] {
        let mut spec = exposes(json!({}));
        spec["scopes"]["exposes"][0]
            .as_object_mut()
            .unwrap()
            .remove(name);
        cases.push((".scopes.exposes[0]", "Required value", spec));
    }
    refused("MaskinportenClient", &cases).await;
}

#[tokio::test]
async fn an_idporten_client_with_every_field_is_stored_as_it_is() {
    let specs = [
        login(json!({
            "accessTokenLifetime": 3600, "clientName": "Eksempel", "clientURI": "https://a.example",
            "frontchannelLogoutURI": "https://a.example/logout", "integrationType": "api_klient",
            "postLogoutRedirectURIs": ["https://a.example"], "redirectURI": "https://a.example/callback",
            "redirectURIs": ["http://localhost:3000/callback"], "scopes": ["openid"],
            "sessionLifetime": 28800, "ssoDisabled": true,
        })),
        login(json!({"accessTokenLifetime": 1, "sessionLifetime": 3600, "integrationType": "krr"})),
        // The published pattern lets these through; the operator says what is wrong with them.
        login(json!({"clientURI": "https://", "redirectURI": "x http://localhost:1"})),
    ];
    accepted("IDPortenClient", &specs).await;
}

#[tokio::test]
async fn an_invalid_idporten_client_is_refused_with_the_field() {
    let mut cases = vec![
        (".secretName", "Required value", json!({})),
        (
            ".accessTokenLifetime",
            "greater than or equal to 1",
            login(json!({"accessTokenLifetime": 0})),
        ),
        (
            ".accessTokenLifetime",
            "less than or equal to 3600",
            login(json!({"accessTokenLifetime": 3601})),
        ),
        (
            ".sessionLifetime",
            "greater than or equal to 3600",
            login(json!({"sessionLifetime": 3599})),
        ),
        (
            ".sessionLifetime",
            "less than or equal to 28800",
            login(json!({"sessionLifetime": 28801})),
        ),
        (
            ".integrationType",
            "\"krr\", \"idporten\", \"api_klient\"",
            login(json!({"integrationType": "maskinporten"})),
        ),
    ];
    for uri in [
        "http://localhost/x",
        "http://127.0.0.1:1",
        "http://example.com",
    ] {
        for (field, place) in [
            ("clientURI", ".clientURI"),
            ("frontchannelLogoutURI", ".frontchannelLogoutURI"),
            ("redirectURI", ".redirectURI"),
        ] {
            cases.push((place, "should match", login(json!({field: uri}))));
        }
        for (field, place) in [
            ("redirectURIs", ".redirectURIs[0]"),
            ("postLogoutRedirectURIs", ".postLogoutRedirectURIs[0]"),
        ] {
            cases.push((place, "should match", login(json!({field: [uri]}))));
        }
    }
    refused("IDPortenClient", &cases).await;
}

#[tokio::test]
async fn the_integration_type_is_filled_in_and_cannot_change() {
    let (client, namespace) = namespace().await;
    let api = api(&client, &namespace, "IDPortenClient");
    let made = object("IDPortenClient", "minside", &json!({"secretName": "s"}));
    let made = api.create(&PostParams::default(), &made).await.unwrap();
    assert_eq!(made.data["spec"]["integrationType"], "idporten");
    let change = json!({"spec": {"integrationType": "krr"}});
    let refused = api
        .patch("minside", &PatchParams::default(), &Patch::Merge(&change))
        .await;
    let refused = refused.unwrap_err().to_string();
    let message = "integrationType is immutable; delete and recreate the IDPortenClient to change integrationType";
    assert!(
        refused.contains("spec.integrationType") && refused.contains(message),
        "{refused}"
    );
    let change = json!({"spec": {"secretName": "other"}});
    api.patch("minside", &PatchParams::default(), &Patch::Merge(&change))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_status_is_a_resource_of_its_own() {
    let (client, namespace) = namespace().await;
    let api = api(&client, &namespace, "MaskinportenClient");
    let made = object("MaskinportenClient", "app", &json!({"secretName": "s"}));
    api.create(&PostParams::default(), &made).await.unwrap();
    let status = json!({"status": {
        "clientID": "some-id", "keyIDs": ["k1"], "synchronizationTime": "2026-03-02T09:00:00Z",
        "synchronizationHash": "da7b8361baebe374", "synchronizationSecretName": "s",
        "synchronizationState": "Synchronized", "correlationID": "some-pass", "observedGeneration": 1,
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "Synchronized", "observedGeneration": 1,
            "message": "Resource is up-to-date with DigDir", "lastTransitionTime": "2026-03-02T09:00:00Z",
        }],
    }});
    let params = PatchParams::default();
    let ignored = api
        .patch("app", &params, &Patch::Merge(&status))
        .await
        .unwrap();
    assert_eq!(ignored.data.get("status"), None);
    let stored = api
        .patch_status("app", &params, &Patch::Merge(&status))
        .await
        .unwrap();
    assert_eq!(stored.data["status"], status["status"]);
    let wrong = json!({"status": {"conditions": [{"type": "Ready", "status": "Perhaps"}]}});
    let refused = api
        .patch_status("app", &params, &Patch::Merge(&wrong))
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("status.conditions[0].status"), "{refused}");
}

#[tokio::test]
async fn people_find_them_by_the_names_and_columns_that_they_know() {
    let (client, _) = namespace().await;
    let known = client.list_api_group_resources("nais.io/v1").await.unwrap();
    for (kind, plural, singular) in [
        (
            "MaskinportenClient",
            "maskinportenclients",
            "maskinportenclient",
        ),
        ("IDPortenClient", "idportenclients", "idportenclient"),
    ] {
        let resource = known
            .resources
            .iter()
            .find(|resource| resource.name == plural)
            .unwrap();
        assert_eq!(
            (resource.kind.as_str(), resource.singular_name.as_str()),
            (kind, singular)
        );
        assert_eq!(
            resource.short_names.as_deref(),
            Some(&[singular.to_owned()][..])
        );
        assert!(resource.namespaced);
        let request = http::Request::get(format!("/apis/nais.io/v1/{plural}?limit=1"))
            .header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
            .body(Vec::new())
            .unwrap();
        let table: Value = client.request(request).await.unwrap();
        let columns: Vec<_> = table["columnDefinitions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| column["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            columns,
            [
                "Name",
                "Secret Ref",
                "ClientID",
                "Age",
                "Created",
                "Synchronized"
            ]
        );
    }
}
