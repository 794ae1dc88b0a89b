//! External delegation (spec: maskinporten §10.1).

use std::time::Duration;

use portvakt_core::Timestamp;
use portvakt_testkit::{
    FJORDETATEN, Grant, HAVBRIS, HAVBRIS_CLIENT, LYNGVIK, NOW, SOURCE, TINDESYSTEM,
    TINDESYSTEM_CLIENT, TestServer, World,
};
use serde_json::json;

use crate::rows::{MP_011, MP_251, assert_issued, world};

const SCOPE: &str = "fjord:havn/anlop.write";
const COMBINATION: &str =
    "The combination consumer_org in claim and delegation scope on client is invalid";
const NOT_DELEGATED: &str = "Consumer 312773023 has not delegated access to the scope fjord:havn/anlop.write to supplier 313994031.";

fn delegated(world: &mut World) {
    world.delegate(SCOPE, HAVBRIS, TINDESYSTEM);
}

/// A second scope below the same source.
fn second_scope(world: &mut World, source: Option<&str>) {
    world.scope("fjord:havn/anlop.read").delegation_source = source.map(str::to_owned);
    world.grant("fjord:havn/anlop.read", HAVBRIS);
    let client = &mut world.client_mut(TINDESYSTEM_CLIENT).0;
    client
        .scopes
        .push("fjord:havn/anlop.read".parse().expect("a scope"));
}

fn both(server: &TestServer) -> String {
    Grant::tindesystem(server, HAVBRIS)
        .claim("scope", json!(format!("{SCOPE} fjord:havn/anlop.read")))
        .sign()
}

issued! {
    /// docs §10.1: The token names consumer, supplier and the source, byte for byte.
    fn delegated_scope(server in world(delegated)) = Grant::tindesystem(server, HAVBRIS).sign() => |claims| {
        assert_eq!(claims["consumer"], json!({"authority": "iso6523-actorid-upis", "ID": "0192:312773023"}));
        assert_eq!(claims["supplier"], json!({"authority": "iso6523-actorid-upis", "ID": "0192:313994031"}));
        assert_eq!(claims["delegation_source"], SOURCE);
        assert_eq!(claims["client_id"], TINDESYSTEM_CLIENT);
    };
    /// inferred §10.1: `consumer_org` may be written with `0192:`, which is stripped.
    fn consumer_org_in_iso_6523(server in world(delegated)) = Grant::tindesystem(server, &format!("0192:{HAVBRIS}")).sign()
        => |claims| assert_eq!(claims["consumer"]["ID"], "0192:312773023");
    /// docs §10.1: Without `consumer_org` a scope with a source is used like any other.
    fn without_consumer_org(server) = Grant::new(server, HAVBRIS_CLIENT, SCOPE).sign() => |claims| {
        assert_eq!(claims["consumer"]["ID"], "0192:312773023");
        assert!(claims.get("supplier").is_none() && claims.get("delegation_source").is_none());
    };
    /// docs §10.1: Several scopes, each delegated.
    fn two_delegated_scopes(server in world(|world| {
        delegated(world);
        second_scope(world, Some(SOURCE));
        world.delegate("fjord:havn/anlop.read", HAVBRIS, TINDESYSTEM);
    })) = both(server) => |claims| assert_eq!(claims["scope"], "fjord:havn/anlop.write fjord:havn/anlop.read");
    /// docs §10.1: A scope that is accessible for all can be delegated too.
    fn accessible_for_all_and_delegated(server in world(|world| {
        world.scope_mut(SCOPE).accessible_for_all = true;
        world.delegate(SCOPE, LYNGVIK, TINDESYSTEM);
    })) = Grant::tindesystem(server, LYNGVIK).sign() => |claims| assert_eq!(claims["consumer"]["ID"], "0192:314111044");
    /// inferred §10.1: A delegation holds from its first instant.
    fn delegation_that_begins_now(server in world(|world| {
        world.delegate(SCOPE, HAVBRIS, TINDESYSTEM).valid_from = Some(Timestamp::from_seconds(NOW));
    })) = Grant::tindesystem(server, HAVBRIS).sign();
}

