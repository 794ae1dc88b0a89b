//! The specification's test vectors (spec: nais §11): manifest, names, calls, Secret, hash.

use portvakt_nais::actual::{AccessState, Actual, Consumable};
use portvakt_nais::desired::{ClientKey, Desired};
use portvakt_nais::environment::{
    Endpoints, IdPortenCredentials, Injected, MaskinportenCredentials, Platform, PrivateJwk,
    Variables, WebProxy, compose, platform_variables, token_variables,
};
use portvakt_nais::manifest::Manifest;
use portvakt_nais::model::{IdPortenClientSpec, MaskinportenClientSpec, ResourceKind, Workload};
use portvakt_nais::plan::{Action, Policy, Problem, plan};
use portvakt_nais::synchronization_hash;
use serde_json::json;

use crate::support::*;

const V1: &str = include_str!("vectors/v1.yaml");
const V2: &str = include_str!("vectors/v2.yaml");
const V3: &str = include_str!("vectors/v3.yaml");
const V4: &str = include_str!("vectors/v4.yaml");
const V5: &str = include_str!("vectors/v5.yaml");
const V6: &str = include_str!("vectors/v6.yaml");
const V7: &str = include_str!("vectors/v7.yaml");

fn workload(text: &str) -> (Workload, MaskinportenClientSpec) {
    let resource = Manifest::parse(text).unwrap().resources.remove(0);
    let ResourceKind::Workload(workload) = resource.kind else {
        panic!("not a workload");
    };
    let spec = workload.maskinporten_client(&resource.metadata).unwrap();
    (*workload, spec)
}

fn world() -> Actual {
    let mut actual = Actual {
        observed_at: NOW,
        ..Actual::default()
    };
    let issuer = "https://tt02.altinn.no/".to_owned();
    actual.delegation_sources.insert("altinn".into(), issuer);
    let granted = Consumable {
        access: Some(AccessState::Approved),
        ..Consumable::default()
    };
    actual.consumable.insert("nav:test/api".into(), granted);
    actual
}

fn open(actual: &mut Actual, scope: &str) {
    let consumable = Consumable {
        accessible_for_all: true,
        ..Consumable::default()
    };
    actual.consumable.insert(scope.into(), consumable);
}

fn granted(actual: &mut Actual, scope: &str) {
    let consumable = Consumable {
        access: Some(AccessState::Approved),
        ..Consumable::default()
    };
    actual.consumable.insert(scope.into(), consumable);
}

fn known(actual: &mut Actual, resource: &Desired, id: &str) -> ClientKey {
    actual.known_clients.insert(resource.key.clone(), id.into());
    resource.key.clone()
}

fn private(kid: &str) -> PrivateJwk {
    let jwk = json!({"kty": "RSA", "kid": kid, "n": "N", "e": "AQAB", "d": "D", "p": "P", "q": "Q",
        "dp": "DP", "dq": "DQ", "qi": "QI"});
    PrivateJwk::parse(&jwk.to_string()).unwrap()
}

fn maskinporten() -> Endpoints {
    Endpoints {
        well_known_url: "https://test.maskinporten.no/.well-known/oauth-authorization-server"
            .into(),
        issuer: "https://test.maskinporten.no/".into(),
        jwks_uri: "https://test.maskinporten.no/jwk".into(),
        token_endpoint: "https://test.maskinporten.no/token".into(),
    }
}

fn secret(spec: &MaskinportenClientSpec, client_id: &str) -> Variables {
    let endpoints = maskinporten();
    let key = private("k1");
    let credentials = MaskinportenCredentials {
        client_id,
        key: &key,
        spec,
        endpoints: &endpoints,
    };
    credentials.variables()
}

fn pairs(variables: &Variables) -> Vec<(&str, &str)> {
    variables
        .iter()
        .map(|variable| (variable.name.as_str(), variable.value.expose()))
        .collect()
}

const K1: &str = r#"{"use":"sig","kty":"RSA","kid":"k1","alg":"RS256","n":"N","e":"AQAB","d":"D","p":"P","q":"Q","dp":"DP","dq":"DQ","qi":"QI"}"#;

