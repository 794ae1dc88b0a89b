//! The authorization endpoint: what a browser's request leads to (spec: idporten §6).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::push::reference;
use super::step::Step;
use super::transaction::TransactionState;
use super::{Denied, Provider};
use crate::client::{Client, OnBehalfOf};
use crate::grant::Sender;
use crate::login::decision::{Next, Situation, group_of, next};
use crate::login::port::{Ending, PushedStart};
use crate::login::record::Session;
use crate::login::refusal::LoginRefusalCode;
use crate::login::request::{
    AuthorizationParameters, RequestFacts, RequestObject, ReturnAddress, ValidRequest,
};
use crate::login::scopes;
use crate::login::{Handle, Opening};
use crate::ports::ClientRecord;
use crate::scope::Scope;

/// What a browser shows of itself. The binding is made anew if it has none.
#[derive(Clone)]
pub struct Browser {
    /// What ties logins under way to the browser.
    pub binding: Handle,
    /// The session's cookie, if it has one.
    pub session: Option<Handle>,
    /// `User-Agent`, for the person to recognize.
    pub user_agent: String,
}

/// A request at the authorization endpoint.
pub struct AuthorizationRequest {
    /// Its parameters.
    pub parameters: AuthorizationParameters,
    /// Who brings it.
    pub browser: Browser,
}

/// A request that was found in order, with what was learned on the way.
pub(super) struct CheckedRequest {
    pub(super) request: ValidRequest,
    pub(super) scopes: Vec<Arc<Scope>>,
    pub(super) on_behalf_of: Option<OnBehalfOf>,
}

/// The parameters of a request, wherever they were.
struct Resolved {
    client: Arc<ClientRecord>,
    parameters: AuthorizationParameters,
    pushed: Option<Handle>,
    hinted_subject: Option<String>,
    /// Whether they are the client's own: it signed them, or pushed them and proved itself.
    is_proven: bool,
}

impl Provider {
    /// Answers a browser's request, or leads it to the page that comes next.
    pub async fn authorize(&self, request: AuthorizationRequest) -> Result<Step, Denied> {
        let registry = &self.parts().registry;
        let as_of = registry.as_of()?;
        let browser = request.browser;
        let resolved = self.resolve(request.parameters).await?;
        let (client, is_proven) = (Arc::clone(&resolved.client), resolved.is_proven);
        let step = self.decide(resolved, &browser).await;
        let step = step.map_err(|denied| {
            // Who has a reference may be anybody.
            let is_clients = denied.refusal.code() != LoginRefusalCode::PushedRequestInvalid;
            denied.sent_by(Sender::new(&client.client, is_proven && is_clients))
        })?;
        registry.still_holds(as_of)?;
        Ok(step)
    }

    /// Spec: idporten §6.2, steps 2 to 4.
    async fn resolve(&self, outer: AuthorizationParameters) -> Result<Resolved, Denied> {
        if let Some("client_id" | "redirect_uri" | "request" | "request_uri") = outer.repeated() {
            return Err(LoginRefusalCode::RequestMalformed.into());
        }
        if let Some(request_uri) = outer.request_uri.as_deref() {
            let invalid = || Denied::from(LoginRefusalCode::PushedRequestInvalid);
            let handle = reference(request_uri).ok_or_else(invalid)?;
            let digest = handle.digest();
            let found = self.store().find_pushed(&digest, self.now()).await?;
            let found = found.ok_or_else(invalid)?;
            if outer.client_id.as_deref() != Some(found.client_id.as_str()) {
                return Err(invalid());
            }
            let client = self.named_client(outer.client_id.as_deref()).await?;
            // What stands beside the reference is ignored, never merged.
            let mut parameters: AuthorizationParameters = found.request.read()?;
            let hinted_subject = parameters.id_token_hint.take();
            return Ok(Resolved {
                is_proven: !client.client.is_public(),
                client,
                parameters,
                pushed: Some(handle),
                hinted_subject,
            });
        }
        let client = self.named_client(outer.client_id.as_deref()).await?;
        let is_proven = outer.request.is_some();
        let parameters = self.open_object(outer, &client).await?;
        Ok(Resolved {
            is_proven,
            hinted_subject: self.hinted_subject(&parameters, &client.client),
            client,
            parameters,
            pushed: None,
        })
    }

    /// The parameters with those of a request object in their places. A fault in it is told to the
    /// client only if the address beside it is registered.
    async fn open_object(
        &self,
        outer: AuthorizationParameters,
        record: &ClientRecord,
    ) -> Result<AuthorizationParameters, Denied> {
        let parts = self.parts();
        let told = |denied: Denied| match ReturnAddress::find(&outer, &record.client) {
            Ok(address) => denied.naming(&record.client).told(&address),
            Err(_) => denied,
        };
        let trust = parts.trust.load_full();
        let opened = RequestObject::open(&outer, record, &trust, &parts.issuer, false, self.now());
        let Some(object) = opened.map_err(|refusal| told(refusal.into()))? else {
            return Ok(outer);
        };
        if !self.use_up(object.used).await? {
            return Err(told(LoginRefusalCode::RequestObjectInvalid.into()));
        }
        Ok(object.parameters)
    }

