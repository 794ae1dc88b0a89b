//! Values to save. `full_*` has every attribute away from its default.

use std::collections::BTreeMap;

use portvakt_core::Timestamp;
use portvakt_core::access::{Access, AccessState};
use portvakt_core::client::{
    ApplicationType, AuthenticationMethod, Client, ClientId, ClientKey, GrantType, IntegrationType,
    KeySet, LoginSettings, OnBehalfOf, RefreshTokenUsage,
};
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::ports::PrefixAssignment;
use portvakt_core::scope::{Prefix, Scope, ScopeName, ScopeToken, TokenType, Visibility};
use portvakt_jose::{Algorithm, PublicJwk};
use serde_json::json;

pub(crate) const FIRST: &str = "312773023";
pub(crate) const SECOND: &str = "313994031";
pub(crate) const THIRD: &str = "991825827";

pub(crate) fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

pub(crate) fn orgno(text: &str) -> OrgNumber {
    text.parse().expect("samples are well formed")
}

pub(crate) fn scope_name(text: &str) -> ScopeName {
    text.parse().expect("samples are well formed")
}

pub(crate) fn token(text: &str) -> ScopeToken {
    text.parse().expect("samples are well formed")
}

pub(crate) fn client_id(text: &str) -> ClientId {
    text.parse().expect("samples are well formed")
}

pub(crate) fn prefix(text: &str) -> Prefix {
    text.parse().expect("samples are well formed")
}

pub(crate) fn organization(number: &str) -> Organization {
    Organization {
        orgno: orgno(number),
        name: format!("Organization {number}"),
        active: true,
        created: at(1_772_442_900_123),
        last_updated: at(1_772_442_900_456),
    }
}

pub(crate) fn deactivated(number: &str) -> Organization {
    Organization {
        active: false,
        ..organization(number)
    }
}

pub(crate) fn assignment(name: &str, owner: &str) -> PrefixAssignment {
    PrefixAssignment {
        prefix: prefix(name),
        owner_orgno: orgno(owner),
        active: true,
        created: at(1),
        last_updated: at(2),
    }
}

/// A scope of [`FIRST`] with every attribute at its default.
pub(crate) fn scope(name: &str) -> Scope {
    Scope::new(scope_name(name), orgno(FIRST), "a scope", at(1))
}

pub(crate) fn full_scope(name: &str) -> Scope {
    Scope {
        name: scope_name(name),
        owner_orgno: orgno(SECOND),
        description: "Les tømmer \u{1f332}".to_owned(),
        long_description: Some("# Long\n\n*text*".to_owned()),
        translations: BTreeMap::from([
            ("description#en".to_owned(), "Read timber".to_owned()),
            ("description#nn".to_owned(), "Les tømmer".to_owned()),
        ]),
        visibility: Visibility::Private,
        accessible_for_all: true,
        allowed_integration_types: vec![IntegrationType::Krr, IntegrationType::Maskinporten],
        delegation_source: Some("https://tt02.altinn.no/".to_owned()),
        at_max_age: 120,
        authorization_max_lifetime: u32::MAX,
        requires_user_consent: true,
        requires_user_authentication: true,
        requires_pseudonymous_tokens: true,
        token_type: TokenType::Opaque,
        enforced_aud_for_introspection: vec![client_id("barnehage-api"), client_id("a")],
        active: false,
        protected: true,
        supports_european_businesses: true,
        operator_only: true,
        emit_consumer_prefix: true,
        created: at(1_772_442_900_123),
        last_updated: at(253_402_300_799_999),
    }
}

pub(crate) fn access(scope: &str, consumer: &str, state: AccessState) -> Access {
    Access {
        scope: scope_name(scope),
        consumer_orgno: orgno(consumer),
        state,
        created: at(3),
        last_updated: at(4),
    }
}

/// A client of [`FIRST`] whose keys may be ES256.
pub(crate) fn client(id: &str) -> Client {
    Client {
        token_endpoint_auth_signing_alg: Some(Algorithm::Es256),
        ..Client::machine(client_id(id), "A client", orgno(FIRST), Vec::new(), at(1))
    }
}

pub(crate) fn full_client(id: &str) -> Client {
    Client {
        client_id: client_id(id),
        client_name: "Klient æøå".to_owned(),
        description: "cluster:team:app".to_owned(),
        client_orgno: orgno(FIRST),
        supplier_orgno: Some(orgno(SECOND)),
        integration_type: IntegrationType::ApiKlient,
        application_type: ApplicationType::Native,
        token_endpoint_auth_method: AuthenticationMethod::ClientSecretPost,
        grant_types: vec![
            GrantType::RefreshToken,
            GrantType::JwtBearer,
            GrantType::AuthorizationCode,
        ],
        scopes: ["fjord:b", "fjord:a", "openid"].map(scope_name).to_vec(),
        access_token_lifetime: Some(119),
        token_endpoint_auth_signing_alg: Some(Algorithm::EdDsa),
        login: full_login_settings(),
        self_managed: true,
        active: false,
        created: at(1_772_442_900_123),
        last_updated: at(1_772_442_900_456),
    }
}

fn full_login_settings() -> LoginSettings {
    let text = |text: &str| Some(text.to_owned());
    LoginSettings {
        display_name: text("Logg inn"),
        client_uri: text("https://example.com/"),
        redirect_uris: vec![
            "https://example.com/b".to_owned(),
            "https://example.com/a".to_owned(),
        ],
        post_logout_redirect_uris: vec!["https://example.com/out".to_owned()],
        frontchannel_logout_uri: text("https://example.com/front"),
        frontchannel_logout_session_required: Some(true),
        backchannel_logout_uri: text("https://example.com/back"),
        backchannel_logout_session_required: Some(false),
        authorization_lifetime: Some(1),
        refresh_token_lifetime: Some(2),
        refresh_token_usage: Some(RefreshTokenUsage::Reuse),
        code_challenge_method: text("S256"),
        sso_disabled: Some(true),
    }
}

pub(crate) fn on_behalf_of(client: &str, value: &str) -> OnBehalfOf {
    OnBehalfOf {
        client_id: client_id(client),
        onbehalfof: value.to_owned(),
        name: "A customer".to_owned(),
        orgno: orgno(THIRD),
        client_uri: Some("https://customer.example.com/".to_owned()),
        description: Some("Kunde".to_owned()),
        active: true,
        created: at(5),
        last_updated: at(6),
    }
}

/// A set with one key for each `kid`, posted at `now` for [`client`].
///
/// The key is the example of RFC 7515 A.3.
pub(crate) fn key_set(kids: &[&str], now: Timestamp) -> KeySet {
    let key = |kid: &&str| {
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            "exp": 1_772_442_900,
        })
    };
    let keys: Vec<_> = kids.iter().map(key).collect();
    KeySet::parse(&json!({ "keys": keys }), &client("sample"), now)
        .expect("samples are well formed")
}

/// What two equal keys agree on.
pub(crate) fn parts(key: &ClientKey) -> (&PublicJwk, Timestamp, Timestamp) {
    (&key.jwk, key.expires_at, key.created)
}
