//! A client as a request describes it (spec: selfservice §5.1 to §5.3).

use portvakt_api_types::ClientRequest;
use portvakt_core::Timestamp;
use portvakt_core::administration::client::{
    attribute_faults, default_authentication, default_grants, uri_faults,
};
use portvakt_core::administration::{FieldFaults, Role};
use portvakt_core::client::{
    ApplicationType, AuthenticationMethod, Client, ClientId, GrantType, IntegrationType,
    LoginSettings,
};
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::ScopeName;
use serde::de::DeserializeOwned;

use super::owner::Owner;
use crate::faults;
use crate::settings::{Settings, ZeroLifetime};
use crate::words::variant;

const MAX_DISPLAY_NAME: usize = 255;
const MAX_URIS: usize = 100;
/// Attributes whose rules depend on the type; without a type nothing can be said of them.
const TYPED: [&str; 4] = [
    "application_type",
    "token_endpoint_auth_method",
    "grant_types",
    "redirect_uris",
];

/// What a request is read against.
pub(crate) struct Ground<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

/// What is settled about a client before its attributes are read.
struct Base {
    client_id: ClientId,
    owner: Owner,
    /// None when the request's is at fault.
    kind: Option<IntegrationType>,
}

impl Ground<'_> {
    /// A client that is to be registered. Beside its faults it is as good as it can be.
    pub(crate) fn new_client(
        &self,
        request: ClientRequest,
        client_id: ClientId,
        owner: Owner,
        faults: &mut FieldFaults,
    ) -> Client {
        let base = Base {
            client_id,
            owner,
            kind: integration_type(request.integration_type.as_deref(), None, faults),
        };
        self.client(request, base, faults)
    }

    /// The client that is to take the place of `known`: what is left out returns to its default.
    pub(crate) fn replacement(
        &self,
        request: ClientRequest,
        known: &Client,
        faults: &mut FieldFaults,
    ) -> Client {
        let id = request.client_id.as_deref();
        if id.is_some_and(|id| id != known.client_id.as_str()) {
            faults.invalid("client_id", "is not that of the address");
        }
        let number = |field: &str, text: Option<&str>, faults: &mut FieldFaults| {
            let number = text.map(OrgNumber::parse)?;
            number
                .map_err(|error| faults.invalid(field, error.to_string()))
                .ok()
        };
        let client_orgno = number("client_orgno", request.client_orgno.as_deref(), faults);
        let supplier_orgno = number("supplier_orgno", request.supplier_orgno.as_deref(), faults);
        let owner = Owner {
            client_orgno: client_orgno.unwrap_or(known.client_orgno),
            supplier_orgno: supplier_orgno.or(known.supplier_orgno),
        };
        let base = Base {
            client_id: known.client_id.clone(),
            owner,
            kind: integration_type(request.integration_type.as_deref(), Some(known), faults),
        };
        self.client(request, base, faults)
    }

    fn client(&self, request: ClientRequest, base: Base, faults: &mut FieldFaults) -> Client {
        let Base {
            client_id,
            owner,
            kind,
        } = base;
        texts(&request, faults);
        let integration_type = kind.unwrap_or(IntegrationType::Maskinporten);
        let application_type = application_type(&request, integration_type, faults);
        let method = method(&request, integration_type, application_type, faults);
        let client = Client {
            client_id,
            client_orgno: owner.client_orgno,
            supplier_orgno: owner.supplier_orgno,
            integration_type,
            application_type,
            token_endpoint_auth_method: method,
            grant_types: grant_types(request.grant_types.as_deref(), integration_type, faults),
            scopes: scopes(request.scopes.as_deref(), faults),
            access_token_lifetime: self.lifetime(
                "access_token_lifetime",
                request.access_token_lifetime,
                self.settings.max_access_token_lifetime,
                faults,
            ),
            token_endpoint_auth_signing_alg: None,
            login: self.login(&request, integration_type, faults),
            self_managed: false,
            client_name: request.client_name.unwrap_or_default(),
            description: request.description.unwrap_or_default(),
            active: true,
            created: self.now,
            last_updated: self.now,
        };
        if kind.is_some() && !has_fault(faults, "application_type") {
            let policy = self.settings.login_addresses;
            faults::merge(faults, uri_faults(&client, policy));
        }
        client
    }

    fn login(
        &self,
        request: &ClientRequest,
        kind: IntegrationType,
        faults: &mut FieldFaults,
    ) -> LoginSettings {
        let request = request.clone();
        let longest = self.settings.max_authorization_lifetime;
        let mut lifetime = |field, seconds| self.lifetime(field, seconds, longest, faults);
        let (authorization, refresh) = (
            request.authorization_lifetime,
            request.refresh_token_lifetime,
        );
        LoginSettings {
            authorization_lifetime: lifetime("authorization_lifetime", authorization),
            refresh_token_lifetime: lifetime("refresh_token_lifetime", refresh),
            display_name: request.display_name,
            client_uri: request.client_uri,
            // Without meaning for machines, and not kept for them.
            redirect_uris: if kind.is_machine() {
                Vec::new()
            } else {
                uris("redirect_uris", request.redirect_uris, kind, faults)
            },
            post_logout_redirect_uris: uris(
                "post_logout_redirect_uris",
                request.post_logout_redirect_uris,
                kind,
                faults,
            ),
            frontchannel_logout_uri: request.frontchannel_logout_uri,
            frontchannel_logout_session_required: request.frontchannel_logout_session_required,
            backchannel_logout_uri: request.backchannel_logout_uri,
            backchannel_logout_session_required: request.backchannel_logout_session_required,
            refresh_token_usage: one_of(
                "refresh_token_usage",
                request.refresh_token_usage.as_deref(),
                "ONETIME or REUSE",
                faults,
            ),
            code_challenge_method: challenge_method(request.code_challenge_method, faults),
            sso_disabled: request.sso_disabled,
        }
    }

    /// A lifetime in seconds. 0 is for the use-case to refuse, unless it means the default.
    fn lifetime(
        &self,
        field: &str,
        seconds: Option<u32>,
        longest: u32,
        faults: &mut FieldFaults,
    ) -> Option<u32> {
        let lenient = self.settings.zero_lifetime == ZeroLifetime::Default;
        match seconds {
            Some(0) if lenient => None,
            Some(seconds) if seconds > longest => {
                faults.invalid(field, format!("is more than {longest} seconds"));
                None
            }
            seconds => seconds,
        }
    }
}

