//! Who a login was of, and what of it may be told.

use crate::login::record::{AuthenticationEvent, Identity, LoginPerson};
use crate::person::Pid;

/// A login, and the person or persons that it was of.
#[derive(Clone, Copy)]
pub struct PersonFacts<'a> {
    /// The login.
    pub event: &'a AuthenticationEvent,
    /// Whose identity was proven.
    pub subject: &'a LoginPerson,
    /// The person with a national identity number whom a foreign identity was matched with.
    pub matched: Option<&'a LoginPerson>,
    /// Nothing may be told.
    pub pseudonymous: bool,
}

impl<'a> PersonFacts<'a> {
    /// The national identity number, if there is one and it may be told.
    pub fn pid(&self) -> Option<&'a str> {
        self.revealed_pid()
            .filter(|_| !self.pseudonymous)
            .map(Pid::expose)
    }

    /// The national identity number, whatever the mode: for the API that is entitled to it.
    pub fn revealed_pid(&self) -> Option<&'a Pid> {
        let known = self.matched.and_then(|person| person.identity.pid());
        known.or(self.subject.identity.pid())
    }

    /// The address of somebody who logged in with one, if it may be told.
    pub fn email(&self) -> Option<&'a str> {
        match &self.subject.identity {
            Identity::Email(address) if !self.pseudonymous => Some(address.expose()),
            _ => None,
        }
    }
}
