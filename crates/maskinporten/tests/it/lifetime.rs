//! How long tokens live (spec: maskinporten §8.4).

use portvakt_testkit::{Grant, HAVBRIS, HAVBRIS_CLIENT, SCOPE, TestServer, World};
use serde_json::Value;

use crate::rows::{policy, world};

/// A client with this lifetime and scopes with these caps.
fn caps(world: &mut World, client: Option<u32>, caps: &[u32]) {
    let names: Vec<_> = (0..caps.len()).map(|n| format!("fjord:tak.{n}")).collect();
    for (name, cap) in names.iter().zip(caps) {
        let scope = world.scope(name);
        scope.at_max_age = *cap;
        scope.accessible_for_all = true;
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    world.client("tak", HAVBRIS, &names).access_token_lifetime = client;
}

fn grant(server: &TestServer, scopes: usize) -> String {
    let scopes: Vec<_> = (0..scopes).map(|n| format!("fjord:tak.{n}")).collect();
    Grant::new(server, "tak", &scopes.join(" ")).sign()
}

fn lifetime(claims: &Value) -> Option<i64> {
    Some(claims["exp"].as_i64()? - claims["iat"].as_i64()?)
}

issued! {
    /// docs §8.4: The system default is 120 s.
    fn system_default(server in world(|world| caps(world, None, &[0]))) = grant(server, 1) => |claims| assert_eq!(lifetime(&claims), Some(120));
    /// docs §8.4: The client's own lifetime.
    fn clients_lifetime(server in world(|world| caps(world, Some(3600), &[0]))) = grant(server, 1) => |claims| assert_eq!(lifetime(&claims), Some(3600));
    /// code §8.4: A stored lifetime of 0 means the default.
    fn clients_lifetime_of_zero(server in world(|world| caps(world, Some(0), &[0]))) = grant(server, 1) => |claims| assert_eq!(lifetime(&claims), Some(120));
    /// docs §8.4: The scope's cap cuts the client's lifetime.
    fn cap_of_the_scope(server in world(|world| caps(world, Some(3600), &[30]))) = grant(server, 1) => |claims| assert_eq!(lifetime(&claims), Some(30));
    /// docs §8.4: The lowest cap of the requested scopes wins.
    fn lowest_cap(server in world(|world| caps(world, Some(3600), &[120, 30, 60]))) = grant(server, 3) => |claims| assert_eq!(lifetime(&claims), Some(30));
    /// docs §8.4: A cap of 0 is none.
    fn cap_of_zero(server in world(|world| caps(world, Some(3600), &[30, 0]))) = grant(server, 2) => |claims| assert_eq!(lifetime(&claims), Some(30));
    /// docs §8.4: A cap never lengthens a life.
    fn cap_above_the_default(server in world(|world| caps(world, None, &[3600]))) = grant(server, 1) => |claims| assert_eq!(lifetime(&claims), Some(120));
    /// docs §8.4: Caps of scopes that were not asked for do not count.
    fn cap_of_another_scope(server in world(|world| caps(world, Some(600), &[0, 10]))) = grant(server, 1) => |claims| assert_eq!(lifetime(&claims), Some(600));
    /// inferred §8.4: The operator's ceiling.
    fn ceiling(server in policy(|issuer| issuer.max_token_lifetime_seconds = Some(600), |world| caps(world, Some(3600), &[0]))) =
        grant(server, 1) => |claims| assert_eq!(lifetime(&claims), Some(600));
    /// inferred §8.4: The operator's default.
    fn configured_default(server in policy(|issuer| issuer.default_token_lifetime_seconds = 60, |world| caps(world, None, &[0]))) =
        grant(server, 1) => |claims| assert_eq!(lifetime(&claims), Some(60));
    /// docs §8.4: Lifetimes of logins play no part.
    fn lifetimes_of_logins(server in world(|world| {
        world.scope_mut(SCOPE).authorization_max_lifetime = 7;
        let login = &mut world.client_mut(HAVBRIS_CLIENT).0.login;
        login.authorization_lifetime = Some(7);
        login.refresh_token_lifetime = Some(7);
    })) = Grant::havbris(server).sign() => |claims| assert_eq!(lifetime(&claims), Some(90));
}
