//! Logging in with a foreign eID, which the test login plays (spec: idporten §5.3, §6.11, §6.12, §18.5).

use std::collections::BTreeMap;
use std::sync::Arc;

use portvakt_core::login::issuer::{EidasClaimNames, Environment, LoginIssuer};
use portvakt_core::login::matching::RegistryMatcher;
use portvakt_core::person::{EidasIdentifier, IdentityMatch, Pid, PidCheck};
use portvakt_core::ports::Store;
use portvakt_idporten::eid::{EidProvider, EidasCountries, EidasProvider, RegistryPeople};
use portvakt_store_sqlite::SqliteStore;
use portvakt_testkit::World;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{
    API, APP, Answer, BARNEHAGE, Browser, LoginServer, OTHER_PID, PID, WEB, claims, request,
    testid, world,
};

const IDENTIFIER: &str = "EE/NO/47101010033";

/// What somebody writes into the form. Each test changes what it is about.
const FORM: [(&str, &str); 6] = [
    ("country", "EE"),
    ("identifier", "47101010033"),
    ("given_name", "Mari-Liis"),
    ("family_name", "Männik"),
    ("date_of_birth", "1971-01-01"),
    ("action", "login"),
];

fn eidas(store: &Arc<SqliteStore>) -> Arc<dyn EidProvider> {
    let people = Arc::new(RegistryPeople(Arc::clone(store)));
    let matcher = Arc::new(RegistryMatcher(Arc::clone(store)));
    Arc::new(EidasProvider::new(people, matcher))
}

pub(crate) async fn serve(world: World, policy: impl FnOnce(&mut LoginIssuer)) -> LoginServer {
    LoginServer::with_eids(world, policy, |store, _| vec![testid(store), eidas(store)]).await
}

async fn start() -> LoginServer {
    serve(world(), |_| ()).await
}

/// The world with the scope `eidas`, and a client that has it.
fn legacy_world() -> World {
    let mut world = world();
    world.scope("eidas").accessible_for_all = true;
    world
        .client_mut(APP)
        .0
        .scopes
        .push("eidas".parse().unwrap());
    world
}

/// A request for a foreign eID and no other.
pub(crate) fn foreign(client_id: &str) -> BTreeMap<&'static str, String> {
    let mut parameters = request(client_id);
    parameters.insert("acr_values", "eidas-loa-substantial".to_owned());
    parameters
}

async fn save_match(server: &LoginServer, pid: &str, active: bool) {
    let mut unit = server.store.begin().await.unwrap();
    let row = IdentityMatch {
        identifier: EidasIdentifier::parse(IDENTIFIER).unwrap(),
        pid: Pid::parse(pid, PidCheck::LengthOnly).unwrap(),
        active,
    };
    unit.save_identity_match(&row).await.unwrap();
    unit.commit().await.unwrap();
}

/// Fills the form in, with these fields changed or added, and gives what comes after.
async fn log_in(browser: &mut Browser<'_>, begun: &Answer, changes: &[(&str, &str)]) -> Answer {
    let countries = browser.get(begun.header("location")).await;
    assert!(countries.body.contains("name=\"country\""), "{countries:?}");
    let chosen = [("country", "EE"), ("action", "country")];
    let form = browser.submit(&countries, "/login/eidas", &chosen).await;
    assert_eq!(form.status, StatusCode::OK, "{form:?}");
    let mut fields: BTreeMap<&str, &str> = FORM.into();
    fields.extend(changes.iter().copied());
    let fields: Vec<_> = fields.into_iter().collect();
    browser.submit(&form, "/login/eidas", &fields).await
}

/// A whole login: the claims of the id token and of the access token, and the token itself.
pub(crate) async fn tokens(
    server: &LoginServer,
    parameters: &BTreeMap<&'static str, String>,
    changes: &[(&str, &str)],
) -> (Value, Value, String) {
    let mut browser = Browser::new(server);
    let begun = browser.authorize(parameters).await;
    let answer = log_in(&mut browser, &begun, changes).await;
    let code = &answer.location()["code"];
    let tokens = server.redeem(&parameters["client_id"], code).await.json();
    let access = tokens["access_token"].as_str().unwrap().to_owned();
    (
        claims(&tokens["id_token"]),
        claims(&tokens["access_token"]),
        access,
    )
}

fn without_times(mut claims: Value) -> Value {
    for name in ["iat", "exp", "jti", "auth_time", "sid"] {
        claims.as_object_mut().unwrap().remove(name);
    }
    claims
}

