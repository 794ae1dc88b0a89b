//! The access token (spec: maskinporten §8).

use std::collections::BTreeSet;
use std::sync::Arc;

use portvakt_core::signing::{
    KeyRing, KeySource, KeySourceError, NewKey, NewKeyKind, OpenKey, PlainKeys, SigningKeyRecord,
    SigningKeyState, generate,
};
use portvakt_jose::{
    Algorithm, JwkSet, Jws, KeyError, RemoteKey, RemoteSignature, RemoteSigner, RsaBits, Signer,
};
use portvakt_testkit::{FJORDETATEN, Grant, HAVBRIS, HAVBRIS_CLIENT, SCOPE, TestServer};
use serde_json::json;

use crate::rows::{assert_issued, policy, world};

/// Verifies a token as an API does: by the `kid` in the published set.
async fn verify(server: &TestServer, token: &str) {
    let set = JwkSet::parse(&server.get("/jwk").await.body).expect("the published set can be read");
    let jws = Jws::parse(token).expect("a token is a JWS");
    let kid = jws.header().key_id.clone().expect("a token names its key");
    let key = set
        .keys()
        .iter()
        .find(|key| key.key_id() == kid)
        .expect("the key is published");
    jws.verify(key.verifying_key())
        .expect("the signature verifies");
}

/// code §8.1: The header is exactly `kid` and `alg`, without `typ`.
#[tokio::test]
async fn the_header_is_kid_and_alg() {
    let server = TestServer::start().await;
    let header = server
        .exchange(&Grant::havbris(&server).sign())
        .await
        .token_header();
    let kid = header["kid"].as_str().expect("a kid");
    assert_eq!(header, json!({"kid": kid, "alg": "RS256"}));
    assert!(
        kid.len() == 43
            && kid
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    );
}

/// docs §8.1: The signature verifies with the published key that `kid` names.
#[tokio::test]
async fn the_signature_verifies_with_the_published_key() {
    let server = TestServer::start().await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    verify(&server, answer.member("access_token")).await;
}

/// docs §8.1: The server signs with RS384 or RS512 where its key is of that algorithm.
#[tokio::test]
async fn the_algorithm_is_the_keys() {
    let server = TestServer::start().await;
    for algorithm in [Algorithm::Rs384, Algorithm::Rs512] {
        let now = portvakt_core::Clock::now(server.clock.as_ref());
        let record = generate(
            "maskinporten",
            algorithm,
            RsaBits::B2048,
            SigningKeyState::Active,
            now,
        );
        let ring = KeyRing::from_records(&[record.expect("a key can be made")]);
        server
            .keys
            .replace(ring.expect("one active key makes a ring"));
        let answer = server.exchange(&Grant::havbris(&server).sign()).await;
        assert_eq!(answer.token_header()["alg"], algorithm.as_str());
        verify(&server, answer.member("access_token")).await;
    }
}

/// docs §8.2: A plain token has exactly the claims that are always present.
#[tokio::test]
async fn a_plain_token_has_exactly_these_claims() {
    let server = TestServer::start().await;
    let claims = server
        .exchange(&Grant::havbris(&server).sign())
        .await
        .claims();
    let names: BTreeSet<_> = claims
        .as_object()
        .expect("claims")
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "iss",
        "client_id",
        "client_amr",
        "token_type",
        "consumer",
        "scope",
        "iat",
        "exp",
        "jti",
    ];
    assert_eq!(names, BTreeSet::from(expected));
}

