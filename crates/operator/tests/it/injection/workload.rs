//! What an Application gives to its Pods (spec: nais §3.4, §3.7).

use portvakt_nais::manifest::Manifest;
use portvakt_nais::model::ResourceKind;
use portvakt_nais::naming::idporten_secret_name;
use portvakt_operator::injection::{Given, Settings};

use super::SECRET;

fn given_by(spec: &str, settings: &Settings) -> Given {
    let text = format!(
        "apiVersion: nais.io/v1alpha1\nkind: Application\nmetadata: {{name: myapplication}}\nspec: {spec}"
    );
    let resource = Manifest::parse(&text).unwrap().resources.remove(0);
    let ResourceKind::Workload(workload) = resource.kind else {
        panic!("{text}");
    };
    Given::of_workload(&workload, &resource.metadata, settings)
}

#[test]
fn an_application_gives_its_pods_what_the_platform_does() {
    let none = Settings::default();
    let shared = Settings {
        shared_idporten_secret: Some("idporten-sso".to_owned()),
        ..Settings::default()
    };
    let own = Settings {
        own_idporten_client: true,
        ..shared.clone()
    };
    let login =
        "{ingresses: [https://a.example], idporten: {enabled: true, sidecar: {enabled: true}}}";
    let legacy =
        "{ingresses: [https://a.example], idporten: {enabled: true, clientURI: https://a.example}}";
    let own_secret = idporten_secret();
    let cases = [
        ("{maskinporten: {enabled: true}}", &none, Some(SECRET), None),
        ("{maskinporten: {enabled: false}}", &none, None, None),
        (login, &none, None, None),
        (login, &shared, None, Some("idporten-sso")),
        (login, &own, None, Some(own_secret.as_str())),
        (legacy, &shared, None, Some(own_secret.as_str())),
    ];
    for (spec, settings, maskinporten, idporten) in cases {
        let given = given_by(spec, settings);
        assert_eq!(given.maskinporten.as_deref(), maskinporten, "{spec}");
        assert_eq!(given.idporten.as_deref(), idporten, "{spec}");
    }
    assert!(given_by("{webproxy: true}", &none).webproxy);
}

fn idporten_secret() -> String {
    idporten_secret_name("myapplication")
}
