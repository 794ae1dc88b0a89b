//! `/audit`: an organization's own part of the audit log.

use axum::http::StatusCode;
use axum::response::Response;
use portvakt_api_types::{
    AuditActorResponse, AuditEntryResponse, AuditObjectResponse, AuditPartResponse,
};
use portvakt_core::Timestamp;
use portvakt_core::audit::{Actor, AuditEntry, AuditReader, PartQuery, read_part};
use portvakt_core::bearer::Caller;
use portvakt_core::refusals::RequestId;

use crate::authority::Operation;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::query::Query;
use crate::reply;

const OBJECT: Object = Object::Audit;
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: u64 = 1000;
/// An object's key is never longer.
const MAX_KEY_CHARACTERS: usize = 1000;

/// `GET /audit`: oldest first.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ReadAudit).await?;
    let query = query(&call.query)?;
    let mut unit = call.read().await?;
    let page = read_part(unit.as_mut(), reader(&caller), &query).await;
    let page = page.map_err(|error| Problem::storage(&error))?;
    let body = AuditPartResponse {
        entries: page.entries.into_iter().map(view).collect(),
        next: page.next,
    };
    let revision = reply::commit(unit).await?;
    Ok(reply::list(&body, revision))
}

fn reader(caller: &Caller) -> AuditReader {
    AuditReader {
        organization: caller.organization,
        sees_clients: Operation::ReadClientAudit.is_open_to(caller),
        sees_scopes: Operation::ReadScopes.is_open_to(caller),
    }
}

fn query(query: &Query) -> Result<PartQuery, Problem> {
    let object_key = query.text("object", OBJECT)?;
    if object_key.is_some_and(|key| key.chars().count() > MAX_KEY_CHARACTERS) {
        return Err(refused("object", "is too long"));
    }
    let request_id = query.text("request_id", OBJECT)?.map(RequestId::parse);
    let request_id = request_id
        .transpose()
        .map_err(|error| refused("request_id", &error.to_string()))?;
    Ok(PartQuery {
        object_key: object_key.map(str::to_owned),
        request_id: request_id.map(|id| id.to_string()),
        from: instant(query, "from")?,
        to: instant(query, "to")?,
        after: query
            .number("after", OBJECT, 0..=i64::MAX.unsigned_abs())?
            .unwrap_or_default(),
        limit: query
            .number("limit", OBJECT, 1..=MAX_LIMIT)?
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(DEFAULT_LIMIT),
    })
}

fn instant(query: &Query, name: &str) -> Result<Option<Timestamp>, Problem> {
    let instant = query.text(name, OBJECT)?.map(Timestamp::parse);
    let message = "is not an instant: write RFC 3339 or seconds since 1970";
    instant.transpose().map_err(|_| refused(name, message))
}

fn refused(name: &str, message: &str) -> Problem {
    let message = format!("{name}: {message}");
    Problem::field(StatusCode::BAD_REQUEST, OBJECT, name, &message)
}

/// An entry as both APIs answer it.
pub(crate) fn view(entry: AuditEntry) -> AuditEntryResponse {
    AuditEntryResponse {
        sequence: entry.sequence,
        at: entry.at,
        actor: actor(entry.actor),
        request_id: entry.request_id,
        operation: entry.operation,
        object: AuditObjectResponse {
            kind: entry.object.kind.to_string(),
            key: entry.object.key,
        },
        organizations: entry
            .organizations
            .iter()
            .map(ToString::to_string)
            .collect(),
        before: entry.before,
        after: entry.after,
    }
}

fn actor(actor: Actor) -> AuditActorResponse {
    AuditActorResponse {
        channel: actor.channel.as_str().to_owned(),
        client_id: actor.client_id.map(|id| id.to_string()),
        organization: actor.organization.map(|orgno| orgno.to_string()),
        supplier: actor.supplier.map(|orgno| orgno.to_string()),
        user: actor.user,
        person: actor.person,
    }
}
