//! The self-service API (spec: selfservice), with an organization's administration client.

mod changes;
mod clients;
mod lenient;
mod lists;
mod scopes;
mod usage;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use reqwest::header::{HeaderName, IF_MATCH};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::ClientError;
use crate::grant::Grant;
use crate::http::{Address, Answer, HttpClient, MAX_DOCUMENT_BYTES};
use crate::retry::{Repeat, with_retries};
use crate::tokens::Tokens;

pub use self::clients::DescribedClient;

/// Most bytes of a list that are read: a national catalogue is some ten thousand scopes.
const MAX_LIST_BYTES: usize = 64 * 1024 * 1024;

const MIN_REVISION: HeaderName = HeaderName::from_static("portvakt-min-revision");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REVISION: &str = "portvakt-revision";

/// The API, as one administration client uses it. A clone shares tokens and connections.
///
/// What it has written it reads: every request asks a Portvakt for the newest revision that an
/// answer has told of, so that also another node answers with it or not at all.
#[derive(Clone)]
pub struct SelfService {
    http: HttpClient,
    base: Address,
    tokens: Tokens,
    grant: Grant,
    written: Arc<AtomicU64>,
    seen: Arc<AtomicU64>,
}

/// What a write answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// The record.
    pub value: T,
    /// The registry's revision that the write made, where the target tells it.
    pub revision: Option<u64>,
}

/// One record with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged<T> {
    /// The record.
    pub value: T,
    /// What to send in `If-Match`, where the target has it.
    pub etag: Option<String>,
}

impl SelfService {
    /// The API at this base, such as `https://api.samarbeid.digdir.no/api/v1`. `scopes` are the
    /// administration scopes that its tokens are bought with.
    pub fn new(
        http: HttpClient,
        base_url: &str,
        tokens: Tokens,
        scopes: &[String],
    ) -> Result<Self, ClientError> {
        Ok(Self {
            base: http.address(base_url)?,
            http,
            tokens,
            grant: Grant::for_scopes(scopes.iter().cloned()),
            written: Arc::default(),
            seen: Arc::default(),
        })
    }

    /// Where it is.
    pub fn base_url(&self) -> &Address {
        &self.base
    }

    /// How its tokens are bought.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The newest revision that a write of this client made, if the target tells revisions.
    pub fn newest_revision(&self) -> Option<u64> {
        known(&self.written)
    }

    /// The newest revision that any answer to this client told of, if the target tells revisions.
    pub fn seen_revision(&self) -> Option<u64> {
        known(&self.seen)
    }

    /// The access token that its calls are made with.
    pub async fn token(&self) -> Result<crate::Token, ClientError> {
        self.tokens.get(&self.grant).await
    }

    /// Waits until the target decides with everything that this client has written, if it is a
    /// Portvakt that tells revisions; says the revision.
    pub async fn wait_until_effective(&self) -> Result<Option<u64>, ClientError> {
        let written = self.newest_revision();
        // The shortest answer of such a target that waits for a revision.
        if written.is_some() && self.changes(written).await?.is_none() {
            self.granted().await?;
        }
        Ok(written)
    }

    /// Record by record: the tree of a whole list takes several times the memory of its text.
    async fn list<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<Vec<T>, ClientError> {
        let answer = self.send(&call, MAX_LIST_BYTES).await?;
        let garbage = |_| call.garbage(&self.base);
        let records: Vec<&RawValue> = serde_json::from_slice(&answer.body).map_err(garbage)?;
        let read = records.into_iter().map(|record| {
            let value = serde_json::from_str(record.get()).map_err(garbage)?;
            lenient::read(value, &call, &self.base)
        });
        read.collect()
    }

    async fn record<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<Tagged<T>, ClientError> {
        let answer = self.send(&call, MAX_DOCUMENT_BYTES).await?;
        let etag = answer.header("etag").map(str::to_owned);
        let value = self.read(answer, &call)?;
        Ok(Tagged { value, etag })
    }

    async fn write<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<Written<T>, ClientError> {
        let answer = self.send(&call, MAX_DOCUMENT_BYTES).await?;
        let revision = self.note_revision(&answer);
        let value = self.read(answer, &call)?;
        Ok(Written { value, revision })
    }

    /// A write whose answer has nothing to read.
    async fn write_only(&self, call: Call<'_>) -> Result<Written<()>, ClientError> {
        let answer = self.send(&call, MAX_DOCUMENT_BYTES).await?;
        let revision = self.note_revision(&answer);
        Ok(Written {
            value: (),
            revision,
        })
    }