/// The faults of the request with those that the rules of clients find, as far as they can be
/// judged: nothing if there are none, so that the use-case judges the rest.
pub(super) fn all_faults(
    client: &Client,
    typed: bool,
    role: Role,
    mut found: FieldFaults,
) -> FieldFaults {
    if found == FieldFaults::default() {
        return found;
    }
    let mut others = attribute_faults(client, role);
    if !typed {
        others
            .invalid
            .retain(|fault| !TYPED.contains(&fault.field.as_str()));
    }
    faults::merge(&mut found, others);
    found
}

fn integration_type(
    text: Option<&str>,
    known: Option<&Client>,
    faults: &mut FieldFaults,
) -> Option<IntegrationType> {
    match (text.map(str::parse), known) {
        (Some(Ok(kind)), _) => Some(kind),
        (Some(Err(error)), _) => {
            let error: portvakt_core::client::UnknownIntegrationType = error;
            faults.invalid("integration_type", error.to_string());
            None
        }
        (None, Some(known)) => Some(known.integration_type),
        (None, None) => {
            // A member of the wrong type has its fault already.
            if !has_fault(faults, "integration_type") {
                faults.invalid("integration_type", "is required");
            }
            None
        }
    }
}

fn has_fault(faults: &FieldFaults, field: &str) -> bool {
    faults.invalid.iter().any(|fault| fault.field == field)
}

