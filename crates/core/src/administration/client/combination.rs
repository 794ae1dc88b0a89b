//! Which attributes of a client go together (spec: selfservice §5.1 to §5.3).

use super::uris::uri_faults;
use crate::administration::{FieldFaults, Role};
use crate::client::{
    ApplicationType, AuthenticationMethod, Client, GrantType, IntegrationType, UriPolicy,
};
use crate::scope::ScopeName;

const MAX_NAME: usize = 255;
const MAX_DESCRIPTION: usize = 1000;
const MAX_SCOPES: usize = 200;
const CONTACT_REGISTRY_SCOPES: [&str; 2] = [
    "krr:global/kontaktinformasjon.read",
    "krr:global/digitalpost.read",
];
const LOGIN_SCOPES: [&str; 2] = ["openid", "profile"];
const EXTRA_LOGIN_SCOPES: [&str; 2] = ["eidas", "no_pid"];

/// How clients of this kind authenticate when nobody says so.
pub fn default_authentication(
    integration_type: IntegrationType,
    application_type: ApplicationType,
) -> AuthenticationMethod {
    match (integration_type.is_machine(), application_type) {
        (true, _) => AuthenticationMethod::PrivateKeyJwt,
        (false, ApplicationType::Web) => AuthenticationMethod::ClientSecretBasic,
        (false, ApplicationType::Browser | ApplicationType::Native) => AuthenticationMethod::None,
    }
}

/// The grants of clients of this kind when nobody says so.
pub fn default_grants(integration_type: IntegrationType) -> Vec<GrantType> {
    if integration_type.is_machine() {
        vec![GrantType::JwtBearer]
    } else {
        vec![GrantType::AuthorizationCode]
    }
}

/// Drops repeated scopes, adds those that a kind of client always starts with, and says that a
/// client which is told of logouts over the back channel is told which session it is.
pub(crate) fn normalize(client: &mut Client) {
    match client.integration_type {
        IntegrationType::Krr => add_missing(&mut client.scopes, &CONTACT_REGISTRY_SCOPES),
        IntegrationType::Idporten | IntegrationType::Ansattporten if client.scopes.is_empty() => {
            add_missing(&mut client.scopes, &LOGIN_SCOPES);
        }
        _ => {}
    }
    let login = &mut client.login;
    if !client.integration_type.is_machine() && login.backchannel_logout_uri.is_some() {
        login.backchannel_logout_session_required = Some(true);
    }
    let mut seen = std::collections::HashSet::new();
    client.scopes.retain(|scope| seen.insert(scope.clone()));
}

fn add_missing(scopes: &mut Vec<ScopeName>, names: &[&str]) {
    let missing = names.iter().filter_map(|name| ScopeName::parse(name).ok());
    let missing: Vec<_> = missing.filter(|name| !scopes.contains(name)).collect();
    scopes.extend(missing);
}

/// Whether a client of this type may have this scope at all (the table's last column).
pub(super) fn may_add(integration_type: IntegrationType, scope: &str) -> bool {
    match integration_type {
        IntegrationType::Idporten => {
            LOGIN_SCOPES.contains(&scope) || EXTRA_LOGIN_SCOPES.contains(&scope)
        }
        IntegrationType::Krr => CONTACT_REGISTRY_SCOPES.contains(&scope),
        IntegrationType::ApiKlient
        | IntegrationType::Ansattporten
        | IntegrationType::Maskinporten
        | IntegrationType::Eformidling => true,
    }
}

/// Every fault that the attributes alone show.
pub fn attribute_faults(client: &Client, role: Role) -> FieldFaults {
    let mut faults = FieldFaults::default();
    faults.length("client_name", &client.client_name, 1..=MAX_NAME);
    faults.length("description", &client.description, 0..=MAX_DESCRIPTION);
    scope_count(client, &mut faults);
    lifetimes(client, &mut faults);
    authentication(client, &mut faults);
    grants(client, &mut faults);
    if !client.integration_type.is_machine() && client.login.redirect_uris.is_empty() {
        faults.invalid("redirect_uris", "is required for logins");
    }
    // What is refused everywhere; a surface that knows its deployment may refuse more.
    faults
        .invalid
        .extend(uri_faults(client, UriPolicy::Test).invalid);
    if role != Role::Operator {
        operator_attributes(client, &mut faults);
    }
    faults
}

fn scope_count(client: &Client, faults: &mut FieldFaults) {
    if client.scopes.is_empty() {
        faults.invalid("scopes", "a client has at least one scope");
    } else if client.scopes.len() > MAX_SCOPES {
        faults.invalid(
            "scopes",
            format!("a client has at most {MAX_SCOPES} scopes"),
        );
    }
    let login = client.integration_type == IntegrationType::Idporten;
    if login && !client.scopes.iter().any(|scope| scope.as_str() == "openid") {
        faults.invalid("scopes", "a client of type idporten has the scope openid");
    }
}

fn lifetimes(client: &Client, faults: &mut FieldFaults) {
    let lifetimes = [
        ("access_token_lifetime", client.access_token_lifetime),
        (
            "authorization_lifetime",
            client.login.authorization_lifetime,
        ),
        (
            "refresh_token_lifetime",
            client.login.refresh_token_lifetime,
        ),
    ];
    for (field, _) in lifetimes
        .into_iter()
        .filter(|(_, seconds)| *seconds == Some(0))
    {
        faults.invalid(field, "is 0: leave it out to get the default");
    }
}

fn authentication(client: &Client, faults: &mut FieldFaults) {
    use AuthenticationMethod::{ClientSecretBasic, ClientSecretPost, None, PrivateKeyJwt};
    let machine = client.integration_type.is_machine();
    let allowed: &[AuthenticationMethod] = match client.application_type {
        ApplicationType::Web if machine => &[PrivateKeyJwt],
        ApplicationType::Web => &[ClientSecretBasic, ClientSecretPost, PrivateKeyJwt],
        ApplicationType::Browser | ApplicationType::Native if machine => {
            let message = format!(
                "a client of type {} is a web client",
                client.integration_type
            );
            return faults.invalid("application_type", message);
        }
        ApplicationType::Browser | ApplicationType::Native => &[None],
    };
    if !allowed.contains(&client.token_endpoint_auth_method) {
        faults.invalid(
            "token_endpoint_auth_method",
            "does not go with this integration_type and application_type",
        );
    }
}

fn grants(client: &Client, faults: &mut FieldFaults) {
    use GrantType::{AuthorizationCode, JwtBearer, RefreshToken};
    let allowed: &[GrantType] = if client.integration_type.is_machine() {
        &[JwtBearer]
    } else {
        &[AuthorizationCode, RefreshToken]
    };
    if client.grant_types.is_empty() {
        faults.invalid("grant_types", "is empty: leave it out to get the default");
    } else if !client
        .grant_types
        .iter()
        .all(|grant| allowed.contains(grant))
    {
        let message = format!(
            "has a grant that a client of type {} cannot use",
            client.integration_type
        );
        faults.invalid("grant_types", message);
    }
}

fn operator_attributes(client: &Client, faults: &mut FieldFaults) {
    if client.integration_type == IntegrationType::Eformidling {
        faults.forbidden(
            "integration_type",
            "eformidling can be set by the operator only",
        );
    }
    if client.token_endpoint_auth_signing_alg.is_some() {
        faults.forbidden(
            "token_endpoint_auth_signing_alg",
            "can be set by the operator only",
        );
    }
}

#[cfg(test)]
mod tests;
