//! Bad manifests are refused whole, with everything that is wrong.

use portvakt_nais::manifest::Manifest;

const TEN: &str = r#"apiVersion: nais.io/v1alpha1
kind: Application
metadata:
  name: My_App
spec:
  port: 70000
  webproxy: "yes"
  maskinporten:
    enabled: true
    scopes:
      consumes:
        - nme: "demoskatt:inntekt.read"
      exposes:
        - name: "Some Scope"
          enabled: true
          product: "arb-eid"
          separator: "-"
          atMaxAge: 10
          consumers:
            - orgno: 123456789
            - orgno: "12345678"
          delegationSource: altinn
"#;

#[test]
fn ten_faults_are_ten_lines_with_place_and_remedy() {
    let refused = Manifest::parse_named("app.yaml", TEN).unwrap_err();
    let faults: Vec<_> = refused.faults.iter().map(ToString::to_string).collect();
    let expected = [
        "app.yaml:4:9: metadata.name: must be 1 to 63 of a-z",
        "app.yaml:6:9: spec.port: must be a port from 1 to 65535",
        "app.yaml:7:13: spec.webproxy: must be true or false",
        "app.yaml:12:11: spec.maskinporten.scopes.consumes[0]: name is required",
        "app.yaml:14:17: spec.maskinporten.scopes.exposes[0].name: must be at least two of a-z",
        "app.yaml:16:20: spec.maskinporten.scopes.exposes[0].product: must be of a-z and 0-9",
        "app.yaml:17:22: spec.maskinporten.scopes.exposes[0].separator: must be \"/\"",
        "app.yaml:18:21: spec.maskinporten.scopes.exposes[0].atMaxAge: must be a whole number of seconds from 30 to 680",
        "app.yaml:20:22: spec.maskinporten.scopes.exposes[0].consumers[0].orgno: must be a text: put it in quotes",
        "app.yaml:21:22: spec.maskinporten.scopes.exposes[0].consumers[1].orgno: must be an organization number of nine digits",
        "app.yaml:22:29: spec.maskinporten.scopes.exposes[0].delegationSource: scopes.exposes[].separator must be set to \"/\"",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}\nexpected {expected}");
    }
    let warnings: Vec<_> = refused.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "app.yaml:12:16: spec.maskinporten.scopes.consumes[0].nme: is not known and ignored: did you mean name?"
        ]
    );
}

#[test]
fn a_login_client_with_addresses_that_are_none_is_refused() {
    let text = "apiVersion: nais.io/v1\nkind: IDPortenClient\nmetadata: {name: a, namespace: b}\nspec:\n  \
                redirectURIs: [\"https://\", \"http://127.0.0.1:1\", \"https://a.no\"]\n  integrationType: maskinporten\n  \
                sessionLifetime: 100\n  secretName: s\n";
    let faults = Manifest::parse(text).unwrap_err().faults;
    let paths: Vec<_> = faults
        .iter()
        .map(|fault| fault.place.path.as_str())
        .collect();
    let expected = [
        "spec.redirectURIs[0]",
        "spec.redirectURIs[1]",
        "spec.integrationType",
        "spec.sessionLifetime",
    ];
    assert_eq!(paths, expected);
}
