//! The examples of the original pages give the scopes that the pages state.

use portvakt_nais::Settings;
use portvakt_nais::desired::Desired;
use portvakt_nais::naming::OrgNumber;

use crate::support::wanted;

fn application(exposes: &str) -> Vec<Desired> {
    let text = format!(
        "apiVersion: nais.io/v1alpha1\nkind: Application\nmetadata:\n  name: myapp\n  namespace: mynamespace\n{exposes}"
    );
    wanted(&text, &Settings::new("mycluster", "nav"))
}

#[test]
fn the_configuration_example() {
    let desired = application(
        r#"
spec:
  maskinporten:
    enabled: true
    scopes:
      exposes:
        - name: "some.scope.read"
          enabled: true
          product: "arbeid"
          allowedIntegrations:
            - maskinporten
          atMaxAge: 120
          consumers:
            - orgno: "123456789"

  # required for on-premises only
  webproxy: true
"#,
    );
    let scope = &desired[0].scopes[0];
    assert_eq!(scope.name, "nav:arbeid:some.scope.read");
    assert_eq!(scope.body.at_max_age, Some(120));
    let consumers: Vec<_> = scope.consumers.iter().map(OrgNumber::as_str).collect();
    assert_eq!(consumers, ["123456789"]);
}

#[test]
fn the_example_with_another_separator() {
    let desired = application(
        "spec: {maskinporten: {enabled: true, scopes: {exposes: [{name: some/scope.read, enabled: true, product: arbeid}]}}}",
    );
    assert_eq!(desired[0].scopes[0].name, "nav:arbeid/some/scope.read");
}

#[test]
fn the_example_of_2024() {
    let desired = application(
        r#"
spec:
  maskinporten:
    enabled: true
    scopes:
      exposes:
        # nav:helse/sykepenger/afp.read
        - enabled: true
          product: "helse"
          separator: "/"
          name: "sykepenger/afp.read"
        - enabled: true
          product: "helse"
          separator: "/"
          name: "sykepenger/afp.write"
"#,
    );
    let names: Vec<_> = desired[0]
        .scopes
        .iter()
        .map(|scope| scope.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "nav:helse/sykepenger/afp.read",
            "nav:helse/sykepenger/afp.write"
        ]
    );
}

/// The page for application developers and the code say the same.
#[test]
fn the_example_of_the_documentation() {
    let page = include_str!("../../../../docs/manifest.md");
    let example = page
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let manifest = portvakt_nais::manifest::Manifest::parse(example).unwrap();
    assert_eq!(manifest.warnings, []);
    let desired = wanted(example, &Settings::new("mycluster", "nav"));
    assert_eq!(desired[0].scopes[0].name, "nav:helse/sykepenger/afp.read");
}
