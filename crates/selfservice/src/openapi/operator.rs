//! The description of the operator's API (spec: selfservice §14).

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use portvakt_api_types as api;
use portvakt_core::administration::operator::OperatorRight::{self, Read, Write};
use utoipa::openapi::HttpMethod::{self, Delete, Get, Patch, Post, Put};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::{Components, OpenApi, OpenApiBuilder};

use super::parameter::Parameter::{
    ClientId, CorrelationId, Cursor, DelegatingOrgno, DelegationSource, From, IfMatch, IfNoneMatch,
    Inactive, Limit, NamedPrefix, NamedSource, Organization, Orgno, RequiredConsumerOrgno,
    RequiredOrganization, RequiredScope, RequiredSupplierOrgno, ScopeFilter, SomeClient,
    SupplierOrgno, To,
};
use super::table::{self, Entry, Success};
use super::{BEARER, answers, bearer, info, paths, server};
use crate::operator::OPERATOR_BASE_PATH;
use crate::{etag, reply};

const TITLE: &str = "Portvakt operator's API";

const DESCRIPTION: &str = "Whoever runs the server administers organizations, prefixes, clients of \
     anybody, what only the operator sets, signing keys, and reads the audit log. The token's \
     consumer is the operator's own organization, and its client is registered for the scope at \
     that moment. Nothing is deleted: DELETE deactivates. Unknown members of bodies and unknown \
     parameters are refused; members that an answer has beside those of the request are accepted \
     without effect, and `null` is the same as absence.";

static PUBLISHED: LazyLock<(Bytes, String)> = LazyLock::new(|| {
    let text = text();
    let tag = etag::of(text.as_bytes());
    (Bytes::from(text), tag)
});

/// `GET /openapi.json`; for no other origin's pages.
pub(crate) async fn serve(headers: HeaderMap) -> Response {
    let (text, tag) = &*PUBLISHED;
    reply::versioned(&headers, text.clone(), tag)
}

/// The document as it is served and committed.
pub(super) fn text() -> String {
    // The document has string keys and no fallible parts.
    let text = document().to_pretty_json().unwrap_or_default();
    text + "\n"
}

