//! Requests to other servers. Who makes them is the binary's affair.

use async_trait::async_trait;

/// Makes requests in bounded time and reads answers of bounded size. It follows no redirect, and asks
/// other machines over TLS alone.
#[async_trait]
pub trait OutgoingHttp: Send + Sync {
    /// Gets a document.
    async fn get(&self, url: &str) -> Result<HttpAnswer, HttpFault>;

    /// Posts a form, with an `Authorization` header if there is one.
    async fn post_form(
        &self,
        url: &str,
        form: String,
        authorization: Option<String>,
    ) -> Result<HttpAnswer, HttpFault>;
}

/// An answer, read whole.
#[derive(Clone)]
pub struct HttpAnswer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// Whether the status is 2xx.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// There was no answer. The text is for the log, and repeats nothing that was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpFault(pub String);
