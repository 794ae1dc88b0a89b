//! `/dev/explain`: what would come of a grant. It is not used up.

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use portvakt_core::Timestamp;
use portvakt_oauth_types::media_type;
use serde::Deserialize;

use super::Controls;
use super::answer::{Problem, document};

/// What the address may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Decide as of this instant: RFC 3339, or seconds since 1970.
    at: Option<String>,
    /// Ask the Skyporten issuer.
    #[serde(default)]
    skyporten: bool,
}

/// `POST` with the assertion as text, or as `assertion` of a form.
pub(super) async fn explain(
    State(controls): State<Controls>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Query(parameters) =
        parameters.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let at = parameters
        .at
        .map(|text| Timestamp::parse(&text))
        .transpose()
        .map_err(|error| Problem::bad_request(error.to_string()))?;
    let exchange = if parameters.skyporten {
        &controls.exchanges.skyporten
    } else {
        &controls.exchanges.maskinporten
    };
    let assertion = assertion(&headers, &body)?;
    let explanation = exchange
        .explain(&assertion, at)
        .await
        .map_err(|error| Problem::internal(&error.into()))?;
    Ok(document(&explanation))
}

fn assertion(headers: &HeaderMap, body: &[u8]) -> Result<String, Problem> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    // Clients of the token endpoint have their form at hand, so its other members are allowed.
    let text = if content_type.is_some_and(media_type::is_form) {
        url::form_urlencoded::parse(body)
            .find(|(name, _)| name == "assertion")
            .map(|(_, value)| value.into_owned())
    } else {
        std::str::from_utf8(body)
            .ok()
            .map(|text| text.trim().to_owned())
    };
    text.filter(|text| !text.is_empty()).ok_or_else(|| {
        Problem::bad_request("send the assertion as text, or as `assertion` of a form")
    })
}