/// Spec: idporten §6.4, §18.5.
#[tokio::test]
async fn a_foreign_login_begins_with_the_country_and_tells_who_it_was() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&foreign(WEB)).await;
    assert!(begun.header("location").contains("/login/eidas?txn="));

    let (id_token, access, token) = tokens(&server, &foreign(WEB), &[]).await;
    let sub = id_token["sub"].clone();
    let expected = json!({
        "sub": sub, "amr": ["eIDAS"], "iss": server.base, "locale": "nb", "nonce": "n1", "aud": WEB,
        "acr": "eidas-loa-substantial", "eidas_identifier": IDENTIFIER,
        "eidas_firstname": "Mari-Liis", "eidas_lastname": "Männik",
        "eidas_date_of_birth": "1971-01-01", "eidas_citizen_country_code": "EE",
    });
    assert_eq!(without_times(id_token), expected);
    let names: Vec<_> = access.as_object().unwrap().keys().collect();
    assert!(
        !names
            .iter()
            .any(|name| name.starts_with("eidas") || *name == "pid"),
        "{names:?}"
    );
    let userinfo = server.userinfo(&token).await.json();
    let expected = json!({
        "sub": sub, "locale": "nb", "eidas_identifier": IDENTIFIER, "eidas_firstname": "Mari-Liis",
        "eidas_lastname": "Männik", "eidas_date_of_birth": "1971-01-01",
        "eidas_citizen_country_code": "EE",
    });
    assert_eq!(userinfo, expected);
}

/// Spec: idporten §11.1. The subject is the foreign identity, matched or not.
#[tokio::test]
async fn the_subject_stays_and_differs_between_clients() {
    let server = start().await;
    let (first, _, _) = tokens(&server, &foreign(WEB), &[]).await;
    save_match(&server, PID, true).await;
    let (matched, access, _) = tokens(&server, &foreign(WEB), &[]).await;
    assert_eq!(matched["sub"], first["sub"]);
    assert_eq!(
        (&matched["pid"], &access["pid"]),
        (&json!(PID), &json!(PID))
    );
    assert_eq!(matched["acr"], "eidas-loa-substantial");
    let (other, _, _) = tokens(&server, &foreign(APP), &[]).await;
    assert_ne!(other["sub"], first["sub"]);

    save_match(&server, PID, false).await;
    let (withdrawn, _, _) = tokens(&server, &foreign(WEB), &[]).await;
    assert_eq!(withdrawn["pid"], Value::Null);
}

/// Whoever fills the form in decides what the matcher finds.
#[tokio::test]
async fn the_form_overrules_the_table() {
    let server = start().await;
    save_match(&server, PID, true).await;
    for (choice, pid) in [
        ("register", json!(PID)),
        ("none", Value::Null),
        ("error", Value::Null),
        (OTHER_PID, json!(OTHER_PID)),
    ] {
        let (id_token, _, _) = tokens(&server, &foreign(WEB), &[("match", choice)]).await;
        assert_eq!(id_token["pid"], pid, "{choice}");
    }
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&foreign(WEB)).await;
    // Synthetic, and of nobody who was offered.
    let again = log_in(&mut browser, &begun, &[("match", "29880051200")]).await;
    assert!(again.body.contains("id=\"match-error\""), "{again:?}");
}

/// A number that nobody can log in with here is not given because a table has it.
#[tokio::test]
async fn a_match_that_is_not_synthetic_is_none() {
    let server = serve(legacy_world(), |_| ()).await;
    save_match(&server, "01010012345", true).await;
    let mut parameters = foreign(APP);
    let wanted = r#"{"id_token":{"identitymatch":{"values":["NOT_FOUND"]}}}"#;
    parameters.insert("claims", wanted.to_owned());
    let (id_token, _, _) = tokens(&server, &parameters, &[]).await;
    assert_eq!(id_token["pid"], Value::Null);
    assert_eq!(id_token["eidas_identitymatch"], "ERROR");
}