#[test]
fn v1_consume_only_first_deploy() {
    let (_, spec) = workload(V1);
    assert_eq!(spec.secret_name, "maskinporten-laanesok-9b0cdc78");
    assert_eq!(synchronization_hash(&spec).unwrap(), "da7b8361baebe374");
    let mut actual = world();
    granted(&mut actual, "demoskatt:inntekt.read");
    open(&mut actual, "demoregister:oppslag/enhet.read");
    let wanted = wanted(V1, &settings());
    let plan = compatible(&wanted, &actual);
    let body = json!({
        "access_token_lifetime":3600,"application_type":"web","authorization_lifetime":7200,
        "client_name":"ARBEIDS- OG VELFERDSETATEN","client_uri":"https://www.nav.no",
        "description":"dev-gcp:team-laan:laanesok","frontchannel_logout_session_required":false,
        "grant_types":["urn:ietf:params:oauth:grant-type:jwt-bearer"],"integration_type":"maskinporten",
        "post_logout_redirect_uris":null,"redirect_uris":null,"refresh_token_usage":"ONETIME",
        "scopes":["demoskatt:inntekt.read","demoregister:oppslag/enhet.read"],
        "sso_disabled":false,"token_endpoint_auth_method":"private_key_jwt"});
    let expected = [
        ("POST /clients".to_owned(), body),
        (
            "POST /clients/{new}/jwks".to_owned(),
            json!({"keys": [public("k1")]}),
        ),
    ];
    assert_eq!(calls(&plan, "k1"), expected);
    assert_eq!(
        pairs(&secret(&spec, "11111111-1111-4111-8111-111111111111")),
        [
            (
                "MASKINPORTEN_CLIENT_ID",
                "11111111-1111-4111-8111-111111111111"
            ),
            ("MASKINPORTEN_CLIENT_JWK", K1),
            (
                "MASKINPORTEN_SCOPES",
                "demoskatt:inntekt.read demoregister:oppslag/enhet.read"
            ),
            (
                "MASKINPORTEN_WELL_KNOWN_URL",
                "https://test.maskinporten.no/.well-known/oauth-authorization-server"
            ),
            ("MASKINPORTEN_ISSUER", "https://test.maskinporten.no/"),
            ("MASKINPORTEN_JWKS_URI", "https://test.maskinporten.no/jwk"),
            (
                "MASKINPORTEN_TOKEN_ENDPOINT",
                "https://test.maskinporten.no/token"
            ),
        ]
    );
    let after = plan
        .steps
        .iter()
        .fold(actual, |world, step| world.apply(&step.action));
    assert!(
        compatible(&wanted, &after).is_empty(),
        "a second pass does nothing"
    );
}

#[test]
fn v1_the_platforms_variables() {
    let (workload, _) = workload(V1);
    let owner = "dev-gcp:team-laan:laanesok".parse().unwrap();
    let variables = platform_variables(
        &Platform {
            owner: &owner,
            pod_name: "p",
        },
        &workload,
    );
    let pairs = pairs(&variables);
    for pair in [
        ("PORT", "9000"),
        ("BIND_ADDRESS", "0.0.0.0:9000"),
        ("NAIS_CLIENT_ID", "dev-gcp:team-laan:laanesok"),
        ("NAIS_APP_IMAGE", "example/laanesok:1"),
    ] {
        assert!(pairs.contains(&pair), "{pair:?}");
    }
}

