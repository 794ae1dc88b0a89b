//! Registry files: applied, applied again, exported.

use portvakt_core::SystemEntropy;
use portvakt_core::access::AccessState;
use portvakt_core::administration::secret::{self, Making};
use portvakt_core::administration::{RecordKind, Role};
use portvakt_core::client::{KEY_LIFETIME, SECRET_LIFETIME, SecretOverlap};
use portvakt_core::ports::{Listing, Store};
use portvakt_core::registry_file::{Counts, RegistryFile};

use crate::harness::{Registry, at, id, orgno, scope};

const EXAMPLE: &str = include_str!("../../../../docs/registry-file.example.yaml");

#[tokio::test]
async fn applying_makes_everything_and_again_nothing() {
    let registry = Registry::bootstrapped().await;
    let first = registry.apply(EXAMPLE, at(1)).await.unwrap();
    assert!(first.is_changed());
    let three = Counts {
        created: 3,
        ..Counts::default()
    };
    assert_eq!(first.counts[&RecordKind::Organization], three);
    assert_eq!(first.counts[&RecordKind::Client], three);
    for kind in [
        RecordKind::Prefix,
        RecordKind::Key,
        RecordKind::Person,
        RecordKind::Delegation,
    ] {
        assert_eq!(first.counts[&kind].created, 1, "{kind}");
    }
    let revision = registry.store.revision().await.unwrap();
    let export = registry.export().await;

    let second = registry.apply(EXAMPLE, at(1000)).await.unwrap();
    assert!(!second.is_changed(), "{:?}", second.counts);
    assert_eq!(
        second.counts[&RecordKind::Client],
        Counts {
            unchanged: 3,
            ..Counts::default()
        }
    );
    assert_eq!(
        registry.store.revision().await.unwrap(),
        revision,
        "nothing was written"
    );
    assert_eq!(registry.export().await, export);
}

#[tokio::test]
async fn an_operator_only_scope_on_a_client_includes_the_access() {
    let registry = Registry::bootstrapped().await;
    let text = r#"
clients:
  - {client_id: admin, client_orgno: "889640782", client_name: A, integration_type: maskinporten, scopes: ["idporten:dcr.write"]}
"#;
    registry.apply(text, at(1)).await.unwrap();
    let mut unit = registry.store.read().await.unwrap();
    let access = unit
        .find_access(&scope("idporten:dcr.write"), orgno("889640782"))
        .await
        .unwrap();
    assert_eq!(access.unwrap().state, AccessState::Approved);
}

/// A registry in which everything has happened that can happen to records.
const EVENTFUL: &str = r#"
organizations:
  - {orgno: "889640782", name: "12", prefixes: [nav, {prefix: old, active: false}]}
  - {orgno: "123456789", active: false}
  - {orgno: "310420107", name: "yes"}
delegation_sources:
  - {name: altinn, issuer: "https://tt02.altinn.no/"}
  - {name: gammel, issuer: "https://gammel.example/", active: false}
scopes:
  - {name: "nav:gone", description: "null", active: false, access: [{consumer_orgno: "123456789", state: DENIED}]}
  - name: "nav:a/b:c.write"
    description: "Linje 1\nLinje 2: #nei"
    "description#en": Line
    long_description: "**x**"
    visibility: PRIVATE
    allowed_integration_types: [maskinporten, krr]
    delegation_source: "https://tt02.altinn.no/"
    at_max_age: 7
    authorization_max_lifetime: 8
    requires_user_consent: true
    requires_user_authentication: true
    requires_pseudonymous_tokens: true
    token_type: OPAQUE
    enforced_aud_for_introspection: [api-1, api-2]
    protected: true
    supports_european_businesses: true
    operator_only: true
    emit_consumer_prefix: true
    access: ["123456789", {consumer_orgno: "310420107", state: REQUESTED}]
  - {name: "old:moved", description: Moved, owner_orgno: "310420107"}
  - {name: openid, description: Changed, accessible_for_all: true}
  - {name: "idporten:dcr.read", access: ["123456789"]}