    /// Checks what needs no browser (spec: idporten §6.2, steps 5 to 7).
    pub(super) async fn check_request(
        &self,
        parameters: &AuthorizationParameters,
        client: &Client,
    ) -> Result<CheckedRequest, Denied> {
        let registry = &self.parts().registry;
        let address = ReturnAddress::find(parameters, client)?;
        // A scope that cannot be read is refused by the check below.
        let tokens = scopes::parse(parameters.scope.as_deref()).unwrap_or_default();
        let facts = registry.find_scope_facts(&tokens, client.accessing_orgno());
        let facts = facts
            .await
            .map_err(|error| Denied::from(error).told(&address))?;
        let on_behalf_of = match parameters.onbehalfof.as_deref() {
            Some(value) => registry.find_on_behalf_of(&client.client_id, value).await?,
            None => None,
        };
        let request_facts = RequestFacts {
            client,
            scopes: &facts,
            on_behalf_of: on_behalf_of.as_ref(),
            levels: self.levels(),
        };
        let checked = ValidRequest::new(parameters, request_facts, &address, self.issuer());
        let (request, scopes) = checked?;
        Ok(CheckedRequest {
            request,
            scopes,
            on_behalf_of,
        })
    }

    async fn decide(&self, resolved: Resolved, browser: &Browser) -> Result<Step, Denied> {
        let client = &resolved.client.client;
        let pushed = resolved.pushed.as_ref();
        let checked = match self.check_request(&resolved.parameters, client).await {
            Ok(checked) => checked,
            Err(denied) => {
                self.consume(pushed).await?;
                return Err(denied);
            }
        };
        let session = self.session(browser).await?;
        let hinted = resolved.hinted_subject.as_deref();
        let situation = Situation {
            request: &checked.request,
            scopes: &checked.scopes,
            group: &group_of(client),
            session: session.as_ref(),
            hint_names_another: self.names_another(hinted, client, session.as_ref()).await?,
            fresh: None,
            consent: None,
            now: self.now(),
        };
        let address = &checked.request.return_to;
        match next(situation) {
            Next::Refuse(refusal) => {
                self.consume(pushed).await?;
                if !refusal.code().is_outcome() {
                    return Err(Denied::from(refusal).told(address));
                }
                let answer = self.refuse(&client.client_id, &refusal, address).await?;
                Ok(Step::Answer(Box::new(answer)))
            }
            Next::Finish(granted) => {
                let digest = pushed.map(Handle::digest);
                let ending = digest.as_ref().map_or(Ending::Nothing, Ending::Pushed);
                let finished = self
                    .finish(&checked, client, &granted, browser, ending)
                    .await;
                finished.map_err(|denied| denied.told(address))
            }
            Next::Authenticate { .. } | Next::AskConsent(_) => {
                let begun = self.begin(resolved, checked.request.clone(), browser).await;
                begun.map_err(|denied| match denied.refusal.code() {
                    LoginRefusalCode::PushedRequestInvalid => denied,
                    _ => denied.told(address),
                })
            }
        }
    }

    /// Begins a login, or finds the one that this browser began with the same pushed request.
    async fn begin(
        &self,
        mut resolved: Resolved,
        request: ValidRequest,
        browser: &Browser,
    ) -> Result<Step, Denied> {
        let environment = self.issuer().environment;
        resolved.parameters.forget_hint_foreign_to(environment);
        let test_person = resolved.parameters.test_person().map(str::to_owned);
        let state = TransactionState {
            request,
            hinted_subject: resolved.hinted_subject,
            test_person,
            fresh: None,
            consent: None,
            setback: None,
            eid: None,
            spent: BTreeMap::new(),
        };
        let (handle, record) = match &resolved.pushed {
            None => {
                self.enter(Opening::Login)?;
                let handle = self.handle()?;
                let record = self.new_transaction(&handle, browser, &state)?;
                self.store().begin_transaction(&record).await?;
                (handle, record)
            }
            Some(pushed) => {
                let handle = Handle::derive("pushed login", &[pushed, &browser.binding]);
                let mut record = self.new_transaction(&handle, browser, &state)?;
                record.pushed = Some(pushed.digest());
                // Whoever comes back to a login that they began needs no other place.
                if let Err(full) = self.enter(Opening::Login) {
                    let begun = (&record.handle, &record.browser);
                    let found = self.store().find_transaction(begun.0, begun.1, self.now());
                    found.await?.ok_or(full)?;
                }
                match self.store().start_pushed(&record, self.now()).await? {
                    PushedStart::Started => (handle, record),
                    PushedStart::Resumed(present) => (handle, present),
                    PushedStart::Refused => {
                        return Err(LoginRefusalCode::PushedRequestInvalid.into());
                    }
                }
            }
        };
        let transaction = self.open(record).await?;
        self.step(transaction, &handle, browser).await
    }

    /// A pushed request that is answered with an error is used up. One that another browser has
    /// started is left to that.
    async fn consume(&self, pushed: Option<&Handle>) -> Result<(), Denied> {
        if let Some(pushed) = pushed {
            let now = self.now();
            self.store().consume_pushed(&pushed.digest(), now).await?;
        }
        Ok(())
    }

    /// The browser's session, if it has one.
    pub(super) async fn session(&self, browser: &Browser) -> Result<Option<Session>, Denied> {
        match &browser.session {
            Some(cookie) => {
                let digest = cookie.digest();
                Ok(self.store().find_session(&digest, self.now()).await?)
            }
            None => Ok(None),
        }
    }
}
