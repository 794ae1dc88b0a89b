//! Asking the person before a logout that they may not have meant (spec: idporten §15.3).

use super::authorize::Browser;
use super::logout::{LogoutOutcome, LogoutRequest};
use super::transaction::ServiceView;
use super::{Denied, Provider};
use crate::client::ClientId;
use crate::login::Handle;
use crate::login::record::Session;
use crate::login::refusal::LoginRefusalCode;

/// Why the person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonToAsk {
    /// The id token that was sent is of another person than is logged in in this browser.
    OtherPerson,
    /// No id token was sent that says who is to be logged out, and the issuer wants one.
    NoHint,
}

/// What the person is asked.
pub struct LogoutQuestion {
    /// Goes with the answer. It is worth something in this browser alone, once.
    pub handle: Handle,
    /// Why they are asked.
    pub reason: ReasonToAsk,
    /// The service that asked for the logout, where it is said.
    pub service: Option<ServiceView>,
    /// Where the person goes when they say yes; the provider's page if there is nowhere.
    pub returns_to: Option<String>,
    /// What was asked for.
    pub request: LogoutRequest,
}

impl Provider {
    pub(super) async fn reason_to_ask(
        &self,
        request: &LogoutRequest,
        session: &Session,
    ) -> Result<Option<ReasonToAsk>, Denied> {
        let Some((audience, subject)) = &request.hinted else {
            let asks = self.issuer().logout_confirm_without_hint;
            return Ok(asks.then_some(ReasonToAsk::NoHint));
        };
        let Ok(client_id) = ClientId::parse(audience) else {
            return Ok(Some(ReasonToAsk::OtherPerson));
        };
        let person = self.person(&session.person).await?;
        let is_same = self.parts().pairwise.subject(&client_id, &person) == *subject;
        Ok((!is_same).then_some(ReasonToAsk::OtherPerson))
    }

    /// Keeps the logout until it is answered.
    pub(super) async fn ask_about_logout(
        &self,
        request: LogoutRequest,
        reason: ReasonToAsk,
        browser: &Browser,
    ) -> Result<LogoutQuestion, Denied> {
        let returns = self.returns(&request).await;
        let (request, returns_to) = match reason {
            // What another person's client asked for is not theirs: nothing leads back to it.
            ReasonToAsk::OtherPerson => {
                let request = LogoutRequest {
                    ui_locales: request.ui_locales,
                    ..LogoutRequest::default()
                };
                (request, None)
            }
            ReasonToAsk::NoHint => (request, returns.address),
        };
        let handle = self.handle()?;
        let kept = question(&handle, &browser.binding);
        let lifetime = self.issuer().lifetimes.transaction;
        self.keep_logout(&request, &kept, lifetime).await?;
        Ok(LogoutQuestion {
            handle,
            reason,
            service: returns.service,
            returns_to,
            request,
        })
    }

    /// The person said yes: ends the session of whoever is logged in in this browser now.
    pub async fn confirm_logout(
        &self,
        handle: &Handle,
        browser: &Browser,
    ) -> Result<LogoutOutcome, Denied> {
        let request = self
            .take_logout(&question(handle, &browser.binding))
            .await?;
        let session = self.session(browser).await?;
        let session = session.ok_or(LoginRefusalCode::SessionMissing)?;
        self.end(&session, request).await
    }

    /// The person said no. What they were asked about, and the service that asked, where it is said.
    pub async fn decline_logout(
        &self,
        handle: &Handle,
        browser: &Browser,
    ) -> Result<(LogoutRequest, Option<ServiceView>), Denied> {
        let request = self
            .take_logout(&question(handle, &browser.binding))
            .await?;
        let service = self.returns(&request).await.service;
        Ok((request, service))
    }
}

/// What a question is kept under: it follows from the handle and the browser, so that another browser
/// cannot answer it, and so that the handle passes for none of a logout that asks no question.
fn question(handle: &Handle, binding: &Handle) -> Handle {
    Handle::derive("logout question", &[handle, binding])
}
