//! Whom a grant can refer to beside its consumer: customers, system users, consents
//! (spec: maskinporten §10.3 to §10.5).

use portvakt_core::client::{ClientId, OnBehalfOf};
use portvakt_core::party::{Consent, SystemUser};
use serde_json::{Value, json};

use crate::world::{World, now, orgno};

/// The id of the consent that [`World::consent`] adds.
pub const CONSENT: &str = "0f1e2d3c-4b5a-4697-8877-665544332211";
/// The id of the system user that [`World::system_user`] adds.
pub const SYSTEM_USER: &str = "6a1d2f34-7b9c-4c1e-9f52-0d3c1b7e8a90";

impl World {
    /// Lets a client name a customer with `value` in `iss_onbehalfof`.
    pub fn on_behalf_of(&mut self, client: &str, value: &str, customer: &str) -> &mut OnBehalfOf {
        self.on_behalf_of.push(OnBehalfOf {
            client_id: client_id(client),
            onbehalfof: value.to_owned(),
            name: value.to_owned(),
            orgno: orgno(customer),
            client_uri: None,
            description: None,
            active: true,
            created: now(),
            last_updated: now(),
        });
        self.on_behalf_of.last_mut().expect("one was just added")
    }

    /// Gives a customer a system user for a client, referred to by the customer's number.
    pub fn system_user(&mut self, client: &str, customer: &str) -> &mut SystemUser {
        self.system_users.push(SystemUser {
            id: SYSTEM_USER.to_owned(),
            system_id: "313994031_tindeklient".to_owned(),
            client_id: client_id(client),
            owner_orgno: orgno(customer),
            external_ref: customer.to_owned(),
            active: true,
        });
        self.system_users.last_mut().expect("one was just added")
    }

    /// Records a consent from a party (a URN) to an organization, valid until one day after the
    /// clock of the examples.
    pub fn consent(&mut self, from: &str, to: &str) -> &mut Consent {
        self.consents.push(Consent {
            id: CONSENT.to_owned(),
            from: from.to_owned(),
            to_orgno: orgno(to),
            consented: "2026-03-01T08:00:00Z".to_owned(),
            valid_to: "2026-03-03T09:15:00Z".to_owned(),
            consent_rights: rights(),
            active: true,
        });
        self.consents.last_mut().expect("one was just added")
    }
}

fn rights() -> Value {
    json!([{ "action": ["read"], "resource": [{ "type": "urn:altinn:resource", "value": "inntekt" }],
             "metadata": { "year": "2025" } }])
}

fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).expect("tests name valid client ids")
}
