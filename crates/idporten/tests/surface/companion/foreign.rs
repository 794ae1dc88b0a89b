//! What the companion APIs tell of people with foreign eIDs (spec: companion-apis §4, §6.7).

use portvakt_testkit::HAVBRIS;
use reqwest::Method;
use serde_json::json;

use super::{INSIGHT, LEVEL, ask, get, organization, post};
use crate::eidas::{foreign, serve, tokens};
use crate::harness::PID;

const DETAILS: &str = "krr:user/kontaktinformasjon.read";
const LANGUAGE: &str = "krr:user/spraak.write";
const OWN: &str = "/rest/v2/person";

/// Who has no Norwegian number is in no Norwegian registry, and a foreign high is no level 4.
#[tokio::test]
async fn whoever_has_no_number_has_no_record_and_a_foreign_level_is_none_of_ours() {
    let mut world = super::world();
    for name in [DETAILS, LANGUAGE] {
        world.scope(name).accessible_for_all = true;
        let client = &mut world.client_mut(INSIGHT).0;
        client.scopes.push(name.parse().unwrap());
    }
    let server = serve(world, |_| ()).await;
    let mut parameters = foreign(INSIGHT);
    parameters.insert("scope", format!("openid {DETAILS} {LANGUAGE}"));
    let level = async || {
        let token = organization(&server, HAVBRIS, LEVEL).await;
        let asked = json!({"personidentifikator": PID});
        post(
            &server,
            "/authlevel/rest/v1/sikkerhetsnivaa",
            &token,
            &asked,
        )
        .await
    };
    assert_eq!(level().await.status, 404, "nobody has logged in");

    let high = ("level", "high");
    let (_, _, token) = tokens(&server, &parameters, &[high, ("match", "none")]).await;
    let chosen = json!({"spraak": "en"});
    for (method, body) in [(Method::GET, None), (Method::PATCH, Some(&chosen))] {
        let answer = ask(&server, method.clone(), OWN, &token, body).await;
        assert_eq!(answer.status, 404, "{method}: {answer:?}");
        assert_eq!(answer.error(), "not_found", "{method}");
    }

    let (id_token, _, token) = tokens(&server, &parameters, &[high, ("match", PID)]).await;
    assert_eq!(id_token["acr"], "eidas-loa-high");
    let told = get(&server, OWN, &token).await.json();
    assert_eq!(told["personidentifikator"], PID, "{told}");
    let answer = level().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["harbruktnivaa4"], false);
}
