//! The client resources that workloads ask for (spec: nais §3.7, §3.8).

use kube::api::DynamicObject;
use portvakt_nais::desired::ClientKind;
use portvakt_nais::model::WorkloadKind;
use portvakt_operator::workload::{Change, change, wanted};
use serde_json::{Value, json};

fn object(value: Value) -> DynamicObject {
    serde_json::from_value(value).unwrap()
}

fn application(spec: &Value) -> DynamicObject {
    object(json!({
        "apiVersion": "nais.io/v1alpha1", "kind": "Application",
        "metadata": {
            "name": "myapplication", "namespace": "myteam", "uid": "u1",
            "labels": {"some": "label", "app": "other", "team": "other"},
            "annotations": {"nais.io/deploymentCorrelationID": "d1", "other": "annotation"},
        },
        "spec": spec,
    }))
}

fn asked(workload: &DynamicObject, kind: ClientKind, own_client: bool) -> Option<DynamicObject> {
    let wanted = wanted(WorkloadKind::Application, workload, own_client);
    let mut wanted = wanted.unwrap().into_iter();
    wanted.find(|(found, _)| *found == kind).unwrap().1
}

fn of(workload: &DynamicObject, kind: ClientKind) -> Option<DynamicObject> {
    asked(workload, kind, false)
}

fn maskinporten(workload: &DynamicObject) -> Option<DynamicObject> {
    of(workload, ClientKind::Maskinporten)
}

/// An application whose client resource is in question.
fn consumer() -> DynamicObject {
    application(&json!({"image": "example/app:1", "maskinporten": {
        "enabled": true, "scopes": {"consumes": [{"name": "demoskatt:inntekt.read"}]},
    }}))
}

#[test]
fn an_application_asks_for_what_the_platform_makes() {
    let workload = application(&json!({
        "image": "{{ not looked at }}",
        "maskinporten": {"enabled": true, "scopes": {
            "consumes": [{"name": "demoskatt:inntekt.read"}],
            "exposes": [{"enabled": true, "name": "some/read", "product": "arbeid",
                "consumers": [{"orgno": "889640782", "name": "NAV"}]}],
        }},
    }));
    let made = serde_json::to_value(maskinporten(&workload).unwrap()).unwrap();
    assert_eq!(
        made,
        json!({
            "apiVersion": "nais.io/v1", "kind": "MaskinportenClient",
            "metadata": {
                "name": "myapplication", "namespace": "myteam",
                "labels": {"some": "label", "app": "myapplication", "team": "myteam"},
                "annotations": {"nais.io/deploymentCorrelationID": "d1"},
                "ownerReferences": [{
                    "apiVersion": "nais.io/v1alpha1", "kind": "Application", "name": "myapplication", "uid": "u1",
                }],
            },
            "spec": {
                "scopes": {
                    "consumes": [{"name": "demoskatt:inntekt.read"}],
                    "exposes": [{"enabled": true, "name": "some/read", "product": "arbeid",
                        "consumers": [{"orgno": "889640782", "name": "NAV"}]}],
                },
                "secretName": "maskinporten-myapplication-9561321b",
            },
        })
    );
}

#[test]
fn a_workload_without_the_section_or_with_one_that_is_off_asks_for_nothing() {
    for spec in [
        json!({}),
        json!({"maskinporten": {"enabled": false}}),
        json!({"maskinporten": null}),
    ] {
        assert_eq!(maskinporten(&application(&spec)), None, "{spec}");
    }
}

#[test]
fn older_forms_are_understood() {
    let flat =
        application(&json!({"maskinporten": {"enabled": true, "scopes": [{"name": "a:b"}]}}));
    let made = maskinporten(&flat).unwrap();
    assert_eq!(
        made.data["spec"]["scopes"]["consumes"],
        json!([{"name": "a:b"}])
    );

    let legacy = application(&json!({
        "ingresses": ["https://a.example", "https://b.example/x/"],
        "idporten": {"enabled": true, "clientURI": "https://a.example", "sessionLifetime": 7200},
    }));
    let made = of(&legacy, ClientKind::IdPorten).unwrap();
    assert_eq!(
        made.data["spec"]["redirectURIs"],
        json!([
            "https://a.example/oauth2/callback",
            "https://b.example/x/oauth2/callback",
        ])
    );
    assert_eq!(
        made.data["spec"]["frontchannelLogoutURI"],
        "https://a.example/oauth2/logout"
    );
    assert_eq!(made.types.unwrap().kind, "IDPortenClient");

    // Today's share a client, unless they are to have one each.
    let today = application(&json!({
        "ingresses": ["https://a.example"], "idporten": {"enabled": true, "sidecar": {"enabled": true}},
    }));
    assert_eq!(of(&today, ClientKind::IdPorten), None);
    assert!(asked(&today, ClientKind::IdPorten, true).is_some());
}

