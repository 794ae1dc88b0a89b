//! A whole grant: its shape, its claims and who sent it, before and after it is believed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portvakt_core::Timestamp;
use portvakt_core::client::{Client, ClientId, ClientKey, ClientSecrets};
use portvakt_core::grant::{Check, Explanation, Findings, GrantReading, Outcome, authenticate};
use portvakt_core::issuer::{Issuer, Profile};
use portvakt_core::ports::ClientRecord;
use portvakt_jose::{PublicJwk, TrustStore};

/// When the seeds were issued.
const NOW: i64 = 1_750_000_000;

static ISSUER: LazyLock<Issuer> =
    LazyLock::new(|| Issuer::new("https://mp.example.no/", Profile::Maskinporten));
static TRUST: LazyLock<TrustStore> = LazyLock::new(|| {
    let store = TrustStore::builder().anchor(include_bytes!("../fixtures/anchor.der"));
    store.build().expect("the fixture is an authority")
});
static WITH_KEY: LazyLock<ClientRecord> = LazyLock::new(|| record(vec![key()]));
static WITHOUT_KEY: LazyLock<ClientRecord> = LazyLock::new(|| record(Vec::new()));

fn record(keys: Vec<ClientKey>) -> ClientRecord {
    let id = ClientId::parse("client").expect("a client id");
    let owner = "312773023".parse().expect("an organization number");
    ClientRecord {
        client: Client::machine(
            id,
            "Client",
            owner,
            Vec::new(),
            Timestamp::from_seconds(NOW),
        ),
        keys,
        secrets: ClientSecrets::default(),
        organization_active: true,
    }
}

fn key() -> ClientKey {
    let jwk = serde_json::from_slice(include_bytes!("../fixtures/client.jwk"));
    let jwk = PublicJwk::parse(&jwk.expect("the fixture is JSON"));
    ClientKey {
        jwk: jwk.expect("the fixture is a key"),
        expires_at: Timestamp::from_seconds(NOW + 1000),
        created: Timestamp::from_seconds(NOW),
    }
}

fuzz_target!(|assertion: &str| {
    for record in [None, Some(&*WITH_KEY), Some(&*WITHOUT_KEY)] {
        let (now, mut findings) = (Timestamp::from_seconds(NOW), Findings::default());
        let grant = GrantReading::new(assertion, &ISSUER, &mut findings);
        let sender = authenticate(&grant, record, &TRUST, &ISSUER, now, &mut findings);
        let verified = *findings.outcome(Check::Signature) == Outcome::Passed;
        assert_eq!(sender.is_some(), verified, "only a signature authenticates");
        if findings.passed_through(Check::Expiry) {
            assert!(sender.is_some() && grant.digest().is_some());
            assert!(
                grant.keep_until(&ISSUER) > Some(now),
                "the ledger outlasts the grant"
            );
        }
        for (_, refusal) in findings.refusals() {
            assert!(
                refusal.description().len() < 4096,
                "descriptions are bounded"
            );
        }
        let _ = Explanation::new(&grant, &findings, now);
    }
});