fn texts(request: &ClientRequest, faults: &mut FieldFaults) {
    faults::line(faults, "client_name", request.client_name.as_deref());
    faults::paragraphs(faults, "description", request.description.as_deref());
    faults::line(faults, "display_name", request.display_name.as_deref());
    let display_name = request.display_name.as_deref().unwrap_or_default();
    faults.length("display_name", display_name, 0..=MAX_DISPLAY_NAME);
    for (field, text) in [
        ("client_uri", &request.client_uri),
        ("frontchannel_logout_uri", &request.frontchannel_logout_uri),
        ("backchannel_logout_uri", &request.backchannel_logout_uri),
    ] {
        faults::web_address(faults, field, text.as_deref());
    }
}

fn application_type(
    request: &ClientRequest,
    kind: IntegrationType,
    faults: &mut FieldFaults,
) -> ApplicationType {
    const FIELD: &str = "application_type";
    let text = request.application_type.as_deref();
    if text.is_none() && !kind.is_machine() && !has_fault(faults, FIELD) {
        faults.invalid(FIELD, "is required for logins");
    }
    one_of(FIELD, text, "web, browser or native", faults).unwrap_or_default()
}

fn method(
    request: &ClientRequest,
    kind: IntegrationType,
    application_type: ApplicationType,
    faults: &mut FieldFaults,
) -> AuthenticationMethod {
    let text = request.token_endpoint_auth_method.as_deref();
    let names = "private_key_jwt, client_secret_basic, client_secret_post or none";
    one_of("token_endpoint_auth_method", text, names, faults)
        .unwrap_or_else(|| default_authentication(kind, application_type))
}

fn grant_types(
    names: Option<&[String]>,
    kind: IntegrationType,
    faults: &mut FieldFaults,
) -> Vec<GrantType> {
    let Some(names) = names else {
        return default_grants(kind);
    };
    let known = "authorization_code, refresh_token or urn:ietf:params:oauth:grant-type:jwt-bearer";
    let mut grants = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let grant = one_of(&format!("grant_types[{index}]"), Some(name), known, faults);
        if let Some(grant) = grant
            && !grants.contains(&grant)
        {
            grants.push(grant);
        }
    }
    grants
}

fn scopes(names: Option<&[String]>, faults: &mut FieldFaults) -> Vec<ScopeName> {
    let mut scopes = Vec::new();
    for (index, name) in names.unwrap_or_default().iter().enumerate() {
        match ScopeName::parse(name) {
            Ok(scope) => scopes.push(scope),
            Err(error) => faults.invalid(format!("scopes[{index}]"), error.to_string()),
        }
    }
    scopes
}

/// The addresses of a member. Those of logins are judged by the rules of logins, with the rest of
/// the client; those of machines are only kept.
fn uris(
    field: &str,
    uris: Option<Vec<String>>,
    kind: IntegrationType,
    faults: &mut FieldFaults,
) -> Vec<String> {
    let uris = uris.unwrap_or_default();
    if uris.len() > MAX_URIS {
        faults.invalid(field, format!("has more than {MAX_URIS} addresses"));
        return Vec::new();
    }
    for (index, uri) in uris.iter().enumerate().filter(|_| kind.is_machine()) {
        faults::return_address(faults, &format!("{field}[{index}]"), Some(uri));
    }
    uris
}

fn challenge_method(text: Option<String>, faults: &mut FieldFaults) -> Option<String> {
    if text
        .as_deref()
        .is_some_and(|text| !matches!(text, "S256" | "none"))
    {
        faults.invalid("code_challenge_method", "must be S256 or none");
    }
    text
}

fn one_of<T: DeserializeOwned>(
    field: &str,
    text: Option<&str>,
    names: &str,
    faults: &mut FieldFaults,
) -> Option<T> {
    let value = text.map(variant);
    if value.as_ref().is_some_and(Option::is_none) {
        faults.invalid(field, format!("must be {names}"));
    }
    value.flatten()
}
