//! `/clients/{client_id}/secret` (spec: selfservice §5.6.2).

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::find_for;
use crate::authority::{Operation, Standing};
use crate::call::Call;
use crate::problem::{Object, Problem};

/// `POST` and `PUT`: clients that authenticate with keys have no secret, and no others can be
/// registered here.
pub(crate) async fn rotate(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let caller = call.authorize(Operation::ChangeClient).await?;
    let mut unit = call.read().await?;
    find_for(unit.as_mut(), &id, &caller, Standing::Administrator).await?;
    let message = "token_endpoint_auth_method: the client does not authenticate with a secret \
                   that is made here";
    let field = "token_endpoint_auth_method";
    let (status, object) = (StatusCode::BAD_REQUEST, Object::Client);
    Err(Problem::field(status, object, field, message))
}
