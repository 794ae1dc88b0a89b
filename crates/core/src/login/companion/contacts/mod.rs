//! How people are reached, for organizations and for the people themselves
//! (spec: companion-apis §6).

mod release;

use std::collections::HashMap;

use serde_json::json;

pub use self::release::{Release, Told};
use super::recorded::Use;
use super::{Bearer, Companion, not_found};
use crate::clock::Timestamp;
use crate::contact::Contact;
use crate::login::Locale;
use crate::login::provider::Denied;
use crate::person::Pid;

/// Scopes of which one lets an organization look people up. The short names are those of former days.
const GLOBAL_READ: &[&str] = &[
    "krr:global/kontaktinformasjon.read",
    "krr:global/digitalpost.read",
    "global/kontaktinformasjon.read",
    "global/varslingsstatus.read",
    "global/sikkerdigitalpost.read",
    "global/sertifikat.read",
    "global/spraak.read",
];
/// Scopes of which one lets a client read about whoever is logged in.
const USER_READ: &[&str] = &[
    "krr:user/kontaktinformasjon.read",
    "krr:user/digitalpost.read",
    "user/kontaktinformasjon.read",
    "user/varslingsstatus.read",
    "user/sikkerdigitalpost.read",
    "user/sertifikat.read",
    "user/spraak.read",
];
/// What the audit log calls a look.
const READ: &str = "contact.read";
/// Scopes of which one lets a client change their language.
const USER_WRITE: &[&str] = &["krr:user/spraak.write", "user/spraak.write"];

impl Companion {
    /// Refuses a token that is not good for looking people up.
    pub fn may_look_people_up(&self, bearer: &Bearer) -> Result<(), Denied> {
        bearer.require_one_of(GLOBAL_READ)?;
        bearer.require_organization()
    }

    /// What may be told of each of these people, in their order.
    pub async fn look_people_up(
        &self,
        bearer: &Bearer,
        pids: Vec<Pid>,
    ) -> Result<Vec<(Pid, Told)>, Denied> {
        self.may_look_people_up(bearer)?;
        for pid in &pids {
            bearer.require_person(pid)?;
        }
        let now = self.provider().now();
        let release = self.release("global", bearer);
        let mut known = self.contacts_of(&pids).await?;
        let people = pids.iter().map(|pid| self.pseudonym(pid)).collect();
        self.record(bearer, Use::told_of_each(READ, people)).await?;
        let told = pids.into_iter().map(|pid| {
            let contact = known.remove(pid.expose());
            let told = release.of(contact, now);
            (pid, told)
        });
        Ok(told.collect())
    }

    /// What may be told of whoever is logged in.
    pub async fn own_contact(&self, bearer: &Bearer) -> Result<(Pid, Told), Denied> {
        bearer.require_one_of(USER_READ)?;
        let pid = self.own_pid(bearer).await?;
        let now = self.provider().now();
        let mut known = self.contacts_of(std::slice::from_ref(&pid)).await?;
        let used = Use::told(READ, self.pseudonym(&pid), 1);
        self.record(bearer, used).await?;
        let told = self.release("user", bearer);
        let told = told.of(known.remove(pid.expose()), now);
        Ok((pid, told))
    }

    /// Refuses a token that is not good for changing a language.
    pub fn may_choose_language(&self, bearer: &Bearer) -> Result<(), Denied> {
        bearer.require_one_of(USER_WRITE)?;
        bearer.person().map(|_| ())
    }

    /// Keeps the language that whoever is logged in wants, and says when.
    pub async fn choose_language(
        &self,
        bearer: &Bearer,
        language: Locale,
    ) -> Result<(Pid, Timestamp), Denied> {
        self.may_choose_language(bearer)?;
        let pid = self.own_pid(bearer).await?;
        let now = self.provider().now();
        let chosen = json!({ "spraak": language.as_str() });
        let used = Use::changed("contact.update", self.pseudonym(&pid), chosen);
        self.record(bearer, used).await?;
        self.store().choose_language(&pid, language, now).await?;
        Ok((pid, now))
    }

    fn release(&self, family: &str, bearer: &Bearer) -> Release {
        let release = Release::of_scopes(family, |scope| bearer.caller.has_scope(scope));
        Release {
            notifiable_only: release.notifiable_only || self.settings().filter_expired_contacts,
            ..release
        }
    }

    /// The records of those who have one, by number.
    async fn contacts_of(&self, pids: &[Pid]) -> Result<HashMap<String, Contact>, Denied> {
        let found = self.store().find_contacts(pids).await?;
        let named = |(pid, contact): (Pid, Contact)| (pid.expose().to_owned(), contact);
        Ok(found.into_iter().map(named).collect())
    }

    /// The number of whoever is logged in; people who are known by something else are not in the
    /// contact registry.
    async fn own_pid(&self, bearer: &Bearer) -> Result<Pid, Denied> {
        let person = self.store().find_person(bearer.person()?).await?;
        let person = person.ok_or_else(not_found)?;
        person.identity.pid().cloned().ok_or_else(not_found)
    }
}