clients:
  - client_id: c1
    client_orgno: "123456789"
    supplier_orgno: "310420107"
    client_name: C1
    description: "nais.io/x"
    integration_type: maskinporten
    scopes: ["nav:a/b:c.write", "nav:gone"]
    access_token_lifetime: 30
    token_endpoint_auth_signing_alg: EdDSA
    refresh_token_usage: REUSE
    sso_disabled: true
    self_managed: true
    active: false
    jwks: {keys: [{kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo, use: sig, alg: EdDSA, kid: k1, exp: 1780000000}]}
    onbehalfof:
      - {onbehalfof: kommune, name: Kommunen, orgno: "310420107", client_uri: "https://kommune.no", active: false}
  - client_id: c2
    client_orgno: "123456789"
    client_name: Login
    integration_type: idporten
    application_type: native
    scopes: [openid]
    grant_types: [authorization_code, refresh_token]
    redirect_uris: ["no.app:/callback"]
    code_challenge_method: S256
  - {client_id: api-1, client_orgno: "889640782", client_name: API, integration_type: maskinporten, scopes: ["idporten:token.introspection"], active: false}
  - {client_id: api-2, client_orgno: "889640782", supplier_orgno: "310420107", client_name: API, integration_type: maskinporten, scopes: ["idporten:token.introspection"]}
people:
  - {pid: "01010012345", name: "~"}
identity_matches:
  - {identifier: "EE/NO/47101010033", pid: "01010012345"}
  - {identifier: "EL/NO/Α-1=", pid: "01010012345", active: false}
delegations:
  - {delegation_source: "https://tt02.altinn.no/", scope: "nav:a/b:c.write", consumer_orgno: "123456789", supplier_orgno: "310420107", valid_from: "2026-01-01T00:00:00.250Z", valid_to: "2030-01-01T00:00:00Z", active: false}
system_users:
  - {id: s1, system_id: sys, client_id: c1, owner_orgno: "123456789", external_ref: "007", active: false}
consents:
  - {id: k1, from: "urn:altinn:person:identifier-no:01010012345", to_orgno: "889640782", consented: "2026-01-01T00:00:00Z", valid_to: "2030-01-01T00:00:00Z", consent_rights: [{action: [read], metadata: {year: "2024", n: 1, b: true}}], active: false}
"#;

#[tokio::test]
async fn an_export_applied_to_an_empty_registry_gives_the_same_one() {
    for text in [EXAMPLE, EVENTFUL] {
        let registry = Registry::bootstrapped().await;
        registry.apply(text, at(1)).await.unwrap();
        let exported = registry.export().await;

        let other = Registry::bootstrapped().await;
        let applied = other.apply(&exported, at(500)).await.unwrap();
        assert!(applied.is_changed());
        assert_eq!(other.export().await, exported);
        let again = other.apply(&exported, at(900)).await.unwrap();
        assert!(!again.is_changed(), "{:?}", again.counts);
        // And where it came from, it changes nothing.
        let back = registry.apply(&exported, at(900)).await.unwrap();
        assert!(!back.is_changed(), "{:?}", back.counts);
    }
}

#[tokio::test]
async fn an_export_is_json_too() {
    let registry = Registry::bootstrapped().await;
    registry.apply(EVENTFUL, at(1)).await.unwrap();
    let yaml = registry.export().await;
    let json = serde_json::to_string_pretty(&RegistryFile::parse(&yaml).unwrap()).unwrap();
    let other = Registry::bootstrapped().await;
    other.apply(&json, at(5)).await.unwrap();
    assert_eq!(other.export().await, yaml);
}

