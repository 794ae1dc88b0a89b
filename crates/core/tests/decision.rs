//! The decision about grants against a model that knows nothing of its code, over random registries
//! and requests.

use std::sync::{Arc, LazyLock};

use portvakt_core::Timestamp;
use portvakt_core::access::AccessState;
use portvakt_core::client::{Client, ClientId, ClientKey, ClientSecrets, IntegrationType};
use portvakt_core::grant::{
    AccessTokenClaims, AuthorizationFacts, Check, Findings, GrantReading, PartyAnswer, acting_for,
    authenticate, authorize, parse_claims,
};
use portvakt_core::issuer::{Issuer, Profile};
use portvakt_core::organization::OrgNumber;
use portvakt_core::party::SystemUser;
use portvakt_core::ports::{ClientRecord, ScopeFact};
use portvakt_core::refusal::RefusalCode;
use portvakt_core::scope::{Scope, ScopeName};
use portvakt_jose::{Algorithm, RsaBits, SigningKey, TrustStore};
use proptest::collection::{hash_set, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const NOW: i64 = 1_772_442_900;
const ORGANIZATIONS: [&str; 4] = ["310420107", "312773023", "313994031", "314111044"];
const SOURCES: [&str; 2] = ["https://tt02.altinn.no/", "https://other.example.no/"];
/// Scopes of a registry; the request may also name one more, which does not exist.
const SCOPES: usize = 4;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).expect("an RSA key can be made")
});

/// Everything that a decision rests on, in the plainest form.
#[derive(Clone, Debug)]
struct World {
    /// Whether each organization is active.
    organizations: [bool; ORGANIZATIONS.len()],
    scopes: Vec<ScopeModel>,
    client: ClientModel,
    /// Source, scope, consumer, supplier.
    delegations: Vec<(usize, usize, usize, usize)>,
    request: Request,
}

#[derive(Clone, Debug)]
struct ScopeModel {
    active: bool,
    owner: usize,
    accessible_for_all: bool,
    allowed: Vec<IntegrationType>,
    source: Option<usize>,
    access: Vec<Option<AccessState>>,
}

#[derive(Clone, Debug)]
struct ClientModel {
    active: bool,
    owner: usize,
    supplier: Option<usize>,
    integration_type: IntegrationType,
    registered: Vec<usize>,
    key_expires_at: i64,
}

#[derive(Clone, Debug)]
struct Request {
    scopes: Vec<usize>,
    consumer: Option<usize>,
}

/// The rules, written down once more from the specification (§7, §10, §15) in their order.
fn predict(world: &World) -> Result<(), RefusalCode> {
    let World {
        organizations: active,
        client,
        request,
        ..
    } = world;
    let refuse_unless = |holds: bool, code| if holds { Ok(()) } else { Err(code) };
    let scopes: Vec<_> = request
        .scopes
        .iter()
        .filter_map(|scope| world.scopes.get(*scope))
        .collect();

    let machine =
        ["maskinporten", "krr", "eformidling"].contains(&client.integration_type.as_str());
    let organizations =
        active[client.owner] && client.supplier.is_none_or(|supplier| active[supplier]);
    refuse_unless(
        client.active && machine && organizations,
        RefusalCode::ClientNotFound,
    )?;
    refuse_unless(NOW < client.key_expires_at, RefusalCode::ExpiredKey)?;

    let usable = |scope: &usize| {
        world
            .scopes
            .get(*scope)
            .is_some_and(|model| model.active && active[model.owner])
            && client.registered.contains(scope)
    };
    refuse_unless(
        request.scopes.iter().all(usable),
        RefusalCode::InvalidScopes,
    )?;
    let admits = |scope: &&ScopeModel| {
        scope.allowed.is_empty() || scope.allowed.contains(&client.integration_type)
    };
    refuse_unless(
        scopes.iter().all(admits),
        RefusalCode::IntegrationTypeNotAllowed,
    )?;

    let common = scopes[0]
        .source
        .filter(|source| scopes.iter().all(|scope| scope.source == Some(*source)));
    if let Some(consumer) = request.consumer {
        let fits = consumer != client.owner && client.supplier.is_none() && common.is_some();
        refuse_unless(fits, RefusalCode::InvalidCombination)?;
    }
    let accessing = request.consumer.or(client.supplier).unwrap_or(client.owner);
    let accessible = |scope: &&ScopeModel| {
        scope.accessible_for_all || scope.access[accessing] == Some(AccessState::Approved)
    };
    refuse_unless(
        active[accessing] && scopes.iter().all(accessible),
        RefusalCode::AccessNotGranted,
    )?;
    if let (Some(consumer), Some(source)) = (request.consumer, common) {
        let delegated = |scope: &usize| {
            world
                .delegations
                .contains(&(source, *scope, consumer, client.owner))
        };
        refuse_unless(
            request.scopes.iter().all(delegated),
            RefusalCode::NotDelegated,
        )?;
    }
    Ok(())
}

