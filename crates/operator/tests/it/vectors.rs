//! The specification's test vectors as passes (spec: nais §11): calls, Secret, status, events, requeue.

use std::time::Duration;

use portvakt_nais::actual::AccessState;
use portvakt_operator::pass::{Ending, OLD_FINALIZER, PRESERVE, Reason, Triage};

use crate::fixtures::*;
use crate::world::*;

const V1: &str = include_str!("../../../nais/tests/it/vectors/v1.yaml");
const V2: &str = include_str!("../../../nais/tests/it/vectors/v2.yaml");
const V3: &str = include_str!("../../../nais/tests/it/vectors/v3.yaml");
const V4: &str = include_str!("../../../nais/tests/it/vectors/v4.yaml");
const V5: &str = include_str!("../../../nais/tests/it/vectors/v5.yaml");
const V6: &str = include_str!("../../../nais/tests/it/vectors/v6.yaml");

const READY: &str = "Ready=True/Synchronized: Resource is up-to-date with DigDir";
const NO_ERROR: &str = "Error=False/Synchronized: Processing completed without errors";
const CONSUMED: &str =
    "InvalidConsumedScopes=False/Validated: Organization has access to all consumed scopes";

const HOUR: Duration = Duration::from_hours(1);
const REST: Duration = Duration::from_hours(8);

#[test]
fn v1_consume_only_first_deploy() {
    let mut world = World::of(subject(V1));
    world.grant("demoskatt:inntekt.read");
    world.open("demoregister:oppslag/enhet.read");
    let conclusion = world.pass().unwrap();
    assert_eq!(
        world.calls,
        ["POST /clients", "POST /clients/id-1/jwks new-2"]
    );
    let secret = "maskinporten-laanesok-9b0cdc78";
    assert_eq!(world.secrets.keys().collect::<Vec<_>>(), [secret]);
    assert_eq!(
        world.text(secret, "MASKINPORTEN_CLIENT_ID").unwrap(),
        "id-1"
    );
    assert_eq!(
        world.text(secret, "MASKINPORTEN_CLIENT_JWK").unwrap(),
        r#"{"use":"sig","kty":"RSA","kid":"new-2","alg":"RS256","n":"N","e":"AQAB","d":"D","p":"P","q":"Q","dp":"DP","dq":"DQ","qi":"QI"}"#
    );
    assert_eq!(
        world.text(secret, "MASKINPORTEN_SCOPES").unwrap(),
        "demoskatt:inntekt.read demoregister:oppslag/enhet.read"
    );
    let stored = &world.secrets[secret];
    assert_eq!(stored.labels["app"], "laanesok");
    assert_eq!(stored.labels["type"], "maskinporten.digdirator.nais.io");
    assert_eq!(stored.annotations["reloader.stakater.com/match"], "true");
    let status = &world.subject.status;
    assert_eq!(status.client_id.as_deref(), Some("id-1"));
    assert_eq!(status.key_ids, ["new-2"]);
    assert_eq!(
        status.synchronization_hash.as_deref(),
        Some("da7b8361baebe374")
    );
    assert_eq!(status.synchronization_secret_name.as_deref(), Some(secret));
    assert_eq!(
        status.synchronization_state.as_deref(),
        Some("Synchronized")
    );
    assert_eq!(status.observed_generation, Some(1));
    assert_eq!(status.correlation_id.as_deref(), Some("some-pass"));
    assert_eq!(conditions(status), [READY, CONSUMED, NO_ERROR]);
    assert_eq!(world.subject.finalizers, ["digdirator.nais.io/finalizer"]);
    assert_eq!(
        told(&conclusion),
        [
            "CreatedInDigDir: Client is registered",
            "RotatedInDigDir: Client credentials is rotated",
            "Synchronized: Resource is up-to-date",
        ]
    );
    assert_eq!(conclusion.requeue, Some(REST));
    assert_eq!(conclusion.ending, Ending::Whole);
    // A second pass with nothing changed makes no call.
    assert_eq!(world.triage(), Triage::Rest(REST));
}