#[tokio::test]
async fn faults_are_all_reported_and_nothing_is_kept() {
    let registry = Registry::bootstrapped().await;
    let before = registry.export().await;
    let faults = registry
        .faults(
            r#"
organizations:
  - {orgno: "889640782", name: Nav, prefixes: [nav, krr]}
  - {orgno: "889640782", name: Nav}
scopes:
  - {name: "skatt:a", description: A}
  - {name: "nav:a", description: A, delegation_source: "https://nowhere/", access: ["123456789"]}
  - {name: "nav:b", description: B, allowed_integration_types: [idporten]}
  - {name: "nav:c", description: C, enforced_aud_for_introspection: [mine, none, theirs]}
clients:
  - {client_id: mine, client_orgno: "889640782", client_name: M, integration_type: maskinporten, scopes: ["nav:c"]}
  - {client_id: theirs, client_orgno: "123456789", client_name: T, integration_type: maskinporten, scopes: ["nav:c"]}
  - {client_id: c, client_orgno: "123456789", client_name: C, integration_type: maskinporten, scopes: ["nav:b", "nav:none"], access_token_lifetime: 0}
  - {client_orgno: "123456789", client_name: C, integration_type: maskinporten, scopes: [openid]}
delegations:
  - {delegation_source: "https://x/", scope: "nav:b", consumer_orgno: "123456789", supplier_orgno: "123456789"}
system_users:
  - {id: s, system_id: x, client_id: none, owner_orgno: "123456789"}
"#,
        )
        .await;
    let expected = [
        "organizations[1]: the organization is declared already",
        "organizations[0].prefixes[1]: prefix krr exists already: it belongs to 991825827",
        "scopes[0].prefix: skatt is not assigned",
        "scopes[1].delegation_source: \"https://nowhere/\" is not the issuer",
        "scopes[3].enforced_aud_for_introspection[1]: none is no client of 889640782: list clients of the scope's owner",
        "scopes[3].enforced_aud_for_introspection[2]: theirs is no client of 889640782",
        "clients[2].access_token_lifetime: is 0",
        "clients[2].scopes[0]: scope nav:b does not admit clients of type maskinporten",
        "clients[2].scopes[1]: scope nav:none does not exist",
        "clients[3].scopes[0]: scope openid does not admit clients of type maskinporten",
        "delegations[0].supplier_orgno: is the consumer itself",
        "delegations[0].delegation_source: is not the issuer",
        "system_users[0].client_id: client none does not exist",
    ];
    for text in expected {
        assert!(
            faults.iter().any(|fault| fault.contains(text)),
            "{text} not in {faults:#?}"
        );
    }
    assert!(faults[0].starts_with("line "), "{faults:?}");
    assert_eq!(registry.export().await, before);
}

#[tokio::test]
async fn a_scope_without_access_is_a_warning() {
    let registry = Registry::bootstrapped().await;
    let text = r#"
organizations: [{orgno: "889640782", name: Nav, prefixes: [nav]}]
scopes: [{name: "nav:a", description: A}]
clients: [{client_id: c, client_orgno: "312773023", client_name: C, integration_type: maskinporten, scopes: ["nav:a"]}]
"#;
    let applied = registry.apply(text, at(1)).await.unwrap();
    let warnings: Vec<_> = applied.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("clients[0].scopes[0]: scope nav:a is not accessible for 312773023")
    );
}

#[tokio::test]
async fn a_client_without_id_is_found_again() {
    let registry = Registry::bootstrapped().await;
    let text = |lifetime: u32| {
        format!(
            r#"clients: [{{client_orgno: "312773023", client_name: C, integration_type: krr, scopes: [], access_token_lifetime: {lifetime}}}]"#
        )
    };
    registry.apply(&text(10), at(1)).await.unwrap();
    let changed = registry.apply(&text(20), at(2)).await.unwrap();
    assert_eq!(
        changed.counts[&RecordKind::Client],
        Counts {
            updated: 1,
            ..Counts::default()
        }
    );
    let mut unit = registry.store.read().await.unwrap();
    let clients = unit.list_clients(None, Listing::All).await.unwrap();
    assert_eq!(clients.len(), 1);
    assert_eq!(
        (clients[0].access_token_lifetime, clients[0].created),
        (Some(20), at(1))
    );
}

