//! How a document says what the table holds.

use portvakt_oauth_types::media_type;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{
    Operation as Described, OperationBuilder, Parameter as DescribedParameter, ParameterBuilder,
    ParameterIn,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, Ref,
    RefOr, Required, ServerBuilder,
};

use super::table::{Document, Operation, Parameter, Success, Token};
use crate::companion::bodies;

const BEARER: &str = "bearer";
const LICENSE: &str = "Apache-2.0 OR MIT";

/// The whole document of an API that is reached at this address.
pub(super) fn document(document: &Document, base_url: &str) -> OpenApi {
    let license = LicenseBuilder::new()
        .name(LICENSE)
        .identifier(Some(LICENSE));
    let info = InfoBuilder::new()
        .title(document.title)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(document.description))
        .license(Some(license.build()));
    let mut paths = Paths::new();
    for entry in &document.operations {
        paths.add_path_operation(entry.path, vec![entry.method.clone()], operation(entry));
    }
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([ServerBuilder::new().url(base_url).build()]))
        .paths(paths)
        .components(Some(components(&document.operations)))
        .build()
}

fn operation(entry: &Operation) -> Described {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(entry.id))
        .summary(Some(entry.summary))
        .description(entry.token.text());
    for known in entry.parameters {
        operation = operation.parameter(parameter(*known));
    }
    if let Some(schema) = entry.body {
        operation = operation.request_body(Some(body(schema)));
    }
    // Alternatives: one of the scopes is enough.
    for scope in entry.token.scopes() {
        operation = operation.security(SecurityRequirement::new(BEARER, [*scope]));
    }
    operation = match entry.success {
        Success::One(schema) => operation.response("200", json("The answer", reference(schema))),
        Success::Signed(schema) => operation.response("200", signed(schema)),
        Success::List(schema) => {
            let list = ArrayBuilder::new().items(reference(schema));
            operation.response("200", json("The list, which may be empty", list))
        }
        Success::Nothing => {
            let done = ResponseBuilder::new().description("Done").build();
            operation.response("204", done)
        }
    };
    for (status, meaning) in refusals(entry) {
        operation = operation.response(status, refusal(status, meaning));
    }
    operation.build()
}

/// What can be wrong with a request for this.
fn refusals(entry: &Operation) -> Vec<(&'static str, &'static str)> {
    let is_protected = !matches!(entry.token, Token::None);
    let has_body = entry.body.is_some();
    let names = entry.parameters.contains(&Parameter::AuthorizationId) || has_body;
    [
        (
            true,
            "400",
            "A value, or the body, is not what is described",
        ),
        (is_protected, "401", "The token proves nobody"),
        (
            is_protected,
            "403",
            "The token lacks a scope, or is of the wrong kind",
        ),
        (names, "404", "Not there, as far as the caller may know"),
        (is_protected, "406", "Accept excludes the answer"),
        (has_body, "413", "The body is larger than 1 MiB"),
        (has_body, "415", "The body is not application/json"),
        (true, "429", "The address asks more often than it may"),
        (true, "503", "The server cannot answer now"),
    ]
    .into_iter()
    .filter_map(|(applies, status, meaning)| applies.then_some((status, meaning)))
    .collect()
}

fn refusal(status: &str, meaning: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(reference("ErrorResponse")));
    let mut response = ResponseBuilder::new()
        .description(meaning)
        .content(media_type::JSON, content.build());
    let header = match status {
        "401" | "403" => Some(("WWW-Authenticate", "What the token lacks (RFC 6750 §3)")),
        "429" | "503" => Some(("Retry-After", "After how many seconds to try again")),
        _ => None,
    };
    if let Some((name, meaning)) = header {
        let text = HeaderBuilder::new().schema(Some(text()));
        response = response.header(name, text.description(Some(meaning)).build());
    }
    response.build()
}

fn json(meaning: &str, schema: impl Into<RefOr<Schema>>) -> Response {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new().description(meaning);
    response.content(media_type::JSON, content).build()
}