refused! {
    /// docs §10.1: The consumer has not delegated the scope.
    fn not_delegated(server) -> MP_251(NOT_DELEGATED) = Grant::tindesystem(server, HAVBRIS).sign();
    /// docs §10.1: A delegation that was withdrawn.
    fn delegation_inactive(server in world(|world| world.delegate(SCOPE, HAVBRIS, TINDESYSTEM).active = false))
        -> MP_251(NOT_DELEGATED) = Grant::tindesystem(server, HAVBRIS).sign();
    /// inferred §10.1: A delegation that has ended.
    fn delegation_that_ends_now(server in world(|world| {
        world.delegate(SCOPE, HAVBRIS, TINDESYSTEM).valid_to = Some(Timestamp::from_seconds(NOW));
    })) -> MP_251(NOT_DELEGATED) = Grant::tindesystem(server, HAVBRIS).sign();
    /// inferred §10.1: A delegation that has not begun.
    fn delegation_that_begins_later(server in world(|world| {
        world.delegate(SCOPE, HAVBRIS, TINDESYSTEM).valid_from = Some(Timestamp::from_seconds(NOW + 1));
    })) -> MP_251(NOT_DELEGATED) = Grant::tindesystem(server, HAVBRIS).sign();
    /// docs §10.1: A delegation to another supplier.
    fn delegated_to_another_supplier(server in world(|world| { world.delegate(SCOPE, HAVBRIS, LYNGVIK); }))
        -> MP_251(NOT_DELEGATED) = Grant::tindesystem(server, HAVBRIS).sign();
    /// docs §10.1: A delegation of another scope.
    fn another_scope_delegated(server in world(|world| {
        second_scope(world, Some(SOURCE));
        world.delegate("fjord:havn/anlop.read", HAVBRIS, TINDESYSTEM);
    })) -> MP_251(NOT_DELEGATED) = Grant::tindesystem(server, HAVBRIS).sign();
    /// docs §10.1: A delegation in the reverse direction.
    fn delegated_the_other_way(server in world(|world| { world.delegate(SCOPE, TINDESYSTEM, HAVBRIS); }))
        -> MP_251(NOT_DELEGATED) = Grant::tindesystem(server, HAVBRIS).sign();
    /// inferred §10.1: A delegation in another source.
    fn delegated_in_another_source(server in world(|world| {
        world.delegation_source("other", "https://other.example.no/");
        world.delegate(SCOPE, HAVBRIS, TINDESYSTEM).delegation_source = "https://other.example.no/".to_owned();
    })) -> MP_251(NOT_DELEGATED) = Grant::tindesystem(server, HAVBRIS).sign();
    /// inferred §10.1: Every scope must be delegated; the first that is not is named.
    fn one_scope_of_two_delegated(server in world(|world| { delegated(world); second_scope(world, Some(SOURCE)); }))
        -> MP_251("the scope fjord:havn/anlop.read to supplier 313994031.") = both(server);
    /// docs §10.1: Delegation is asked for scopes that are accessible for all too.
    fn accessible_for_all_is_no_short_cut(server in world(|world| world.scope_mut(SCOPE).accessible_for_all = true))
        -> MP_251("Consumer 314111044 has not delegated") = Grant::tindesystem(server, LYNGVIK).sign();
    /// docs §10.1: The provider grants access to the consumer; a delegation alone is not enough.
    fn consumer_without_access(server in world(|world| { world.delegate(SCOPE, LYNGVIK, TINDESYSTEM); }))
        -> MP_250("Consumer has not been granted access to the scope fjord:havn/anlop.write.") = Grant::tindesystem(server, LYNGVIK).sign();
    /// docs §10.1: The supplier's own access is no substitute for the consumer's.
    fn suppliers_access_does_not_count(server in world(|world| {
        world.withdraw(SCOPE, HAVBRIS);
        world.grant(SCOPE, TINDESYSTEM);
        delegated(world);
    })) -> MP_250("Consumer has not been granted access") = Grant::tindesystem(server, HAVBRIS).sign();
    /// code §10.1: A supplier that forgets `consumer_org` gets MP-250.
    fn supplier_that_forgets_consumer_org(server in world(delegated)) -> MP_250("Consumer has not been granted access to the scope") =
        Grant::tindesystem(server, HAVBRIS).without("consumer_org").sign();
    /// docs §10.1: The supplier registers the scope on its client.
    fn scope_not_registered_on_the_suppliers_client(server in world(|world| {
        delegated(world);
        world.client_mut(TINDESYSTEM_CLIENT).0.scopes.clear();
    })) -> MP_200(SCOPE) = Grant::tindesystem(server, HAVBRIS).sign();
    /// docs §10.1: `consumer_org` that is the client's own organization.
    fn own_organization(server) -> INVALID_REQUEST(COMBINATION) = Grant::tindesystem(server, TINDESYSTEM).sign();
    /// inferred §10.1: The same in the other spelling.
    fn own_organization_in_iso_6523(server) -> INVALID_REQUEST(COMBINATION) = Grant::tindesystem(server, &format!("0192:{TINDESYSTEM}")).sign();
    /// docs §10.1: A scope without a source cannot be delegated.
    fn scope_without_source(server) -> INVALID_REQUEST(COMBINATION) = Grant::tindesystem(server, HAVBRIS).claim("scope", json!("fjord:delt.botte")).sign();
    /// inferred §10.1: One scope without a source among several.
    fn one_scope_without_source(server in world(|world| { delegated(world); second_scope(world, None); })) -> INVALID_REQUEST(COMBINATION) = both(server);
    /// inferred §10.1: Scopes with different sources.
    fn scopes_of_different_sources(server in world(|world| { delegated(world); second_scope(world, Some("https://www.altinn.no/")); }))
        -> INVALID_REQUEST(COMBINATION) = both(server);
    /// inferred §10.1: Sources are compared byte for byte, slash included.
    fn sources_that_differ_in_a_slash(server in world(|world| { delegated(world); second_scope(world, Some("https://tt02.altinn.no")); }))
        -> INVALID_REQUEST(COMBINATION) = both(server);
    /// inferred §10.1: Nobody acts for a consumer that is deactivated.
    fn consumer_inactive(server in world(|world| { delegated(world); world.organization_mut(HAVBRIS).active = false; }))
        -> MP_250("Consumer has not been granted access") = Grant::tindesystem(server, HAVBRIS).sign();
    /// inferred §10.1: A supplier that is deactivated acts for nobody.
    fn supplier_inactive(server in world(|world| { delegated(world); world.organization_mut(TINDESYSTEM).active = false; }))
        -> MP_100("Client not found.") = Grant::tindesystem(server, HAVBRIS).sign();
    /// inferred §10.1: A scope whose owner is deactivated is not delegated.
    fn owner_inactive(server in world(|world| { delegated(world); world.organization_mut(FJORDETATEN).active = false; }))
        -> MP_200(SCOPE) = Grant::tindesystem(server, HAVBRIS).sign();
    /// inferred §10.1: The register is not asked for whoever has no right to the scope.
    fn access_is_checked_before_delegation(server) -> MP_250("Consumer has not been granted access") = Grant::tindesystem(server, LYNGVIK).sign();
}

