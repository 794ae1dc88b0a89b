//! A request object: its form from anyone, and the claims of one that a client has signed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portvakt_core::Timestamp;
use portvakt_core::client::{Client, ClientKey, ClientSecrets};
use portvakt_core::login::issuer::{Environment, LoginIssuer};
use portvakt_core::login::request::{AuthorizationParameters, RequestObject};
use portvakt_core::ports::ClientRecord;
use portvakt_jose::{Algorithm, AlgorithmSet, RsaBits, SigningKey, TrustStore};
use portvakt_oauth_types::Parameters;
use serde_json::{Value, json};

/// When the seeds were issued.
const NOW: i64 = 1_750_000_000;
const CLIENT: &str = "client";

/// Fast to sign with.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::generate(Algorithm::Es256, RsaBits::B2048).expect("a key can be made")
});
static ISSUER: LazyLock<LoginIssuer> = LazyLock::new(|| {
    let mut issuer = LoginIssuer::new("https://idp.example.no", Environment::Test);
    issuer.client_algorithms = AlgorithmSet::ALL;
    issuer
});
static TRUST: LazyLock<TrustStore> =
    LazyLock::new(|| TrustStore::builder().build().expect("nobody is trusted"));
static RECORD: LazyLock<ClientRecord> = LazyLock::new(|| {
    let id = CLIENT.parse().expect("a client id");
    let owner = "312773023".parse().expect("an organization number");
    let now = Timestamp::from_seconds(NOW);
    let key = ClientKey {
        jwk: KEY.public_jwk("k1"),
        expires_at: Timestamp::from_seconds(NOW + 1000),
        created: now,
    };
    ClientRecord {
        client: Client::machine(id, "Client", owner, Vec::new(), now),
        keys: vec![key],
        secrets: ClientSecrets::default(),
        organization_active: true,
    }
});

fuzz_target!(|text: &str| {
    assert!(open(text).is_none(), "nobody else can sign for the client");
    let Ok(claims) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let header = json!({"alg": "ES256", "kid": "k1"});
    let Ok(object) = KEY.sign_compact(&header, &claims) else {
        return;
    };
    let Some(opened) = open(&object) else {
        return;
    };
    for name in ["iss", "client_id"] {
        assert_eq!(claims[name], CLIENT, "{name}");
    }
    assert!(claims["jti"].is_string() && claims["exp"].is_number());
    let parameters = opened.parameters;
    assert!(parameters.request.is_none() && parameters.request_uri.is_none());
    assert_eq!(parameters.client_id.as_deref(), Some(CLIENT));
    if let Some(state) = claims["state"].as_str().filter(|state| !state.is_empty()) {
        assert_eq!(
            parameters.state.as_deref(),
            Some(state),
            "what is signed counts"
        );
    }
});

/// Opens an object as it is pushed; none if it is refused.
fn open(object: &str) -> Option<RequestObject> {
    let object: String = object.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let form = format!("client_id={CLIENT}&response_type=code&state=unsigned&request={object}");
    let form = Parameters::parse(form.as_bytes()).ok()?;
    let parameters = AuthorizationParameters::read(&form);
    let now = Timestamp::from_seconds(NOW + 1);
    RequestObject::open(&parameters, &RECORD, &TRUST, &ISSUER, true, now)
        .ok()
        .flatten()
}
