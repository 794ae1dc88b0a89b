//! The story's HTTP exchanges, kept so that they can be shown.

use anyhow::Context;
use portvakt_client::{Answer, HttpClient, HttpSettings};
use portvakt_oauth_types::{GrantType, TokenRequest};
use serde_json::Value;

use crate::data_dir::Endpoints;

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
    http: HttpClient,
    token_endpoint: String,
}

impl Wire {
    pub(super) fn new(endpoints: &Endpoints) -> anyhow::Result<Self> {
        let settings = HttpSettings {
            no_proxy: true,
            ..HttpSettings::default()
        };
        Ok(Self {
            http: HttpClient::new(&settings)?,
            token_endpoint: endpoints.maskinporten.token_endpoint.clone(),
        })
    }

    pub(super) async fn get(&self, url: &str) -> anyhow::Result<Exchange> {
        let answer = self.http.get(&self.http.address(url)?).await?;
        exchange(&answer, format!("GET {url}"), None)
    }

    pub(super) async fn post_grant(&self, grant: &str) -> anyhow::Result<Exchange> {
        let url = &self.token_endpoint;
        let form = TokenRequest {
            grant_type: GrantType::JwtBearer,
            assertion: grant.into(),
        };
        let address = self.http.address(url)?;
        let answer = self.http.post_form(&address, form.to_body()).await?;
        exchange(&answer, format!("POST {url}"), Some(grant.to_owned()))
    }
}

fn exchange(
    answer: &Answer,
    request_line: String,
    grant: Option<String>,
) -> anyhow::Result<Exchange> {
    let status = answer.status;
    let request_id = answer.header("x-request-id").unwrap_or_default().to_owned();
    let body = serde_json::from_slice(&answer.body)
        .with_context(|| format!("{request_line} answered no JSON"))?;
    Ok(Exchange {
        request_line,
        grant,
        status,
        request_id,
        body,
    })
}