fn orgno(index: usize) -> OrgNumber {
    ORGANIZATIONS[index]
        .parse()
        .expect("an organization number")
}

fn scope_name(index: usize) -> ScopeName {
    format!("fjord:scope/{index}.read")
        .parse()
        .expect("a scope")
}

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

fn issuer() -> Issuer {
    Issuer::new("https://mp.example.no/", Profile::Maskinporten)
}

fn record(world: &World) -> ClientRecord {
    let model = &world.client;
    let id = ClientId::parse("client").expect("a client id");
    let registered = model
        .registered
        .iter()
        .map(|scope| scope_name(*scope))
        .collect();
    let mut client = Client::machine(id, "Client", orgno(model.owner), registered, now());
    client.active = model.active;
    client.supplier_orgno = model.supplier.map(orgno);
    client.integration_type = model.integration_type;
    let supplier_active = model
        .supplier
        .is_none_or(|supplier| world.organizations[supplier]);
    let key = ClientKey {
        jwk: KEY.public_jwk("k"),
        expires_at: Timestamp::from_seconds(model.key_expires_at),
        created: now(),
    };
    ClientRecord {
        client,
        keys: vec![key],
        secrets: ClientSecrets::default(),
        organization_active: world.organizations[model.owner] && supplier_active,
    }
}

/// What a store says about a requested scope, seen from one organization.
fn fact(world: &World, scope: usize, consumer: OrgNumber) -> ScopeFact {
    let Some(model) = world.scopes.get(scope) else {
        return ScopeFact::default();
    };
    let mut record = Scope::new(scope_name(scope), orgno(model.owner), "", now());
    record.active = model.active;
    record.accessible_for_all = model.accessible_for_all;
    record.allowed_integration_types.clone_from(&model.allowed);
    record.delegation_source = model.source.map(|source| SOURCES[source].to_owned());
    let consumer = (0..ORGANIZATIONS.len()).find(|index| orgno(*index) == consumer);
    ScopeFact {
        scope: Some(Arc::new(record)),
        owner_active: world.organizations[model.owner],
        access: consumer.and_then(|consumer| model.access[consumer]),
    }
}

fn sign(request: &Request) -> String {
    let scopes: Vec<_> = request
        .scopes
        .iter()
        .map(|scope| scope_name(*scope).to_string())
        .collect();
    let claims = json!({
        "aud": "https://mp.example.no/", "iss": "client", "scope": scopes.join(" "),
        "iat": NOW, "exp": NOW + 120, "consumer_org": request.consumer.map(|index| ORGANIZATIONS[index]),
    });
    KEY.sign_compact(&json!({"alg": "RS256", "kid": "k"}), &claims)
        .expect("the key can sign")
}

/// The decision as the use-case makes it: the token's claims, or the first refusal.
fn decide(world: &World, grant: &str) -> Result<Value, RefusalCode> {
    let (issuer, trust, mut findings) = (issuer(), no_certificates(), Findings::default());
    let reading = GrantReading::new(grant, &issuer, &mut findings);
    let record = record(world);
    let authentication = authenticate(
        &reading,
        Some(&record),
        &trust,
        &issuer,
        now(),
        &mut findings,
    );
    findings.record(Check::OneTimeUse, Ok(()));
    let claims = reading.claims.as_ref().expect("the grant is well formed");
    let acting = acting_for(claims, &record.client, None);
    let scopes: Vec<_> = world
        .request
        .scopes
        .iter()
        .map(|scope| fact(world, *scope, acting.accessing))
        .collect();
    let delegated = acting.delegated.then(|| delegated(world));
    let facts = AuthorizationFacts {
        client: &record.client,
        scopes: &scopes,
        on_behalf_of: None,
        consumer_deactivated: world.request.consumer.is_some_and(|consumer| {
            consumer != world.client.owner && !world.organizations[consumer]
        }),
        delegated: delegated.as_deref(),
        party: &PartyAnswer::NotAsked,
    };
    let authorization = authorize(claims, facts, &issuer, now(), &mut findings);
    if let Some(refusal) = findings.first_refusal() {
        return Err(refusal.code());
    }
    assert!(
        findings.all_passed(),
        "what is not refused was checked: {findings:?}"
    );
    let (authentication, authorization) = authentication
        .zip(authorization)
        .expect("all checks passed");
    let token = AccessTokenClaims::new(
        authentication,
        authorization,
        &record.client,
        Vec::new(),
        &issuer,
        now(),
        "id".to_owned(),
    );
    Ok(serde_json::to_value(token).expect("claims are JSON"))
}