#[test]
fn v2_expose_only() {
    let (_, spec) = workload(V2);
    assert_eq!(spec.secret_name, "maskinporten-fartoy-api-c3120fde");
    assert_eq!(synchronization_hash(&spec).unwrap(), "1f0b9e221114efe2");
    let plan = compatible(&wanted(V2, &settings()), &world());
    let calls = calls(&plan, "k1");
    let body = json!({
        "accessible_for_all":false,"active":true,"allowed_integration_types":["maskinporten"],"at_max_age":120,
        "description":"sjofart - dev-gcp:team-sjo:fartoy-api","name":"","prefix":"nav",
        "requires_pseudonymous_tokens":false,"requires_user_authentication":false,"requires_user_consent":false,
        "subscope":"sjofart:fartoy.read","token_type":"SELF_CONTAINED","visibility":"PUBLIC"});
    assert_eq!(calls[0], ("POST /scopes".to_owned(), body));
    assert_eq!(
        calls[1].0,
        "PUT /scopes/access/310000011?scope=nav:sjofart:fartoy.read"
    );
    assert_eq!(
        calls[2].0,
        "PUT /scopes/access/310000022?scope=nav:sjofart:fartoy.read"
    );
    assert_eq!(calls[3].0, "POST /clients");
    assert_eq!(calls[3].1["description"], "dev-gcp:team-sjo:fartoy-api");
    assert_eq!(calls[3].1["scopes"], json!(["nav:test/api"]));
    assert_eq!(calls[4].0, "POST /clients/{new}/jwks");
    assert_eq!(calls.len(), 5);
    assert!(pairs(&secret(&spec, "2")).contains(&("MASKINPORTEN_SCOPES", "")));
}

fn v3_world(resource: &Desired) -> Actual {
    let mut actual = world();
    let name = "nav:tilskudd/soknad/v1.write";
    scope(
        &mut actual,
        name,
        "tilskudd - dev-gcp:team-tilskudd:tilskudd-gateway",
        false,
    );
    for (consumer, state) in [
        ("310000011", "DENIED"),
        ("310000044", "APPROVED"),
        ("310000055", "DENIED"),
    ] {
        access(&mut actual, name, consumer, state);
    }
    granted(&mut actual, "demokart:adresse.read");
    let id = "33333333-3333-4333-8333-333333333333";
    client(&mut actual, id, resource, &["demoetat:ikke/tilgang"]);
    let key = known(&mut actual, resource, id);
    actual
        .key_sets
        .insert(id.into(), vec![registered("k1", 200)]);
    actual.local_keys.insert(key, local("k1", &["k1"], false));
    actual
}

#[test]
fn v3_update() {
    let (_, spec) = workload(V3);
    assert_eq!(synchronization_hash(&spec).unwrap(), "88444c28569a3061");
    let wanted = wanted(V3, &settings());
    let plan = compatible(&wanted, &v3_world(&wanted[0]));
    let calls = calls(&plan, "k2");
    let addresses: Vec<_> = calls.iter().map(|(address, _)| address.as_str()).collect();
    // The deactivated scope opens last, so that 310000044 never gets in.
    let expected = [
        "POST /scopes",
        "PUT /scopes/access/000000000?scope=nav:tilskudd/soknad/v1.write",
        "PUT /scopes/access/310000033?scope=nav:tilskudd/soknad/v1.write",
        "PUT /scopes/access/310000011?scope=nav:tilskudd/soknad/v1.write",
        "DELETE /scopes/access/310000044?scope=nav:tilskudd/soknad/v1.write",
        "PUT /scopes?scope=nav:tilskudd/soknad/v1.write",
        "PUT /clients/33333333-3333-4333-8333-333333333333",
    ];
    assert_eq!(addresses, expected);
    assert_eq!(calls[0].1["subscope"], "tilskudd:status.read");
    assert_eq!(calls[0].1["accessible_for_all"], true);
    assert_eq!(calls[0].1["at_max_age"], 30);
    let body = json!({
        "accessible_for_all":false,"active":true,"allowed_integration_types":["maskinporten"],"at_max_age":60,
        "delegation_source":"https://tt02.altinn.no/",
        "description":"tilskudd - dev-gcp:team-tilskudd:tilskudd-gateway","name":"","prefix":"nav",
        "requires_pseudonymous_tokens":false,"requires_user_authentication":false,"requires_user_consent":false,
        "subscope":"tilskudd/soknad/v1.write","token_type":"SELF_CONTAINED","visibility":"PRIVATE"});
    assert_eq!(calls[5].1, body);
    assert_eq!(calls[6].1["scopes"], json!(["demokart:adresse.read"]));
    let scope = "demoetat:ikke/tilgang".to_owned();
    let expected = Problem::UnknownScope { scope, ask: None };
    assert!(
        plan.notes.iter().any(|note| note.problem == expected),
        "{:?}",
        plan.notes
    );
    assert!(pairs(&secret(&spec, "3")).contains(&(
        "MASKINPORTEN_SCOPES",
        "demoetat:ikke/tilgang demokart:adresse.read"
    )));
}

