//! A scope as a request describes it (spec: selfservice §6.1).

use std::collections::BTreeMap;

use portvakt_api_types::ScopeRequest;
use portvakt_core::Timestamp;
use portvakt_core::administration::FieldFaults;
use portvakt_core::administration::scope::attribute_faults;
use portvakt_core::client::{ClientId, IntegrationType};
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::{Prefix, Scope, ScopeName, TokenType, Visibility};
use serde_json::Value;

use crate::faults;
use crate::problem::{Object, Problem};
use crate::settings::Settings;
use crate::words::variant;

/// More languages than a scope is ever described in.
const MAX_TRANSLATIONS: usize = 50;

/// A request with what is wrong about it so far.
pub(super) struct Described {
    pub(super) request: ScopeRequest,
    pub(super) faults: FieldFaults,
}

impl Described {
    /// The name of a scope that is to be made.
    pub(super) fn new_name(&mut self) -> Option<ScopeName> {
        let prefix = self.required("prefix", self.request.prefix.clone());
        let subscope = self.required("subscope", self.request.subscope.clone());
        let prefix = prefix.map(|text| Prefix::parse(&text));
        if let Some(Err(error)) = &prefix {
            self.faults.invalid("prefix", error.to_string());
        }
        // Any valid prefix will do to see whether the subscope is one.
        let stand_in = || Prefix::parse("a");
        let known = prefix.and_then(Result::ok);
        let name = match known.clone().map_or_else(stand_in, Ok) {
            Ok(prefix) => ScopeName::join(&prefix, &subscope?),
            Err(error) => Err(error),
        };
        match name {
            Ok(name) => known.map(|_| name),
            Err(error) => {
                self.faults.invalid("subscope", error.to_string());
                None
            }
        }
    }

    fn required(&mut self, field: &str, text: Option<String>) -> Option<String> {
        if text.is_none() && !self.faults.invalid.iter().any(|fault| fault.field == field) {
            self.faults.invalid(field, "is required");
        }
        text
    }

    /// The name, the prefix and the subscope may be repeated; they cannot change.
    pub(super) fn check_name(&mut self, name: &ScopeName) {
        let request = &self.request;
        for (field, text, present) in [
            ("name", &request.name, name.as_str()),
            ("prefix", &request.prefix, name.prefix().unwrap_or_default()),
            ("subscope", &request.subscope, name.subscope()),
        ] {
            let text = text.as_deref().unwrap_or_default();
            if !text.is_empty() && text != present {
                self.faults
                    .invalid(field, "cannot change: it is not that of the scope");
            }
        }
    }

    /// The scope in this frame, if nothing is wrong as far as it can be seen without the registry.
    pub(super) fn scope(self, name: ScopeName, frame: &Frame<'_>) -> Result<Scope, Problem> {
        let Self {
            request,
            mut faults,
        } = self;
        let scope = describe(request, name, frame, &mut faults);
        if faults != FieldFaults::default() {
            faults::merge(&mut faults, attribute_faults(&scope));
        }
        faults
            .into_result()
            .map_err(Problem::about(Object::Scope))?;
        Ok(scope)
    }

    /// The refusal of a scope that has not even a name, with everything else that is wrong.
    pub(super) fn refuse(self, frame: &Frame<'_>) -> Problem {
        let nameless = || Problem::not_found(Object::Scope);
        // The faults hold one at least, for there is no name.
        match ScopeName::parse("openid") {
            Ok(stand_in) => self.scope(stand_in, frame).err().unwrap_or_else(nameless),
            Err(_) => nameless(),
        }
    }
}

/// What a scope has beside the attributes of the request.
pub(super) struct Frame<'a> {
    pub(super) owner: OrgNumber,
    /// Unless the request says otherwise.
    pub(super) active: bool,
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
}

