//! The order of checks and what the server must know of scopes (spec: maskinporten §7, §15).

use portvakt_core::access::AccessState;
use portvakt_core::client::{AuthenticationMethod, GrantType, IntegrationType};
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::Visibility;
use portvakt_testkit::{
    FJORDETATEN, Grant, HAVBRIS, HAVBRIS_CERTIFICATE_CLIENT, HAVBRIS_CLIENT, LYNGVIK, NOW, SCOPE,
    TINDESYSTEM, TINDESYSTEM_CLIENT, TestServer, World, second_signing_key,
};
use serde_json::json;

use crate::rows::{
    MP_011, MP_012, MP_100, MP_110, MP_124, MP_200, MP_201, MP_250, assert_issued, world,
};

const NOT_FOUND: &str = "Client not found.";
const NO_ACCESS: &str = "Consumer has not been granted access to the scope fjord:tidevann.read.";

fn orgno(number: &str) -> OrgNumber {
    number.parse().expect("an organization number")
}

refused! {
    /// docs §7: A client that does not exist.
    fn client_unknown(server) -> MP_100(NOT_FOUND) = Grant::new(server, "unknown", SCOPE).sign();
    /// inferred §7: An `iss` that cannot be a client id is a client that does not exist.
    fn client_id_malformed(server) -> MP_100(NOT_FOUND) = Grant::new(server, "' OR 1=1 --", SCOPE).sign();
    /// inferred §7: Client ids are compared with their case.
    fn client_id_in_another_case(server) -> MP_100(NOT_FOUND) = Grant::new(server, &HAVBRIS_CLIENT.to_uppercase(), SCOPE).sign();
    /// docs §7: A deactivated client.
    fn client_inactive(server in world(|world| world.client_mut(HAVBRIS_CLIENT).0.active = false)) -> MP_100(NOT_FOUND) = Grant::havbris(server).sign();
    /// inferred §7: A client whose organization is deactivated.
    fn client_of_an_inactive_organization(server in world(|world| world.organization_mut(HAVBRIS).active = false)) -> MP_100(NOT_FOUND) = Grant::havbris(server).sign();
    /// inferred §7: A client that does not authenticate with a key.
    fn client_with_a_secret(server in world(|world| world.client_mut(HAVBRIS_CLIENT).0.token_endpoint_auth_method = AuthenticationMethod::ClientSecretBasic))
        -> MP_100(NOT_FOUND) = Grant::havbris(server).sign();
    /// inferred §7: A client without the JWT bearer grant.
    fn client_without_the_grant_type(server in world(|world| world.client_mut(HAVBRIS_CLIENT).0.grant_types = vec![GrantType::AuthorizationCode]))
        -> MP_100(NOT_FOUND) = Grant::havbris(server).sign();
    /// docs §15: A scope that does not exist.
    fn scope_unknown(server) -> MP_200("invalid scopes for client, fjord:finnes.ikke") = Grant::new(server, HAVBRIS_CLIENT, "fjord:finnes.ikke").sign();
    /// inferred §15: Scopes are compared with their case.
    fn scope_in_another_case(server) -> MP_200("fjord:Tidevann.read") = Grant::new(server, HAVBRIS_CLIENT, "fjord:Tidevann.read").sign();
    /// docs §15: A deactivated scope.
    fn scope_inactive(server in world(|world| world.scope_mut(SCOPE).active = false)) -> MP_200(SCOPE) = Grant::havbris(server).sign();
    /// inferred §15: A scope whose owner is deactivated.
    fn scope_of_an_inactive_owner(server in world(|world| world.organization_mut(FJORDETATEN).active = false)) -> MP_200(SCOPE) = Grant::havbris(server).sign();
    /// docs §15: A scope that the client has not registered.
    fn scope_not_registered(server in world(|world| world.client_mut(HAVBRIS_CLIENT).0.scopes.clear())) -> MP_200(SCOPE) = Grant::havbris(server).sign();
    /// docs §15: Scopes that are accessible for all must be registered too.
    fn scope_for_all_not_registered(server in world(|world| world.client_mut(HAVBRIS_CLIENT).0.scopes.clear()))
        -> MP_200("fjord:apen.read") = Grant::new(server, HAVBRIS_CLIENT, "fjord:apen.read").sign();
    /// inferred §2.1: A scope never implies another that begins like it.
    fn scope_that_begins_like_a_registered_one(server in world(|world| { world.scope("fjord:tidevann.read.all").accessible_for_all = true; }))
        -> MP_200("fjord:tidevann.read.all") = Grant::new(server, HAVBRIS_CLIENT, "fjord:tidevann.read.all").sign();
    /// inferred §7: One scope that fails refuses the whole request; nothing is narrowed.
    fn one_scope_of_two_fails(server) -> MP_200("for client, fjord:finnes.ikke (trace_id") =
        Grant::new(server, HAVBRIS_CLIENT, &format!("{SCOPE} fjord:finnes.ikke")).sign();
    /// inferred §11: MP-200 lists every scope that fails, in the order of the request.
    fn every_failing_scope_is_listed(server) -> MP_200("for client, fjord:b fjord:a (trace_id") =
        Grant::new(server, HAVBRIS_CLIENT, &format!("fjord:b {SCOPE} fjord:a")).sign();
    /// docs §15: A scope that is for another type of client.
    fn integration_type_excluded(server in world(|world| world.scope_mut(SCOPE).allowed_integration_types = vec![IntegrationType::ApiKlient]))
        -> MP_201("not allowed for maskinporten") = Grant::havbris(server).sign();
    /// docs §15: No access at all.
    fn access_missing(server) -> MP_250(NO_ACCESS) = Grant::new(server, TINDESYSTEM_CLIENT, SCOPE).sign();
    /// docs §15: Access that was withdrawn.
    fn access_denied(server in world(|world| world.withdraw(SCOPE, HAVBRIS))) -> MP_250(NO_ACCESS) = Grant::havbris(server).sign();
    /// docs §15: Access that was asked for and not answered.
    fn access_requested(server in world(|world| {
        world.withdraw(SCOPE, HAVBRIS);
        world.access.iter_mut().for_each(|access| access.state = AccessState::Requested);
    })) -> MP_250(NO_ACCESS) = Grant::havbris(server).sign();
    /// code §15: The owner has no implicit access to its own scope.
    fn access_of_the_owner(server in world(|world| { world.client("eier", FJORDETATEN, &[SCOPE]); }))
        -> MP_250(NO_ACCESS) = Grant::new(server, "eier", SCOPE).sign();
    /// inferred §15: Visibility gives nobody access.
    fn access_by_visibility(server in world(|world| {
        world.scope_mut(SCOPE).visibility = Visibility::Public;
        world.withdraw(SCOPE, HAVBRIS);
    })) -> MP_250(NO_ACCESS) = Grant::havbris(server).sign();
    /// inferred §11: MP-250 names the first failing scope in the order of the request.
    fn the_first_scope_without_access_is_named(server) -> MP_250("to the scope fjord:delt.botte. (trace_id") =
        Grant::new(server, TINDESYSTEM_CLIENT, &format!("fjord:apen.read fjord:delt.botte {SCOPE}")).sign();
}

