//! `/signing-keys`: the server's own keys, never their private parts.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::response::Response;
use portvakt_api_types::SigningKeyResponse;
use portvakt_core::administration::operator::OperatorRight::{Read, Write};
use portvakt_core::signing::SigningKeyRecord;

use super::proof::Operator;
use super::{KeyRotation, body};
use crate::call::Call;
use crate::problem::{Object, Problem};
use crate::reply;
use crate::words::word;

const OBJECT: Object = Object::SigningKey;

/// The surfaces that sign.
const SURFACES: [&str; 2] = ["maskinporten", "idporten"];

/// `GET /signing-keys`, in order of surface and creation, gone ones too.
pub(super) async fn list(call: Call) -> Result<Response, Problem> {
    Operator::prove(&call, Read).await?;
    call.query.only(&[], OBJECT)?;
    answer(&call).await
}

/// `POST /signing-keys/rotate`, with `{}` or nothing: the machine-to-machine issuer signs with a
/// new key from now on.
pub(super) async fn rotate(
    call: Call,
    Extension(rotation): Extension<Arc<dyn KeyRotation>>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let operator = Operator::prove(&call, Write).await?;
    call.query.only(&[], OBJECT)?;
    if !bytes.is_empty() {
        body::read_known::<()>(&call, &bytes, OBJECT, &[])?
            .faults
            .into_result()
            .map_err(Problem::about(OBJECT))?;
    }
    rotation.rotate(operator.act()).await.map_err(|error| {
        tracing::error!(%error, "the signing keys were not rotated");
        Problem::internal()
    })?;
    answer(&call).await
}

async fn answer(call: &Call) -> Result<Response, Problem> {
    let mut unit = call.read().await?;
    let mut keys = Vec::new();
    for surface in SURFACES {
        let listed = unit.list_signing_keys(surface).await;
        keys.append(&mut listed.map_err(|error| Problem::storage(&error))?);
    }
    let body: Vec<_> = keys.iter().map(view).collect();
    Ok(reply::list(&body, reply::commit(unit).await?))
}

fn view(key: &SigningKeyRecord) -> SigningKeyResponse {
    SigningKeyResponse {
        kid: key.kid.clone(),
        surface: key.surface.clone(),
        algorithm: key.algorithm.as_str().to_owned(),
        state: word(key.state),
        created: key.created.to_string(),
        last_updated: key.last_updated.to_string(),
    }
}