/// The scope that the request describes. What is left out has its default, except `active`.
fn describe(
    request: ScopeRequest,
    name: ScopeName,
    frame: &Frame<'_>,
    faults: &mut FieldFaults,
) -> Scope {
    faults::paragraphs(faults, "description", request.description.as_deref());
    faults::paragraphs(
        faults,
        "long_description",
        request.long_description.as_deref(),
    );
    faults::line(
        faults,
        "delegation_source",
        request.delegation_source.as_deref(),
    );
    let translations = translations(&request, faults);
    let types = request
        .allowed_integration_types
        .or(request.allowable_integration_types);
    let authorization = request
        .authorization_max_lifetime
        .or(request.authorization_max_age);
    let (token, login) = (
        frame.settings.max_access_token_lifetime,
        frame.settings.max_authorization_lifetime,
    );
    let mut scope = Scope::new(name, frame.owner, "", frame.now);
    scope.description = request.description.unwrap_or_default();
    scope.long_description = request.long_description;
    scope.translations = translations;
    scope.visibility = visibility(request.visibility.as_deref(), faults);
    scope.accessible_for_all = request.accessible_for_all.unwrap_or(false);
    scope.allowed_integration_types = integration_types(types, faults);
    scope.delegation_source = request.delegation_source;
    scope.at_max_age = seconds("at_max_age", request.at_max_age, token, faults);
    scope.authorization_max_lifetime =
        seconds("authorization_max_lifetime", authorization, login, faults);
    scope.requires_user_consent = request.requires_user_consent.unwrap_or(false);
    scope.requires_user_authentication = request.requires_user_authentication.unwrap_or(false);
    scope.requires_pseudonymous_tokens = request.requires_pseudonymous_tokens.unwrap_or(false);
    scope.token_type = token_type(request.token_type.as_deref(), faults);
    scope.enforced_aud_for_introspection =
        introspecting_clients(request.enforced_aud_for_introspection, faults);
    scope.active = request.active.unwrap_or(frame.active);
    scope.protected = request.protected.unwrap_or(false);
    scope.supports_european_businesses = request.supports_european_businesses.unwrap_or(false);
    scope
}

fn translations(request: &ScopeRequest, faults: &mut FieldFaults) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (member, value) in request.translations() {
        if texts.len() == MAX_TRANSLATIONS {
            faults.invalid("description", "has too many translations");
            break;
        }
        match value {
            Value::String(text) => {
                faults::paragraphs(faults, member, Some(text));
                texts.insert(member.clone(), text.clone());
            }
            _ => faults.invalid(member, "must be a string"),
        }
    }
    texts
}

fn visibility(text: Option<&str>, faults: &mut FieldFaults) -> Visibility {
    let value = text.map(variant);
    if value == Some(None) {
        faults.invalid("visibility", "must be PUBLIC, PRIVATE or INTERNAL");
    }
    value.flatten().unwrap_or_default()
}

fn token_type(text: Option<&str>, faults: &mut FieldFaults) -> TokenType {
    let value = text.map(variant);
    if value == Some(None) {
        faults.invalid("token_type", "must be SELF_CONTAINED or OPAQUE");
    }
    value.flatten().unwrap_or_default()
}

fn integration_types(names: Option<Vec<String>>, faults: &mut FieldFaults) -> Vec<IntegrationType> {
    let mut types = Vec::new();
    for (index, name) in names.unwrap_or_default().iter().enumerate() {
        match name.parse::<IntegrationType>() {
            Ok(kind) if types.contains(&kind) => {}
            Ok(kind) => types.push(kind),
            Err(error) => faults.invalid(
                format!("allowed_integration_types[{index}]"),
                error.to_string(),
            ),
        }
    }
    types
}

fn introspecting_clients(ids: Option<Vec<String>>, faults: &mut FieldFaults) -> Vec<ClientId> {
    let mut clients = Vec::new();
    for (index, id) in ids.unwrap_or_default().iter().enumerate() {
        match ClientId::parse(id) {
            Ok(client) => clients.push(client),
            Err(error) => faults.invalid(
                format!("enforced_aud_for_introspection[{index}]"),
                error.to_string(),
            ),
        }
    }
    clients
}

fn seconds(field: &str, value: Option<u32>, longest: u32, faults: &mut FieldFaults) -> u32 {
    let value = value.unwrap_or(0);
    if value > longest {
        faults.invalid(field, format!("is more than {longest} seconds"));
    }
    value
}