/// docs §7: Clients of other types than maskinporten, krr and eformidling are not found.
#[tokio::test]
async fn clients_for_logins_are_not_found() {
    for kind in [
        IntegrationType::Idporten,
        IntegrationType::ApiKlient,
        IntegrationType::Ansattporten,
    ] {
        let server =
            world(|world| world.client_mut(HAVBRIS_CLIENT).0.integration_type = kind).await;
        MP_100.check(
            &server.exchange(&Grant::havbris(&server).sign()).await,
            NOT_FOUND,
        );
    }
}

/// inferred §7: Clients of the types krr and eformidling get tokens, for scopes that admit them.
#[tokio::test]
async fn clients_of_krr_and_eformidling_get_tokens() {
    for kind in [IntegrationType::Krr, IntegrationType::Eformidling] {
        let server =
            world(|world| world.client_mut(HAVBRIS_CLIENT).0.integration_type = kind).await;
        let open = Grant::new(&server, HAVBRIS_CLIENT, "fjord:apen.read");
        assert_issued(&server.exchange(&open.sign()).await);
        MP_201.check(
            &server.exchange(&Grant::havbris(&server).sign()).await,
            "not allowed",
        );
    }
}

issued! {
    /// seed §15: A scope that is accessible for all needs no access.
    fn accessible_for_all(server) = Grant::new(server, TINDESYSTEM_CLIENT, "fjord:apen.read").sign();
    /// seed §15: A scope without allowed types admits every type.
    fn no_allowed_types_means_all(server) = Grant::new(server, HAVBRIS_CLIENT, "fjord:delt.botte").sign();
    /// inferred §15: A scope goes on working when its prefix is withdrawn.
    fn prefix_withdrawn(server in world(|world| world.prefixes[0].active = false)) = Grant::havbris(server).sign();
    /// inferred §15: A scope goes on working when its prefix moves to another organization.
    fn prefix_moved(server in world(|world| world.prefixes[0].owner_orgno = orgno(LYNGVIK))) = Grant::havbris(server).sign();
    /// inferred §15: An organization that is not recorded is not deactivated.
    fn organization_not_recorded(server in world(|world| world.organizations.retain(|o| o.orgno != orgno(HAVBRIS)))) = Grant::havbris(server).sign();
    /// docs §15: A private or internal scope is issued like any other.
    fn visibility_is_no_matter(server in world(|world| world.scope_mut(SCOPE).visibility = Visibility::Internal)) = Grant::havbris(server).sign();
    /// docs §15: Several scopes in one request.
    fn several_scopes(server) = Grant::new(server, HAVBRIS_CLIENT, &format!("fjord:delt.botte {SCOPE} fjord:apen.read")).sign()
        => |claims| assert_eq!(claims["scope"], format!("fjord:delt.botte {SCOPE} fjord:apen.read"));
    /// docs §15: The scopes of the token are those that were asked for, not those that are registered.
    fn only_what_was_asked_for(server) = Grant::havbris(server).sign() => |claims| assert_eq!(claims["scope"], SCOPE);
}