issued! {
    /// docs §8.2: `iss` is the issuer, slash included.
    fn iss(server) = Grant::havbris(server).sign() => |claims| assert_eq!(claims["iss"], server.issuer());
    /// docs §8.2: `client_id` is the client's.
    fn client_id(server) = Grant::havbris(server).sign() => |claims| assert_eq!(claims["client_id"], HAVBRIS_CLIENT);
    /// docs §8.2: `token_type` is `Bearer`.
    fn token_type(server) = Grant::havbris(server).sign() => |claims| assert_eq!(claims["token_type"], "Bearer");
    /// docs §8.2: `scope` is a string.
    fn scope(server) = Grant::havbris(server).sign() => |claims| assert_eq!(claims["scope"], SCOPE);
    /// docs §8.2: `iat` is the server's clock, `exp` later, both JSON numbers.
    fn iat_and_exp(server) = Grant::havbris(server).claim("iat", json!(server.now() - 60)).claim("exp", json!(server.now() + 30)).sign() => |claims| {
        assert_eq!(claims["iat"].as_i64(), Some(server.now()));
        assert_eq!(claims["exp"].as_i64(), Some(server.now() + 90));
    };
    /// docs §8.3: `consumer` has exactly `authority` and `ID`, spelled so.
    fn consumer(server) = Grant::havbris(server).sign()
        => |claims| assert_eq!(claims["consumer"], json!({"authority": "iso6523-actorid-upis", "ID": "0192:312773023"}));
    /// inferred §8.2: The claim `client_orgno` of before 2020 is written by a switch.
    fn legacy_client_orgno(server in policy(|issuer| issuer.legacy_client_orgno = true, |_| ())) = Grant::havbris(server).sign()
        => |claims| assert_eq!(claims["client_orgno"], HAVBRIS);
    /// inferred §8.5: `consumer_prefix` lists the consumer's prefixes, for scopes that ask for it.
    fn consumer_prefix(server in world(|world| {
        world.prefix("havbris", HAVBRIS);
        world.prefix("bris", HAVBRIS);
        world.prefix("gammel", HAVBRIS);
        world.prefixes.last_mut().expect("one was just added").active = false;
        world.scope_mut(SCOPE).emit_consumer_prefix = true;
    })) = Grant::havbris(server).sign() => |claims| assert_eq!(claims["consumer_prefix"], json!(["bris", "havbris"]));
    /// inferred §8.5: A consumer without prefixes has no such claim.
    fn no_consumer_prefix(server in world(|world| world.scope_mut(SCOPE).emit_consumer_prefix = true)) = Grant::havbris(server).sign()
        => |claims| assert!(claims.get("consumer_prefix").is_none());
    /// inferred §8.5: Other scopes leave the claim out.
    fn no_consumer_prefix_for_other_scopes(server in world(|world| { world.prefix("havbris", HAVBRIS); })) = Grant::havbris(server).sign()
        => |claims| assert!(claims.get("consumer_prefix").is_none());
    /// docs §14.3: A scope of token type `OPAQUE` gets a JWT all the same.
    fn opaque_scopes_get_a_jwt(server in world(|world| world.scope_mut(SCOPE).token_type = portvakt_core::scope::TokenType::Opaque)) =
        Grant::havbris(server).sign();
    /// inferred §19: The attribute `protected` has no effect.
    fn protected_scopes(server in world(|world| world.scope_mut(SCOPE).protected = true)) = Grant::havbris(server).sign();
    /// inferred §14.1: The attribute `supports_european_businesses` has no effect.
    fn scopes_for_european_businesses(server in world(|world| world.scope_mut(SCOPE).supports_european_businesses = true)) = Grant::havbris(server).sign();
    /// docs §14.4: No scope attribute makes the server insist on `pid`.
    fn pid_is_never_required(server in world(|world| world.scope_mut(SCOPE).requires_pseudonymous_tokens = true)) = Grant::havbris(server).sign();
}

/// code §8.2: `jti` is 43 base64url characters and never the same.
#[tokio::test]
async fn jti_is_unique_and_long() {
    let server = TestServer::start().await;
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let claims = server
            .exchange(&Grant::havbris(&server).sign())
            .await
            .claims();
        let jti = claims["jti"].as_str().expect("a string").to_owned();
        assert!(
            jti.len() == 43
                && jti
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert!(seen.insert(jti));
    }
}

/// code §8.3: Organization objects hold two strings and nothing else, so that naive readers can split them.
#[tokio::test]
async fn organizations_are_two_strings() {
    let server = world(|world| {
        world.client("eier", FJORDETATEN, &["fjord:apen.read"]);
    })
    .await;
    let answer = server
        .exchange(&Grant::new(&server, "eier", "fjord:apen.read").sign())
        .await;
    assert_issued(&answer);
    let consumer = answer.claims()["consumer"].clone();
    assert_eq!(
        consumer,
        json!({"authority": "iso6523-actorid-upis", "ID": "0192:310420107"})
    );
    let id = consumer["ID"]
        .as_str()
        .expect("a string")
        .split(':')
        .nth(1)
        .expect("a colon");
    assert_eq!(id, FJORDETATEN);
}

/// A hardware module that is away.
struct Away;

impl RemoteSigner for Away {
    fn sign(&self, _: Vec<u8>) -> RemoteSignature {
        Box::pin(std::future::ready(Err(KeyError::Unavailable)))
    }
}

impl KeySource for Away {
    fn generate(&self, surface: &str, wanted: NewKeyKind) -> Result<NewKey, KeySourceError> {
        PlainKeys.generate(surface, wanted)
    }

    fn open(&self, record: &SigningKeyRecord) -> Result<OpenKey, KeySourceError> {
        let OpenKey::Signs(signer) = PlainKeys.open(record)? else {
            return Err(KeySourceError::UnknownForm);
        };
        let key = RemoteKey::new(record.algorithm, signer.verifying_key(), Arc::new(Away))?;
        Ok(OpenKey::Signs(Signer::Remote(key)))
    }

    fn retire(&self, record: &SigningKeyRecord) -> Result<Vec<u8>, KeySourceError> {
        PlainKeys.retire(record)
    }

    fn destroy(&self, _: &str, _: &str) -> Result<(), KeySourceError> {
        Ok(())
    }
}

/// inferred §12.2: A hardware module that does not answer is 503, and tokens are issued again when it does.
#[tokio::test]
async fn a_module_that_is_away_is_503_until_it_is_back() {
    let server = TestServer::start().await;
    let now = portvakt_core::Clock::now(server.clock.as_ref());
    let (algorithm, state) = (Algorithm::Rs256, SigningKeyState::Active);
    let record = generate("maskinporten", algorithm, RsaBits::B2048, state, now);
    let records = [record.expect("a key can be made")];
    let ring = |source: &dyn KeySource| {
        KeyRing::open(&records, source).expect("one active key makes a ring")
    };
    server.keys.replace(ring(&Away));
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(answer.body.get("access_token").is_none());
    server.keys.replace(ring(&PlainKeys));
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_issued(&answer);
}