#[tokio::test]
async fn what_is_not_mentioned_stays_as_it_is() {
    let registry = Registry::bootstrapped().await;
    registry.apply(EVENTFUL, at(1)).await.unwrap();
    let before = registry.export().await;
    let text = r#"
organizations: [{orgno: "123456789"}]
scopes: [{name: "nav:gone", description: "null"}]
clients: [{client_id: c2, client_orgno: "123456789", client_name: Login, integration_type: idporten, application_type: native, scopes: [openid], grant_types: [authorization_code, refresh_token], redirect_uris: ["no.app:/callback"], code_challenge_method: S256}]
"#;
    let applied = registry.apply(text, at(2)).await.unwrap();
    assert!(!applied.is_changed(), "{:?}", applied.counts);
    assert_eq!(registry.export().await, before);
}

#[tokio::test]
async fn keys_are_replaced_removed_and_renewed_once_they_have_expired() {
    let registry = Registry::bootstrapped().await;
    let text = |jwks: &str| {
        format!(
            r#"clients: [{{client_id: c, client_orgno: "312773023", client_name: C, integration_type: krr, token_endpoint_auth_signing_alg: EdDSA, jwks: {jwks}}}]"#
        )
    };
    let keys = text(
        "{keys: [{kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo, use: sig, alg: EdDSA, kid: k1}]}",
    );
    let counts =
        async |text: &str, now| registry.apply(text, now).await.unwrap().counts[&RecordKind::Key];
    assert_eq!(counts(&keys, at(0)).await.created, 1);
    assert_eq!(counts(&keys, at(1000)).await.unchanged, 1);
    let expired = at(0).plus(KEY_LIFETIME);
    assert_eq!(counts(&keys, expired).await.updated, 1);
    assert_eq!(counts(&keys, expired).await.unchanged, 1);
    assert_eq!(counts(&text("{keys: []}"), expired).await.updated, 1);
    let mut unit = registry.store.read().await.unwrap();
    assert!(
        unit.list_keys(&"c".parse().unwrap(), Listing::Active)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        unit.find_organization(orgno("312773023"))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn applying_takes_a_secret_with_its_method_and_never_makes_or_shows_one() {
    let registry = Registry::bootstrapped().await;
    let text = |method: &str| {
        format!(
            r#"clients: [{{client_id: c, client_orgno: "312773023", client_name: C, integration_type: idporten, token_endpoint_auth_method: {method}, redirect_uris: ["https://c.example/"]}}]"#
        )
    };
    let has_secret = async || {
        let mut unit = registry.begin().await;
        !unit.find_secrets(&id("c")).await.unwrap().is_empty()
    };
    let applied = registry.apply(&text("client_secret_basic"), at(1)).await;
    let warnings = applied.unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].to_string().contains("client c has no secret"));
    assert!(!has_secret().await);

    let mut unit = registry.begin().await;
    let making = Making {
        entropy: &SystemEntropy,
        now: at(2),
    };
    let overlap = SecretOverlap::default();
    secret::rotate(unit.as_mut(), &id("c"), overlap, Role::Operator, making)
        .await
        .unwrap();
    unit.commit().await.unwrap();
    let applied = registry.apply(&text("client_secret_post"), at(3)).await;
    assert!(applied.unwrap().warnings.is_empty() && has_secret().await);
    let expired = at(2).plus(SECRET_LIFETIME);
    let applied = registry.apply(&text("client_secret_post"), expired).await;
    assert_eq!(applied.unwrap().warnings.len(), 1);
    registry
        .apply(&text("private_key_jwt"), at(4))
        .await
        .unwrap();
    assert!(!has_secret().await);
}

#[tokio::test]
async fn a_file_with_a_secret_is_refused_without_repeating_it() {
    let text = r#"clients: [{client_id: c, client_orgno: "312773023", client_name: C, integration_type: idporten, redirect_uris: ["https://c.example/"], client_secret: hysjhysj, client_secret_expires_at: 1803979260}]"#;
    let faults = RegistryFile::parse(text).unwrap_err();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("client_secret") && !faults[0].contains("hysjhysj"));
}
