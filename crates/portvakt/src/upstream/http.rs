//! Requests to other providers: bounded in time and size, without redirects, over TLS or on this machine.

use std::time::Duration;

use async_trait::async_trait;
use portvakt_client::{Address, Answer, ClientError, HttpClient, HttpSettings};
use portvakt_idporten::eid::{HttpAnswer, HttpFault, OutgoingHttp};

/// How long a connection may take. A person waits for it.
const CONNECTING: Duration = Duration::from_secs(2);
/// How long an answer may take.
const ANSWERING: Duration = Duration::from_secs(5);

/// The network.
pub(super) struct Network(HttpClient);

impl Network {
    pub(super) fn new() -> anyhow::Result<Self> {
        let settings = HttpSettings {
            connect_timeout: CONNECTING,
            timeout: ANSWERING,
            ..HttpSettings::default()
        };
        Ok(Self(HttpClient::new(&settings)?))
    }

    fn address(&self, url: &str) -> Result<Address, HttpFault> {
        self.0.address(url).map_err(|error| fault(&error))
    }
}

#[async_trait]
impl OutgoingHttp for Network {
    async fn get(&self, url: &str) -> Result<HttpAnswer, HttpFault> {
        let address = self.address(url)?;
        self.0
            .get(&address)
            .await
            .map(answer)
            .map_err(|error| fault(&error))
    }

    async fn post_form(
        &self,
        url: &str,
        form: String,
        authorization: Option<String>,
    ) -> Result<HttpAnswer, HttpFault> {
        let address = self.address(url)?;
        let posted = self
            .0
            .post_form_as(&address, form, authorization.as_deref());
        posted.await.map(answer).map_err(|error| fault(&error))
    }
}

fn answer(answer: Answer) -> HttpAnswer {
    HttpAnswer {
        status: answer.status,
        body: answer.body,
    }
}

fn fault(error: &ClientError) -> HttpFault {
    HttpFault(error.to_string())
}
