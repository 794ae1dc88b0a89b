use super::*;
use crate::model::{ResourceKind, Workload};

fn application(spec: &str) -> String {
    let lines: Vec<_> = spec.lines().map(|line| format!("  {line}")).collect();
    let spec = lines.join("\n") + "\n";
    format!(
        "apiVersion: nais.io/v1alpha1\nkind: Application\nmetadata:\n  name: app\nspec:\n{spec}"
    )
}

fn workload(text: &str) -> Workload {
    let manifest = Manifest::parse(text).unwrap();
    match manifest.resources.into_iter().next().unwrap().kind {
        ResourceKind::Workload(workload) => *workload,
        other => panic!("not a workload: {other:?}"),
    }
}

fn faults(text: &str) -> Vec<String> {
    Manifest::parse(text)
        .unwrap_err()
        .faults
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn warnings(text: &str) -> Vec<String> {
    Manifest::parse(text)
        .unwrap()
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn templates_elsewhere_are_left_alone_and_come_back_as_written() {
    let text = application(
        "image: {{ image }}\ningresses:\n  {{#each hosts}}\n  - https://{{this}}\n  {{/each}}",
    );
    let workload = workload(&text);
    assert_eq!(workload.image.as_deref(), Some("{{ image }}"));
    assert_eq!(workload.ingresses, ["https://{{this}}"]);
}

#[test]
fn a_template_where_the_value_matters_is_reported_with_its_place() {
    let text = application(
        "maskinporten:\n  enabled: {{mp}}\n  scopes:\n    consumes:\n      - name: {{ scope }}",
    );
    let expected = [
        "line 7, column 14: spec.maskinporten.enabled: is the template {{mp}}: write the value, or \
         fill in the templates first",
        "line 10, column 17: spec.maskinporten.scopes.consumes[0].name: is the template {{ scope }}: \
         write the value, or fill in the templates first",
    ];
    assert_eq!(faults(&text), expected);
}

#[test]
fn every_document_is_read_and_every_fault_reported() {
    let good = application("image: a");
    let text = format!(
        "{good}---\n{}---\n{good}",
        application("webproxy: 1\nport: 0")
    );
    let found = faults(&text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("line 13, column 13: spec.webproxy:"),
        "{found:?}"
    );
}

#[test]
fn unreadable_text_is_a_fault_with_its_line() {
    let found = faults("apiVersion: nais.io/v1\nkind: [\n");
    assert!(
        found[0].contains("is not readable as YAML or JSON"),
        "{found:?}"
    );
}

#[test]
fn documents_of_others_are_left_alone() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}\n";
    assert!(Manifest::parse(text).unwrap().resources.is_empty());
    assert_eq!(warnings(text).len(), 1);
}

#[test]
fn a_kind_or_version_that_is_nearly_ours_is_a_fault() {
    let text = application("image: a");
    let found = faults(&text.replace("Application", "Aplication"));
    assert_eq!(
        found,
        ["line 2, column 7: kind: is not known: did you mean Application?"]
    );
    let found = faults(&text.replace("v1alpha1", "v1"));
    assert_eq!(
        found,
        ["line 1, column 13: apiVersion: must be nais.io/v1alpha1 for kind Application"]
    );
}

#[test]
fn unknown_members_are_warnings_with_the_nearest_name() {
    let found = warnings(&application("maskinportn: {}\nimage: a\nqwerty: 1"));
    assert_eq!(
        found[0],
        "line 6, column 16: spec.maskinportn: is not known and ignored: did you mean maskinporten?"
    );
    assert!(found[1].contains("spec.qwerty: is not known and ignored; known are accessPolicy"));
}

#[test]
fn a_member_given_twice_is_a_fault() {
    let found = faults(&application(
        "maskinporten: {enabled: true}\nmaskinporten: {enabled: false}",
    ));
    assert_eq!(
        found,
        ["line 7, column 17: spec.maskinporten: is given twice: keep one"]
    );
}

#[test]
fn the_list_of_consumed_scopes_of_2020_is_read_with_a_warning() {
    let text = application("maskinporten:\n  enabled: true\n  scopes:\n    - name: a:b");
    let scopes = workload(&text).maskinporten.unwrap().scopes;
    assert_eq!(scopes.consumes[0].name, "a:b");
    assert!(warnings(&text)[0].contains("put it below 'consumes'"));
}

