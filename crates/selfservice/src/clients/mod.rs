//! Clients, their keys and their registrations of customers (spec: selfservice §5).

pub(crate) mod attributes;
pub(crate) mod idempotency;
mod key_expiry;
pub(crate) mod keys;
pub(crate) mod many;
pub(crate) mod on_behalf_of;
pub(crate) mod one;
pub(crate) mod owner;
pub(crate) mod secret;
pub(crate) mod view;

use portvakt_core::bearer::Caller;
use portvakt_core::client::{Client, ClientId};
use portvakt_core::ports::UnitOfWork;

use crate::authority::Standing;
use crate::problem::{Object, Problem};

/// The client that an address names, and the caller's standing to it. What the caller may not see
/// is answered as what does not exist.
pub(crate) async fn find(
    unit: &mut dyn UnitOfWork,
    client_id: &str,
    caller: &Caller,
    standing: fn(&Caller, &Client) -> Standing,
) -> Result<(Client, Standing), Problem> {
    let unknown = || Problem::not_found(Object::Client);
    let client_id = ClientId::parse(client_id).map_err(|_| unknown())?;
    let client = unit.find_client(&client_id).await;
    let client = client.map_err(|error| Problem::storage(&error))?;
    let client = client.ok_or_else(unknown)?;
    match standing(caller, &client) {
        Standing::Stranger => Err(unknown()),
        standing => Ok((client, standing)),
    }
}

/// As [`find`], for an act that needs this standing at least.
async fn find_for(
    unit: &mut dyn UnitOfWork,
    client_id: &str,
    caller: &Caller,
    needed: Standing,
) -> Result<Client, Problem> {
    let (client, standing) = find(unit, client_id, caller, Standing::of).await?;
    if standing >= needed {
        Ok(client)
    } else {
        let message = "The client is readable for this token, and not more";
        Err(Problem::forbidden(Object::Client, message))
    }
}