#[test]
fn v3_without_the_explicit_separator_is_refused() {
    let text = V3.replace("          separator: \"/\"\n", "");
    let refused = Manifest::parse(&text).unwrap_err();
    let message = "scopes.exposes[].separator must be set to \"/\" when scopes.exposes[].delegationSource is set";
    assert_eq!(refused.faults[0].message, message);
    assert_eq!(refused.faults.len(), 1);
}

fn v4_world(resource: &Desired) -> Actual {
    let mut actual = world();
    let description = "havn - dev-gcp:team-havn:havne-jobb";
    scope(&mut actual, "nav:havn:anlop.read", description, true);
    scope(&mut actual, "nav:havn:gammel.read", description, true);
    access(&mut actual, "nav:havn:gammel.read", "310000011", "APPROVED");
    open(&mut actual, "demoregister:oppslag/enhet.read");
    let id = "44444444-4444-4444-8444-444444444444";
    client(
        &mut actual,
        id,
        resource,
        &["demoregister:oppslag/enhet.read"],
    );
    let key = known(&mut actual, resource, id);
    actual
        .key_sets
        .insert(id.into(), vec![registered("k0", 90), registered("k1", 200)]);
    // The Secret was renamed, a running Pod still has the first.
    actual.local_keys.insert(key, local("k1", &["k1"], true));
    actual
}

#[test]
fn v4_disable_a_scope_and_rename_the_secret() {
    let resource = Manifest::parse(V4).unwrap().resources.remove(0);
    let ResourceKind::MaskinportenClient(spec) = resource.kind else {
        panic!("not a MaskinportenClient");
    };
    assert_eq!(synchronization_hash(&spec).unwrap(), "5b83945127a2c5bb");
    let mut before = MaskinportenClientSpec {
        secret_name: "havne-jobb-mp-1".into(),
        ..spec
    };
    before.scopes.exposes[1].enabled = true;
    assert_eq!(synchronization_hash(&before).unwrap(), "7886765f23648057");
    let wanted = wanted(V4, &settings());
    let plan = compatible(&wanted, &v4_world(&wanted[0]));
    let expected = [
        (
            "DELETE /scopes?scope=nav:havn:gammel.read".to_owned(),
            json!(null),
        ),
        (
            "POST /clients/44444444-4444-4444-8444-444444444444/jwks".to_owned(),
            json!({"keys": [public("k2"), public("k1")]}),
        ),
    ];
    assert_eq!(calls(&plan, "k2"), expected);
    let consequences = &plan.steps[1].consequences;
    assert_eq!(
        consequences[0],
        "what still signs with k0 is refused from then on"
    );
}

#[test]
fn v4_delete_with_and_without_preserve() {
    let wanted = wanted(V4, &settings());
    let actual = v4_world(&wanted[0]);
    let scope = (
        "DELETE /scopes?scope=nav:havn:gammel.read".to_owned(),
        json!(null),
    );
    let preserved = [wanted[0].clone().removed(true)];
    assert_eq!(
        calls(&compatible(&preserved, &actual), "k2"),
        std::slice::from_ref(&scope)
    );
    let client = (
        "DELETE /clients/44444444-4444-4444-8444-444444444444".to_owned(),
        json!(null),
    );
    let gone = [wanted[0].clone().removed(false)];
    assert_eq!(calls(&compatible(&gone, &actual), "k2"), [scope, client]);
}