/// JSON, or the same as a compact JWS.
fn signed(schema: &str) -> Response {
    let json = ContentBuilder::new().schema(Some(reference(schema)));
    let jws = ContentBuilder::new().schema(Some(text()));
    ResponseBuilder::new()
        .description("The answer; for `application/jose` signed with a key of the issuer")
        .content(media_type::JSON, json.build())
        .content(media_type::JOSE, jws.build())
        .build()
}

fn body(schema: &str) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(reference(schema)));
    RequestBodyBuilder::new()
        .content(media_type::JSON, content.build())
        .required(Some(Required::True))
        .build()
}

fn parameter(parameter: Parameter) -> DescribedParameter {
    let (name, meaning, schema) = match parameter {
        Parameter::AuthorizationId => (
            "authorization_id",
            "The authorization, as a list names it",
            text(),
        ),
        Parameter::RequireUserConsent => (
            "require_user_consent",
            "`false` adds authorizations without a scope that the person is asked about. \
             `requires_user_consent` is the same",
            ObjectBuilder::new().schema_type(Type::Boolean),
        ),
        Parameter::Visibility => (
            "visibility",
            "Only authorizations with a scope of this visibility",
            text().enum_values(Some(["PUBLIC", "PRIVATE", "INTERNAL"])),
        ),
        Parameter::MaxHits => (
            "maxhits",
            "Logins at most; 100 unless it is stated",
            integer().minimum(Some(1)).maximum(Some(1000)),
        ),
        Parameter::ClientId => ("client_id", "Only tokens of this client", text()),
        Parameter::Since => (
            "since",
            "Only what was revoked at this instant, in milliseconds since 1970, or later",
            integer().minimum(Some(0)),
        ),
    };
    let in_path = parameter == Parameter::AuthorizationId;
    ParameterBuilder::new()
        .name(name)
        .parameter_in(if in_path {
            ParameterIn::Path
        } else {
            ParameterIn::Query
        })
        .required(if in_path {
            Required::True
        } else {
            Required::False
        })
        .description(Some(meaning))
        .schema(Some(schema))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn integer() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer)
}

fn reference(schema: &str) -> Ref {
    Ref::from_schema_name(schema)
}

/// The schemas that the operations refer to.
fn components(operations: &[Operation]) -> Components {
    let mut components = ComponentsBuilder::new().schema_from::<bodies::ErrorResponse>();
    let named = operations.iter().flat_map(|operation| {
        let success = match operation.success {
            Success::One(schema) | Success::Signed(schema) | Success::List(schema) => Some(schema),
            Success::Nothing => None,
        };
        [operation.body, success].into_iter().flatten()
    });
    for schema in named {
        components = match schema {
            "AuthorizationResponse" => components
                .schema_from::<bodies::AuthorizationResponse>()
                .schema_from::<bodies::ScopeResponse>()
                .schema_from::<bodies::OrganizationResponse>(),
            "PersonRequest" => components.schema_from::<bodies::PersonRequest>(),
            "HistoryResponse" => components.schema_from::<bodies::HistoryResponse>(),
            "LevelRequest" => components.schema_from::<bodies::LevelRequest>(),
            "LevelResponse" => components.schema_from::<bodies::LevelResponse>(),
            "PeopleRequest" => components.schema_from::<bodies::PeopleRequest>(),
            "PeopleResponse" => person(components).schema_from::<bodies::PeopleResponse>(),
            "PersonResponse" => person(components),
            "LanguageRequest" => components.schema_from::<bodies::LanguageRequest>(),
            "LanguageResponse" => components.schema_from::<bodies::LanguageResponse>(),
            "RevokeListResponse" => components
                .schema_from::<bodies::RevokeListResponse>()
                .schema_from::<bodies::RevokedTokenResponse>(),
            _ => components,
        };
    }
    let is_open = operations
        .iter()
        .all(|operation| matches!(operation.token, Token::None));
    if !is_open {
        components = components.security_scheme(BEARER, bearer());
    }
    components.build()
}

fn person(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema_from::<bodies::PersonResponse>()
        .schema_from::<bodies::ContactResponse>()
        .schema_from::<bodies::MailboxResponse>()
}

fn bearer() -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An access token of this deployment. Its `aud` is absent, `unspecified`, or the address \
             of this API; of the scopes that an operation names, one is enough.",
        ));
    SecurityScheme::Http(scheme.build())
}
