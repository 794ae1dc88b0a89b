//! One operation as the document describes it.

use utoipa::openapi::path::{Operation, OperationBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Deprecated, HttpMethod, Ref, Required};

use super::BEARER;
use super::answers::{self, Refusal};
use super::parameter::Parameter;
use super::table::{Entry, Success};

/// The operation at each address that it has.
pub(super) fn spellings(entry: &Entry) -> Vec<(String, Operation)> {
    let operation = describe(entry);
    let mut spellings = vec![(entry.path.to_owned(), operation.clone())];
    // The documentation's spelling in every example.
    if entry.path.contains("/onbehalfof") {
        let mut other = operation;
        other.operation_id = Some(format!("{}Misspelled", entry.id));
        other.deprecated = Some(Deprecated::True);
        spellings.push((entry.path.replace("/onbehalfof", "/onbehalof"), other));
    }
    spellings
}

fn describe(entry: &Entry) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(entry.id))
        .summary(Some(entry.summary))
        .tag(entry.tag.unwrap_or_else(|| tag(entry.path)));
    for parameter in entry.parameters {
        operation = operation.parameter(parameter.describe());
    }
    if reads(entry) {
        operation = operation.parameter(Parameter::MinRevision.describe());
    }
    if let Some(schema) = entry.body {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)));
        let content = content.build();
        let mut body = RequestBodyBuilder::new()
            .content("application/json", content.clone())
            .required(Some(Required::True));
        if entry.path == "/explain" {
            // What clients post to the token endpoint.
            body = body.content("application/x-www-form-urlencoded", content);
        }
        operation = operation.request_body(Some(body.build()));
    }
    // Alternatives: one of the scopes is enough.
    for scope in entry.needs.into_iter().flatten() {
        operation = operation.security(SecurityRequirement::new(BEARER, [*scope]));
    }
    if entry.heeds_token {
        let none = SecurityRequirement::default();
        let token = SecurityRequirement::new(BEARER, [""; 0]);
        operation = operation.security(none).security(token);
    }
    for (status, response) in answers::of(entry.success) {
        operation = operation.response(status, response);
    }
    for refusal in refusals(entry) {
        operation = operation.response(refusal.status(), refusal.reference());
    }
    operation.build()
}

/// Whether the answer tells of the registry, which may be asked to be new enough.
fn reads(entry: &Entry) -> bool {
    let tells = !matches!(entry.success, Success::Document);
    (entry.method == HttpMethod::Get || entry.heeds_token) && tells
}

fn tag(path: &str) -> &'static str {
    let has = |part: &str| path.contains(part);
    match () {
        () if has("/usage") => "Usage",
        () if has("/onbehalfof") => "Customers of clients",
        () if has("/jwks") || has("/secret") => "Keys",
        () if has("/clients") => "Clients",
        () if has("/scopes/access") => "Access",
        () if has("/scopes") && !has("/all") => "Scopes",
        () if has("/explain") || has("/audit") || has("/changes") => "Decisions",
        () => "Open lists",
    }
}

/// What can be wrong with a request for this.
fn refusals(entry: &Entry) -> Vec<Refusal> {
    let has = |parameter| entry.parameters.contains(&parameter);
    let is_protected = entry.needs.is_some();
    let writes = is_protected && entry.method != HttpMethod::Get;
    let names_resource = entry.parameters.iter().any(|known| known.names_resource());
    let depending = [
        (
            has(Parameter::IfMatch) || reads(entry),
            Refusal::PreconditionFailed,
        ),
        (is_protected || entry.heeds_token, Refusal::Unauthorized),
        (is_protected || entry.heeds_token, Refusal::Forbidden),
        (names_resource || entry.heeds_token, Refusal::NotFound),
        (writes, Refusal::Conflict),
        (entry.body.is_some(), Refusal::UnsupportedMediaType),
        (
            has(Parameter::IdempotencyKey),
            Refusal::UnprocessableContent,
        ),
    ];
    let depending = depending.into_iter().filter(|(applies, _)| *applies);
    // A body that nobody reads has its limits too.
    Refusal::OF_EVERY_REQUEST
        .into_iter()
        .chain(depending.map(|(_, refusal)| refusal))
        .collect()
}
