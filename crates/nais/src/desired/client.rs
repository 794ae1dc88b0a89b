//! A resource's client as a body of the self-service API (spec: nais §6.4).

use std::collections::HashSet;

use portvakt_api_types::ClientRequest;
use serde_json::Value;

use super::scope::scopes;
use super::{ClientKey, ClientKind, Desired, Presence};
use crate::model::{
    ClientUri, IdPortenClientSpec, IdPortenIntegrationType, MaskinportenClientSpec, Resource,
};
use crate::naming::Owner;
use crate::settings::Settings;

pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A client that a resource asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredClient {
    /// Everything but the scopes of a Maskinporten client, which depend on access.
    pub body: ClientRequest,
    /// Scopes that are registered if the organization has access to them; empty for ID-porten.
    pub consumes: Vec<String>,
    /// Where the credentials are put.
    pub secret_name: String,
}

/// The JSON of a client's body. The lists of addresses are `null` and not absent for a machine
/// client, because that is what issuers have received since the first operator.
///
/// # Errors
/// Never in practice: every member is plain data.
pub fn client_body(request: &ClientRequest) -> Result<Value, serde_json::Error> {
    let mut body = serde_json::to_value(request)?;
    if let Value::Object(members) = &mut body {
        for name in ["post_logout_redirect_uris", "redirect_uris"] {
            members.entry(name).or_insert(Value::Null);
        }
    }
    Ok(body)
}

pub(super) fn maskinporten(
    resource: &Resource,
    owner: &Owner,
    spec: &MaskinportenClientSpec,
    settings: &Settings,
) -> Desired {
    let mut seen = HashSet::new();
    let names = spec.scopes.consumes.iter().map(|scope| &scope.name);
    let mut consumes: Vec<_> = names.filter(|name| seen.insert(*name)).cloned().collect();
    if consumes.is_empty() {
        consumes.extend(settings.default_client_scope.clone());
    }
    let client = (!consumes.is_empty()).then(|| DesiredClient {
        body: machine_body(owner, spec.client_name.as_ref(), settings),
        consumes,
        secret_name: spec.secret_name.clone(),
    });
    Desired {
        key: ClientKey {
            kind: ClientKind::Maskinporten,
            owner: owner.clone(),
        },
        place: resource.place.clone(),
        presence: Presence::Present,
        client,
        scopes: scopes(&spec.scopes.exposes, owner, settings),
        rotate: resource.metadata.asks_for_rotation(),
    }
}

pub(super) fn idporten(
    resource: &Resource,
    owner: &Owner,
    spec: &IdPortenClientSpec,
    settings: &Settings,
) -> Desired {
    Desired {
        key: ClientKey {
            kind: ClientKind::IdPorten,
            owner: owner.clone(),
        },
        place: resource.place.clone(),
        presence: Presence::Present,
        client: Some(DesiredClient {
            body: login_body(owner, spec, settings),
            consumes: Vec::new(),
            secret_name: spec.secret_name.clone(),
        }),
        scopes: Vec::new(),
        rotate: resource.metadata.asks_for_rotation(),
    }
}

/// What both kinds have in common.
fn common_body(owner: &Owner, name: Option<&String>, settings: &Settings) -> ClientRequest {
    ClientRequest {
        access_token_lifetime: Some(settings.access_token_lifetime),
        application_type: Some("web".to_owned()),
        authorization_lifetime: Some(settings.session_lifetime),
        client_name: Some(name.unwrap_or(&settings.client_name).clone()),
        client_uri: Some(settings.client_uri.clone()),
        description: Some(owner.to_string()),
        refresh_token_usage: Some("ONETIME".to_owned()),
        sso_disabled: Some(false),
        token_endpoint_auth_method: Some("private_key_jwt".to_owned()),
        ..ClientRequest::default()
    }
}

fn machine_body(owner: &Owner, name: Option<&String>, settings: &Settings) -> ClientRequest {
    ClientRequest {
        frontchannel_logout_session_required: Some(false),
        grant_types: Some(vec![JWT_BEARER.to_owned()]),
        integration_type: Some("maskinporten".to_owned()),
        ..common_body(owner, name, settings)
    }
}

fn login_body(owner: &Owner, spec: &IdPortenClientSpec, settings: &Settings) -> ClientRequest {
    let common = common_body(owner, spec.client_name.as_ref(), settings);
    let integration = spec.integration_type.unwrap_or_default();
    let is_machine = integration == IdPortenIntegrationType::Krr && settings.krr_uses_jwt_grant;
    let grants: &[&str] = if is_machine {
        &[JWT_BEARER]
    } else {
        &["authorization_code", "refresh_token"]
    };
    let session = spec
        .session_lifetime
        .map_or(settings.session_lifetime, u32::from);
    let client_uri = spec.client_uri.as_ref().map(ToString::to_string);
    let access = spec.access_token_lifetime.map(u32::from);
    ClientRequest {
        access_token_lifetime: access.or(common.access_token_lifetime),
        authorization_lifetime: Some(session),
        client_uri: client_uri.or_else(|| common.client_uri.clone()),
        frontchannel_logout_session_required: Some(true),
        frontchannel_logout_uri: spec
            .frontchannel_logout_uri
            .as_ref()
            .map(ToString::to_string),
        grant_types: Some(grants.iter().map(ToString::to_string).collect()),
        integration_type: Some(integration.as_str().to_owned()),
        post_logout_redirect_uris: (!is_machine).then(|| logout_uris(spec, settings)),
        redirect_uris: (!is_machine).then(|| redirect_uris(spec)),
        refresh_token_lifetime: Some(session),
        scopes: Some(login_scopes(spec, integration)),
        sso_disabled: Some(spec.sso_disabled.unwrap_or_default()),
        ..common
    }
}

fn logout_uris(spec: &IdPortenClientSpec, settings: &Settings) -> Vec<String> {
    match spec.post_logout_redirect_uris.as_slice() {
        [] => vec![settings.client_uri.clone()],
        uris => uris.iter().map(ToString::to_string).collect(),
    }
}

fn redirect_uris(spec: &IdPortenClientSpec) -> Vec<String> {
    let mut seen = HashSet::new();
    let uris = spec.redirect_uris.iter().chain(&spec.redirect_uri);
    let uris = uris.map(ClientUri::as_str).filter(|uri| seen.insert(*uri));
    uris.map(str::to_owned).collect()
}

fn login_scopes(spec: &IdPortenClientSpec, integration: IdPortenIntegrationType) -> Vec<String> {
    let defaults: &[&str] = match integration {
        IdPortenIntegrationType::Krr => &[
            "krr:global/kontaktinformasjon.read",
            "krr:global/digitalpost.read",
        ],
        IdPortenIntegrationType::IdPorten | IdPortenIntegrationType::ApiKlient => {
            &["openid", "profile"]
        }
    };
    match spec.scopes.as_slice() {
        [] => defaults.iter().map(ToString::to_string).collect(),
        named => named.to_vec(),
    }
}