/// Spec: idporten §5.3, §18.5.
#[tokio::test]
async fn claims_have_the_names_that_are_configured_and_the_scope_adds_the_oldest() {
    let newest = |issuer: &mut LoginIssuer| {
        issuer.eidas_claims = EidasClaimNames {
            of_2024: false,
            of_2026: true,
            legacy: false,
        };
    };
    let server = serve(legacy_world(), newest).await;
    let (id_token, _, _) = tokens(&server, &foreign(APP), &[]).await;
    assert_eq!(id_token["eidas_person_identifier"], IDENTIFIER);
    assert_eq!(id_token["given_name"], "Mari-Liis");
    assert_eq!(id_token["family_name"], "Männik");
    assert_eq!(id_token["birthdate"], "1971-01-01");
    for other in ["eidas_identifier", "eidas_firstname", "eidas-firstname"] {
        assert_eq!(id_token[other], Value::Null, "{other}");
    }

    let mut parameters = foreign(APP);
    parameters.insert("scope", "openid profile eidas".to_owned());
    let (id_token, access, token) = tokens(&server, &parameters, &[]).await;
    let userinfo = server.userinfo(&token).await.json();
    for told in [&id_token, &userinfo] {
        assert_eq!(told["eidas-personidentifier"], IDENTIFIER);
        assert_eq!(told["eidas-firstname"], "Mari-Liis");
        assert_eq!(told["eidas-familityname"], "Männik");
        assert_eq!(told["eidas-familyname"], "Männik");
        assert_eq!(told["eidas-dateofbirth"], "1971-01-01");
        assert_eq!(told["given_name"], "Mari-Liis");
    }
    assert_eq!(access["scope"], "openid profile eidas");
    assert!(!access.to_string().contains("Mari"), "{access}");
}

/// Spec: idporten §5.3, §5.4.
#[tokio::test]
async fn in_pseudonymous_mode_nothing_of_a_foreign_identity_is_told() {
    let server = serve(legacy_world(), |_| ()).await;
    save_match(&server, PID, true).await;
    let mut parameters = foreign(APP);
    parameters.insert("scope", "openid profile eidas no_pid".to_owned());
    let (id_token, access, token) = tokens(&server, &parameters, &[]).await;
    let userinfo = server.userinfo(&token).await.json();
    for told in [id_token, access, userinfo] {
        let told = told.to_string();
        for secret in [PID, "47101010033", "Mari", "1971", "eidas_", "eidas-f"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
    }
}

/// Spec: idporten §6.4. Nobody is offered a foreign eID who did not ask for one.
#[tokio::test]
async fn it_is_offered_where_it_was_asked_for_and_no_level_below() {
    let server = start().await;
    for (acr_values, offered) in [
        ("idporten-loa-low", false),
        ("idporten-loa-substantial eidas-loa-low", true),
    ] {
        let mut browser = Browser::new(&server);
        let mut parameters = request(WEB);
        parameters.insert("acr_values", acr_values.to_owned());
        let begun = browser.authorize(&parameters).await;
        let selector = browser.get(begun.header("location")).await;
        assert_eq!(
            selector.body.contains("/login/eidas?"),
            offered,
            "{acr_values}"
        );
        let direct = begun.header("location").replace("/login?", "/login/eidas?");
        let expected = if offered {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        assert_eq!(browser.get(&direct).await.status, expected, "{acr_values}");
    }
    let mut parameters = foreign(WEB);
    parameters.insert("acr_values", "eidas-loa-high".to_owned());
    for level in ["low", "substantial", "high", "", "highest"] {
        let (id_token, _, _) = tokens(&server, &parameters, &[("level", level)]).await;
        assert_eq!(id_token["acr"], "eidas-loa-high", "{level}");
    }
}

#[tokio::test]
async fn a_form_that_is_wrong_is_shown_again_and_a_cancelled_one_ends_the_login() {
    let server = start().await;
    for (field, value, error) in [
        ("identifier", "<script>", "identifier-error"),
        ("identifier", "SE/NO/1", "identifier-error"),
        ("given_name", "", "given_name-error"),
        ("family_name", " ", "family_name-error"),
        ("date_of_birth", "01.01.1971", "date_of_birth-error"),
        ("date_of_birth", "2999-01-01", "date_of_birth-error"),
        ("country", "US", "country-error"),
        ("country", "", "country-error"),
    ] {
        let mut browser = Browser::new(&server);
        let begun = browser.authorize(&foreign(WEB)).await;
        let again = log_in(&mut browser, &begun, &[(field, value)]).await;
        assert_eq!(again.status, StatusCode::OK, "{field} {value:?}");
        assert!(
            again.body.contains(&format!("id=\"{error}\"")),
            "{field} {value:?}"
        );
        assert!(!again.body.contains("<script>"), "{field} {value:?}");
    }
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&foreign(WEB)).await;
    let back = log_in(&mut browser, &begun, &[("action", "back")]).await;
    assert!(back.body.contains("action-country"), "{back:?}");
    let gone = browser
        .submit(&back, "/login/eidas", &[("action", "cancel")])
        .await;
    assert_eq!(gone.location()["error"], "access_denied");
}

/// Spec: idporten §18.5: no choice where there is none.
#[tokio::test]
async fn one_country_is_not_chosen() {
    let server = LoginServer::with_eids(
        world(),
        |_| (),
        |store, _| {
            let people = Arc::new(RegistryPeople(Arc::clone(store)));
            let matcher = Arc::new(RegistryMatcher(Arc::clone(store)));
            let countries = EidasCountries::parse(&["CA"]).unwrap();
            vec![Arc::new(
                EidasProvider::new(people, matcher).with_countries(countries),
            )]
        },
    );
    let server = server.await;
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&foreign(WEB)).await;
    let form = browser.get(begun.header("location")).await;
    assert!(form.body.contains("name=\"identifier\""), "{form:?}");
    let mut fields = FORM.to_vec();
    fields[0] = ("country", "CA");
    let answer = browser.submit(&form, "/login/eidas", &fields).await;
    let tokens = server.redeem(WEB, &answer.location()["code"]).await.json();
    assert_eq!(
        claims(&tokens["id_token"])["eidas_citizen_country_code"],
        "CA"
    );
}