/// docs §10.1: `consumer_org` that is no organization number is MP-011.
#[tokio::test]
async fn malformed_consumer_org_is_refused() {
    let server = world(delegated).await;
    for number in [
        "",
        "31277302",
        "3127730233",
        "31277302x",
        "0193:312773023",
        " 312773023",
        "NO312773023",
        "٣١٢٧٧٣٠٢٣",
    ] {
        let answer = server
            .exchange(&Grant::tindesystem(&server, number).sign())
            .await;
        MP_011.check(
            &answer,
            "consumer_org is not an organization number of nine digits",
        );
    }
}

/// docs §10.1: A delegation that is withdrawn stops tokens at the next request.
#[tokio::test]
async fn a_withdrawn_delegation_stops_tokens_at_once() {
    let server = world(delegated).await;
    assert_issued(
        &server
            .exchange(&Grant::tindesystem(&server, HAVBRIS).sign())
            .await,
    );
    let mut changed = World::spec();
    changed.delegate(SCOPE, HAVBRIS, TINDESYSTEM).active = false;
    changed.save(server.store.as_ref()).await;
    let answer = server
        .exchange(&Grant::tindesystem(&server, HAVBRIS).sign())
        .await;
    MP_251.check(&answer, NOT_DELEGATED);
}

/// inferred §10.1: A delegation ends at the instant that it names, by the server's clock.
#[tokio::test]
async fn a_delegation_ends_by_the_clock() {
    let server = world(|world| {
        world.delegate(SCOPE, HAVBRIS, TINDESYSTEM).valid_to =
            Some(Timestamp::from_seconds(NOW + 60));
    })
    .await;
    server.clock.advance(Duration::from_secs(59));
    assert_issued(
        &server
            .exchange(&Grant::tindesystem(&server, HAVBRIS).sign())
            .await,
    );
    server.clock.advance(Duration::from_secs(1));
    let answer = server
        .exchange(&Grant::tindesystem(&server, HAVBRIS).sign())
        .await;
    MP_251.check(&answer, NOT_DELEGATED);
}
