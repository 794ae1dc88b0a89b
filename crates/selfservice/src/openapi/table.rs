//! Every operation: what it is called, who may do it, what it takes and what it gives.

use utoipa::openapi::HttpMethod;

use super::parameter::Parameter::{
    self, AccessibleForAll, After, AllowedIntegrationType, ChangesLimit, ClientId, ClientOrgno,
    ConsumerFilter, ConsumerOrgno, FirstDay, From, IdempotencyKey, IfMatch, IfNoneMatch, Inactive,
    IntegrationType, LastDay, Object, Overlap, OwnScope, OwnerOrgno, PartLimit, Prefix, RequestId,
    RequiredScope, ScopeFilter, Since, To, Value,
};
use crate::authority::Operation::{
    self, ReadAudit, ReadChanges, ReadClients, ReadOnBehalfOf, ReadOwnAccess, ReadScopes,
};
use crate::authority::Operation::{ChangeClient, ChangeOnBehalfOf, ChangeScopes, CreateClient};

/// One operation.
pub(super) struct Entry {
    pub(super) method: HttpMethod,
    /// Below the base; without a slash at its end.
    pub(super) path: &'static str,
    /// Unique; generators name functions after it.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// The scopes of which the token has one; nothing for what is open to everybody.
    pub(super) needs: Option<&'static [&'static str]>,
    /// The group that it is shown in, unless its address tells.
    pub(super) tag: Option<&'static str>,
    /// Whether a token, which is not needed, is looked at.
    pub(super) heeds_token: bool,
    pub(super) parameters: &'static [Parameter],
    /// The schema of the request's body.
    pub(super) body: Option<&'static str>,
    pub(super) success: Success,
}

