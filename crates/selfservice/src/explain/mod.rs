//! `/explain`: why a grant is, or was, refused, as far as whoever asks may know. A grant that is
//! explained is not used up.

mod question;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use portvakt_core::Timestamp;
use portvakt_core::bearer::Caller;
use portvakt_core::client::Client;
use portvakt_core::grant::{Detail, Proof, TokenExchange, Views};
use portvakt_core::ports::StorageError;
use portvakt_core::refusals::{self, RequestId};

use self::question::{Question, Subject};
use crate::authority::{Operation, Standing};
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::reply;

const OBJECT: Object = Object::Explanation;

/// `POST /explain`: a grant, or the request id of a refusal. A token is not needed; one that is
/// sent must be good.
pub(crate) async fn explain(call: Call, body: Bytes) -> Result<Response, Problem> {
    let caller = call.caller().await?;
    let seen = match Question::read(&call, &body)?.subject {
        Subject::Request {
            request_id,
            assertion,
        } => {
            let proof = assertion.as_deref();
            remembered(&call, &request_id, proof, caller.as_ref()).await?
        }
        Subject::Grant { assertion, at } => {
            presented(&call, &assertion, at, caller.as_ref()).await?
        }
    };
    Ok(reply::report(&seen))
}

type Seen = serde_json::Map<String, serde_json::Value>;

/// Strangers cause no more work than they do at the token endpoint.
async fn presented(
    call: &Call,
    assertion: &str,
    at: Option<Timestamp>,
    caller: Option<&Caller>,
) -> Result<Seen, Problem> {
    call.reach().await?;
    let exchange = exchange_for(call, assertion);
    let presented = exchange.present(assertion).await.map_err(storage)?;
    let client = presented.is_proven() || administers(caller, presented.client());
    let examination = if client {
        exchange.examine(&presented, at).await.map_err(storage)?
    } else if at.is_some() {
        let message = "at: only whoever proves to be the client chooses the instant";
        let status = StatusCode::FORBIDDEN;
        return Err(Problem::field(status, OBJECT, "at", message));
    } else {
        exchange.glance(&presented)
    };
    let owner = owner(caller);
    Ok(Views::new(&examination, Detail::FULL).seen_with(&Proof { client, owner }))
}

async fn remembered(
    call: &Call,
    request_id: &RequestId,
    proof: Option<&str>,
    caller: Option<&Caller>,
) -> Result<Seen, Problem> {
    let mut unit = call.read().await?;
    let found = refusals::find(unit.as_mut(), request_id, call.now).await;
    let refusal = found
        .map_err(storage)?
        .ok_or_else(|| Problem::not_found(OBJECT))?;
    let client = match (&refusal.client_id, caller) {
        (Some(client_id), Some(_)) => unit.find_client(client_id).await.map_err(storage)?,
        _ => None,
    };
    drop(unit);
    let is_signed = match (proof, &refusal.client_id) {
        (Some(assertion), Some(client_id)) => {
            let presented = exchange_for(call, assertion).present(assertion).await;
            let presented = presented.map_err(storage)?;
            let signer = presented.client().filter(|_| presented.is_proven());
            signer.is_some_and(|signer| signer.client_id == *client_id)
        }
        _ => false,
    };
    let proof = Proof {
        client: is_signed || administers(caller, client.as_ref()),
        owner: owner(caller),
    };
    let mut seen = refusal.views.seen_with(&proof);
    seen.insert("request_id".to_owned(), request_id.as_str().into());
    Ok(seen)
}

/// The issuer that a grant is for; the first when it is for none.
fn exchange_for<'c>(call: &'c Call, assertion: &str) -> &'c TokenExchange {
    let (first, siblings) = call.exchanges();
    let is_meant = |exchange: &&TokenExchange| exchange.is_addressed(assertion);
    siblings.iter().find(is_meant).unwrap_or(first)
}

fn administers(caller: Option<&Caller>, client: Option<&Client>) -> bool {
    let both = caller.zip(client);
    both.is_some_and(|(caller, client)| Standing::of(caller, client) >= Standing::Reader)
}

/// The organization whose scopes the caller administers.
fn owner(caller: Option<&Caller>) -> Option<portvakt_core::organization::OrgNumber> {
    let caller = caller.filter(|caller| Operation::ReadScopes.is_open_to(caller))?;
    Some(caller.organization)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn storage(error: StorageError) -> Problem {
    Problem::storage(&error)
}
