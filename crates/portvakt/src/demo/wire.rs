//! The story's HTTP exchanges, kept so that they can be shown.

use anyhow::Context;
use portvakt_oauth_types::{GrantType, TokenRequest, media_type};
use reqwest::{RequestBuilder, header::CONTENT_TYPE};
use serde_json::Value;

use crate::data_dir::Endpoints;
use crate::token_client::read_bounded;

/// One request and its answer.
pub(super) struct Exchange {
    /// `GET http://…` or `POST http://…`.
    pub(super) request_line: String,
    /// The grant that was posted.
    pub(super) grant: Option<String>,
    /// Status of the answer.
    pub(super) status: u16,
    /// What the server calls the request.
    pub(super) request_id: String,
    /// Body of the answer.
    pub(super) body: Value,
}

/// A client of the story's server.
pub(super) struct Wire {
    http: reqwest::Client,
    token_endpoint: String,
}

impl Wire {
    pub(super) fn new(endpoints: &Endpoints) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self {
            http,
            token_endpoint: endpoints.maskinporten.token_endpoint.clone(),
        })
    }

    pub(super) async fn get(&self, url: &str) -> anyhow::Result<Exchange> {
        send(self.http.get(url), format!("GET {url}"), None).await
    }

    pub(super) async fn post_grant(&self, grant: &str) -> anyhow::Result<Exchange> {
        let url = &self.token_endpoint;
        let form = TokenRequest {
            grant_type: GrantType::JwtBearer,
            assertion: grant.into(),
        };
        let request = self
            .http
            .post(url)
            .header(CONTENT_TYPE, media_type::FORM)
            .body(form.to_body());
        send(request, format!("POST {url}"), Some(grant.to_owned())).await
    }
}

async fn send(
    request: RequestBuilder,
    request_line: String,
    grant: Option<String>,
) -> anyhow::Result<Exchange> {
    let response = request.send().await.with_context(|| request_line.clone())?;
    let status = response.status().as_u16();
    let request_id = response.headers().get("x-request-id");
    let request_id = request_id
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let body = serde_json::from_slice(&read_bounded(response).await?)
        .with_context(|| format!("{request_line} answered no JSON"))?;
    Ok(Exchange {
        request_line,
        grant,
        status,
        request_id,
        body,
    })
}
