//! Clients that a supplier manages for a customer (spec: maskinporten §10.2).

use portvakt_testkit::{Grant, HAVBRIS, LYNGVIK, SCOPE, TINDESYSTEM, World};
use serde_json::json;

use crate::rows::world;

/// A client of Lyngvik that Tindesystem manages.
fn managed(world: &mut World) {
    let client = world.client(
        "kafe-klient",
        LYNGVIK,
        &[SCOPE, "fjord:apen.read", "fjord:havn/anlop.write"],
    );
    client.supplier_orgno = Some(TINDESYSTEM.parse().expect("an organization number"));
}

issued! {
    /// docs §10.2: The token names the customer as consumer and the supplier, without a source.
    fn token_of_a_managed_client(server in world(managed)) = Grant::new(server, "kafe-klient", "fjord:apen.read").sign() => |claims| {
        assert_eq!(claims["consumer"]["ID"], "0192:314111044");
        assert_eq!(claims["supplier"]["ID"], "0192:313994031");
        assert!(claims.get("delegation_source").is_none());
    };
    /// docs §10.2: The supplier's access decides.
    fn access_of_the_supplier(server in world(|world| { managed(world); world.grant(SCOPE, TINDESYSTEM); })) =
        Grant::new(server, "kafe-klient", SCOPE).sign();
}

refused! {
    /// docs §10.2: The customer's access is not inherited.
    fn access_of_the_customer(server in world(|world| { managed(world); world.grant(SCOPE, LYNGVIK); }))
        -> MP_250("Consumer has not been granted access") = Grant::new(server, "kafe-klient", SCOPE).sign();
    /// inferred §10.2: A managed client cannot name another consumer.
    fn consumer_org_with_a_managed_client(server in world(|world| { managed(world); world.delegate("fjord:havn/anlop.write", HAVBRIS, TINDESYSTEM); }))
        -> INVALID_REQUEST("The combination consumer_org") =
        Grant::new(server, "kafe-klient", "fjord:havn/anlop.write").claim("consumer_org", json!(HAVBRIS)).sign();
    /// inferred §10.2: The same for the customer itself.
    fn consumer_org_that_is_the_customer(server in world(managed)) -> INVALID_REQUEST("The combination consumer_org") =
        Grant::new(server, "kafe-klient", "fjord:havn/anlop.write").claim("consumer_org", json!(LYNGVIK)).sign();
    /// inferred §10.2: A deactivated supplier ends its clients.
    fn supplier_inactive(server in world(|world| { managed(world); world.organization_mut(TINDESYSTEM).active = false; }))
        -> MP_100("Client not found.") = Grant::new(server, "kafe-klient", "fjord:apen.read").sign();
    /// inferred §10.2: A deactivated customer ends its clients.
    fn customer_inactive(server in world(|world| { managed(world); world.organization_mut(LYNGVIK).active = false; }))
        -> MP_100("Client not found.") = Grant::new(server, "kafe-klient", "fjord:apen.read").sign();
}