fn document() -> OpenApi {
    OpenApiBuilder::new()
        .info(info(TITLE, DESCRIPTION))
        .servers(Some([server(OPERATOR_BASE_PATH, "The API")]))
        .paths(paths(entries()))
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

fn entries() -> impl Iterator<Item = Entry> {
    let tables = [
        organizations(),
        prefixes(),
        clients(),
        keys(),
        scopes(),
        sources(),
        delegations(),
        server_itself(),
    ];
    tables.into_iter().flatten()
}

/// Begins an entry that needs this right.
fn on(
    right: OperatorRight,
    method: HttpMethod,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
) -> Entry {
    table::on(method, path, id, summary).needs_any(right.any_of())
}

/// The entries in one group.
fn group(tag: &'static str, entries: Vec<Entry>) -> Vec<Entry> {
    entries.into_iter().map(|entry| entry.tagged(tag)).collect()
}

fn organizations() -> Vec<Entry> {
    const ONE: &str = "/organizations/{orgno}";
    let organization = Success::Resource("OrganizationResponse");
    let entries = vec![
        on(
            Read,
            Get,
            "/organizations",
            "listOrganizations",
            "List organizations",
        )
        .with(&[Inactive])
        .gives(Success::List("OrganizationResponse")),
        on(
            Read,
            Get,
            ONE,
            "readOrganization",
            "Read an organization, deactivated or not",
        )
        .with(&[Orgno])
        .gives(organization),
        on(
            Write,
            Put,
            ONE,
            "saveOrganization",
            "Record an organization or rename it; `active` is kept unless it is stated",
        )
        .with(&[Orgno, IfMatch])
        .takes("OrganizationRequest")
        .gives(organization),
        on(
            Write,
            Delete,
            ONE,
            "deactivateOrganization",
            "Deactivate an organization: its clients and its scopes stop at once",
        )
        .with(&[Orgno, IfMatch])
        .gives(organization),
    ];
    group("Organizations", entries)
}

fn prefixes() -> Vec<Entry> {
    const OF_ONE: &str = "/organizations/{orgno}/prefixes/{prefix}";
    let prefix = Success::Resource("PrefixAssignmentResponse");
    let list = Success::List("PrefixAssignmentResponse");
    let entries = vec![
        on(
            Read,
            Get,
            "/organizations/{orgno}/prefixes",
            "listPrefixesOfOrganization",
            "List the prefixes of an organization",
        )
        .with(&[Orgno, Inactive])
        .gives(list),
        on(
            Write,
            Put,
            OF_ONE,
            "assignPrefix",
            "Assign a prefix, or undo its withdrawal",
        )
        .with(&[Orgno, NamedPrefix, IfMatch])
        .gives(prefix),
        on(
            Write,
            Delete,
            OF_ONE,
            "withdrawPrefix",
            "Stop new scopes below a prefix",
        )
        .with(&[Orgno, NamedPrefix, IfMatch])
        .gives(prefix),
        on(
            Read,
            Get,
            "/prefixes",
            "listPrefixes",
            "List prefixes and whose they are",
        )
        .with(&[Inactive])
        .gives(list),
        on(
            Read,
            Get,
            "/prefixes/{prefix}",
            "readPrefix",
            "Read a prefix, withdrawn or not",
        )
        .with(&[NamedPrefix])
        .gives(prefix),
        on(
            Write,
            Post,
            "/prefixes/{prefix}/transfer",
            "transferPrefix",
            "Give a prefix to another organization; access to its scopes stays",
        )
        .with(&[NamedPrefix, IfMatch])
        .takes("PrefixTransferRequest")
        .gives(Success::Outcome("PrefixTransferResponse")),
    ];
    group("Prefixes", entries)
}

fn clients() -> Vec<Entry> {
    const ONE: &str = "/clients/{client_id}";
    const SCOPES: &str = "/clients/{client_id}/scopes";
    let client = Success::Resource("OperatorClientResponse");
    let entries = vec![
        on(
            Read,
            Get,
            "/clients",
            "listClients",
            "List the clients of an organization",
        )
        .with(&[RequiredOrganization, Inactive])
        .gives(Success::List("OperatorClientResponse")),
        on(
            Write,
            Post,
            "/clients",
            "createClient",
            "Register a client of any organization, perhaps with its first keys",
        )
        .takes("OperatorClientRequest")
        .gives(client),
        on(
            Read,
            Get,
            ONE,
            "readClient",
            "Read a client, deactivated or not",
        )
        .with(&[ClientId])
        .gives(client),
        on(
            Write,
            Put,
            ONE,
            "updateClient",
            "Replace a client; `active` is kept unless it is stated",
        )
        .with(&[ClientId, IfMatch])
        .takes("OperatorClientRequest")
        .gives(client),
        on(
            Write,
            Put,
            SCOPES,
            "addScope",
            "Put a scope on a client; an operator-only one comes with access",
        )
        .with(&[ClientId, RequiredScope, IfMatch])
        .gives(client),
        on(
            Write,
            Delete,
            SCOPES,
            "removeScope",
            "Take a scope from a client; access stays",
        )
        .with(&[ClientId, RequiredScope, IfMatch])
        .gives(client),
    ];
    group("Clients", entries)
}

fn keys() -> Vec<Entry> {
    const KEYS: &str = "/clients/{client_id}/jwks";
    let keys = Success::Resource("JwksResponse");
    let replace = |method, id| {
        on(
            Write,
            method,
            KEYS,
            id,
            "Replace a client's keys, at once and whole",
        )
        .with(&[ClientId, IfMatch])
        .takes("JwksRequest")
        .gives(keys)
    };
    let entries = vec![
        on(Read, Get, KEYS, "readKeys", "Read a client's keys")
            .with(&[ClientId, Inactive])
            .gives(keys),
        replace(Post, "createKeys"),
        replace(Put, "replaceKeys"),
        on(
            Write,
            Delete,
            KEYS,
            "removeKeys",
            "Remove all keys of a client",
        )
        .with(&[ClientId, IfMatch])
        .gives(Success::Empty),
    ];
    group("Keys", entries)
}

fn scopes() -> Vec<Entry> {
    let scope = Success::Resource("OperatorScopeResponse");
    let entries = vec![
        on(
            Read,
            Get,
            "/scopes",
            "readScope",
            "Read a scope of anybody, deactivated or not",
        )
        .with(&[RequiredScope])
        .gives(scope),
        on(
            Write,
            Patch,
            "/scopes",
            "amendScope",
            "Change what only the operator sets; what is left out stays as it is",
        )
        .with(&[RequiredScope, IfMatch])
        .takes("ScopeAmendmentRequest")
        .gives(scope),
    ];
    group("Scopes", entries)
}

fn sources() -> Vec<Entry> {
    const ONE: &str = "/delegationsources/{name}";
    let source = Success::Resource("OperatorDelegationSourceResponse");
    let entries = vec![
        on(
            Read,
            Get,
            "/delegationsources",
            "listDelegationSources",
            "List delegation sources",
        )
        .with(&[Inactive])
        .gives(Success::List("OperatorDelegationSourceResponse")),
        on(
            Read,
            Get,
            ONE,
            "readDelegationSource",
            "Read a delegation source, withdrawn or not",
        )
        .with(&[NamedSource])
        .gives(source),
        on(
            Write,
            Put,
            ONE,
            "saveDelegationSource",
            "Record a delegation source; its issuer stays once a scope names it",
        )
        .with(&[NamedSource, IfMatch])
        .takes("DelegationSourceRequest")
        .gives(source),
        on(
            Write,
            Delete,
            ONE,
            "withdrawDelegationSource",
            "Withdraw a delegation source that no scope names",
        )
        .with(&[NamedSource, IfMatch])
        .gives(source),
    ];
    group("Delegation", entries)
}

fn delegations() -> Vec<Entry> {
    const ALL: &str = "/delegations";
    let delegation = Success::Resource("DelegationResponse");
    let entries = vec![
        on(
            Read,
            Get,
            ALL,
            "listDelegations",
            "List delegations of the built-in register",
        )
        .with(&[
            DelegationSource,
            ScopeFilter,
            DelegatingOrgno,
            SupplierOrgno,
            Inactive,
        ])
        .gives(Success::List("DelegationResponse")),
        on(
            Write,
            Put,
            ALL,
            "saveDelegation",
            "Let a supplier use a scope in a consumer's name, or say for how long",
        )
        .with(&[IfMatch])
        .takes("DelegationRequest")
        .gives(delegation),
        on(
            Write,
            Delete,
            ALL,
            "endDelegation",
            "End a delegation, at once",
        )
        .with(&[
            DelegationSource,
            RequiredScope,
            RequiredConsumerOrgno,
            RequiredSupplierOrgno,
            IfMatch,
        ])
        .gives(delegation),
    ];
    group("Delegation", entries)
}

fn server_itself() -> Vec<Entry> {
    let keys = Success::List("SigningKeyResponse");
    let entries = vec![
        on(
            Read,
            Get,
            "/signing-keys",
            "listSigningKeys",
            "List the server's keys",
        )
        .gives(keys),
        on(
            Write,
            Post,
            "/signing-keys/rotate",
            "rotateSigningKeys",
            "Sign with a new key from now on",
        )
        .gives(keys),
        on(
            Read,
            Get,
            "/audit",
            "readAudit",
            "Read the audit log, the oldest entries first",
        )
        .with(&[
            Organization,
            SomeClient,
            CorrelationId,
            From,
            To,
            Cursor,
            Limit,
        ])
        .gives(Success::Outcome("AuditPageResponse")),
        table::on(
            Get,
            "/openapi.json",
            "readDescription",
            "Read this document",
        )
        .with(&[IfNoneMatch])
        .gives(Success::Document),
    ];
    group("Server", entries)
}