#[test]
fn a_list_of_resources_in_json_is_read() {
    let text = r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"nais.io/v1",
        "kind":"MaskinportenClient","metadata":{"name":"a\/b","namespace":"n"},"spec":{}}]}"#;
    let found = faults(text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .any(|fault| fault.contains("secretName is required")),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|fault| fault.contains("items[0].metadata.name")),
        "{found:?}"
    );
}

#[test]
fn members_of_the_years_until_2023_make_a_client_of_its_own() {
    let text = application(
        "ingresses: [\"https://a.no/\", \"https://b.no\"]\nidporten:\n  enabled: true\n  redirectPath: /cb\n  sessionLifetime: 3600",
    );
    let manifest = Manifest::parse(&text).unwrap();
    let resource = &manifest.resources[0];
    let client = workload(&text).idporten_client(&resource.metadata).unwrap();
    let uris: Vec<_> = client
        .redirect_uris
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(uris, ["https://a.no/cb", "https://b.no/cb"]);
    let logout = client.frontchannel_logout_uri.unwrap();
    assert_eq!(logout.as_str(), "https://a.no/oauth2/logout");
    assert!(warnings(&text)[0].contains("redirectPath, sessionLifetime was removed in 2023"));
}

#[test]
fn the_platforms_own_refusals_are_found_before_a_deploy() {
    let cases = [
        (
            "idporten: {enabled: true}\ningresses: [a]",
            "idporten sidecar must be enabled",
        ),
        (
            "idporten: {enabled: true, sidecar: {enabled: true}}",
            "idporten requires at least 1 ingress",
        ),
        (
            "maskinporten: {enabled: true}\nport: 7164",
            "cannot use port '7164'; conflicts with sidecar",
        ),
        (
            "idporten: {enabled: true, sidecar: {enabled: true}}\ningresses: [a]\nazure: {sidecar: {enabled: true}}",
            "only one of Azure AD, ID-porten or login sidecars can be enabled",
        ),
    ];
    for (spec, expected) in cases {
        let found = faults(&application(spec));
        assert!(
            found.len() == 1 && found[0].contains(expected),
            "{spec}: {found:?}"
        );
    }
}

#[test]
fn of_a_scope_exposed_twice_the_later_counts_and_it_is_said() {
    let scope = "{name: aa.read, product: p, enabled: true, separator: \"/\", atMaxAge: AGE}";
    let exposes = [scope.replace("AGE", "30"), scope.replace("AGE", "60")].join(", ");
    let text = application(&format!(
        "maskinporten: {{enabled: true, scopes: {{exposes: [{exposes}]}}}}"
    ));
    assert!(warnings(&text)[0].contains("exposes[1]: exposes a scope of this list again"));
    let settings = crate::Settings {
        default_namespace: Some("n".into()),
        ..crate::Settings::new("c", "nav")
    };
    let wanted = crate::desired::desired(&Manifest::parse(&text).unwrap(), &settings).unwrap();
    assert_eq!(wanted[0].scopes.len(), 1);
    assert_eq!(wanted[0].scopes[0].body.at_max_age, Some(60));
}

#[test]
fn a_text_made_to_be_wrong_is_not_answered_at_any_length() {
    let unknown: Vec<_> = (0..3000)
        .map(|index| format!("unknown{index}: 1"))
        .collect();
    assert_eq!(
        warnings(&application(&unknown.join("\n"))).len(),
        MAX_FAULTS
    );
    let wrong = "- {orgno: 1}\n      ".repeat(3000);
    let spec = format!(
        "maskinporten:\n  enabled: true\n  scopes:\n    exposes:\n    - consumers:\n      {wrong}"
    );
    assert_eq!(faults(&application(&spec)).len(), MAX_FAULTS);
}

#[test]
fn what_would_exhaust_the_reader_is_refused() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n";
    let many = "a: 1\n---\n".repeat(500);
    let long = " ".repeat(MAX_MANIFEST_BYTES + 1);
    for text in [deep.as_str(), bomb, many.as_str(), long.as_str()] {
        assert!(Manifest::parse(text).is_err());
    }
}