/// Spec: idporten appendix B.
#[tokio::test]
async fn a_session_of_one_framework_is_none_of_the_other() {
    let server = start().await;
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&foreign(WEB)).await;
    log_in(&mut browser, &begun, &[]).await;
    let again = browser.authorize(&foreign(APP)).await;
    assert!(again.location().contains_key("code"), "{again:?}");
    let norwegian = browser.authorize(&request(APP)).await;
    assert!(
        norwegian.header("location").contains("/login?txn="),
        "{norwegian:?}"
    );
    let mut either = request(APP);
    let levels = "idporten-loa-high eidas-loa-substantial";
    either.insert("acr_values", levels.to_owned());
    let either = browser.authorize(&either).await;
    assert!(either.location().contains_key("code"), "{either:?}");

    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&request(WEB)).await;
    browser.log_in(&selector, PID, "high").await;
    let foreign = browser.authorize(&foreign(WEB)).await;
    assert!(
        foreign.header("location").contains("/login/eidas?txn="),
        "{foreign:?}"
    );
}

/// Spec: idporten §6.11.
#[tokio::test]
async fn the_legacy_hint_leads_to_the_countries_for_clients_with_the_scope_alone() {
    let server = serve(legacy_world(), |_| ()).await;
    for (client_id, page) in [(APP, "/login/eidas?txn="), (WEB, "/login?txn=")] {
        let mut parameters = request(client_id);
        parameters.insert("login_hint", "eidas:true".to_owned());
        let begun = Browser::new(&server).authorize(&parameters).await;
        assert!(
            begun.header("location").contains(page),
            "{client_id} {begun:?}"
        );
    }
}

/// Spec: idporten §6.12.
#[tokio::test]
async fn legacy_claims_tell_the_match_and_further_attributes() {
    let server = serve(legacy_world(), |_| ()).await;
    let mut parameters = foreign(APP);
    let wanted = r#"{"id_token":{"identitymatch":{"values":["NOT_FOUND"]},
        "eidas_birth_name":null,"eidas_place_of_birth":null,"eidas_firstname":null}}"#;
    parameters.insert("claims", wanted.to_owned());
    let attributes = [
        ("eidas_birth_name", "Tamm"),
        ("eidas_place_of_birth", ""),
        ("eidas_firstname", "Somebody else"),
    ];
    for (choice, told) in [
        ("none", "NOT_FOUND"),
        ("error", "ERROR"),
        (PID, "UNAMBIGUOUS"),
    ] {
        let mut changes = attributes.to_vec();
        changes.push(("match", choice));
        let (id_token, access, _) = tokens(&server, &parameters, &changes).await;
        assert_eq!(id_token["eidas_identitymatch"], told);
        assert_eq!(id_token["eidas_birth_name"], "Tamm");
        assert_eq!(id_token["eidas_place_of_birth"], Value::Null);
        assert_eq!(
            id_token["eidas_firstname"], "Mari-Liis",
            "no attribute takes its place"
        );
        assert!(!access.to_string().contains("Tamm"), "{access}");
    }
    // What is too long for an attribute is as good as nothing.
    let [longest, longer] = [200, 201].map(|length| "x".repeat(length));
    let long = [
        ("eidas_birth_name", &*longest),
        ("eidas_place_of_birth", &*longer),
    ];
    let (id_token, _, _) = tokens(&server, &parameters, &long).await;
    assert_eq!(id_token["eidas_birth_name"], longest);
    assert_eq!(id_token["eidas_place_of_birth"], Value::Null);
    // Another client is not told what this one asked for.
    let (id_token, _, _) = tokens(&server, &foreign(APP), &attributes).await;
    assert_eq!(id_token["eidas_birth_name"], Value::Null);
    assert_eq!(id_token["eidas_identitymatch"], Value::Null);
}

