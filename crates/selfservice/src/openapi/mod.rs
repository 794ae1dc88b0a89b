//! The description of this API for machines, `OpenAPI` 3.1 (spec: selfservice §2.5).
//!
//! `table` says what there is, the other modules how the document says it. Tests compare the table
//! with the routes, and the scopes that it names with those that are asked for.

mod answers;
mod operation;
mod operator;
pub(crate) mod page;
mod parameter;
mod table;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use portvakt_api_types as api;
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, Info, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, Server,
    ServerBuilder,
};

use crate::{etag, reply};

pub(crate) use self::operator::serve as serve_operator;

/// Names the one way to prove who asks.
const BEARER: &str = "bearer";

static PUBLISHED: LazyLock<(Bytes, String)> = LazyLock::new(|| published(text(&document())));

/// `GET /openapi.json`
pub(crate) async fn serve(headers: HeaderMap) -> Response {
    let (text, tag) = &*PUBLISHED;
    reply::public(&headers, text.clone(), tag)
}

/// A document's text with its tag.
fn published(text: String) -> (Bytes, String) {
    let tag = etag::of(text.as_bytes());
    (Bytes::from(text), tag)
}

/// A document as it is served and committed.
fn text(document: &OpenApi) -> String {
    // A document has string keys and no fallible parts.
    let text = document.to_pretty_json().unwrap_or_default();
    text + "\n"
}

fn document() -> OpenApi {
    OpenApiBuilder::new()
        .info(info(TITLE, DESCRIPTION))
        .servers(Some(servers()))
        .paths(paths(table::entries()))
        .components(Some(components()))
        .build()
}

const TITLE: &str = "Portvakt self-service API";

const DESCRIPTION: &str = "Organizations administer their clients, keys, scopes and access. Nothing \
     is deleted: DELETE deactivates, and `inactive=true` shows what was deactivated. Every address \
     accepts one slash at its end. Unknown members of bodies are ignored, and `null` is the same as \
     absence. The counts of tokens and the page of this document are extensions; the rest is the \
     national API's.";

fn info(title: &str, description: &str) -> Info {
    let license = LicenseBuilder::new()
        .name("Apache-2.0 OR MIT")
        .identifier(Some("Apache-2.0 OR MIT"));
    InfoBuilder::new()
        .title(title)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(description))
        .license(Some(license.build()))
        .build()
}

fn servers() -> [Server; 3] {
    [
        ("/api/v1", "The API"),
        ("/external/api/v1", "The same"),
        ("/", "The same, as older clients address it"),
    ]
    .map(|(url, description)| server(url, description))
}

fn server(url: &str, description: &str) -> Server {
    let server = ServerBuilder::new().url(url);
    server.description(Some(description)).build()
}

fn paths(entries: impl Iterator<Item = table::Entry>) -> Paths {
    let mut paths = Paths::new();
    for entry in entries {
        for (path, operation) in operation::spellings(&entry) {
            paths.add_path_operation(path, vec![entry.method.clone()], operation);
        }
    }
    paths
}

fn components() -> Components {
    let components = ComponentsBuilder::new()
        .schema_from::<api::AccessResponse>()
        .schema_from::<api::AuditActorResponse>()
        .schema_from::<api::AuditEntryResponse>()
        .schema_from::<api::AuditObjectResponse>()
        .schema_from::<api::AuditPartResponse>()
        .schema_from::<api::ChangeResponse>()
        .schema_from::<api::ChangesResponse>()
        .schema_from::<api::ClientRequest>()
        .schema_from::<api::ClientResponse>()
        .schema_from::<api::ClientScopeUsage>()
        .schema_from::<api::ClientUsageResponse>()
        .schema_from::<api::ConsumerUsage>()
        .schema_from::<api::DayUsage>()
        .schema_from::<api::DelegationSourceResponse>()
        .schema_from::<api::ErrorBody>()
        .schema_from::<api::ErrorItem>()
        .schema_from::<api::ExplainRequest>()
        .schema_from::<api::ExplanationResponse>()
        .schema_from::<api::JwksRequest>()
        .schema_from::<api::JwksResponse>()
        .schema_from::<api::OnBehalfOfRequest>()
        .schema_from::<api::OnBehalfOfResponse>()
        .schema_from::<api::PrefixResponse>()
        .schema_from::<api::ScopeRequest>()
        .schema_from::<api::ScopeResponse>()
        .schema_from::<api::ScopeUsageResponse>()
        .security_scheme(BEARER, bearer());
    answers::register(components).build()
}

fn bearer() -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "An access token of this deployment's machine-to-machine issuer. Its consumer is the \
             organization that acts; of the scopes that an operation names, one is enough.",
        ));
    SecurityScheme::Http(scheme.build())
}