#[test]
fn a_slip_is_named_with_its_field() {
    let slip = application(
        &json!({"maskinporten": {"enabled": true, "scopes": {"exposes": [
            {"enabled": true, "name": "Not Good", "product": "a"},
        ]}}}),
    );
    let fault = wanted(WorkloadKind::Application, &slip, false);
    let fault = fault.unwrap_err().to_string();
    assert!(
        fault.starts_with("spec.maskinporten.scopes.exposes[0].name: "),
        "{fault}"
    );
}

/// What a cluster has stored of this resource.
fn stored(client: Option<DynamicObject>) -> DynamicObject {
    let mut stored = client.unwrap();
    stored.metadata.uid = Some("c1".to_owned());
    stored.metadata.resource_version = Some("7".to_owned());
    stored.metadata.finalizers = Some(vec!["digdirator.nais.io/finalizer".to_owned()]);
    stored.data["status"] = json!({"clientID": "x"});
    stored
}

#[test]
fn what_is_there_is_changed_where_it_differs_and_nothing_on_it_is_lost() {
    let workload = consumer();
    let wanted = maskinporten(&workload);
    let mut existing = stored(wanted.clone());
    assert_eq!(
        change(&workload, Some(&existing), wanted.clone()),
        Change::Keep
    );

    let annotations = existing.metadata.annotations.as_mut().unwrap();
    annotations.insert("digdir.nais.io/preserve".to_owned(), "true".to_owned());
    existing.data["spec"]["scopes"] = json!({});
    let Change::Replace(replaced) = change(&workload, Some(&existing), wanted.clone()) else {
        panic!("it differs");
    };
    assert_eq!(replaced.data["spec"], wanted.unwrap().data["spec"]);
    assert_eq!(replaced.data["status"], existing.data["status"]);
    assert_eq!(replaced.metadata, existing.metadata);
}

#[test]
fn what_the_api_server_fills_in_is_no_difference() {
    let workload = application(&json!({
        "ingresses": ["https://a.example"],
        "idporten": {"enabled": true, "clientURI": "https://a.example"},
    }));
    let wanted = of(&workload, ClientKind::IdPorten);
    let mut existing = stored(wanted.clone());
    existing.data["spec"]["integrationType"] = json!("idporten");
    assert_eq!(change(&workload, Some(&existing), wanted), Change::Keep);
}

#[test]
fn a_resource_that_is_somebody_elses_is_never_touched() {
    let workload = consumer();
    let mut of_another = workload.clone();
    of_another.metadata.uid = Some("u2".to_owned());
    let mut by_hand = stored(maskinporten(&workload));
    by_hand.metadata.owner_references = None;
    for (existing, expected) in [
        (by_hand, "MaskinportenClient myapplication was made by hand"),
        (
            stored(maskinporten(&of_another)),
            "belongs to Application myapplication",
        ),
    ] {
        let Change::Refuse(message) = change(&workload, Some(&existing), maskinporten(&workload))
        else {
            panic!("{expected}");
        };
        assert!(message.contains(expected), "{message}");
        assert_eq!(change(&workload, Some(&existing), None), Change::Keep);
    }
}

#[test]
fn a_resource_goes_with_its_section_once() {
    let workload = consumer();
    let mut existing = stored(maskinporten(&workload));
    assert_eq!(change(&workload, Some(&existing), None), Change::Delete);
    let going: DynamicObject =
        object(json!({"metadata": {"deletionTimestamp": "2026-03-02T09:15:00Z"}}));
    existing.metadata.deletion_timestamp = going.metadata.deletion_timestamp;
    assert_eq!(change(&workload, Some(&existing), None), Change::Keep);
    assert_eq!(
        change(&workload, Some(&existing), maskinporten(&workload)),
        Change::Wait
    );
    assert_eq!(change(&workload, None, None), Change::Keep);
}
