//! A client as the operator describes it.

use axum::body::Bytes;
use portvakt_api_types::{
    ClientRequest, ClientResponse, JwksRequest, OperatorClientRequest, OperatorClientResponse,
};
use portvakt_core::administration::{Role, client};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::organization::OrgNumber;
use portvakt_jose::{Algorithm, JwkSet};
use serde_json::{Map, Value};

use super::OBJECT;
use crate::call::Call;
use crate::clients::attributes::Ground;
use crate::clients::keys::read_set;
use crate::clients::many::settled;
use crate::clients::owner::Owner;
use crate::operator::body::{Described, names, read_known};
use crate::problem::Problem;

/// A body, before it is known what it is to become.
pub(super) struct Description(Described<OperatorClientRequest>);

/// A client that is to be registered, with its first keys.
pub(super) struct NewClient {
    pub(super) client: Client,
    pub(super) keys: Option<JwkSet>,
}

impl Description {
    pub(super) fn read(call: &Call, body: &Bytes) -> Result<Self, Problem> {
        let known = [
            names::<ClientRequest>(),
            names::<OperatorClientRequest>(),
            // Without effect: what was read can be sent back.
            names::<ClientResponse>(),
            names::<OperatorClientResponse>(),
        ];
        read_known(call, body, OBJECT, &known.concat()).map(Self)
    }

    /// The client that the body describes, under the id that it chooses or a random one.
    pub(super) fn into_new(self, call: &Call) -> Result<NewClient, Problem> {
        let Self(mut described) = self;
        let request = described.request.client.clone();
        let id = request.client_id.as_deref();
        let chosen = described.optional::<ClientId>("client_id", id);
        let client_id = match chosen {
            Some(chosen) => chosen,
            None => client::generate_id(call.entropy()).map_err(Problem::about(OBJECT))?,
        };
        let owner = owner(&mut described);
        let own = OperatorAttributes::read(&mut described, None);
        let keys = described.request.jwks.take().map(key_set).transpose()?;
        let mut faults = described.faults;
        let ground = ground(call);
        let client = ground.new_client(request, client_id, owner, &mut faults);
        let client = settled(own.on(client), Role::Operator, faults)?;
        Ok(NewClient { client, keys })
    }

    /// The client that is to take the place of `known`: what is left out returns to its default,
    /// except `active`.
    pub(super) fn into_replacement(self, call: &Call, known: &Client) -> Result<Client, Problem> {
        let Self(mut described) = self;
        if described.request.jwks.is_some() {
            let message = "is for new clients: replace the keys at their own address";
            described.faults.invalid("jwks", message);
        }
        let own = OperatorAttributes::read(&mut described, Some(known));
        let mut faults = described.faults;
        let request = described.request.client;
        let desired = ground(call).replacement(request, known, &mut faults);
        settled(own.on(desired), Role::Operator, faults)
    }
}

fn ground(call: &Call) -> Ground<'_> {
    Ground {
        settings: call.settings(),
        now: call.now,
    }
}

/// Any organization, and any supplier.
fn owner(described: &mut Described<OperatorClientRequest>) -> Owner {
    let request = described.request.client.clone();
    let client_orgno = described.required("client_orgno", request.client_orgno.as_deref());
    let supplier = request.supplier_orgno.as_deref();
    let supplier_orgno: Option<OrgNumber> = described.optional("supplier_orgno", supplier);
    if supplier_orgno.is_some() && supplier_orgno == client_orgno {
        let message = "is the client's own organization: leave it out";
        described.faults.invalid("supplier_orgno", message);
    }
    Owner {
        client_orgno: client_orgno.unwrap_or_else(unstated),
        supplier_orgno,
    }
}

/// Stands in for a number that is at fault, so that the other faults are found too.
fn unstated() -> OrgNumber {
    OrgNumber::parse("000000000").expect("nine digits")
}

/// What only the operator sets.
struct OperatorAttributes {
    active: bool,
    self_managed: bool,
    algorithm: Option<Algorithm>,
}

impl OperatorAttributes {
    fn read(described: &mut Described<OperatorClientRequest>, known: Option<&Client>) -> Self {
        const ALGORITHM: &str = "token_endpoint_auth_signing_alg";
        let name = described.request.token_endpoint_auth_signing_alg.take();
        let was_active = known.is_none_or(|known| known.active);
        Self {
            active: described.request.active.unwrap_or(was_active),
            self_managed: described.request.self_managed.unwrap_or(false),
            algorithm: described.optional(ALGORITHM, name.as_deref()),
        }
    }

    fn on(self, client: Client) -> Client {
        Client {
            active: self.active,
            self_managed: self.self_managed,
            token_endpoint_auth_signing_alg: self.algorithm,
            ..client
        }
    }
}

fn key_set(request: JwksRequest) -> Result<JwkSet, Problem> {
    let mut members = Map::new();
    members.insert("keys".to_owned(), Value::Array(request.keys));
    read_set(&members)
}
