//! Pushed authorization requests (RFC 9126; spec: idporten §8).

use super::{AuthenticatedClient, Denied, Provider};
use crate::clock::Timestamp;
use crate::login::client_authentication::Credentials;
use crate::login::dpop::{DpopHeader, ProvenKey};
use crate::login::record::{PushedRequest, PushedState};
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::login::request::{AuthorizationParameters, RequestObject};
use crate::login::{Document, Handle, Opening};

/// How references to pushed requests begin.
pub(super) const REQUEST_URI_PREFIX: &str = "urn:idporten:";

/// What a client is told of a request that it pushed.
#[derive(Clone)]
pub struct Pushed {
    /// What the browser presents.
    pub request_uri: String,
    /// Seconds until it is over.
    pub expires_in: u64,
}

impl Provider {
    /// Keeps a request, after everything was checked that needs no browser. Every fault is told to
    /// the client directly.
    pub async fn push(
        &self,
        parameters: AuthorizationParameters,
        credentials: Credentials<'_>,
        dpop: DpopHeader<'_>,
    ) -> Result<Pushed, Denied> {
        let pushing = async |client: &AuthenticatedClient, now| {
            self.push_as(client, parameters, dpop, now).await
        };
        let pushed = self.for_login_client(credentials, pushing).await;
        pushed.map_err(|denied| Denied {
            told: None,
            ..denied
        })
    }

    async fn push_as(
        &self,
        client: &AuthenticatedClient,
        mut parameters: AuthorizationParameters,
        dpop: DpopHeader<'_>,
        now: Timestamp,
    ) -> Result<Pushed, Denied> {
        let parts = self.parts();
        let client_id = &client.client().client_id;
        if parameters.request_uri.is_some() {
            return Err(LoginRefusalCode::RequestUriNotAllowed.into());
        }
        let trust = parts.trust.load_full();
        let object = RequestObject::open(
            &parameters,
            &client.record,
            &trust,
            &parts.issuer,
            true,
            now,
        )?;
        let used = object.as_ref().map(|object| object.used);
        if let Some(object) = object {
            parameters = object.parameters;
        }
        // What is kept must not say who somebody is.
        parameters.forget_hint_foreign_to(parts.issuer.environment);
        parameters.id_token_hint = self.hinted_subject(&parameters, client.client());
        parameters.client_id = Some(client_id.to_string());
        let key = self.clients_key(dpop, "par", now)?;
        bind(&mut parameters, key.as_ref())?;
        self.check_request(&parameters, client.client()).await?;
        let is_room = if client.client().is_public() {
            parts.room.enter(Opening::PushedRequest)
        } else {
            parts.room.enter_proven(Opening::PushedRequest)
        };
        if !is_room {
            return Err(LoginRefusalCode::TooManyUnderWay.into());
        }
        if let Some(used) = used
            && !self.use_up(used).await?
        {
            return Err(LoginRefusalCode::RequestObjectInvalid.into());
        }
        self.use_clients_proof(key.as_ref()).await?;
        let handle = self.handle()?;
        let lifetime = parts.issuer.lifetimes.pushed_request;
        let request = PushedRequest {
            request_uri: handle.digest(),
            client_id: client_id.clone(),
            request: Document::of(&parameters)?,
            created_at: now,
            expires_at: now.plus(lifetime),
            state: PushedState::New,
        };
        self.store().push_request(&request).await?;
        Ok(Pushed {
            request_uri: format!("{REQUEST_URI_PREFIX}{}", handle.expose()),
            expires_in: lifetime.as_secs(),
        })
    }
}

/// A proof beside the request says the same as `dpop_jkt` in it (RFC 9449 §10.1).
fn bind(
    parameters: &mut AuthorizationParameters,
    key: Option<&ProvenKey>,
) -> Result<(), LoginRefusal> {
    let Some(key) = key else { return Ok(()) };
    if parameters
        .dpop_jkt
        .as_ref()
        .is_some_and(|jkt| *jkt != key.jkt)
    {
        let detail = "it is of another key than dpop_jkt";
        return Err(LoginRefusal::Detail(
            LoginRefusalCode::DpopProofInvalid,
            detail,
        ));
    }
    parameters.dpop_jkt = Some(key.jkt.clone());
    Ok(())
}

/// The random part of a reference.
pub(super) fn reference(request_uri: &str) -> Option<Handle> {
    let text = request_uri.strip_prefix(REQUEST_URI_PREFIX)?;
    Handle::parse(text).ok()
}
