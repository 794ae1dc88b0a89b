//! Every operation of the operator's API.

use portvakt_core::administration::operator::OperatorRight::{self, Read, Write};
use utoipa::openapi::HttpMethod::{self, Delete, Get, Patch, Post, Put};

use crate::openapi::parameter::Parameter::{
    ClientId, CorrelationId, Cursor, DelegatingOrgno, DelegationSource, From, IfMatch, IfNoneMatch,
    Inactive, Limit, NamedPrefix, NamedSource, Organization, Orgno, RequiredConsumerOrgno,
    RequiredOrganization, RequiredScope, RequiredSupplierOrgno, ScopeFilter, SomeClient,
    SupplierOrgno, To,
};
use crate::openapi::table::{self, Entry, Success};

/// Every operation, in groups.
pub(super) fn entries() -> impl Iterator<Item = Entry> {
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