/// What follows when nothing is wrong. The names are those of schemas.
#[derive(Clone, Copy)]
pub(super) enum Success {
    /// 200 with one resource.
    Resource(&'static str),
    /// 200 with what came of an act or a question; without a version.
    Outcome(&'static str),
    /// 200 with a list of the caller's.
    List(&'static str),
    /// 200 with the caller's scopes, or the one that is asked for.
    ScopeOrScopes,
    /// 200 with nothing to read.
    Empty,
    /// 200 with a list that is open to everybody, or 304.
    OpenList(&'static str),
    /// 200 with this document, or 304.
    Document,
    /// 200 with this document for people, or 304.
    Page,
    /// 204.
    Preflight,
}

pub(super) fn entries() -> impl Iterator<Item = Entry> {
    let protected = [
        clients(),
        keys(),
        secrets(),
        registrations(),
        scopes(),
        access(),
        usage(),
        decisions(),
    ];
    protected.into_iter().flatten().chain(open())
}

/// Begins an entry.
pub(super) fn on(
    method: HttpMethod,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
) -> Entry {
    Entry {
        method,
        path,
        id,
        summary,
        heeds_token: false,
        needs: None,
        tag: None,
        parameters: &[],
        body: None,
        success: Success::Empty,
    }
}

impl Entry {
    fn needs(self, operation: Operation) -> Self {
        self.needs_any(operation.any_of())
    }

    /// Says that the token has one of these scopes.
    pub(super) fn needs_any(self, scopes: &'static [&'static str]) -> Self {
        Self {
            needs: Some(scopes),
            ..self
        }
    }

    /// Says which group it is shown in.
    pub(super) fn tagged(self, tag: &'static str) -> Self {
        Self {
            tag: Some(tag),
            ..self
        }
    }

    fn heeds_token(self) -> Self {
        Self {
            heeds_token: true,
            ..self
        }
    }

    /// Says which parameters it has.
    pub(super) fn with(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    /// Says which schema its body has.
    pub(super) fn takes(self, schema: &'static str) -> Self {
        Self {
            body: Some(schema),
            ..self
        }
    }

    /// Says what follows when nothing is wrong.
    pub(super) fn gives(self, success: Success) -> Self {
        Self { success, ..self }
    }
}

const ONE: &str = "/clients/{client_id}";

fn clients() -> Vec<Entry> {
    use HttpMethod::{Delete, Get, Post, Put};
    let client = Success::Resource("ClientResponse");
    vec![
        on(Get, "/clients", "listClients", "List clients")
            .needs(ReadClients)
            .with(&[Inactive, IntegrationType, ScopeFilter, ClientOrgno])
            .gives(Success::List("ClientResponse")),
        on(Post, "/clients", "createClient", "Register a client")
            .needs(CreateClient)
            .with(&[IdempotencyKey])
            .takes("ClientRequest")
            .gives(client),
        on(Get, ONE, "readClient", "Read a client, deactivated or not")
            .needs(ReadClients)
            .with(&[ClientId])
            .gives(client),
        on(
            Put,
            ONE,
            "updateClient",
            "Replace a client; what is left out returns to its default",
        )
        .needs(ChangeClient)
        .with(&[ClientId, IfMatch])
        .takes("ClientRequest")
        .gives(client),
        on(Delete, ONE, "deactivateClient", "Deactivate a client")
            .needs(ChangeClient)
            .with(&[ClientId, IfMatch])
            .gives(Success::Empty),
    ]
}

const KEYS: &str = "/clients/{client_id}/jwks";

fn keys() -> Vec<Entry> {
    use HttpMethod::{Delete, Get, Post, Put};
    let keys = Success::Resource("JwksResponse");
    let replace = |method, id| {
        on(
            method,
            KEYS,
            id,
            "Replace a client's keys, at once and whole",
        )
        .needs(ChangeClient)
        .with(&[ClientId, IfMatch])
        .takes("JwksRequest")
        .gives(keys)
    };
    vec![
        on(Get, KEYS, "readKeys", "Read a client's keys")
            .needs(ReadClients)
            .with(&[ClientId, Inactive])
            .gives(keys),
        replace(Post, "createKeys"),
        replace(Put, "replaceKeys"),
        on(Delete, KEYS, "removeKeys", "Remove all keys of a client")
            .needs(ChangeClient)
            .with(&[ClientId, IfMatch])
            .gives(Success::Empty),
    ]
}

fn secrets() -> Vec<Entry> {
    let rotate = |method, id| {
        let summary = "Make a new secret, which this answer alone shows";
        on(method, "/clients/{client_id}/secret", id, summary)
            .needs(ChangeClient)
            .with(&[ClientId, Overlap, IfMatch])
            .gives(Success::Resource("ClientResponse"))
    };
    vec![
        rotate(HttpMethod::Post, "createSecret"),
        rotate(HttpMethod::Put, "replaceSecret"),
    ]
}

const REGISTRATIONS: &str = "/clients/{client_id}/onbehalfof";
const REGISTRATION: &str = "/clients/{client_id}/onbehalfof/{value}";

fn registrations() -> Vec<Entry> {
    use HttpMethod::{Delete, Get, Post, Put};
    let registration = Success::Resource("OnBehalfOfResponse");
    vec![
        on(
            Get,
            REGISTRATIONS,
            "listOnBehalfOf",
            "List the customers of a client",
        )
        .needs(ReadOnBehalfOf)
        .with(&[ClientId, Inactive])
        .gives(Success::List("OnBehalfOfResponse")),
        on(
            Post,
            REGISTRATIONS,
            "createOnBehalfOf",
            "Register a customer of a client",
        )
        .needs(ChangeOnBehalfOf)
        .with(&[ClientId])
        .takes("OnBehalfOfRequest")
        .gives(registration),
        on(
            Get,
            REGISTRATION,
            "readOnBehalfOf",
            "Read a registration, removed or not",
        )
        .needs(ReadOnBehalfOf)
        .with(&[ClientId, Value])
        .gives(registration),
        on(
            Put,
            REGISTRATION,
            "updateOnBehalfOf",
            "Replace a registration; a removed one is back",
        )
        .needs(ChangeOnBehalfOf)
        .with(&[ClientId, Value, IfMatch])
        .takes("OnBehalfOfRequest")
        .gives(registration),
        on(
            Delete,
            REGISTRATION,
            "removeOnBehalfOf",
            "Remove a registration",
        )
        .needs(ChangeOnBehalfOf)
        .with(&[ClientId, Value, IfMatch])
        .gives(Success::Empty),
    ]
}

fn scopes() -> Vec<Entry> {
    use HttpMethod::{Delete, Get, Post, Put};
    let scope = Success::Resource("ScopeResponse");
    vec![
        on(
            Get,
            "/scopes",
            "readScopes",
            "List own scopes, or read one that is named",
        )
        .needs(ReadScopes)
        .with(&[OwnScope, Inactive])
        .gives(Success::ScopeOrScopes),
        on(
            Post,
            "/scopes",
            "createScope",
            "Create a scope below an own prefix",
        )
        .needs(ChangeScopes)
        .takes("ScopeRequest")
        .gives(scope),
        on(
            Put,
            "/scopes",
            "updateScope",
            "Replace a scope; `active` is kept unless it is stated",
        )
        .needs(ChangeScopes)
        .with(&[RequiredScope, IfMatch])
        .takes("ScopeRequest")
        .gives(scope),
        on(Delete, "/scopes", "deactivateScope", "Deactivate a scope")
            .needs(ChangeScopes)
            .with(&[RequiredScope, IfMatch])
            .gives(scope),
    ]
}

fn access() -> Vec<Entry> {
    use HttpMethod::{Delete, Get, Put};
    const CONSUMER: &str = "/scopes/access/{consumer_orgno}";
    let records = Success::List("AccessResponse");
    let record = Success::Resource("AccessResponse");
    vec![
        on(
            Get,
            "/scopes/access",
            "listAccess",
            "List who has access to an own scope",
        )
        .needs(ReadScopes)
        .with(&[RequiredScope, Inactive])
        .gives(records),
        on(
            Get,
            "/scopes/access/all",
            "listOwnAccess",
            "List what the caller has access to",
        )
        .needs(ReadOwnAccess)
        .with(&[Inactive])
        .gives(records),
        on(Put, CONSUMER, "grantAccess", "Grant access to an own scope")
            .needs(ChangeScopes)
            .with(&[ConsumerOrgno, RequiredScope, IfMatch])
            .gives(record),
        on(
            Delete,
            CONSUMER,
            "withdrawAccess",
            "Withdraw access to an own scope",
        )
        .needs(ChangeScopes)
        .with(&[ConsumerOrgno, RequiredScope, IfMatch])
        .gives(record),
    ]
}

fn usage() -> Vec<Entry> {
    use HttpMethod::Get;
    vec![
        on(
            Get,
            "/scopes/usage",
            "readScopeUsage",
            "Count the tokens with an own scope, by organization and by day",
        )
        .needs(ReadScopes)
        .with(&[RequiredScope, ConsumerFilter, FirstDay, LastDay])
        .gives(Success::Outcome("ScopeUsageResponse")),
        on(
            Get,
            "/usage",
            "listClientUsage",
            "Count the tokens of own and managed clients, by scope",
        )
        .needs(ReadClients)
        .with(&[FirstDay, LastDay, Inactive])
        .gives(Success::List("ClientUsageResponse")),
        on(
            Get,
            "/clients/{client_id}/usage",
            "readClientUsage",
            "Count the tokens of a client, by scope and by day",
        )
        .needs(ReadClients)
        .with(&[ClientId, FirstDay, LastDay])
        .gives(Success::Outcome("ClientUsageResponse")),
    ]
}

fn decisions() -> Vec<Entry> {
    use HttpMethod::{Get, Post};
    vec![
        on(
            Post,
            "/explain",
            "explain",
            "Say why a grant is, or was, refused; the grant is not used up",
        )
        .heeds_token()
        .takes("ExplainRequest")
        .gives(Success::Outcome("ExplanationResponse")),
        on(
            Get,
            "/audit",
            "readAudit",
            "Read the caller's own part of the audit log, oldest first",
        )
        .needs(ReadAudit)
        .with(&[Object, RequestId, From, To, PartLimit, After])
        .gives(Success::Outcome("AuditPartResponse")),
        on(
            Get,
            "/changes",
            "listChanges",
            "List which of the caller's records changed after a revision",
        )
        .needs(ReadChanges)
        .with(&[Since, ChangesLimit])
        .gives(Success::Outcome("ChangesResponse")),
    ]
}

fn open() -> Vec<Entry> {
    use HttpMethod::{Get, Options};
    const PREFLIGHT: &str = "Say what pages of other origins may send";
    let preflight = |path, id| on(Options, path, id, PREFLIGHT).gives(Success::Preflight);
    vec![
        on(
            Get,
            "/scopes/all",
            "listPublicScopes",
            "List every public scope",
        )
        .with(&[
            AccessibleForAll,
            ScopeFilter,
            Prefix,
            OwnerOrgno,
            AllowedIntegrationType,
            Inactive,
            IfNoneMatch,
        ])
        .gives(Success::OpenList("ScopeResponse")),
        preflight("/scopes/all", "preflightPublicScopes"),
        on(
            Get,
            "/delegationsources",
            "listDelegationSources",
            "List delegation sources",
        )
        .with(&[IfNoneMatch])
        .gives(Success::OpenList("DelegationSourceResponse")),
        preflight("/delegationsources", "preflightDelegationSources"),
        on(
            Get,
            "/prefix/all",
            "listPrefixes",
            "List prefixes and whose they are",
        )
        .with(&[IfNoneMatch])
        .gives(Success::OpenList("PrefixResponse")),
        preflight("/prefix/all", "preflightPrefixes"),
        on(
            Get,
            "/openapi.json",
            "readDescription",
            "Read this document",
        )
        .with(&[IfNoneMatch])
        .gives(Success::Document),
        preflight("/openapi.json", "preflightDescription"),
        on(Get, "/docs", "readPage", "Read this document as a page")
            .with(&[IfNoneMatch])
            .gives(Success::Page),
    ]
}
