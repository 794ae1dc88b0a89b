//! People: who they are, and what an eID provider proved of them (spec: idporten §18.1, §18.3).

use super::authorize::Browser;
use super::notification::Notification;
use super::step::Step;
use super::transaction::{OpenTransaction, Setback};
use super::{Denied, Provider};
use crate::client::Client;
use crate::login::acr::Framework;
use crate::login::decision::group_of;
use crate::login::port::Saving;
use crate::login::record::{
    Attributes, AuthenticationEvent, Identity, LoginPerson, PersonId, PersonState, Session,
    SessionId,
};
use crate::login::refusal::LoginRefusalCode;
use crate::login::request::{AuthorizationParameters, ValidRequest};
use crate::login::{Acr, CompletedLogin, Handle, Locale};
use crate::person::Pid;

/// How often a session that others save at the same time is tried again.
pub(super) const ATTEMPTS: usize = 5;

/// What an eID provider proved.
#[derive(Clone, Debug)]
pub struct Proven {
    /// Whose identity.
    pub identity: Identity,
    /// The national identity number that a foreign identity was matched with.
    pub matched: Option<Pid>,
    /// The level that was reached.
    pub acr: Acr,
    /// The method.
    pub amr: String,
    /// The eID provider.
    pub provider: String,
    /// The language in use.
    pub locale: Locale,
    /// What else is known of the person.
    pub attributes: Attributes,
}

/// A session with a login in it.
struct NewCookie {
    /// Finds it.
    cookie: Handle,
    /// The clients of another person's session that was in its place, as far as the browser has to
    /// tell them.
    told: Vec<Notification>,
}

impl Provider {
    /// Takes a completed login: makes or finds the person, changes the session and its cookie, and
    /// goes on. The new cookie comes back beside the step; the browser has to get it in any case.
    pub async fn authenticated(
        &self,
        mut transaction: OpenTransaction,
        proven: Proven,
        handle: &Handle,
        browser: &Browser,
    ) -> Result<(Step, Option<Handle>), Denied> {
        // What the provider kept was for this login alone.
        transaction.state.eid = None;
        let proven = self.acceptable_match(proven);
        if let Some(setback) = setback(&transaction.state.request, &proven) {
            // The person may try another way; what was delivered is forgotten.
            transaction.state.setback = Some(setback);
            self.advance(&mut transaction).await?;
            return Ok((self.step(transaction, handle, browser).await?, None));
        }
        if !self.accepts_number(&proven) {
            return Err(self.refuse_person(&transaction, &proven).await);
        }
        let Some(event) = self.event(&proven).await? else {
            return Err(self.refuse_person(&transaction, &proven).await);
        };
        let client = transaction.client.client.clone();
        let Some(changed) = self.change_session(&event, &client, browser).await? else {
            return Err(self.refuse_person(&transaction, &proven).await);
        };
        let NewCookie { cookie, told } = changed;
        transaction.state.setback = None;
        transaction.state.fresh = Some(event);
        self.advance(&mut transaction).await?;
        if !told.is_empty() {
            let step = Step::TellFormer {
                transaction: Box::new(transaction),
                handle: handle.clone(),
                notifications: told,
            };
            return Ok((step, Some(cookie)));
        }
        let browser = Browser {
            session: Some(cookie.clone()),
            ..browser.clone()
        };
        let step = self.step(transaction, handle, &browser).await?;
        Ok((step, Some(cookie)))
    }

    /// The same without a match that nobody can be who logs in here.
    fn acceptable_match(&self, mut proven: Proven) -> Proven {
        let accepted = self.issuer().accepted_numbers;
        if !proven
            .matched
            .as_ref()
            .is_none_or(|pid| pid.is_accepted(accepted))
        {
            proven.matched = None;
            proven.attributes.match_failed();
        }
        proven
    }

    /// Whichever eID provider delivers a national identity number, it is of an accepted kind.
    fn accepts_number(&self, proven: &Proven) -> bool {
        let accepted = self.issuer().accepted_numbers;
        let pid = proven.identity.pid();
        pid.is_none_or(|pid| pid.is_accepted(accepted))
    }

    /// Ends the login of somebody who may not log in.
    async fn refuse_person(&self, transaction: &OpenTransaction, proven: &Proven) -> Denied {
        let code = LoginRefusalCode::PersonRefused;
        Denied {
            person: Some(self.pseudonym(&proven.identity)),
            ..self.turn_away(transaction, code.into()).await
        }
    }

