//! Clients' secrets (spec: selfservice §5.6.2).
//!
//! A client has a secret exactly as long as it authenticates with one. [`register`] and [`update`]
//! are what surfaces call to register and to change clients: they make the secret that the change
//! asks for. Taking one away needs no randomness and happens wherever a client is saved.

use super::{AdministrationError, Role, Saved, client};
use crate::client::{Client, ClientId, ClientSecret, SecretOverlap, StoredSecret};
use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::ports::UnitOfWork;

/// A secret that was just made: the only moment at which its text exists.
#[derive(Debug)]
pub struct NewSecret {
    /// The text; hand it over once and forget it.
    pub secret: ClientSecret,
    /// First instant at which it is no longer accepted; whole seconds.
    pub expires_at: Timestamp,
}

/// What making a secret takes.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// Where secrets come from.
    pub entropy: &'a dyn Entropy,
    /// The present instant.
    pub now: Timestamp,
}

/// A client as it now is, with the secret that came of it, if one did.
#[derive(Debug)]
pub struct SavedClient {
    /// The client, and what became of it.
    pub saved: Saved<Client>,
    /// A new secret.
    pub secret: Option<NewSecret>,
}

impl SavedClient {
    /// A client that was so already.
    pub fn unchanged(client: Client) -> Self {
        Self {
            saved: Saved::unchanged(client),
            secret: None,
        }
    }
}

/// As [`client::register`], and makes the secret of a client that authenticates with one.
pub async fn register(
    unit: &mut dyn UnitOfWork,
    wanted: Client,
    role: Role,
    making: Making<'_>,
) -> Result<SavedClient, AdministrationError> {
    let saved = client::register(unit, wanted, role, making.now).await?;
    let mut secret = None;
    if saved.record.token_endpoint_auth_method.uses_secret() {
        secret = Some(make(unit, &saved.record, SecretOverlap::default(), making).await?);
    }
    Ok(SavedClient { saved, secret })
}

/// As [`client::update`], and makes a secret if the client did not authenticate with one before.
/// Otherwise its secret stays as it is.
pub async fn update(
    unit: &mut dyn UnitOfWork,
    desired: Client,
    role: Role,
    making: Making<'_>,
) -> Result<SavedClient, AdministrationError> {
    let known = unit.find_client(&desired.client_id).await?;
    let had_secret = known.is_some_and(|known| known.token_endpoint_auth_method.uses_secret());
    let saved = client::update(unit, desired, role, making.now).await?;
    let mut secret = None;
    if saved.record.token_endpoint_auth_method.uses_secret() && !had_secret {
        secret = Some(make(unit, &saved.record, SecretOverlap::default(), making).await?);
    }
    Ok(SavedClient { saved, secret })
}

/// Makes a new secret for a client that authenticates with one. The present secret stops at once,
/// or with the overlap; the one before it at once in any case.
pub async fn rotate(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    overlap: SecretOverlap,
    role: Role,
    making: Making<'_>,
) -> Result<SavedClient, AdministrationError> {
    let client = client::find_administered(unit, client_id, role).await?;
    if !client.token_endpoint_auth_method.uses_secret() {
        let message = "the client does not authenticate with a secret: set client_secret_basic \
                       or client_secret_post first, which makes one";
        return Err(AdministrationError::invalid(
            "token_endpoint_auth_method",
            message,
        ));
    }
    let secret = make(unit, &client, overlap, making).await?;
    Ok(SavedClient {
        secret: Some(secret),
        ..SavedClient::unchanged(client)
    })
}

async fn make(
    unit: &mut dyn UnitOfWork,
    client: &Client,
    overlap: SecretOverlap,
    making: Making<'_>,
) -> Result<NewSecret, AdministrationError> {
    let secret = ClientSecret::generate(making.entropy)?;
    let stored = StoredSecret::new(secret.hash(), making.now);
    let expires_at = stored.expires_at;
    let known = unit.find_secrets(&client.client_id).await?;
    let secrets = known.rotated(stored, overlap, making.now);
    unit.save_secrets(&client.client_id, &secrets).await?;
    Ok(NewSecret { secret, expires_at })
}
