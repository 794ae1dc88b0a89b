//! `Idempotency-Key` of requests that make clients (spec: selfservice §5.4).

use axum::http::{HeaderMap, HeaderName, StatusCode};
use portvakt_core::bearer::Caller;
use portvakt_core::client::{Client, ClientId};
use portvakt_core::idempotency::{
    Earlier, Fingerprint, IdempotencyKey, KeyedRequest, find_earlier, remember,
};
use portvakt_core::ports::UnitOfWork;

use super::find;
use crate::authority::Standing;
use crate::call::Call;
use crate::problem::{Object, Problem};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// As the header is spelled in messages and in the description of the API.
pub(crate) const HEADER_NAME: &str = "Idempotency-Key";

/// The key that the request has, if any. Two have no meaning.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(&HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(refused(StatusCode::BAD_REQUEST, "is given twice"));
    }
    // What is no text is no key either.
    let key = IdempotencyKey::parse(value.to_str().unwrap_or_default());
    key.map(Some)
        .map_err(|error| refused(StatusCode::BAD_REQUEST, &error.to_string()))
}

/// A request to make a client that may be the second of its kind. Without a key it is the first.
pub(super) struct Creation {
    request: Option<KeyedRequest>,
}

impl Creation {
    pub(super) fn new(
        caller: &Caller,
        key: Option<IdempotencyKey>,
        fingerprint: Fingerprint,
    ) -> Self {
        let request = key.map(|key| KeyedRequest {
            organization: caller.organization,
            key,
            fingerprint,
        });
        Self { request }
    }

    /// The client that the same request made before, as it is now. The caller has to be one that
    /// may see it: a key is no right.
    pub(super) async fn made_before(
        &self,
        call: &Call,
        unit: &mut dyn UnitOfWork,
        caller: &Caller,
    ) -> Result<Option<Client>, Problem> {
        let Some(request) = &self.request else {
            return Ok(None);
        };
        let earlier = find_earlier(unit, request, call.now).await;
        match earlier.map_err(|error| Problem::storage(&error))? {
            Earlier::Nothing => Ok(None),
            Earlier::Made(id) => {
                let (client, _) = find(unit, id.as_str(), caller, Standing::of).await?;
                Ok(Some(client))
            }
            Earlier::Other => {
                let message = "was used for another request: choose a new one";
                Err(refused(StatusCode::UNPROCESSABLE_ENTITY, message))
            }
        }
    }

    /// Remembers the client that was made, in the transaction that makes it.
    pub(super) async fn remember(
        &self,
        call: &Call,
        unit: &mut dyn UnitOfWork,
        made: &ClientId,
    ) -> Result<(), Problem> {
        let Some(request) = &self.request else {
            return Ok(());
        };
        let remembered = remember(unit, request, made, call.now).await;
        remembered.map_err(|error| Problem::storage(&error))
    }
}

fn refused(status: StatusCode, message: &str) -> Problem {
    let message = format!("{HEADER_NAME}: {message}");
    Problem::field(status, Object::Request, HEADER_NAME, &message)
}
