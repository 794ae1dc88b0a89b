//! The description of the operator's API (spec: selfservice §14).

mod table;

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use portvakt_api_types as api;
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::{Components, OpenApi, OpenApiBuilder};

use super::{BEARER, answers, bearer, info, paths, published, server, text};
use crate::operator::OPERATOR_BASE_PATH;
use crate::reply;

const TITLE: &str = "Portvakt operator's API";

const DESCRIPTION: &str = "Whoever runs the server administers organizations, prefixes, clients of \
     anybody, what only the operator sets, signing keys, and reads the audit log. The token's \
     consumer is the operator's own organization, and its client is registered for the scope at \
     that moment. Nothing is deleted: DELETE deactivates. Unknown members of bodies and unknown \
     parameters are refused; members that an answer has beside those of the request are accepted \
     without effect, and `null` is the same as absence.";

static PUBLISHED: LazyLock<(Bytes, String)> = LazyLock::new(|| published(text(&document())));

/// `GET /openapi.json`; for no other origin's pages.
pub(crate) async fn serve(headers: HeaderMap) -> Response {
    let (text, tag) = &*PUBLISHED;
    reply::versioned(&headers, text.clone(), tag)
}

pub(super) fn document() -> OpenApi {
    OpenApiBuilder::new()
        .info(info(TITLE, DESCRIPTION))
        .servers(Some([server(OPERATOR_BASE_PATH, "The API")]))
        .paths(paths(table::entries()))
        .components(Some(components()))
        .build()
}

fn components() -> Components {
    let components = ComponentsBuilder::new()
        .schema_from::<api::AuditActorResponse>()
        .schema_from::<api::AuditEntryResponse>()
        .schema_from::<api::AuditObjectResponse>()
        .schema_from::<api::AuditPageResponse>()
        .schema_from::<api::ClientRequest>()
        .schema_from::<api::ClientResponse>()
        .schema_from::<api::DelegationRequest>()
        .schema_from::<api::DelegationResponse>()
        .schema_from::<api::DelegationSourceRequest>()
        .schema_from::<api::ErrorBody>()
        .schema_from::<api::ErrorItem>()
        .schema_from::<api::JwksRequest>()
        .schema_from::<api::JwksResponse>()
        .schema_from::<api::OnBehalfOfResponse>()
        .schema_from::<api::OperatorClientRequest>()
        .schema_from::<api::OperatorClientResponse>()
        .schema_from::<api::OperatorDelegationSourceResponse>()
        .schema_from::<api::OperatorScopeResponse>()
        .schema_from::<api::OrganizationRequest>()
        .schema_from::<api::OrganizationResponse>()
        .schema_from::<api::PrefixAssignmentResponse>()
        .schema_from::<api::PrefixTransferRequest>()
        .schema_from::<api::PrefixTransferResponse>()
        .schema_from::<api::ScopeAmendmentRequest>()
        .schema_from::<api::ScopeResponse>()
        .schema_from::<api::SigningKeyResponse>()
        .security_scheme(BEARER, bearer());
    answers::register(components).build()
}