type Change = fn(&mut World);

/// What stops the client of the worked examples, and the code of the refusal.
pub(crate) const DEACTIVATIONS: [(&str, Change); 7] = [
    ("MP-100", |world| {
        world.client_mut(HAVBRIS_CLIENT).0.active = false;
    }),
    ("MP-100", |world| {
        world.organization_mut(HAVBRIS).active = false;
    }),
    ("MP-200", |world| {
        world.organization_mut(FJORDETATEN).active = false;
    }),
    ("MP-200", |world| world.scope_mut(SCOPE).active = false),
    ("MP-200", |world| {
        world.client_mut(HAVBRIS_CLIENT).0.scopes.clear();
    }),
    ("MP-250", |world| world.withdraw(SCOPE, HAVBRIS)),
    ("", |world| {
        world.client_mut(HAVBRIS_CLIENT).1 = vec![second_signing_key().public_jwk("other")];
    }),
];

/// docs §15: A change of the registry takes effect at the next request, and back again.
#[tokio::test]
async fn every_deactivation_takes_effect_at_the_next_request() {
    let server = TestServer::start().await;
    for (code, change) in DEACTIVATIONS {
        let mut world = World::spec();
        change(&mut world);
        world.save(server.store.as_ref()).await;
        let answer = server.exchange(&Grant::havbris(&server).sign()).await;
        assert!(
            answer.status != 200 && answer.mp_code() == code,
            "{code}: {}",
            answer.text
        );
        World::spec().save(server.store.as_ref()).await;
        assert_issued(&server.exchange(&Grant::havbris(&server).sign()).await);
    }
}

