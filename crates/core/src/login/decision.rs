//! What comes next in a login: authenticate, ask, answer, or refuse (spec: idporten §6.3).
//!
//! A pure decision over the request, the session, and what has happened in this login so far. Every
//! step of a login asks it again, so that no step can be skipped.

use std::sync::Arc;

use super::acr::Framework;
use super::record::{AuthenticationEvent, Session, SsoGroup};
use super::refusal::{LoginRefusal, LoginRefusalCode};
use super::request::{Prompt, ValidRequest};
use super::scopes::is_login_scope;
use crate::client::Client;
use crate::clock::Timestamp;
use crate::scope::Scope;

/// What is known when it is decided what comes next.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// What was asked for.
    pub request: &'a ValidRequest,
    /// The scopes of the request, as they are now.
    pub scopes: &'a [Arc<Scope>],
    /// Who shares the logins that count for the client.
    pub group: &'a SsoGroup,
    /// The browser's session, if it has one.
    pub session: Option<&'a Session>,
    /// `id_token_hint` names somebody else than the session's person.
    pub hint_names_another: bool,
    /// What this login has seen of the person so far; none before they have authenticated in it.
    pub fresh: Option<&'a AuthenticationEvent>,
    /// What the person answered, if they were asked.
    pub consent: Option<Consent>,
    /// The present.
    pub now: Timestamp,
}

/// What a person answered in the consent dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consent {
    /// Everything that was asked.
    Accepted,
    /// Nothing of it.
    Declined,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The person has to log in.
    Authenticate {
        /// A session that the eID provider itself may have does not suffice either.
        force_fresh: bool,
    },
    /// The person has to be asked about these scopes.
    AskConsent(Vec<Arc<Scope>>),
    /// The client is answered with a code.
    Finish(Box<Granted>),
    /// The client is answered with an error.
    Refuse(LoginRefusal),
}

/// What a finished login gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The login that it rests on.
    pub event: AuthenticationEvent,
    /// The scopes that are granted.
    pub scopes: Vec<Arc<Scope>>,
    /// Whether the person was asked and accepted.
    pub consented: bool,
    /// Whether a session was reused, so that nobody authenticated.
    pub federated: bool,
}

/// The group whose logins count for a client (spec: idporten §16.3).
pub fn group_of(client: &Client) -> SsoGroup {
    if client.login.sso_disabled == Some(true) {
        SsoGroup::Client(client.client_id.clone())
    } else {
        SsoGroup::Shared
    }
}

/// Decides what comes next.
pub fn next(situation: Situation<'_>) -> Next {
    let event = match situation.fresh {
        Some(event) => match check_fresh(situation.request, event) {
            Ok(()) => event,
            Err(code) => return Next::Refuse(code.into()),
        },
        None => match reusable(situation) {
            Ok(event) => event,
            Err(_) if situation.request.prompt == Prompt::Nothing => {
                return Next::Refuse(LoginRefusalCode::LoginRequired.into());
            }
            Err(force_fresh) => return Next::Authenticate { force_fresh },
        },
    };
    let asked = asked_about(situation);
    if !asked.is_empty() && situation.consent.is_none() {
        return match situation.request.prompt {
            Prompt::Nothing => Next::Refuse(LoginRefusalCode::ConsentRequired.into()),
            Prompt::Needed | Prompt::Always { .. } => Next::AskConsent(asked),
        };
    }
    finish(situation, event, &asked)
}

/// Whether the login that just happened satisfies the request. An eID provider may deliver less
/// than it was asked for.
fn check_fresh(
    request: &ValidRequest,
    event: &AuthenticationEvent,
) -> Result<(), LoginRefusalCode> {
    if !request.acceptable.accepts(event.acr) {
        return Err(LoginRefusalCode::LevelNotReached);
    }
    if lacks_required_match(request, event) {
        return Err(LoginRefusalCode::IdentityRequired);
    }
    Ok(())
}

/// The login of the session, if it satisfies the request; otherwise whether the new one must be
/// fresh at the eID provider, too.
fn reusable(situation: Situation<'_>) -> Result<&AuthenticationEvent, bool> {
    let Situation { request, now, .. } = situation;
    let force = request.prompt.wants_login()
        || situation.hint_names_another
        || situation
            .scopes
            .iter()
            .any(|scope| scope.requires_user_authentication);
    let session = situation.session.filter(|session| now < session.expires_at);
    let event = session.and_then(|session| session.groups.get(situation.group));
    let Some(event) = event else {
        return Err(force || request.max_age.is_some());
    };
    let age = now.seconds() - event.auth_time.seconds();
    let too_old = request
        .max_age
        .is_some_and(|most| most == 0 || age > i64::from(most));
    if force || too_old {
        return Err(true);
    }
    // A higher level, or another framework, is another login.
    let satisfied = request.acceptable.accepts(event.acr) && !lacks_required_match(request, event);
    if satisfied { Ok(event) } else { Err(false) }
}

/// Spec: idporten §6.12.
fn lacks_required_match(request: &ValidRequest, event: &AuthenticationEvent) -> bool {
    request.eidas.require_match
        && event.acr.framework() == Framework::Eidas
        && event.matched.is_none()
}

/// The scopes that the dialog is about: those that require it, or all of APIs if the client wants
/// it.
fn asked_about(situation: Situation<'_>) -> Vec<Arc<Scope>> {
    let all = situation.request.prompt.wants_consent();
    let asked = situation.scopes.iter().filter(|scope| {
        !is_login_scope(scope.name.as_str()) && (all || scope.requires_user_consent)
    });
    asked.cloned().collect()
}

/// What was declined is left out; the login goes on with the rest (spec: idporten §17.3).
fn finish(situation: Situation<'_>, event: &AuthenticationEvent, asked: &[Arc<Scope>]) -> Next {
    let declined = situation.consent != Some(Consent::Accepted);
    let granted = situation.scopes.iter().filter(|scope| {
        let was_asked = asked.iter().any(|other| other.name == scope.name);
        !(declined && was_asked)
    });
    let scopes: Vec<_> = granted.cloned().collect();
    if scopes.is_empty() {
        return Next::Refuse(LoginRefusalCode::NothingGranted.into());
    }
    Next::Finish(Box::new(Granted {
        event: event.clone(),
        scopes,
        consented: !asked.is_empty() && !declined,
        federated: situation.fresh.is_none(),
    }))
}

#[cfg(test)]
mod tests;
