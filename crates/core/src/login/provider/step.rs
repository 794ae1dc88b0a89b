//! What comes next in a login under way, and how to go on with it.

use std::sync::Arc;

use super::authorize::{Browser, CheckedRequest};
use super::notification::Notification;
use super::transaction::OpenTransaction;
use super::{Answer, Denied, Provider};
use crate::client::Client;
use crate::login::Handle;
use crate::login::decision::{Consent, Next, Situation, group_of, next};
use crate::login::port::Ending;
use crate::login::record::{AuthenticationEvent, Session};
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::login::scopes;
use crate::scope::Scope;

/// Where the browser goes.
pub enum Step {
    /// The person has to log in: to the selector, or straight to the only way.
    Authenticate {
        /// The login.
        transaction: Box<OpenTransaction>,
        /// Its handle, for addresses and forms.
        handle: Handle,
        /// The eID provider's own session does not suffice.
        force_fresh: bool,
    },
    /// Somebody else was logged in in this browser before: it tells their services that this is over,
    /// and then goes on with the login.
    TellFormer {
        /// The login.
        transaction: Box<OpenTransaction>,
        /// Its handle, for addresses and forms.
        handle: Handle,
        /// The services.
        notifications: Vec<Notification>,
    },
    /// The person has to be asked about these scopes.
    AskConsent {
        /// The login.
        transaction: Box<OpenTransaction>,
        /// Its handle, for addresses and forms.
        handle: Handle,
        /// What is asked.
        scopes: Vec<Arc<Scope>>,
        /// Every scope of the request, for how long access lasts.
        all: Vec<Arc<Scope>>,
    },
    /// Back to the client.
    Answer(Box<Answer>),
}

impl Provider {
    /// Decides what comes next in a login that this browser began.
    pub async fn step(
        &self,
        mut transaction: OpenTransaction,
        handle: &Handle,
        browser: &Browser,
    ) -> Result<Step, Denied> {
        let registry = &self.parts().registry;
        let as_of = registry.as_of()?;
        // An eID provider may have taken its time since the client was looked at.
        let client_id = transaction.record.client_id.as_str();
        transaction.client = self.named_client(Some(client_id)).await?;
        let step = self.decide_step(transaction, handle, browser).await?;
        registry.still_holds(as_of)?;
        Ok(step)
    }

    async fn decide_step(
        &self,
        transaction: OpenTransaction,
        handle: &Handle,
        browser: &Browser,
    ) -> Result<Step, Denied> {
        let client = &transaction.client.client;
        let state = &transaction.state;
        let scopes = self.present_scopes(&transaction).await?;
        let session = self.session(browser).await?;
        let group = group_of(client);
        // The session may have been ended since, in another tab: the login went with it.
        let in_session = |event: &&AuthenticationEvent| {
            let kept = session
                .as_ref()
                .and_then(|session| session.groups.get(&group));
            kept.is_some_and(|kept| {
                kept.subject == event.subject && kept.auth_time == event.auth_time
            })
        };
        let fresh = state.fresh.as_ref().filter(in_session);
        let hinted = state.hinted_subject.as_deref();
        let situation = Situation {
            request: &state.request,
            scopes: &scopes,
            group: &group,
            session: session.as_ref(),
            hint_names_another: self.names_another(hinted, client, session.as_ref()).await?,
            fresh,
            consent: state.consent,
            now: self.now(),
        };
        match next(situation) {
            Next::Authenticate { force_fresh } => Ok(Step::Authenticate {
                transaction: Box::new(transaction),
                handle: handle.clone(),
                force_fresh,
            }),
            Next::AskConsent(asked) => Ok(Step::AskConsent {
                transaction: Box::new(transaction),
                handle: handle.clone(),
                scopes: asked,
                all: scopes,
            }),
            Next::Refuse(refusal) => self.give_up(&transaction, refusal).await,
            Next::Finish(granted) => {
                let checked = CheckedRequest {
                    request: state.request.clone(),
                    scopes,
                    on_behalf_of: transaction.on_behalf_of.clone(),
                };
                let ending = Ending::Transaction(&transaction.record);
                self.finish(&checked, client, &granted, browser, ending)
                    .await
            }
        }
    }

    /// Keeps the person's answer to the consent dialog and goes on.
    pub async fn answer_consent(
        &self,
        mut transaction: OpenTransaction,
        consent: Consent,
        handle: &Handle,
        browser: &Browser,
    ) -> Result<Step, Denied> {
        transaction.state.consent = Some(consent);
        self.advance(&mut transaction).await?;
        self.step(transaction, handle, browser).await
    }

    /// Ends a login that comes to nothing: the client is told why.
    pub async fn give_up(
        &self,
        transaction: &OpenTransaction,
        refusal: LoginRefusal,
    ) -> Result<Step, Denied> {
        if !refusal.code().is_outcome() {
            return Err(self.turn_away(transaction, refusal).await);
        }
        self.close(transaction).await?;
        let request = &transaction.state.request;
        let answer = self.refuse(&request.client_id, &refusal, &request.return_to);
        Ok(Step::Answer(Box::new(answer.await?)))
    }

    /// Ends a login that is refused, and gives the refusal.
    pub(super) async fn turn_away(
        &self,
        transaction: &OpenTransaction,
        refusal: LoginRefusal,
    ) -> Denied {
        match self.close(transaction).await {
            Ok(()) => Denied::from(refusal)
                .naming(&transaction.client.client)
                .told(&transaction.state.request.return_to),
            Err(denied) => denied,
        }
    }

    async fn close(&self, transaction: &OpenTransaction) -> Result<(), Denied> {
        let now = self.now();
        let ended = self.store().end_transaction(&transaction.record, now);
        if ended.await? {
            Ok(())
        } else {
            Err(LoginRefusalCode::TransactionOver.into())
        }
    }

    /// The scopes of the request, as they are now. One that may not be used any more stays away from
    /// the dialog and from the tokens.
    async fn present_scopes(
        &self,
        transaction: &OpenTransaction,
    ) -> Result<Vec<Arc<Scope>>, Denied> {
        let client = &transaction.client.client;
        let names = &transaction.state.request.scopes;
        self.usable_scopes(names, client).await
    }

    /// Those of these scopes that the client may use now.
    pub(super) async fn usable_scopes(
        &self,
        names: &[crate::scope::ScopeName],
        client: &Client,
    ) -> Result<Vec<Arc<Scope>>, Denied> {
        let tokens: Vec<_> = names.iter().map(|name| name.token().clone()).collect();
        let registry = &self.parts().registry;
        let facts = registry.find_scope_facts(&tokens, client.accessing_orgno());
        Ok(scopes::still_usable(names, &facts.await?, client))
    }

    /// Whether the hint names somebody else than the session's person.
    pub(super) async fn names_another(
        &self,
        hinted: Option<&str>,
        client: &Client,
        session: Option<&Session>,
    ) -> Result<bool, Denied> {
        let (Some(hinted), Some(session)) = (hinted, session) else {
            return Ok(false);
        };
        let person = self.person(&session.person).await?;
        let subject = self.parts().pairwise.subject(&client.client_id, &person);
        Ok(subject != hinted)
    }
}