#[test]
fn v5_login_client() {
    let resource = Manifest::parse(V5).unwrap().resources.remove(0);
    let ResourceKind::IdPortenClient(spec) = resource.kind else {
        panic!("not an IDPortenClient");
    };
    let stored = IdPortenClientSpec {
        // A cluster stores the default.
        integration_type: Some(spec.integration_type.unwrap_or_default()),
        ..*spec.clone()
    };
    assert_eq!(synchronization_hash(&stored).unwrap(), "fa6e4bcaa9fa7e60");
    let plan = compatible(&wanted(V5, &settings()), &world());
    let body = json!({
        "access_token_lifetime":3600,"application_type":"web","authorization_lifetime":10800,
        "client_name":"ARBEIDS- OG VELFERDSETATEN","client_uri":"https://minside.example.no",
        "description":"dev-gcp:team-innbygger:minside","frontchannel_logout_session_required":true,
        "frontchannel_logout_uri":"https://minside.example.no/oauth2/logout/frontchannel",
        "grant_types":["authorization_code","refresh_token"],"integration_type":"idporten",
        "post_logout_redirect_uris":["https://minside.example.no/farvel","https://www.example.no/?a=1&b=2"],
        "redirect_uris":["https://minside.example.no/oauth2/callback","http://localhost:3000/oauth2/callback"],
        "refresh_token_lifetime":10800,"refresh_token_usage":"ONETIME","scopes":["openid","profile"],
        "sso_disabled":false,"token_endpoint_auth_method":"private_key_jwt"});
    let expected = [
        ("POST /clients".to_owned(), body),
        (
            "POST /clients/{new}/jwks".to_owned(),
            json!({"keys": [public("k1")]}),
        ),
    ];
    assert_eq!(calls(&plan, "k1"), expected);
    let endpoints = Endpoints {
        well_known_url: "https://test.idporten.no/.well-known/openid-configuration".into(),
        issuer: "https://test.idporten.no".into(),
        jwks_uri: "https://test.idporten.no/jwks.json".into(),
        token_endpoint: "https://test.idporten.no/token".into(),
    };
    let key = private("k1");
    let credentials = IdPortenCredentials {
        client_id: "5",
        key: &key,
        spec: &spec,
        endpoints: &endpoints,
        audience: None,
    };
    assert_eq!(
        pairs(&credentials.variables()),
        [
            ("IDPORTEN_CLIENT_ID", "5"),
            ("IDPORTEN_CLIENT_JWK", K1),
            (
                "IDPORTEN_REDIRECT_URI",
                "https://minside.example.no/oauth2/callback"
            ),
            (
                "IDPORTEN_WELL_KNOWN_URL",
                "https://test.idporten.no/.well-known/openid-configuration"
            ),
            ("IDPORTEN_ISSUER", "https://test.idporten.no"),
            ("IDPORTEN_JWKS_URI", "https://test.idporten.no/jwks.json"),
            ("IDPORTEN_TOKEN_ENDPOINT", "https://test.idporten.no/token"),
        ]
    );
}

fn v6_world(resource: &Desired, description: &str) -> Actual {
    let mut actual = world();
    scope(&mut actual, "nav:havn/kai.read", description, true);
    access(&mut actual, "nav:havn/kai.read", "310000011", "APPROVED");
    let id = "66666666-6666-4666-8666-666666666666";
    client(&mut actual, id, resource, &["nav:havn/other"]);
    actual
        .key_sets
        .insert(id.into(), vec![registered("old", 100)]);
    actual
}