#[test]
fn v2_expose_only() {
    let mut world = World::of(subject(V2));
    let conclusion = world.pass().unwrap();
    let scope = "nav:sjofart:fartoy.read";
    assert_eq!(
        world.calls,
        [
            format!("create scope {scope}"),
            format!("grant 310000011 access to {scope}"),
            format!("grant 310000022 access to {scope}"),
            "POST /clients".into(),
            "POST /clients/id-1/jwks new-2".into(),
        ]
    );
    let secret = "maskinporten-fartoy-api-c3120fde";
    assert_eq!(world.text(secret, "MASKINPORTEN_SCOPES").unwrap(), "");
    let status = &world.subject.status;
    assert_eq!(
        status.synchronization_hash.as_deref(),
        Some("1f0b9e221114efe2")
    );
    let valid = format!(
        "InvalidExposedScopesConsumers=False/Validated: All consumers for scope \"{scope}\" are valid"
    );
    assert_eq!(conditions(status), [READY, CONSUMED, &valid, NO_ERROR]);
    assert_eq!(
        told(&conclusion),
        [
            format!("CreatedScopeInDigDir: Created scope \"{scope}\""),
            format!(
                "UpdatedACLForScopeInDigDir: ACL: granted access to scope \"{scope}\" for consumer \"310000011\""
            ),
            format!(
                "UpdatedACLForScopeInDigDir: ACL: granted access to scope \"{scope}\" for consumer \"310000022\""
            ),
            "CreatedInDigDir: Client is registered".into(),
            "RotatedInDigDir: Client credentials is rotated".into(),
            "Synchronized: Resource is up-to-date".into(),
        ]
    );
}

#[test]
fn v3_update() {
    let mut world = World::of(subject(V3));
    let scope = "nav:tilskudd/soknad/v1.write";
    world.scope(
        scope,
        "tilskudd - dev-gcp:team-tilskudd:tilskudd-gateway",
        false,
    );
    world.access(scope, "310000011", AccessState::Denied);
    world.access(scope, "310000044", AccessState::Approved);
    world.access(scope, "310000055", AccessState::Denied);
    world.grant("demokart:adresse.read");
    world.unknown = vec!["000000000".into()];
    let (id, secret) = (
        "33333333-3333-4333-8333-333333333333",
        "maskinporten-tilskudd-gateway-74b06953",
    );
    world.client(id, &["demoetat:ikke/tilgang"], &["k1"]);
    world.secret(secret, "k1", NOW - DAY);
    world.subject.status = synchronized(id, secret, &["k1"]);
    world.subject.generation = 2;
    assert_eq!(world.triage(), Triage::Process(Reason::Changed));
    let conclusion = world.pass().unwrap();
    // The deactivated scope opens last, so that 310000044 never gets in.
    assert_eq!(
        world.calls,
        [
            "create scope nav:tilskudd:status.read".into(),
            format!("grant 000000000 access to {scope}"),
            format!("grant 310000033 access to {scope}"),
            format!("grant 310000011 access to {scope} again"),
            format!("withdraw access to {scope} from 310000044"),
            format!("reactivate scope {scope}"),
            format!("update client maskinporten dev-gcp:team-tilskudd:tilskudd-gateway ({id})"),
        ]
    );
    assert_eq!(world.kid_in(secret).as_deref(), Some("k1"));
    assert_eq!(
        world.text(secret, "MASKINPORTEN_SCOPES").unwrap(),
        "demoetat:ikke/tilgang demokart:adresse.read"
    );
    let status = &world.subject.status;
    assert_eq!(status.key_ids, ["k1"]);
    assert_eq!(
        status.synchronization_hash.as_deref(),
        Some("88444c28569a3061")
    );
    assert_eq!(
        conditions(status),
        [
            READY,
            "InvalidConsumedScopes=True/Failed: Organization has no access to scopes: [demoetat:ikke/tilgang]",
            "InvalidExposedScopesConsumers=True/Failed: Scope \"nav:tilskudd/soknad/v1.write\" has invalid consumers [000000000]",
            NO_ERROR,
        ]
    );
    assert_eq!(conclusion.requeue, Some(HOUR));
    assert_eq!(conclusion.ending, Ending::Waits);
    let told = told(&conclusion);
    assert!(
        !told.iter().any(|event| event.contains("000000000")),
        "{told:?}"
    );
    assert!(
        told.contains(&format!(
            "ActivatedScopeInDigDir: Activated scope \"{scope}\""
        )),
        "{told:?}"
    );
    let settled =
        "UpdatedACLForScopeInDigDir: ACL: scope \"nav:tilskudd:status.read\" is up to date";
    assert!(told.contains(&settled.to_owned()), "{told:?}");
    // What somebody else must put right is looked at again.
    assert_eq!(world.triage(), Triage::Process(Reason::Retry));
}

fn v4() -> World {
    let mut world = World::of(subject(V4));
    let description = "havn - dev-gcp:team-havn:havne-jobb";
    world.scope("nav:havn:anlop.read", description, true);
    world.scope("nav:havn:gammel.read", description, true);
    world.access("nav:havn:gammel.read", "310000011", AccessState::Approved);
    world.open("demoregister:oppslag/enhet.read");
    let id = "44444444-4444-4444-8444-444444444444";
    world.client(id, &["demoregister:oppslag/enhet.read"], &["k0", "k1"]);
    world.secret("havne-jobb-mp-0", "k0", NOW - 2 * DAY);
    world.secret("havne-jobb-mp-1", "k1", NOW - DAY);
    world.start_pod("havne-jobb-mp-1");
    world.subject.status = synchronized(id, "havne-jobb-mp-1", &["k1", "k0"]);
    world.subject.finalizers = vec![OLD_FINALIZER.into()];
    world.subject.generation = 2;
    world
}

