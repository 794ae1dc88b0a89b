//! `/audit`: the audit log a page at a time.

use axum::response::Response;
use portvakt_api_types::AuditPageResponse;
use portvakt_core::Timestamp;
use portvakt_core::administration::operator::OperatorRight::Read;
use portvakt_core::audit::{self, AuditFilter, AuditQuery};
use portvakt_core::ports::UnitOfWork;

use super::proof::Operator;
use crate::audit::view;
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::query::{Query, refused};
use crate::reply;

const OBJECT: Object = Object::AuditEntry;

const CURSOR: &str = "cursor";
const LIMIT: &str = "limit";
const CORRELATION_ID: &str = "correlation_id";

/// How many entries a page has unless the caller says.
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// `GET /audit`: the oldest entries first; each parameter narrows it.
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    let names = ["organization", "client_id", CORRELATION_ID, "from", "to"];
    call.query
        .only(&[&names[..], &[CURSOR, LIMIT]].concat(), OBJECT)?;
    let query = conditions(&call.query)?;
    let limit = limit(&call.query)?;
    let mut unit = call.read().await?;
    let after = cursor(unit.as_mut(), &call.query).await?;
    let page = audit::page(unit.as_mut(), &query, after, limit).await;
    let page = page.map_err(|error| Problem::storage(&error))?;
    let body = AuditPageResponse {
        entries: page.entries.into_iter().map(view).collect(),
        next_cursor: page.next.map(|number| number.to_string()),
    };
    Ok(reply::list(&body, reply::commit(unit).await?))
}

fn conditions(query: &Query) -> Result<AuditQuery, Problem> {
    Ok(AuditQuery {
        filter: AuditFilter {
            organization: query.organization("organization", OBJECT)?,
            object_key: None,
            request_id: request_id(query)?,
        },
        client_id: query.parsed("client_id", OBJECT)?,
        from: instant(query, "from")?,
        to: instant(query, "to")?,
    })
}

/// 32 hexadecimal digits, as answers name their request.
fn request_id(query: &Query) -> Result<Option<String>, Problem> {
    let text = query.text(CORRELATION_ID, OBJECT)?;
    let is_id = |text: &&str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match text {
        None => Ok(None),
        Some(text) if is_id(&text) => Ok(Some(text.to_ascii_lowercase())),
        Some(_) => Err(refused(OBJECT, CORRELATION_ID, "is 32 hexadecimal digits")),
    }
}

fn instant(query: &Query, name: &str) -> Result<Option<Timestamp>, Problem> {
    let instant = query.text(name, OBJECT)?.map(Timestamp::parse);
    instant
        .transpose()
        .map_err(|_| refused(OBJECT, name, "is not an instant of RFC 3339"))
}

fn limit(query: &Query) -> Result<u32, Problem> {
    match query.text(LIMIT, OBJECT)?.map(number) {
        None => Ok(DEFAULT_LIMIT),
        Some(Some(limit)) if (1..=u64::from(MAX_LIMIT)).contains(&limit) => {
            Ok(u32::try_from(limit).unwrap_or(MAX_LIMIT))
        }
        Some(_) => {
            let message = format!("is a whole number from 1 to {MAX_LIMIT}");
            Err(refused(OBJECT, LIMIT, &message))
        }
    }
}

/// The entry to go on after: a number that the log has. Any other was not given out here.
async fn cursor(unit: &mut dyn UnitOfWork, query: &Query) -> Result<u64, Problem> {
    let Some(text) = query.text(CURSOR, OBJECT)? else {
        return Ok(0);
    };
    let last = unit.last_audit_link().await;
    let last = last.map_err(|error| Problem::storage(&error))?;
    let last = last.map_or(0, |link| link.sequence);
    number(text)
        .filter(|number| (1..=last).contains(number))
        .ok_or_else(|| refused(OBJECT, CURSOR, "is not a next_cursor of an answer"))
}

/// Decimal digits in the one way that they are written.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_one_way() {
        assert_eq!(number("12"), Some(12));
        for text in [
            "",
            "+1",
            "-1",
            "01",
            " 1",
            "1 ",
            "1.0",
            "0x1",
            "١",
            "99999999999999999999",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