/// What the register of the first scope's source answers.
fn delegated(world: &World) -> Vec<bool> {
    let requested = &world.request.scopes;
    let source = requested
        .iter()
        .find_map(|scope| world.scopes.get(*scope)?.source);
    let consumer = world.request.consumer.unwrap_or_default();
    let holds = |scope: &usize| {
        source.is_some_and(|source| {
            world
                .delegations
                .contains(&(source, *scope, consumer, world.client.owner))
        })
    };
    requested.iter().map(holds).collect()
}

fn no_certificates() -> TrustStore {
    TrustStore::builder()
        .build()
        .expect("an empty store can be built")
}

/// Worlds in which most things are right, so that every check is reached.
fn worlds() -> impl Strategy<Value = World> {
    let organizations = proptest::array::uniform4(prop::bool::weighted(0.95));
    let request = (
        hash_set(0..=SCOPES, 1..3),
        prop::option::weighted(0.5, 0..ORGANIZATIONS.len()),
    )
        .prop_map(|(scopes, consumer)| Request {
            // The scope that does not exist is named now and then.
            scopes: scopes
                .into_iter()
                .map(|scope| {
                    if scope == SCOPES && consumer != Some(0) {
                        0
                    } else {
                        scope
                    }
                })
                .fold(Vec::new(), |mut unique, scope| {
                    if !unique.contains(&scope) {
                        unique.push(scope);
                    }
                    unique
                }),
            consumer,
        });
    let pairs = (
        0..SOURCES.len(),
        0..SCOPES,
        0..ORGANIZATIONS.len(),
        0..ORGANIZATIONS.len(),
    );
    (
        organizations,
        vec(scope_models(), SCOPES),
        client_models(),
        vec(pairs, 0..200),
        request,
    )
        .prop_map(
            |(organizations, scopes, client, delegations, request)| World {
                organizations,
                scopes,
                client,
                delegations,
                request,
            },
        )
}

fn scope_models() -> impl Strategy<Value = ScopeModel> {
    let access = prop::option::weighted(
        0.8,
        prop_oneof![8 => Just(AccessState::Approved), 1 => Just(AccessState::Denied), 1 => Just(AccessState::Requested)],
    );
    let allowed = prop_oneof![
        3 => Just(Vec::new()),
        3 => Just(vec![IntegrationType::Maskinporten, IntegrationType::Krr]),
        1 => Just(vec![IntegrationType::Idporten]),
    ];
    let source = prop_oneof![2 => Just(None), 6 => Just(Some(0)), 1 => Just(Some(1))];
    (
        prop::bool::weighted(0.95),
        0..ORGANIZATIONS.len(),
        prop::bool::weighted(0.3),
        allowed,
        source,
        vec(access, ORGANIZATIONS.len()),
    )
        .prop_map(
            |(active, owner, accessible_for_all, allowed, source, access)| ScopeModel {
                active,
                owner,
                accessible_for_all,
                allowed,
                source,
                access,
            },
        )
}

fn client_models() -> impl Strategy<Value = ClientModel> {
    let integration_type = prop_oneof![
        9 => Just(IntegrationType::Maskinporten),
        2 => Just(IntegrationType::Krr),
        1 => Just(IntegrationType::Ansattporten),
    ];
    let registered =
        prop_oneof![5 => Just((0..SCOPES).collect::<Vec<_>>()), 1 => vec(0..SCOPES, 0..SCOPES)];
    let expiry = prop_oneof![12 => Just(NOW + 1), 1 => Just(NOW)];
    (
        prop::bool::weighted(0.95),
        0..ORGANIZATIONS.len(),
        prop::option::weighted(0.15, 0..ORGANIZATIONS.len()),
        integration_type,
        registered,
        expiry,
    )
        .prop_map(
            |(active, owner, supplier, integration_type, registered, key_expires_at)| ClientModel {
                active,
                owner,
                supplier,
                integration_type,
                registered,
                key_expires_at,
            },
        )
}

