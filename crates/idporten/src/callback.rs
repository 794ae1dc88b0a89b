//! Where another provider sends the browser back to (spec: idporten §18.1).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portvakt_core::login::Handle;
use portvakt_core::login::provider::Denied;
use portvakt_core::login::refusal::LoginRefusalCode;
use portvakt_oauth_types::Parameters;
use url::form_urlencoded;

use crate::reading::is_form;
use crate::turn::{Move, take};
use crate::view::{FromBrowser, redirect};
use crate::visit::Visit;

/// The parameters of an answer. Others mean nothing.
const PARAMETERS: [&str; 4] = ["code", "state", "iss", "error"];

/// `GET /authorize/callback/{eid}`
pub(crate) async fn get(
    State(state): State<Arc<crate::State>>,
    Path(eid): Path<String>,
    request: FromBrowser,
) -> Response {
    let asked = request.asked();
    let returned = async {
        let query = request.uri.query().unwrap_or_default().as_bytes();
        let answer = Parameters::parse(query).map_err(|_| LoginRefusalCode::RequestMalformed)?;
        let eid = state.eid(&eid)?;
        let visit = Visit::at(&state, asked, login_of(&answer)?).await?;
        take(&state, asked, eid.as_ref(), visit, Move::Return(&answer)).await
    };
    match returned.await {
        Ok(response) => response,
        Err(denied) => {
            state
                .refuse(asked, "/authorize/callback/{eid}", denied)
                .await
        }
    }
}

/// `POST /authorize/callback/{eid}`: a form that the provider's page sent. Browsers send no cookie of ours
/// with it, and do when they are led to the same address with `GET`.
pub(crate) async fn post(
    State(state): State<Arc<crate::State>>,
    Path(eid): Path<String>,
    request: FromBrowser,
    body: Bytes,
) -> Response {
    let asked = request.asked();
    match again(&state, &eid, asked.headers, &body) {
        Ok(address) => redirect(&address, asked),
        Err(denied) => {
            state
                .refuse(asked, "/authorize/callback/{eid}", denied)
                .await
        }
    }
}

/// The same answer as an address of ours.
fn again(
    state: &crate::State,
    eid: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<String, Denied> {
    let malformed = || Denied::from(LoginRefusalCode::RequestMalformed);
    if !is_form(headers) {
        return Err(malformed());
    }
    let answer = Parameters::parse(body).map_err(|_| malformed())?;
    let eid = state.eid(eid)?.describe().id;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in PARAMETERS {
        if let Some(value) = answer.one(name).map_err(|_| malformed())? {
            query.append_pair(name, value);
        }
    }
    let path = format!("authorize/callback/{eid}?{}", query.finish());
    Ok(state.provider.issuer().login_url(&path))
}

/// The login that `state` begins with; the provider judges the rest.
fn login_of(answer: &Parameters<'_>) -> Result<Handle, Denied> {
    let state = answer.one("state").ok().flatten().unwrap_or_default();
    let (login, _) = state.split_once('.').unwrap_or_default();
    Handle::parse(login).map_err(|_| LoginRefusalCode::TransactionOver.into())
}
