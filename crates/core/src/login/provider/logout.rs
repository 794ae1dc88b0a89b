//! Logging out: the whole session, everywhere (spec: idporten §15).

use serde::{Deserialize, Serialize};

use super::authorize::Browser;
use super::notification::{Notification, with_query};
use super::transaction::ServiceView;
use super::{Denied, Provider};
use crate::client::{Client, ClientId};
use crate::login::record::ParkedLogout;
use crate::login::redirect_uri::is_registered;
use crate::login::refusal::LoginRefusalCode;
use crate::login::{Document, Handle};

/// How long the parameters of a logout wait for the browser to come back with its cookie.
const PARKED: std::time::Duration = std::time::Duration::from_mins(1);

/// The longest `state`, in characters.
const MAX_STATE: usize = 2048;

/// The parameters of a logout. It has no `Debug`: the hint says who somebody is.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogoutRequest {
    /// `client_id`.
    pub client_id: Option<String>,
    /// `post_logout_redirect_uri`.
    pub post_logout_redirect_uri: Option<String>,
    /// `state`.
    pub state: Option<String>,
    /// `ui_locales`.
    pub ui_locales: Option<String>,
    /// What a valid `id_token_hint` says: its client and its subject. The hint itself is not kept.
    pub hinted: Option<(String, String)>,
}

/// What came of a logout.
#[derive(Clone)]
pub struct LogoutOutcome {
    /// Who is told in the browser.
    pub notifications: Vec<Notification>,
    /// Where the person goes then; the provider's page if there is nowhere.
    pub returns_to: Option<String>,
    /// The service that they came from.
    pub service: Option<ServiceView>,
}

impl Provider {
    /// Reads what came with a logout. `hint` is `id_token_hint`; one that is not valid counts as
    /// none.
    pub fn logout_request(
        &self,
        hint: Option<&str>,
        mut request: LogoutRequest,
    ) -> Result<LogoutRequest, Denied> {
        let hint = hint.and_then(|hint| self.id_token_hint(hint));
        request.hinted = hint.map(|hint| (hint.audience, hint.subject));
        let state_in_order = request.state.as_deref().is_none_or(|state| {
            state.len() <= MAX_STATE && state.bytes().all(|b| (b' '..=b'~').contains(&b))
        });
        let same_client = match (&request.client_id, &request.hinted) {
            (Some(client_id), Some((audience, _))) => client_id == audience,
            _ => true,
        };
        if state_in_order && same_client {
            Ok(request)
        } else {
            Err(LoginRefusalCode::LogoutMalformed.into())
        }
    }

    /// Keeps a logout that came without the session's cookie, because another site's form does not
    /// carry it, until the browser comes back by a link, which does.
    pub async fn park_logout(&self, request: &LogoutRequest) -> Result<Handle, Denied> {
        let handle = self.handle()?;
        let parked = ParkedLogout {
            handle: handle.digest(),
            request: Document::of(request)?,
            expires_at: self.now().plus(PARKED),
        };
        self.store().park_logout(&parked).await?;
        Ok(handle)
    }

    /// Takes a logout that was kept.
    pub async fn parked_logout(&self, handle: &Handle) -> Result<LogoutRequest, Denied> {
        let digest = handle.digest();
        let taken = self.store().take_logout(&digest, self.now()).await?;
        let parked = taken.ok_or(LoginRefusalCode::SessionMissing)?;
        Ok(parked.request.read()?)
    }

    /// Whether the hint is of another person than the one who is logged in in this browser, so that
    /// they are to be asked. None if nobody is.
    pub async fn logout_is_of_another(
        &self,
        request: &LogoutRequest,
        browser: &Browser,
    ) -> Result<Option<bool>, Denied> {
        let Some(session) = self.session(browser).await? else {
            return Ok(None);
        };
        let Some((audience, subject)) = &request.hinted else {
            return Ok(Some(false));
        };
        let Ok(client_id) = ClientId::parse(audience) else {
            return Ok(Some(true));
        };
        let person = self.person(&session.person).await?;
        Ok(Some(
            self.parts().pairwise.subject(&client_id, &person) != *subject,
        ))
    }

    /// Ends the browser's session with all its groups.
    pub async fn log_out(
        &self,
        request: &LogoutRequest,
        browser: &Browser,
    ) -> Result<LogoutOutcome, Denied> {
        let missing = || Denied::from(LoginRefusalCode::SessionMissing);
        let session = self.session(browser).await?.ok_or_else(missing)?;
        let ended = self.store().end_session(&session.id, self.now()).await?;
        // Whoever ended it at the same moment tells the clients.
        let notifications = match &ended {
            Some(session) => self.tell_clients(session).await,
            None => Vec::new(),
        };
        let named = request.hinted.as_ref().map(|(audience, _)| audience);
        let client = match named.or(request.client_id.as_ref()) {
            Some(client_id) => self.named_client(Some(client_id)).await.ok(),
            None => None,
        };
        let client = client.as_deref().map(|record| &record.client);
        Ok(LogoutOutcome {
            notifications,
            returns_to: client.and_then(|client| return_address(request, client)),
            service: client.map(|client| ServiceView::of(client, None)),
        })
    }
}

fn return_address(request: &LogoutRequest, client: &Client) -> Option<String> {
    let uri = request.post_logout_redirect_uri.as_deref()?;
    let registered = &client.login.post_logout_redirect_uris;
    if !is_registered(uri, registered, client.application_type) {
        return None;
    }
    match request.state.as_deref() {
        Some(state) => Some(with_query(uri, &[("state", state)])),
        None => Some(uri.to_owned()),
    }
}
