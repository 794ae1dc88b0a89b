//! Internal on-behalf-of, deprecated and behind a switch (spec: maskinporten §10.3).

use portvakt_core::issuer::Issuer;
use portvakt_testkit::{
    Grant, HAVBRIS, LYNGVIK, SCOPE, TINDESYSTEM, TINDESYSTEM_CLIENT, TestServer, World,
};
use serde_json::json;

use crate::rows::{policy, world};

fn on(issuer: &mut Issuer) {
    issuer.enable_iss_onbehalfof = true;
    issuer.consents = true;
}

fn registered(world: &mut World) {
    world.on_behalf_of(TINDESYSTEM_CLIENT, "kafe", LYNGVIK);
}

fn grant(server: &TestServer, scope: &str) -> Grant<'static> {
    Grant::new(server, TINDESYSTEM_CLIENT, scope).claim("iss_onbehalfof", json!("kafe"))
}

issued! {
    /// inferred §10.3: The token names the registration's organization as consumer, the client's as supplier.
    fn token_on_behalf_of(server in policy(on, registered)) = grant(server, "fjord:apen.read").sign() => |claims| {
        assert_eq!(claims["consumer"]["ID"], "0192:314111044");
        assert_eq!(claims["supplier"]["ID"], "0192:313994031");
        assert!(claims.get("delegation_source").is_none());
    };
    /// inferred §10.3: The access of the client's own organization decides.
    fn access_of_the_client(server in policy(on, |world| { registered(world); world.grant(SCOPE, TINDESYSTEM); })) = grant(server, SCOPE).sign();
    /// inferred §10.6: `resource` and `pid` go with it.
    fn with_resource_and_pid(server in policy(on, registered)) = grant(server, "fjord:apen.read")
        .claim("resource", json!("urn:x")).claim("pid", json!("11849000170")).sign()
        => |claims| assert_eq!((claims["aud"].as_str(), claims["pid"].as_str()), (Some("urn:x"), Some("11849000170")));
}

refused! {
    /// docs §10.3: Switched off, which is the default, the claim is MP-011.
    fn switched_off(server in world(registered)) -> MP_011("iss_onbehalfof is not accepted by this server") = grant(server, "fjord:apen.read").sign();
    /// inferred §10.3: A value that the client has not registered is MP-011.
    fn unknown_value(server in policy(on, |_| ())) -> MP_011("iss_onbehalfof names no registration of the client") = grant(server, "fjord:apen.read").sign();
    /// inferred §10.3: A value that another client has registered is MP-011.
    fn value_of_another_client(server in policy(on, |world| { world.on_behalf_of(portvakt_testkit::HAVBRIS_CLIENT, "kafe", LYNGVIK); }))
        -> MP_011("iss_onbehalfof names no registration") = grant(server, "fjord:apen.read").sign();
    /// inferred §10.3: A registration that was removed is MP-011.
    fn registration_inactive(server in policy(on, |world| world.on_behalf_of(TINDESYSTEM_CLIENT, "kafe", LYNGVIK).active = false))
        -> MP_011("iss_onbehalfof names no registration") = grant(server, "fjord:apen.read").sign();
    /// inferred §10.3: A scope with a delegation source cannot be used this way.
    fn scope_with_a_source(server in policy(on, registered)) -> INVALID_REQUEST("The combination consumer_org") = grant(server, "fjord:havn/anlop.write").sign();
    /// inferred §10.3: The customer's access does not count.
    fn access_of_the_customer(server in policy(on, |world| { registered(world); world.grant(SCOPE, LYNGVIK); }))
        -> MP_250("Consumer has not been granted access") = grant(server, SCOPE).sign();
    /// inferred §10.3: Nobody acts for a customer that is deactivated.
    fn customer_inactive(server in policy(on, |world| { registered(world); world.organization_mut(LYNGVIK).active = false; }))
        -> MP_250("Consumer has not been granted access") = grant(server, "fjord:apen.read").sign();
    /// inferred §10.6: It does not go with `authorization_details`.
    fn with_authorization_details(server in policy(on, |world| {
        registered(world);
        world.consent(crate::authorization_details::PERSON, LYNGVIK);
    })) -> INVALID_REQUEST("The combination consumer_org") =
        grant(server, "fjord:apen.read").claim("authorization_details", crate::authorization_details::consent()).sign();
    /// docs §10.6: It does not go with `consumer_org`.
    fn with_consumer_org(server in policy(on, registered)) -> MP_011("exclude each other") =
        grant(server, "fjord:havn/anlop.write").claim("consumer_org", json!(HAVBRIS)).sign();
}