/// Every way to take away one thing that this token rests on.
fn deactivations(world: &World) -> Vec<(String, World)> {
    let mut worlds = Vec::new();
    let mut without = |what: &str, change: &dyn Fn(&mut World)| {
        let mut changed = world.clone();
        change(&mut changed);
        worlds.push((what.to_owned(), changed));
    };
    let client = &world.client;
    let accessing = world
        .request
        .consumer
        .or(client.supplier)
        .unwrap_or(client.owner);
    without("client", &|world| world.client.active = false);
    without("key", &|world| world.client.key_expires_at = NOW);
    without("client's organization", &|world| {
        world.organizations[client.owner] = false;
    });
    without("accessing organization", &|world| {
        world.organizations[accessing] = false;
    });
    if let Some(supplier) = client.supplier {
        without("supplier", &|world| world.organizations[supplier] = false);
    }
    for scope in world.request.scopes.clone() {
        let owner = world.scopes[scope].owner;
        without("scope", &|world| world.scopes[scope].active = false);
        without("scope itself", &|world| world.scopes.truncate(scope));
        without("scope's owner", &|world| world.organizations[owner] = false);
        without("registration", &|world| {
            world.client.registered.retain(|known| *known != scope);
        });
        without("type", &|world| {
            world.scopes[scope].allowed = vec![IntegrationType::Idporten];
        });
        for state in [
            None,
            Some(AccessState::Denied),
            Some(AccessState::Requested),
        ] {
            without("access", &|world| {
                world.scopes[scope].accessible_for_all = false;
                world.scopes[scope].access[accessing] = state;
            });
        }
        if let Some(consumer) = world.request.consumer {
            without("delegation", &|world| {
                world
                    .delegations
                    .retain(|row| (row.1, row.2, row.3) != (scope, consumer, client.owner));
            });
            without("source", &|world| world.scopes[scope].source = None);
        }
    }
    worlds
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn the_model_and_the_decision_agree(world in worlds()) {
        let decided = decide(&world, &sign(&world.request)).map(|_| ());
        prop_assert_eq!(decided, predict(&world));
    }

    #[test]
    fn a_token_holds_nothing_that_was_not_granted(world in worlds()) {
        let Ok(token) = decide(&world, &sign(&world.request)) else { return Ok(()) };
        let issued: Vec<_> = token["scope"].as_str().expect("a string").split(' ').collect();
        let consumer = world.request.consumer;
        let accessing = consumer.or(world.client.supplier).unwrap_or(world.client.owner);
        prop_assert_eq!(issued.len(), world.request.scopes.len());
        for scope in issued {
            let index = (0..SCOPES).find(|index| scope_name(*index).as_str() == scope).expect("a known scope");
            let model = &world.scopes[index];
            prop_assert!(world.request.scopes.contains(&index), "requested");
            prop_assert!(world.client.registered.contains(&index), "registered");
            prop_assert!(model.active && world.organizations[model.owner], "active");
            prop_assert!(model.accessible_for_all || model.access[accessing] == Some(AccessState::Approved), "accessible");
            prop_assert!(consumer.is_none() || model.source.is_some(), "delegable");
        }
        let id = |index: usize| json!(format!("0192:{}", ORGANIZATIONS[index]));
        prop_assert_eq!(&token["consumer"]["ID"], &id(consumer.unwrap_or(world.client.owner)));
        let supplier = if consumer.is_some() { Some(world.client.owner) } else { world.client.supplier };
        prop_assert_eq!(&token["supplier"]["ID"], &supplier.map_or(Value::Null, id));
        let source = consumer.and(world.scopes[world.request.scopes[0]].source).map(|source| SOURCES[source]);
        prop_assert_eq!(&token["delegation_source"], &json!(source));
    }

    #[test]
    fn facts_that_are_missing_are_no_permission(world in worlds(), kept in 0..2_usize, told in prop::option::of(0..2_usize)) {
        let grant = sign(&world.request);
        let (issuer, mut findings) = (issuer(), Findings::default());
        let reading = GrantReading::new(&grant, &issuer, &mut findings);
        let record = record(&world);
        let claims = reading.claims.as_ref().expect("the grant is well formed");
        let acting = acting_for(claims, &record.client, None);
        let requested = &world.request.scopes;
        let scopes: Vec<_> = requested.iter().take(kept).map(|scope| fact(&world, *scope, acting.accessing)).collect();
        let delegated = told.map(|told| vec![true; told]);
        let facts = AuthorizationFacts {
            client: &record.client, scopes: &scopes, on_behalf_of: None, consumer_deactivated: false,
            delegated: delegated.as_deref(), party: &PartyAnswer::NotAsked,
        };
        let authorization = authorize(claims, facts, &issuer, now(), &mut findings);
        let short = scopes.len() < requested.len() || (acting.delegated && told.unwrap_or(0) < requested.len());
        prop_assert!(!(short && authorization.is_some()), "{:?}", findings);
        let first = findings.refusals().next().map(|(check, _)| check);
        prop_assert!(findings.refusals().all(|(check, _)| first <= Some(check)), "{:?}", findings);
    }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn whatever_is_taken_away_ends_the_token(world in worlds()) {
        if predict(&world).is_ok() {
            let grant = sign(&world.request);
            prop_assert!(decide(&world, &grant).is_ok());
            for (what, changed) in deactivations(&world) {
                prop_assert!(decide(&changed, &grant).is_err(), "without {}: {:?}", what, changed);
            }
        }
    }
}

