//! Requests whose answers have bounds: of time, of size, and of where they lead.

mod address;

use std::error::Error;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Proxy, RequestBuilder, Response};
use serde::de::DeserializeOwned;

pub use self::address::Address;
use crate::error::{ClientError, Refusal, shown};

/// Most bytes of metadata, keys, tokens and single records that are read.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// Longest wait that a server may ask for, so that a hostile one holds nobody up.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);

/// How requests are made.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for a whole answer.
    pub timeout: Duration,
    /// Address of an HTTP proxy for everything. Without one, `HTTPS_PROXY`, `HTTP_PROXY` and
    /// `NO_PROXY` of the environment count.
    pub proxy: Option<String>,
    /// Uses no proxy at all.
    pub no_proxy: bool,
    /// Authorities to trust beside the system's, PEM.
    pub authorities: Vec<u8>,
    /// Lets grants and tokens travel unencrypted to other machines, for networks that encrypt by
    /// themselves. Loopback addresses never need it.
    pub allow_plain_http: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            proxy: None,
            no_proxy: false,
            authorities: Vec::new(),
            allow_plain_http: false,
        }
    }
}

/// Makes requests. A clone shares the connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: reqwest::Client,
    allow_plain_http: bool,
}

impl HttpClient {
    /// A client with these settings.
    pub fn new(settings: &HttpSettings) -> Result<Self, ClientError> {
        let setup = |error: reqwest::Error| ClientError::Setup(root_cause(&error));
        let mut builder = reqwest::Client::builder()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .user_agent(concat!("portvakt/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none());
        if settings.no_proxy {
            builder = builder.no_proxy();
        } else if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(Proxy::all(proxy).map_err(setup)?);
        }
        for authority in Certificate::from_pem_bundle(&settings.authorities).map_err(setup)? {
            builder = builder.add_root_certificate(authority);
        }
        Ok(Self {
            inner: builder.build().map_err(setup)?,
            allow_plain_http: settings.allow_plain_http,
        })
    }

    /// Reads an address, which must be encrypted unless it is on this machine.
    pub fn address(&self, url: &str) -> Result<Address, ClientError> {
        Address::parse(url, self.allow_plain_http)
    }

    pub(crate) fn inner(&self) -> &reqwest::Client {
        &self.inner
    }

    /// The answer to a request, whatever its status is, of at most `limit` bytes.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<Answer, ClientError> {
        let response = request.send().await.map_err(|error| unanswered(&error))?;
        let status = response.status();
        if status.is_redirection() && status.as_u16() != 304 {
            return Err(ClientError::Redirect {
                url: without_query(response.url()),
                status: status.as_u16(),
            });
        }
        read(response, limit).await
    }

    /// A JSON document of at most [`MAX_DOCUMENT_BYTES`].
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        url: &Address,
        what: &'static str,
    ) -> Result<T, ClientError> {
        let answer = self.get(url).await?;
        answer.json(url.as_str(), what)
    }

    /// Whatever the address answers, of at most [`MAX_DOCUMENT_BYTES`].
    pub async fn get(&self, url: &Address) -> Result<Answer, ClientError> {
        let request = self.inner.get(url.as_str());
        self.send(request, MAX_DOCUMENT_BYTES).await
    }

    /// Posts a form, and gives whatever is answered.
    pub async fn post_form(&self, url: &Address, body: String) -> Result<Answer, ClientError> {
        self.post_form_as(url, body, None).await
    }

    /// Posts a form with this `Authorization` header, if there is one.
    pub async fn post_form_as(
        &self,
        url: &Address,
        body: String,
        authorization: Option<&str>,
    ) -> Result<Answer, ClientError> {
        let mut request = self.inner.post(url.as_str()).body(body).header(
            reqwest::header::CONTENT_TYPE,
            portvakt_oauth_types::media_type::FORM,
        );
        if let Some(authorization) = authorization {
            request = request.header(reqwest::header::AUTHORIZATION, authorization);
        }
        self.send(request, MAX_DOCUMENT_BYTES).await
    }

    /// Posts a JSON document, with a token if there is one, and gives whatever is answered.
    pub async fn post_json(
        &self,
        url: &Address,
        body: &serde_json::Value,
        token: Option<&str>,
    ) -> Result<Answer, ClientError> {
        let mut request = self.inner.post(url.as_str()).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        self.send(request, MAX_DOCUMENT_BYTES).await
    }
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header as text, if there is one and it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Itself, or the refusal that it is.
    pub fn success(self, url: &str) -> Result<Self, ClientError> {
        if self.is_success() {
            return Ok(self);
        }
        Err(ClientError::Refused(Box::new(Refusal::read(url, &self))))
    }

    /// The document in a successful answer.
    pub fn json<T: DeserializeOwned>(
        self,
        url: &str,
        what: &'static str,
    ) -> Result<T, ClientError> {
        let answer = self.success(url)?;
        // The reader's message could quote what it read.
        serde_json::from_slice(&answer.body).map_err(|_| ClientError::Garbage {
            url: url.to_owned(),
            what,
        })
    }

    /// How long the server asks to wait, at most five minutes. A date is not read: clocks differ.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header("retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
    }
}

async fn read(mut response: Response, limit: usize) -> Result<Answer, ClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unanswered(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(ClientError::TooLarge {
                url: without_query(response.url()),
                limit,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status().as_u16(),
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

fn unanswered(error: &reqwest::Error) -> ClientError {
    let url = error.url().map(without_query).unwrap_or_default();
    let reason = if error.is_timeout() {
        "the time is up".to_owned()
    } else {
        root_cause(error)
    };
    if error.is_connect() || error.is_builder() {
        ClientError::Unreachable { url, reason }
    } else {
        ClientError::Broken { url, reason }
    }
}

/// The innermost reason, which is what the network says; the others repeat the address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    shown(&cause.to_string())
}

/// Names in queries are not secret, but they are noise, and user information would be secret.
fn without_query(url: &url::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail for addresses without a host alone, which have no user information either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}
