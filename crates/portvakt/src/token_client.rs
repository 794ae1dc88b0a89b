//! The client side of an authorization server: discovery, keys, and the exchange of a grant.

use std::time::Duration;

use anyhow::{Context, bail};
use portvakt_core::clock::Clock;
use portvakt_core::{SystemClock, Timestamp};
use portvakt_jose::JwkSet;
use portvakt_oauth_types::{
    AuthorizationServerMetadata, ErrorResponse, GrantType, TokenRequest, TokenResponse, media_type,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use crate::data_dir::DataDir;

/// Longest wait for any answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes of an answer that are read.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Which authorization server a command talks to.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// Issuer of the tokens [default: the development server of the data folder]
    #[arg(long, value_name = "URL", env = "PORTVAKT_ISSUER")]
    pub(crate) issuer: Option<String>,
}

/// What came of a grant.
pub(crate) enum Exchanged {
    /// A token.
    Token(TokenResponse),
    /// A refusal, with the request id that the server gave.
    Refused {
        status: u16,
        error: ErrorResponse,
        request_id: Option<String>,
    },
}

/// An authorization server, found by its metadata.
pub(crate) struct TokenClient {
    http: reqwest::Client,
    metadata: AuthorizationServerMetadata,
    dev_clock: Option<String>,
}

impl TokenClient {
    /// Finds the server's endpoints: those of the named issuer, or of the data folder's server.
    pub(crate) async fn discover(server: &ServerArgs, data_dir: &DataDir) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("prepare the HTTP client")?;
        let (issuer, dev_clock) = if let Some(issuer) = &server.issuer {
            (issuer.clone(), None)
        } else {
            let endpoints = data_dir.endpoints()?;
            let clock = format!("{}/dev/clock", endpoints.operations.base_url);
            (endpoints.maskinporten.issuer, Some(clock))
        };
        let url = format!(
            "{}/.well-known/oauth-authorization-server",
            issuer.trim_end_matches('/')
        );
        let metadata = get_json(&http, &url).await?;
        let metadata: AuthorizationServerMetadata = serde_json::from_value(metadata)
            .with_context(|| format!("{url} is no authorization server metadata"))?;
        // RFC 8414 §3.3: a document that names another issuer must not be used.
        if metadata.issuer != issuer {
            bail!(
                "{url} says that its issuer is {:?}, not {issuer:?}",
                metadata.issuer
            );
        }
        Ok(Self {
            http,
            metadata,
            dev_clock,
        })
    }

    /// The issuer, byte for byte as it names itself.
    pub(crate) fn issuer(&self) -> &str {
        &self.metadata.issuer
    }

    /// Where grants are exchanged.
    pub(crate) fn token_endpoint(&self) -> &str {
        &self.metadata.token_endpoint
    }

    /// The server's time: a development server's clock may have been moved; any other server's is
    /// this machine's.
    pub(crate) async fn now(&self) -> Timestamp {
        let answer = match &self.dev_clock {
            Some(url) => get_json(&self.http, url).await.ok(),
            None => None,
        };
        let moved = answer.as_ref().and_then(|clock| clock["now"].as_str());
        moved
            .and_then(|text| Timestamp::parse(text).ok())
            .unwrap_or_else(|| SystemClock.now())
    }

    /// The server's public keys; those that cannot be used are left out.
    pub(crate) async fn keys(&self) -> anyhow::Result<JwkSet> {
        let url = &self.metadata.jwks_uri;
        let set = get_json(&self.http, url).await?;
        JwkSet::parse_lenient(&set).with_context(|| format!("{url} is no JWK Set"))
    }

    /// Exchanges a grant.
    pub(crate) async fn exchange(&self, assertion: &str) -> anyhow::Result<Exchanged> {
        let url = self.token_endpoint();
        let request = TokenRequest {
            grant_type: GrantType::JwtBearer,
            assertion: assertion.into(),
        };
        let sent = self
            .http
            .post(url)
            .header(CONTENT_TYPE, media_type::FORM)
            .body(request.to_body())
            .send()
            .await
            .with_context(|| format!("post the grant to {url}"))?;
        let (status, request_id) = (sent.status(), request_id(sent.headers()));
        let body = read_bounded(sent).await?;
        if status.is_success() {
            let token = serde_json::from_slice(&body)
                .map_err(|_| anyhow::anyhow!("{url} answered {status} without a token response"))?;
            return Ok(Exchanged::Token(token));
        }
        let error = serde_json::from_slice(&body)
            .map_err(|_| anyhow::anyhow!("{url} answered {status} without an OAuth error"))?;
        Ok(Exchanged::Refused {
            status: status.as_u16(),
            error,
            request_id,
        })
    }
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    headers
        .get("x-request-id")?
        .to_str()
        .ok()
        .map(str::to_owned)
}

/// Reads a JSON document of bounded size.
pub(crate) async fn get_json(http: &reqwest::Client, url: &str) -> anyhow::Result<Value> {
    let sent = http
        .get(url)
        .send()
        .await
        .with_context(|| format!("read {url}"))?;
    if !sent.status().is_success() {
        bail!("{url} answered {}", sent.status());
    }
    let body = read_bounded(sent).await?;
    serde_json::from_slice(&body).with_context(|| format!("{url} is not JSON"))
}

/// The body of an answer, at most [`MAX_ANSWER_BYTES`].
pub(crate) async fn read_bounded(mut response: reqwest::Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.context("read the answer")? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            bail!(
                "the answer of {} is larger than {MAX_ANSWER_BYTES} bytes",
                response.url()
            );
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