/// A register that answers about another client or another customer than it was asked for.
#[test]
fn a_register_that_answers_about_somebody_else_is_not_believed() {
    let found = |client: &str, owner: usize, active: bool| SystemUser {
        id: "6a1d2f34-7b9c-4c1e-9f52-0d3c1b7e8a90".to_owned(),
        system_id: "system".to_owned(),
        client_id: ClientId::parse(client).expect("a client id"),
        owner_orgno: orgno(owner),
        external_ref: ORGANIZATIONS[owner].to_owned(),
        active,
    };
    for (answer, issued) in [
        (
            PartyAnswer::SystemUser(Some(found("client", 3, true))),
            true,
        ),
        (
            PartyAnswer::SystemUser(Some(found("other", 3, true))),
            false,
        ),
        (
            PartyAnswer::SystemUser(Some(found("client", 2, true))),
            false,
        ),
        (
            PartyAnswer::SystemUser(Some(found("client", 3, false))),
            false,
        ),
        (PartyAnswer::SystemUser(None), false),
        (PartyAnswer::Consent(None), false),
        (PartyAnswer::NotAsked, false),
    ] {
        assert_eq!(party_is_issued(&answer), issued, "{answer:?}");
    }
}

/// Whether a grant for the system user of the last organization is authorized with this answer.
fn party_is_issued(party: &PartyAnswer) -> bool {
    let mut issuer = issuer();
    issuer.system_users = true;
    let organization = json!({"authority": "iso6523-actorid-upis", "ID": orgno(3).iso6523()});
    let claims = json!({
        "aud": "https://mp.example.no/", "iss": "client", "scope": "fjord:a", "iat": NOW, "exp": NOW + 120,
        "authorization_details": [{"type": "urn:altinn:systemuser", "systemuser_org": organization}],
    });
    let claims = parse_claims(claims.to_string().as_bytes(), &issuer).0;
    let name: ScopeName = "fjord:a".parse().expect("a scope");
    let id = ClientId::parse("client").expect("a client id");
    let client = Client::machine(id, "Client", orgno(0), vec![name.clone()], now());
    let mut scope = Scope::new(name, orgno(0), "", now());
    scope.accessible_for_all = true;
    let fact = ScopeFact {
        scope: Some(Arc::new(scope)),
        owner_active: true,
        access: None,
    };
    let facts = AuthorizationFacts {
        client: &client,
        scopes: &[fact],
        on_behalf_of: None,
        consumer_deactivated: false,
        delegated: None,
        party,
    };
    let claims = claims.expect("the claims are well formed");
    authorize(&claims, facts, &issuer, now(), &mut Findings::default()).is_some()
}

/// Properties over worlds that are all refused alike would prove little.
#[test]
fn the_random_worlds_reach_every_outcome() {
    let mut runner = TestRunner::deterministic();
    let mut outcomes = std::collections::HashMap::new();
    let mut delegated = 0;
    for _ in 0..3000 {
        let world = worlds().new_tree(&mut runner).expect("a world").current();
        let outcome = predict(&world);
        delegated += usize::from(outcome.is_ok() && world.request.consumer.is_some());
        *outcomes.entry(outcome).or_insert(0) += 1;
    }
    assert!(
        outcomes[&Ok(())] > 300 && delegated > 20,
        "{delegated} {outcomes:?}"
    );
    for code in [
        RefusalCode::ClientNotFound,
        RefusalCode::ExpiredKey,
        RefusalCode::InvalidScopes,
        RefusalCode::IntegrationTypeNotAllowed,
        RefusalCode::InvalidCombination,
        RefusalCode::AccessNotGranted,
        RefusalCode::NotDelegated,
    ] {
        assert!(
            outcomes.get(&Err(code)).is_some_and(|count| *count > 10),
            "{code:?} {outcomes:?}"
        );
    }
}