    /// The login as it is kept; none if the person may not log in.
    async fn event(&self, proven: &Proven) -> Result<Option<AuthenticationEvent>, Denied> {
        let now = self.now();
        let mut ids = Vec::with_capacity(2);
        let matched = proven.matched.clone().map(Identity::Pid);
        for identity in [Some(&proven.identity), matched.as_ref()]
            .into_iter()
            .flatten()
        {
            let new = PersonId::generate(self.entropy())?;
            let found = self
                .store()
                .person_of(identity, &new, &proven.provider, now);
            let person = found.await?;
            if person.state != PersonState::Active {
                return Ok(None);
            }
            ids.push(person.id);
        }
        let mut ids = ids.into_iter();
        Ok(ids.next().map(|subject| AuthenticationEvent {
            subject,
            matched: ids.next(),
            acr: proven.acr,
            amr: proven.amr.clone(),
            provider: proven.provider.clone(),
            auth_time: now,
            locale: proven.locale,
            attributes: proven.attributes.clone(),
        }))
    }

    /// Puts the login into the browser's session, or into a new one; none if the person may not log
    /// in. A session of another person ends, and its clients are told (spec: idporten §16.2).
    async fn change_session(
        &self,
        event: &AuthenticationEvent,
        client: &Client,
        browser: &Browser,
    ) -> Result<Option<NewCookie>, Denied> {
        let cookie = self.handle()?;
        let new_id = SessionId::generate(self.entropy())?;
        let group = group_of(client);
        for _ in 0..ATTEMPTS {
            let now = self.now();
            let present = self.session(browser).await?;
            let login = CompletedLogin {
                event,
                group: &group,
                cookie: cookie.digest(),
                new_id: &new_id,
            };
            let lifetimes = &self.issuer().lifetimes;
            let session = Session::after(present.as_ref(), login, lifetimes, now);
            match self.store().save_session(&session, now).await? {
                Saving::Saved => {
                    let former = present.filter(|present| present.id != session.id);
                    let ended = match former {
                        Some(former) => self.store().end_session(&former.id, now).await?,
                        None => None,
                    };
                    let told = match ended {
                        Some(former) => self.tell_clients(&former).await,
                        None => Vec::new(),
                    };
                    return Ok(Some(NewCookie { cookie, told }));
                }
                Saving::Overtaken => {}
                Saving::Blocked => return Ok(None),
            }
        }
        let busy = &"the session was changed by others again and again";
        Err(Denied::of(LoginRefusalCode::Unavailable, busy))
    }

    /// The person of an id that a record names.
    pub(super) async fn person(&self, id: &PersonId) -> Result<LoginPerson, Denied> {
        let found = self.store().find_person(id).await?;
        let gone = &"a record names a person who is not there";
        found.ok_or_else(|| Denied::of(LoginRefusalCode::Internal, gone))
    }

    /// What the audit log calls a person who has logged in.
    pub(in crate::login) async fn pseudonym_of(&self, id: &PersonId) -> Result<String, Denied> {
        let person = self.store().find_person(id).await?;
        // Nobody who logged in is ever forgotten; a broken row must not stop a revocation.
        let person = person.map(|person| self.pseudonym(&person.identity));
        Ok(person.unwrap_or_else(|| id.to_string()))
    }

    /// Whom a login was of: the subject, and whom they were matched with.
    pub(super) async fn people_of(
        &self,
        event: &AuthenticationEvent,
    ) -> Result<(LoginPerson, Option<LoginPerson>), Denied> {
        let subject = self.person(&event.subject).await?;
        let matched = match &event.matched {
            Some(id) => Some(self.person(id).await?),
            None => None,
        };
        Ok((subject, matched))
    }

    /// `sub` of `id_token_hint`, if it is an id token of this issuer for this client. One that has
    /// expired is still a hint.
    pub(super) fn hinted_subject(
        &self,
        parameters: &AuthorizationParameters,
        client: &Client,
    ) -> Option<String> {
        let hint = self.id_token_hint(parameters.id_token_hint.as_deref()?)?;
        (hint.audience == client.client_id.as_str()).then_some(hint.subject)
    }
}

/// Why a login does not do; none if it does. A provider may deliver less than it was asked for.
fn setback(request: &ValidRequest, proven: &Proven) -> Option<Setback> {
    let framework = match &proven.identity {
        Identity::Pid(_) => Framework::Idporten,
        Identity::Eidas(_) => Framework::Eidas,
        Identity::Email(_) => Framework::Email,
    };
    if proven.acr.framework() != framework || !request.acceptable.accepts(proven.acr) {
        return Some(Setback::Failed);
    }
    let lacks_match =
        request.eidas.require_match && framework == Framework::Eidas && proven.matched.is_none();
    lacks_match.then_some(Setback::NoMatch)
}
