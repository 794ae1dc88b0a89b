//! Clients and their keys (spec: selfservice §5).

use portvakt_api_types::{ClientResponse, JwksRequest, JwksResponse};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{Call, SelfService, Tagged, Written, lenient, segment};
use crate::error::ClientError;
use crate::random;

/// Of a client, what says whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DescribedClient {
    /// Its id.
    pub client_id: String,
    /// Where operators write whose it is.
    pub description: String,
    /// Whether it may get tokens.
    pub active: bool,
}

impl SelfService {
    /// Every client that the administration client may see, deactivated ones too.
    pub async fn clients(&self) -> Result<Vec<ClientResponse>, ClientError> {
        self.list(all()).await
    }

    /// The same without anything but whose they are: of ten thousand clients that is a tenth of the memory.
    pub async fn client_descriptions(&self) -> Result<Vec<DescribedClient>, ClientError> {
        self.list(all()).await
    }

    /// One client.
    pub async fn client(&self, client_id: &str) -> Result<Tagged<ClientResponse>, ClientError> {
        let call = Call::new(Method::GET, path(client_id), "client");
        self.record(call.defaults(lenient::client)).await
    }

    /// Registers a client; the answer has its id. An `Idempotency-Key` of its own makes sure that
    /// asking again after a broken connection registers no second one, where the target honors it.
    pub async fn create_client(
        &self,
        body: &Value,
    ) -> Result<Written<ClientResponse>, ClientError> {
        let key = random::unique_id()?;
        let mut call = Call::new(Method::POST, "/clients", "client").body(body.clone());
        call.idempotency_key = Some(&key);
        self.write(call.defaults(lenient::client)).await
    }

    /// Replaces a client's attributes.
    pub async fn update_client(
        &self,
        client_id: &str,
        body: &Value,
        if_match: Option<&str>,
    ) -> Result<Written<ClientResponse>, ClientError> {
        let call = Call::new(Method::PUT, path(client_id), "client").body(body.clone());
        self.write(call.if_match(if_match).defaults(lenient::client))
            .await
    }

    /// Deactivates a client, which only the operator can undo.
    pub async fn deactivate_client(
        &self,
        client_id: &str,
        if_match: Option<&str>,
    ) -> Result<Written<()>, ClientError> {
        let call = Call::new(Method::DELETE, path(client_id), "client");
        self.write_only(call.if_match(if_match)).await
    }

    /// A client's keys; a client that never had any has none.
    pub async fn keys(&self, client_id: &str) -> Result<Tagged<JwksResponse>, ClientError> {
        let call = Call::new(Method::GET, keys_path(client_id), "JWK Set");
        match self.record(call).await {
            Err(error) if error.status() == Some(404) => Ok(Tagged {
                value: JwksResponse::default(),
                etag: None,
            }),
            other => other,
        }
    }

    /// Replaces a client's keys, all of them.
    pub async fn replace_keys(
        &self,
        client_id: &str,
        body: &JwksRequest,
        if_match: Option<&str>,
    ) -> Result<Written<JwksResponse>, ClientError> {
        let call = Call::new(Method::POST, keys_path(client_id), "JWK Set");
        // Requests are plain data with text keys: they always become JSON.
        let body = serde_json::to_value(body).unwrap_or_default();
        self.write(call.body(body).if_match(if_match)).await
    }
}

fn all() -> Call<'static> {
    let call = Call::new(Method::GET, "/clients", "list of clients");
    call.with("inactive", "true").defaults(lenient::client)
}

fn path(client_id: &str) -> String {
    format!("/clients/{}", segment(client_id))
}

fn keys_path(client_id: &str) -> String {
    format!("/clients/{}/jwks", segment(client_id))
}