/// Spec: idporten §6.12. Somebody without a number is told so, may try another way, and else leaves.
#[tokio::test]
async fn a_match_that_is_required_is_waited_for() {
    let server = serve(legacy_world(), |_| ()).await;
    let mut parameters = foreign(APP);
    let wanted = r#"{"id_token":{"identitymatch":{"values":[]}}}"#;
    parameters.insert("claims", wanted.to_owned());
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&parameters).await;
    let refused = log_in(&mut browser, &begun, &[("match", "none")]).await;
    assert_eq!(refused.status, StatusCode::SEE_OTHER);
    assert!(
        !browser.cookies.contains_key("portvakt-session"),
        "nobody is logged in"
    );
    let selector = browser.get(refused.header("location")).await;
    assert!(selector.body.contains("ikke noe for deg"), "{selector:?}");
    let path = selector.body.split("href=\"/login/eidas").nth(1).unwrap();
    let path = format!("/login/eidas{}", path.split('"').next().unwrap());
    let countries = browser.get(&path).await;
    assert_eq!(countries.status, StatusCode::OK);
    let mut fields = FORM.to_vec();
    fields.push(("match", PID));
    let answer = browser.submit(&countries, "/login/eidas", &fields).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");

    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&parameters).await;
    let refused = log_in(&mut browser, &begun, &[("match", "error")]).await;
    let selector = browser.get(refused.header("location")).await;
    let gone = browser
        .submit(&selector, "/login", &[("action", "cancel")])
        .await;
    assert_eq!(gone.location()["error"], "access_denied");
}

/// Spec: idporten §12.4: introspection has nobody's number to tell.
#[tokio::test]
async fn a_token_of_somebody_without_a_number_is_introspected_without_one() {
    let server = start().await;
    let mut parameters = foreign(APP);
    parameters.insert("scope", format!("openid {API}"));
    let mut browser = Browser::new(&server);
    let begun = browser.authorize(&parameters).await;
    let asked = log_in(&mut browser, &begun, &[]).await;
    let dialog = browser.get(asked.header("location")).await;
    let answer = browser
        .submit(&dialog, "/consent", &[("action", "accept")])
        .await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    let form = [("token", access)];
    let told = server
        .post_as(BARNEHAGE, "/token/introspect", &form)
        .await
        .json();
    assert_eq!(told["active"], true, "{told}");
    assert_eq!(told["pid"], Value::Null);
    assert_eq!(told["acr"], "eidas-loa-substantial");
    assert!(!told.to_string().contains("47101010033"), "{told}");
}

/// Spec: idporten §2.1.
#[tokio::test]
async fn the_metadata_names_its_levels_and_claims() {
    let server = start().await;
    let url = format!("{}/.well-known/openid-configuration", server.base);
    let metadata = Answer::read(server.http.get(url).send().await.unwrap())
        .await
        .json();
    let expected = json!([
        "idporten-loa-low",
        "idporten-loa-substantial",
        "idporten-loa-high",
        "eidas-loa-low",
        "eidas-loa-substantial",
        "eidas-loa-high",
    ]);
    assert_eq!(metadata["acr_values_supported"], expected);
    let claims = metadata["claims_supported"].as_array().unwrap();
    for (name, there) in [
        ("eidas_identifier", true),
        ("eidas_citizen_country_code", true),
        ("eidas-familityname", true),
        ("eidas_identitymatch", true),
        ("given_name", false),
        ("email", false),
    ] {
        assert_eq!(claims.contains(&json!(name)), there, "{name}");
    }
}

/// A provider that lets anybody be anybody is not served where real people log in.
#[tokio::test]
async fn eidas_is_refused_in_production() {
    let refused = tokio::spawn(async {
        let production = |issuer: &mut LoginIssuer| issuer.environment = Environment::Production;
        LoginServer::with_eids(world(), production, |store, _| vec![eidas(store)]).await;
    });
    assert!(refused.await.is_err(), "the surface is not made");
}
