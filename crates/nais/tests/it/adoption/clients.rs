//! Clients that are adopted, or are not.

use portvakt_nais::actual::RegisteredKey;
use portvakt_nais::adoption::{Source, Stage, Terms, standings};
use serde_json::json;

use super::{Actual, JOINED, TODAY, from, objected, world};
use crate::support::*;

#[test]
fn a_client_is_adopted_with_what_runs_on_it() {
    let consumes = "      consumes: [{name: \"nav:test/api\"}]\n";
    let text = include_str!("../vectors/v6.yaml")
        .replace("    scopes:\n", &format!("    scopes:\n{consumes}"));
    let wanted = wanted(&text, &settings());
    let mut actual = world(JOINED);
    let consumable = json!({"access": "APPROVED"});
    for name in ["nav:test/api", "nav:annen"] {
        let consumable = serde_json::from_value(consumable.clone()).unwrap();
        actual.consumable.insert(name.into(), consumable);
    }
    client(
        &mut actual,
        "66",
        &wanted[0],
        &["nav:test/api", "nav:annen"],
    );
    let old = registered("old", 100);
    actual.key_sets.insert("66".into(), vec![old]);
    let mut terms = Terms::default();
    let told = objected(&wanted, &actual, &terms);
    assert!(
        told.iter()
            .any(|text| text.contains("client 66 would lose scopes nav:annen")),
        "{told:?}"
    );
    terms.overwrite.insert("scopes".into());
    terms.withdraw.insert("310000011".parse().unwrap());
    assert!(objected(&wanted, &actual, &terms).is_empty());
    // A key without an end of life may be in use, and a plan does not keep it.
    let endless = RegisteredKey {
        expires_at: None,
        ..registered("endless", 0)
    };
    actual.key_sets.get_mut("66").unwrap().push(endless);
    let told = objected(&wanted, &actual, &terms);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("client 66 would lose keys endless"));
    terms.overwrite.insert("keys".into());
    assert!(objected(&wanted, &actual, &terms).is_empty());
    // Described as something else it is meant by its id alone.
    let attributes = &mut actual.clients.get_mut("66").unwrap().attributes;
    attributes.description = Some("Kai".into());
    let stage = |actual: &Actual, terms: &Terms| standings(&wanted, actual, terms).pop().unwrap();
    assert_eq!(stage(&actual, &terms).stage, Stage::Missing);
    terms.client = Some("66".into());
    assert_eq!(
        stage(&actual, &terms).stage,
        Stage::Describe {
            description: "Kai".into(),
            write: vec!["dev-gcp:team-havn:kai-plass".into()]
        }
    );
    terms.source = Source::Anybody;
    assert_eq!(stage(&actual, &terms).stage, Stage::Adopt);
    terms.client = Some("77".into());
    let refused = stage(&actual, &terms).refusal().unwrap().to_string();
    assert!(refused.contains("no active client 77"), "{refused}");
}

#[test]
fn a_login_client_keeps_every_address_that_people_return_to() {
    let wanted = wanted(include_str!("../vectors/v5.yaml"), &settings());
    let mut actual = world(TODAY);
    client(&mut actual, "55", &wanted[0], &["openid", "profile"]);
    let attributes = &mut actual.clients.get_mut("55").unwrap().attributes;
    let address = "https://gammel.example.no/oauth2/callback";
    let addresses = attributes.redirect_uris.as_mut().unwrap();
    addresses.push(address.to_owned());
    let told = objected(&wanted, &actual, &Terms::default());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(&format!("client 55 would lose redirect_uris {address}")),
        "{told:?}"
    );
}

#[test]
fn a_client_does_not_move_between_clusters() {
    let text = include_str!("../vectors/v6.yaml");
    let wanted = wanted(text, &settings());
    let terms = from(Source::Cluster("dev-fss".into()));
    let found = standings(&wanted, &world(TODAY), &terms);
    assert_eq!(found.len(), 1, "the scope alone: {found:?}");
}
