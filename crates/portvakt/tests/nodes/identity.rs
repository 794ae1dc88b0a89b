//! Who acts in these tests, and the grants that they sign.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use portvakt_core::{Clock, SystemClock};
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use serde_json::{Value, json};

use crate::people;

pub(crate) const ISSUER: &str = "https://maskinporten.example.no/";
pub(crate) const OWNER: &str = "310420107";
pub(crate) const CONSUMER: &str = "312773023";
pub(crate) const CLIENT: &str = "havbris";
pub(crate) const SCOPE: &str = "fjord:tidevann.read";
/// The owner's client for the self-service API.
pub(crate) const OWNERS_CLIENT: &str = "fjord-administrasjon";
pub(crate) const ADMINISTER_SCOPES: &str = "idporten:scopes.write";
/// The client of whoever runs the nodes.
pub(crate) const OPERATORS_CLIENT: &str = "drift";
pub(crate) const OPERATE: &str = "portvakt:operator.write";
const OPERATOR: &str = "991825827";

/// Everybody's. Whose key signs is not what is tested here.
static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap());

/// A registry file with all of them.
pub(crate) fn registry() -> Value {
    let client = |id: &str, orgno: &str, scope: &str| {
        json!({
            "client_id": id, "client_orgno": orgno, "client_name": id,
            "integration_type": "maskinporten", "scopes": [scope],
            "jwks": {"keys": [KEY.public_jwk("k1").to_json()]},
        })
    };
    let mut registry = json!({
        "organizations": [
            {"orgno": OWNER, "name": "Fjordetaten", "prefixes": ["fjord"]},
            {"orgno": CONSUMER, "name": "Havbris AS"},
        ],
        "scopes": [{"name": SCOPE, "description": "Tidevann", "access": [CONSUMER]}],
        "clients": [
            client(CLIENT, CONSUMER, SCOPE),
            client(OWNERS_CLIENT, OWNER, ADMINISTER_SCOPES),
            client(OPERATORS_CLIENT, OPERATOR, OPERATE),
        ],
    });
    people::add_to(&mut registry);
    registry
}

/// A right grant of the consumer, with an id of its own.
pub(crate) fn grant() -> String {
    grant_of(CLIENT, SCOPE)
}

/// A right grant of a client for a scope, with an id of its own.
pub(crate) fn grant_of(client: &str, scope: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemClock.now().seconds();
    let id = format!("{}-{}", now, NEXT.fetch_add(1, Ordering::Relaxed));
    let header = json!({"alg": "RS256", "kid": "k1"});
    let claims = json!({
        "aud": ISSUER, "iss": client, "scope": scope, "iat": now, "exp": now + 120, "jti": id,
    });
    KEY.sign_compact(&header, &claims).unwrap()
}