/// inferred §7: The checks are made in their order: of several faults the earlier is answered.
#[tokio::test]
async fn of_several_faults_the_earlier_is_answered() {
    let server = TestServer::start().await;
    let unknown = "fjord:finnes.ikke";
    let all = || {
        Grant::new(&server, "unknown", unknown)
            .claim("foo", json!(1))
            .claim("aud", json!("https://other.example.no/"))
            .claim("iat", json!(NOW + 100))
            .claim("exp", json!(NOW + 100))
            .claim("resource", json!("no uri"))
            .claim("consumer_org", json!(TINDESYSTEM))
            .header("kid", json!("unknown"))
            .key(second_signing_key())
    };
    let found = |grant: Grant<'static>| {
        let assertion = grant.sign();
        async { server.exchange(&{ assertion }).await }
    };
    MP_011.check(&found(all()).await, "the claim 'foo' is unknown");
    let grant = all().without("foo");
    MP_100.check(&found(grant.clone()).await, NOT_FOUND);
    let grant = grant.claim("iss", json!(TINDESYSTEM_CLIENT));
    crate::rows::INVALID_GRANT.check(&found(grant.clone()).await, "Unknown key identifier");
    let grant = grant.header("kid", json!(portvakt_testkit::KID));
    MP_124.check(&found(grant.clone()).await, "Invalid JWT signature.");
    let grant = grant.key(portvakt_testkit::signing_key());
    MP_110.check(&found(grant.clone()).await, "Invalid JWT claim aud.");
    let grant = grant.claim("aud", json!(server.issuer()));
    crate::rows::INVALID_GRANT.check(&found(grant.clone()).await, "Issue time is after now");
    let grant = grant
        .claim("iat", json!(NOW - 60))
        .claim("exp", json!(NOW - 10));
    crate::rows::MP_130.check(&found(grant.clone()).await, "JWT is expired");
    let grant = grant.claim("exp", json!(NOW));
    MP_011.check(&found(grant.clone()).await, "resource must hold");
    MP_012.check(&found(grant.clone()).await, "Grant is used before");
    let fresh = |grant: &Grant<'static>| grant.clone().claim("jti", json!(server.unique_id()));
    let grant = grant.without("resource");
    MP_200.check(&found(fresh(&grant)).await, unknown);
    let grant = grant.claim("scope", json!("fjord:havn/anlop.write"));
    crate::rows::INVALID_REQUEST.check(&found(fresh(&grant)).await, "The combination consumer_org");
    let grant = grant.claim("consumer_org", json!(LYNGVIK));
    MP_250.check(&found(fresh(&grant)).await, "fjord:havn/anlop.write");
    let grant = grant.claim("consumer_org", json!(HAVBRIS));
    crate::rows::MP_251.check(&found(fresh(&grant)).await, "has not delegated access");
}

/// docs §7: A grant of another environment fails as "client not found", before its audience is judged.
#[tokio::test]
async fn the_client_is_looked_for_before_the_audience() {
    let server = TestServer::start().await;
    let grant =
        Grant::new(&server, "unknown", SCOPE).claim("aud", json!("https://test.maskinporten.no/"));
    MP_100.check(&server.exchange(&grant.sign()).await, NOT_FOUND);
}

/// inferred §7: The clients of one organization have its access alike, whatever their keys.
#[tokio::test]
async fn access_is_the_organizations_and_not_the_clients() {
    let server = world(|world| {
        world.client("second", HAVBRIS, &[SCOPE]);
    })
    .await;
    assert_issued(
        &server
            .exchange(&Grant::new(&server, "second", SCOPE).sign())
            .await,
    );
    let certificate = crate::certificates::havbris();
    let key = certificate.signing_key();
    let grant = Grant::new(&server, HAVBRIS_CERTIFICATE_CLIENT, SCOPE)
        .certificates(&[&certificate.certificate_der])
        .key(&key);
    assert_issued(&server.exchange(&grant.sign()).await);
}