    fn read<T: DeserializeOwned>(&self, answer: Answer, call: &Call<'_>) -> Result<T, ClientError> {
        let url = self.base.below(&call.path);
        let value: Value = answer.json(url.as_str(), call.what)?;
        lenient::read(value, call, &self.base)
    }

    fn note_revision(&self, answer: &Answer) -> Option<u64> {
        let revision = revision(answer)?;
        self.written.fetch_max(revision, Ordering::Relaxed);
        Some(revision)
    }

    /// Makes a call, again where that is harmless.
    async fn send(&self, call: &Call<'_>, limit: usize) -> Result<Answer, ClientError> {
        let policy = &self.tokens.source().retry;
        with_retries(policy, call.repeat(), || self.send_once(call, limit)).await
    }

    /// A token that was refused is replaced once: it may have been withdrawn with its key.
    async fn send_once(&self, call: &Call<'_>, limit: usize) -> Result<Answer, ClientError> {
        if call.is_open {
            return self.exchange(call, None, limit).await;
        }
        let token = self.token().await?;
        let answer = self.exchange(call, Some(token.expose()), limit).await;
        match answer {
            Err(error) if error.status() == Some(401) => {
                self.tokens.forget(&self.grant, &token);
                let token = self.token().await?;
                self.exchange(call, Some(token.expose()), limit).await
            }
            other => other,
        }
    }

    async fn exchange(
        &self,
        call: &Call<'_>,
        token: Option<&str>,
        limit: usize,
    ) -> Result<Answer, ClientError> {
        let url = self.base.below(&call.path);
        let mut request = self.http.inner().request(call.method.clone(), url.as_str());
        request = request.query(&call.query);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(tag) = call.if_match {
            request = request.header(IF_MATCH, tag);
        }
        if let Some(key) = call.idempotency_key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        if let Some(revision) = self.newest_revision() {
            request = request.header(MIN_REVISION, revision);
        }
        let answer = self.http.send(request, limit).await?;
        if let Some(revision) = revision(&answer) {
            self.seen.fetch_max(revision, Ordering::Relaxed);
        }
        answer.success(url.as_str())
    }
}

fn known(revision: &AtomicU64) -> Option<u64> {
    match revision.load(Ordering::Relaxed) {
        0 => None,
        revision => Some(revision),
    }
}

/// The revision that an answer tells of.
fn revision(answer: &Answer) -> Option<u64> {
    answer.header(REVISION)?.parse().ok()
}

impl fmt::Debug for SelfService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SelfService")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// One call of the API.
struct Call<'c> {
    method: Method,
    path: String,
    query: Vec<(&'static str, &'c str)>,
    body: Option<Value>,
    if_match: Option<&'c str>,
    idempotency_key: Option<&'c str>,
    /// Answered without a token.
    is_open: bool,
    /// What the answer is, for those who read that it is not.
    what: &'static str,
    /// Members that an older or another service leaves out of records.
    defaults: fn() -> Value,
}

impl<'c> Call<'c> {
    fn new(method: Method, path: impl Into<String>, what: &'static str) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            if_match: None,
            idempotency_key: None,
            is_open: false,
            what,
            defaults: || Value::Null,
        }
    }

    fn with(mut self, name: &'static str, value: &'c str) -> Self {
        self.query.push((name, value));
        self
    }

    fn body(self, body: Value) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    fn if_match(self, if_match: Option<&'c str>) -> Self {
        Self { if_match, ..self }
    }

    fn open(self) -> Self {
        Self {
            is_open: true,
            ..self
        }
    }

    fn defaults(self, defaults: fn() -> Value) -> Self {
        Self { defaults, ..self }
    }

    /// The answer is not what it should be. The reader's message could quote it, so it is not passed on.
    fn garbage(&self, base: &Address) -> ClientError {
        ClientError::Garbage {
            url: base.below(&self.path).to_string(),
            what: self.what,
        }
    }

    /// Key sets are replaced whole, so posting one again is harmless; making something is not,
    /// unless the request has a key that makes it so.
    fn repeat(&self) -> Repeat {
        let makes = self.method == Method::POST && !self.path.ends_with("/jwks");
        if makes && self.idempotency_key.is_none() {
            Repeat::Harmful
        } else {
            Repeat::Harmless
        }
    }
}

/// An id as one segment of a path.
fn segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
