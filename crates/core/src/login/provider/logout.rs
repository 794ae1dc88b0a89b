//! Logging out: the whole session, everywhere (spec: idporten §15).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::authorize::Browser;
use super::logout_question::LogoutQuestion;
use super::notification::{Notification, with_query};
use super::transaction::ServiceView;
use super::{Denied, Provider};
use crate::client::Client;
use crate::login::record::{ParkedLogout, Session};
use crate::login::redirect_uri::is_registered;
use crate::login::refusal::LoginRefusalCode;
use crate::login::{Document, Handle, Opening};

/// How long the parameters of a logout wait for the browser to come back with its cookie.
const PARKED: Duration = Duration::from_mins(1);

/// The longest `state`, in characters.
const MAX_STATE: usize = 2048;
/// The longest `client_id`, in bytes.
const MAX_CLIENT_ID: usize = 255;
/// The longest address to return to, in bytes.
const MAX_ADDRESS: usize = 4096;
/// The longest list of languages, in bytes.
const MAX_LOCALES: usize = 255;

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

/// What comes next in a logout.
pub enum LogoutStep {
    /// Nobody is logged in in this browser, as far as it shows.
    NoSession,
    /// The person has to be asked.
    Ask(Box<LogoutQuestion>),
    /// It is done.
    Ended(LogoutOutcome),
}

/// What came of a logout.
#[derive(Clone)]
pub struct LogoutOutcome {
    /// What was asked for.
    pub request: LogoutRequest,
    /// Who is told in the browser.
    pub notifications: Vec<Notification>,
    /// Where the person goes then; the provider's page if there is nowhere.
    pub returns_to: Option<String>,
}

/// Where a logout leads.
pub(super) struct Returns {
    /// The registered address, with `state`.
    pub(super) address: Option<String>,
    /// The service of the client that is named.
    pub(super) service: Option<ServiceView>,
}

impl Provider {
    /// Reads what came with a logout. `hint` is `id_token_hint`; one that is not valid counts as
    /// none.
    pub fn logout_request(
        &self,
        hint: Option<&str>,
        mut request: LogoutRequest,
    ) -> Result<LogoutRequest, Denied> {
        // Of what is longer than anything that counts nothing is kept.
        for (text, longest) in [
            (&mut request.client_id, MAX_CLIENT_ID),
            (&mut request.post_logout_redirect_uri, MAX_ADDRESS),
            (&mut request.ui_locales, MAX_LOCALES),
        ] {
            text.take_if(|text| text.len() > longest);
        }
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
        self.enter(Opening::ParkedLogout)?;
        let handle = self.handle()?;
        self.keep_logout(request, &handle, PARKED).await?;
        Ok(handle)
    }

    pub(super) async fn keep_logout(
        &self,
        request: &LogoutRequest,
        handle: &Handle,
        lifetime: Duration,
    ) -> Result<(), Denied> {
        let parked = ParkedLogout {
            handle: handle.digest(),
            request: Document::of(request)?,
            expires_at: self.now().plus(lifetime),
        };
        Ok(self.store().park_logout(&parked).await?)
    }

    /// Takes a logout that was kept: there is no second time.
    pub async fn take_logout(&self, handle: &Handle) -> Result<LogoutRequest, Denied> {
        let digest = handle.digest();
        let taken = self.store().take_logout(&digest, self.now()).await?;
        let parked = taken.ok_or(LoginRefusalCode::SessionMissing)?;
        Ok(parked.request.read()?)
    }

    /// Ends the browser's session with all its groups, unless the person has to be asked first.
    pub async fn log_out(
        &self,
        request: LogoutRequest,
        browser: &Browser,
    ) -> Result<LogoutStep, Denied> {
        let Some(session) = self.session(browser).await? else {
            return Ok(LogoutStep::NoSession);
        };
        if let Some(reason) = self.reason_to_ask(&request, &session).await? {
            let question = self.ask_about_logout(request, reason, browser).await?;
            return Ok(LogoutStep::Ask(Box::new(question)));
        }
        Ok(LogoutStep::Ended(self.end(&session, request).await?))
    }

    /// Ends a session, whoever asked for it.
    pub(super) async fn end(
        &self,
        session: &Session,
        request: LogoutRequest,
    ) -> Result<LogoutOutcome, Denied> {
        let ended = self.store().end_session(&session.id, self.now()).await?;
        // Whoever ended it at the same moment tells the clients.
        let notifications = match &ended {
            Some(session) => self.tell_clients(session).await,
            None => Vec::new(),
        };
        let returns = self.returns(&request).await;
        Ok(LogoutOutcome {
            notifications,
            returns_to: returns.address,
            request,
        })
    }

    /// The client that a logout names, and where it leads. A client that cannot be found names nobody.
    pub(super) async fn returns(&self, request: &LogoutRequest) -> Returns {
        let named = request.hinted.as_ref().map(|(audience, _)| audience);
        let record = match named.or(request.client_id.as_ref()) {
            Some(client_id) => self.named_client(Some(client_id)).await.ok(),
            None => None,
        };
        let client = record.as_deref().map(|record| &record.client);
        Returns {
            address: client.and_then(|client| return_address(request, client)),
            service: client.map(|client| ServiceView::of(client, None)),
        }
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
