//! Logins under way, as the use-cases see them (spec: idporten §6.3).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::authorize::Browser;
use super::{Denied, Provider};
use crate::client::{Client, OnBehalfOf};
use crate::login::decision::Consent;
use crate::login::record::{AuthenticationEvent, LoginTransaction};
use crate::login::refusal::LoginRefusalCode;
use crate::login::request::ValidRequest;
use crate::login::{Document, Handle};
use crate::ports::ClientRecord;

/// How far a login has come. Kept as a document.
#[derive(Clone, Serialize, Deserialize)]
pub struct TransactionState {
    /// What was asked for.
    pub request: ValidRequest,
    /// `sub` of `id_token_hint`, if a valid one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hinted_subject: Option<String>,
    /// A test person whom the client would like to log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_person: Option<String>,
    /// The login that happened in this transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<AuthenticationEvent>,
    /// What the person answered in the consent dialog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Why the person is to choose again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setback: Option<Setback>,
    /// What an eID provider keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eid: Option<EidState>,
    /// How often each eID provider has done what one login may have done a few times. Nothing that happens
    /// in the login gives any of it back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub spent: BTreeMap<String, u8>,
}

/// Why an attempt to log in came to nothing, while the login goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setback {
    /// The eID provider failed, or delivered less than was asked for.
    Failed,
    /// The client requires a Norwegian identity number, and none was found.
    NoMatch,
}

/// What an eID provider keeps between two requests of the browser. Nobody else reads it.
#[derive(Clone, Serialize, Deserialize)]
pub struct EidState {
    /// The provider.
    pub provider: String,
    /// Its data.
    pub data: Value,
}

/// A login under way that the browser may go on with.
#[derive(Clone)]
pub struct OpenTransaction {
    /// As it is kept.
    pub record: LoginTransaction,
    /// How far it has come.
    pub state: TransactionState,
    /// The client, as it is now.
    pub client: Arc<ClientRecord>,
    /// The customer for whom the client asks.
    pub on_behalf_of: Option<OnBehalfOf>,
}

/// The service as pages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub home: Option<String>,
}

impl ServiceView {
    /// The client, or the customer for whom it asks.
    pub fn of(client: &Client, on_behalf_of: Option<&OnBehalfOf>) -> Self {
        let own = client.login.display_name.as_ref();
        match on_behalf_of {
            Some(customer) => Self {
                name: customer.name.clone(),
                home: customer.client_uri.clone(),
            },
            None => Self {
                name: own.unwrap_or(&client.client_name).clone(),
                home: client.login.client_uri.clone(),
            },
        }
    }
}

impl OpenTransaction {
    /// The service as pages name it.
    pub fn service(&self) -> ServiceView {
        ServiceView::of(&self.client.client, self.on_behalf_of.as_ref())
    }
}

impl Provider {
    /// Finds the login that this browser began. One that it did not begin does not exist for it.
    pub async fn transaction(
        &self,
        handle: &Handle,
        browser: &Handle,
    ) -> Result<OpenTransaction, Denied> {
        let (handle, browser) = (handle.digest(), browser.digest());
        let found = self.store().find_transaction(&handle, &browser, self.now());
        let record = found.await?.ok_or(LoginRefusalCode::TransactionOver)?;
        self.open(record).await
    }

    pub(super) async fn open(&self, record: LoginTransaction) -> Result<OpenTransaction, Denied> {
        let state: TransactionState = record.state.read()?;
        let client = self.named_client(Some(record.client_id.as_str())).await?;
        let on_behalf_of = match &state.request.on_behalf_of {
            Some(value) => {
                let registry = &self.parts().registry;
                registry.find_on_behalf_of(&record.client_id, value).await?
            }
            None => None,
        };
        Ok(OpenTransaction {
            record,
            state,
            client,
            on_behalf_of,
        })
    }

    /// Keeps a step of a login. Whoever was overtaken, by another tab say, is told that it is over.
    pub async fn advance(&self, transaction: &mut OpenTransaction) -> Result<(), Denied> {
        let record = &mut transaction.record;
        record.state = Document::of(&transaction.state)?;
        if !self.store().advance_transaction(record, self.now()).await? {
            return Err(LoginRefusalCode::TransactionOver.into());
        }
        record.version += 1;
        Ok(())
    }

    /// A new login for a browser's request.
    pub(super) fn new_transaction(
        &self,
        handle: &Handle,
        browser: &Browser,
        state: &TransactionState,
    ) -> Result<LoginTransaction, Denied> {
        let now = self.now();
        Ok(LoginTransaction {
            handle: handle.digest(),
            browser: browser.binding.digest(),
            client_id: state.request.client_id.clone(),
            pushed: None,
            created_at: now,
            expires_at: now.plus(self.issuer().lifetimes.transaction),
            version: 0,
            state: Document::of(state)?,
        })
    }
}