#[test]
fn v6_adopt_from_infrastructure_code() {
    let (_, spec) = workload(V6);
    assert_eq!(synchronization_hash(&spec).unwrap(), "e6f8e5f5c8712857");
    assert_eq!(spec.secret_name, "maskinporten-kai-plass-b3f68bdd");
    let wanted = wanted(V6, &settings());
    let actual = v6_world(&wanted[0], "devgcp:teamhavn:kaiplass.havn/kai.read");
    let plan = compatible(&wanted, &actual);
    let calls = calls(&plan, "k1");
    let addresses: Vec<_> = calls.iter().map(|(address, _)| address.as_str()).collect();
    let expected = [
        "DELETE /scopes/access/310000011?scope=nav:havn/kai.read",
        "PUT /scopes?scope=nav:havn/kai.read",
        "PUT /clients/66666666-6666-4666-8666-666666666666",
        "POST /clients/66666666-6666-4666-8666-666666666666/jwks",
    ];
    assert_eq!(addresses, expected);
    assert_eq!(
        calls[1].1["description"],
        "havn - dev-gcp:team-havn:kai-plass"
    );
    assert_eq!(calls[2].1["scopes"], json!(["nav:test/api"]));
    assert_eq!(calls[3].1, json!({"keys": [public("k1")]}));
    let destructive: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| step.action.is_destructive())
        .collect();
    assert_eq!(
        destructive.len(),
        2,
        "the revocation and the replaced keys: {destructive:#?}"
    );
    assert!(
        plan.steps
            .iter()
            .any(|step| matches!(step.action, Action::AdoptClient { .. }))
    );
    assert!(
        plan.steps
            .iter()
            .any(|step| matches!(step.action, Action::AdoptScope { .. }))
    );
}

#[test]
fn v6_careful_adoption_keeps_the_keys_of_who_runs_now() {
    let wanted = wanted(V6, &settings());
    let actual = v6_world(&wanted[0], "devgcp:teamhavn:kaiplass.havn/kai.read");
    let plan = plan(&wanted, &actual, &Policy::careful(), None).unwrap();
    let (_, body) = calls(&plan, "k1").pop().unwrap();
    assert_eq!(body["keys"][0]["kid"], "k1");
    assert_eq!(body["keys"][1]["kid"], "old");
    assert_eq!(
        body["keys"][1]["exp"],
        NOW + 100 * DAY,
        "what is kept is not renewed"
    );
}

#[test]
fn v6_of_another_cluster_is_refused_and_both_owners_named() {
    let wanted = wanted(V6, &settings());
    let actual = v6_world(&wanted[0], "prodgcp:teamhavn:kaiplass.havn/kai.read");
    let refused = plan(&wanted, &actual, &Policy::careful(), None).unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("belongs to prodgcp:teamhavn:kaiplass"),
        "{text}"
    );
    assert!(
        text.contains("asked for by dev-gcp:team-havn:kai-plass"),
        "{text}"
    );
}

#[test]
fn v7_web_proxy_without_any_call() {
    assert!(wanted(V7, &settings()).is_empty());
    let resource = Manifest::parse(V7).unwrap().resources.remove(0);
    let ResourceKind::Workload(workload) = resource.kind else {
        panic!("not a workload");
    };
    let excluded = ["localhost".to_owned(), ".local".to_owned()];
    let proxy = WebProxy::parse("http://proxy.example:8088", &excluded).unwrap();
    let injected = Injected {
        proxy: Some(&proxy),
        token: token_variables("http://127.0.0.1:7164"),
        ..Injected::default()
    };
    let variables = compose(&workload, injected).unwrap();
    let java = "-Dhttp.proxyHost=proxy.example -Dhttps.proxyHost=proxy.example -Dhttp.proxyPort=8088 \
                -Dhttps.proxyPort=8088 -Dhttp.nonProxyHosts=localhost|*.local";
    assert_eq!(
        pairs(&variables),
        [
            ("HTTP_PROXY", "http://proxy.example:8088"),
            ("http_proxy", "http://proxy.example:8088"),
            ("HTTPS_PROXY", "http://proxy.example:8088"),
            ("https_proxy", "http://proxy.example:8088"),
            ("NO_PROXY", "localhost,.local"),
            ("no_proxy", "localhost,.local"),
            ("JAVA_PROXY_OPTIONS", java),
            ("JDK_JAVA_OPTIONS", java),
            ("NAIS_TOKEN_ENDPOINT", "http://127.0.0.1:7164/api/v1/token"),
            (
                "NAIS_TOKEN_EXCHANGE_ENDPOINT",
                "http://127.0.0.1:7164/api/v1/token/exchange"
            ),
            (
                "NAIS_TOKEN_INTROSPECTION_ENDPOINT",
                "http://127.0.0.1:7164/api/v1/introspect"
            ),
        ]
    );
}