#[test]
fn v4_disable_a_scope_and_rename_the_secret() {
    let mut world = v4();
    world.pass().unwrap();
    assert_eq!(
        world.calls,
        [
            "deactivate scope nav:havn:gammel.read",
            "POST /clients/44444444-4444-4444-8444-444444444444/jwks new-1 k1",
        ]
    );
    let secrets: Vec<_> = world.secrets.keys().map(String::as_str).collect();
    assert_eq!(secrets, ["havne-jobb-mp-1", "havne-jobb-mp-2"]);
    assert_eq!(world.kid_in("havne-jobb-mp-2").as_deref(), Some("new-1"));
    let status = &world.subject.status;
    assert_eq!(status.key_ids, ["new-1", "k1"]);
    assert_eq!(
        status.synchronization_hash.as_deref(),
        Some("5b83945127a2c5bb")
    );
}

#[test]
fn v4_delete_with_and_without_preserve() {
    let scope = "deactivate scope nav:havn:gammel.read";
    let client = "deactivate client maskinporten dev-gcp:team-havn:havne-jobb \
                  (44444444-4444-4444-8444-444444444444)";
    for (preserve, expected) in [(true, &[scope][..]), (false, &[scope, client][..])] {
        let mut world = v4();
        if preserve {
            world
                .subject
                .annotations
                .insert(PRESERVE.into(), "true".into());
        }
        world.subject.is_deleted = true;
        assert_eq!(world.triage(), Triage::Finalize(Reason::Deleted));
        world.pass();
        assert_eq!(world.calls, expected);
        assert_eq!(world.subject.finalizers, Vec::<String>::new());
        assert_eq!(
            world.issuer.scopes["nav:havn:anlop.read"].active,
            Some(true)
        );
        assert_eq!(world.triage(), Triage::Forget);
    }
}

#[test]
fn v5_login_client() {
    let mut world = World::of(subject(V5));
    world.pass().unwrap();
    assert_eq!(
        world.calls,
        ["POST /clients", "POST /clients/id-1/jwks new-2"]
    );
    let secret = "idporten-minside";
    assert_eq!(world.secrets[secret].labels["type"], "digdirator.nais.io");
    for (entry, value) in [
        ("IDPORTEN_CLIENT_ID", "id-1"),
        (
            "IDPORTEN_REDIRECT_URI",
            "https://minside.example.no/oauth2/callback",
        ),
        ("IDPORTEN_ISSUER", "https://test.idporten.no"),
        ("IDPORTEN_JWKS_URI", "https://test.idporten.no/jwks.json"),
        ("IDPORTEN_TOKEN_ENDPOINT", "https://test.idporten.no/token"),
    ] {
        assert_eq!(world.text(secret, entry).as_deref(), Some(value), "{entry}");
    }
    let status = &world.subject.status;
    assert_eq!(
        status.synchronization_hash.as_deref(),
        Some("fa6e4bcaa9fa7e60")
    );
    assert_eq!(conditions(status), [READY, NO_ERROR]);
}

#[test]
fn v6_adopt_from_infrastructure_code() {
    let mut world = World::of(subject(V6));
    world.scope(
        "nav:havn/kai.read",
        "devgcp:teamhavn:kaiplass.havn/kai.read",
        true,
    );
    world.access("nav:havn/kai.read", "310000011", AccessState::Approved);
    let id = "66666666-6666-4666-8666-666666666666";
    world.client(id, &["nav:havn/other"], &["old"]);
    world.pass().unwrap();
    assert_eq!(
        world.calls,
        [
            "withdraw access to nav:havn/kai.read from 310000011".into(),
            "adopt scope nav:havn/kai.read".into(),
            format!("update client maskinporten dev-gcp:team-havn:kai-plass ({id})"),
            format!("POST /clients/{id}/jwks new-1"),
        ]
    );
    let status = &world.subject.status;
    assert_eq!(status.client_id.as_deref(), Some(id));
    assert_eq!(
        status.synchronization_hash.as_deref(),
        Some("e6f8e5f5c8712857")
    );
    let secret = "maskinporten-kai-plass-b3f68bdd";
    assert_eq!(
        world.text(secret, "MASKINPORTEN_CLIENT_ID").as_deref(),
        Some(id)
    );
}
