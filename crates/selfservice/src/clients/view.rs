//! Clients and registrations as answers.

use portvakt_api_types::{ClientResponse, OnBehalfOfResponse};
use portvakt_core::client::{Client, ClientId, OnBehalfOf};
use portvakt_core::ports::{Listing, UnitOfWork};

use crate::problem::Problem;
use crate::settings::Settings;
use crate::words::word;
use crate::{etag, reply};

/// The client with its active registrations.
pub(crate) async fn client(
    unit: &mut dyn UnitOfWork,
    client: Client,
    settings: &Settings,
) -> Result<ClientResponse, Problem> {
    let mut registrations = Vec::new();
    // No other client can have one.
    if !client.integration_type.is_machine() {
        let listed = unit
            .list_on_behalf_of(&client.client_id, Listing::Active)
            .await;
        registrations = listed.map_err(|error| Problem::storage(&error))?;
    }
    let registrations = registrations.into_iter().map(registration).collect();
    Ok(response(client, registrations, settings))
}

/// The version of a client: of what is shown, and of the secret that is not, so that of two who
/// rotate it from one version one is told. Nobody gets from a tag to what 256 random bits were.
pub(super) async fn tag(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    shown: &ClientResponse,
) -> Result<String, Problem> {
    let secrets = unit.find_secrets(client_id).await;
    let secrets = secrets.map_err(|error| Problem::storage(&error))?;
    let mut version = reply::bytes(shown);
    if let Some(newest) = secrets.as_slice().first() {
        version.extend_from_slice(newest.hash.as_bytes());
    }
    Ok(etag::of(&version))
}

/// Lifetimes are the effective ones, so that what was read can be sent back.
fn response(
    client: Client,
    onbehalfof: Vec<OnBehalfOfResponse>,
    settings: &Settings,
) -> ClientResponse {
    let login = client.login;
    ClientResponse {
        jwks_uri: format!("/clients/{}/jwks", client.client_id),
        client_id: client.client_id.to_string(),
        client_name: client.client_name,
        display_name: login.display_name,
        description: client.description,
        client_orgno: client.client_orgno.to_string(),
        supplier_orgno: client.supplier_orgno.map(|orgno| orgno.to_string()),
        client_uri: login.client_uri,
        integration_type: client.integration_type.to_string(),
        application_type: word(client.application_type),
        token_endpoint_auth_method: word(client.token_endpoint_auth_method),
        grant_types: client.grant_types.into_iter().map(word).collect(),
        scopes: client.scopes.iter().map(ToString::to_string).collect(),
        redirect_uris: login.redirect_uris,
        post_logout_redirect_uris: login.post_logout_redirect_uris,
        frontchannel_logout_uri: login.frontchannel_logout_uri,
        frontchannel_logout_session_required: login
            .frontchannel_logout_session_required
            .unwrap_or(false),
        backchannel_logout_uri: login.backchannel_logout_uri,
        backchannel_logout_session_required: login.backchannel_logout_session_required,
        access_token_lifetime: client
            .access_token_lifetime
            .unwrap_or(settings.default_access_token_lifetime),
        authorization_lifetime: login
            .authorization_lifetime
            .unwrap_or(settings.default_authorization_lifetime),
        refresh_token_lifetime: login
            .refresh_token_lifetime
            .unwrap_or(settings.default_refresh_token_lifetime),
        refresh_token_usage: word(login.refresh_token_usage.unwrap_or_default()),
        code_challenge_method: login.code_challenge_method,
        sso_disabled: login.sso_disabled.unwrap_or(false),
        self_managed: client.self_managed,
        active: client.active,
        created: client.created.to_string(),
        last_updated: client.last_updated.to_string(),
        client_secret: None,
        client_secret_expires_at: None,
        onbehalfof,
    }
}

/// Both spellings of the two members that the documentation and the API description name
/// differently.
pub(super) fn registration(registration: OnBehalfOf) -> OnBehalfOfResponse {
    OnBehalfOfResponse {
        onbehalfof: registration.onbehalfof,
        display_name: registration.name.clone(),
        name: registration.name,
        orgno: registration.orgno.to_string(),
        url: registration.client_uri.clone(),
        client_uri: registration.client_uri,
        description: registration.description,
        active: (!registration.active).then_some(false),
        created: registration.created.to_string(),
        last_updated: registration.last_updated.to_string(),
    }
}
