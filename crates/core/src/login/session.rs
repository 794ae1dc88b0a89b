//! What logins do to a browser's session (spec: idporten §16).

use std::collections::BTreeMap;

use super::HandleDigest;
use super::issuer::Lifetimes;
use super::record::{AuthenticationEvent, Session, SessionClient, SessionId, SsoGroup};
use crate::client::ClientId;
use crate::clock::Timestamp;

/// A login that was completed, with what a session needs for it.
#[derive(Clone, Copy)]
pub struct CompletedLogin<'a> {
    /// The login.
    pub event: &'a AuthenticationEvent,
    /// Whose logins it is one of.
    pub group: &'a SsoGroup,
    /// Of the new cookie: every login changes it, so that one that somebody planted is worthless.
    pub cookie: HandleDigest,
    /// For a session that has to be made.
    pub new_id: &'a SessionId,
}

impl Session {
    /// The session after a login. It is the browser's present one if that is the same person's;
    /// another person begins a new one, and the present one is for the caller to end.
    pub fn after(
        present: Option<&Self>,
        login: CompletedLogin<'_>,
        lifetimes: &Lifetimes,
        now: Timestamp,
    ) -> Self {
        let same_person = |session: &&Self| session.is_of(login.event) && now < session.expires_at;
        let mut session = match present.filter(same_person) {
            Some(session) => session.clone(),
            None => Self {
                id: login.new_id.clone(),
                cookie: login.cookie,
                person: login.event.subject.clone(),
                created_at: now,
                last_request_at: now,
                expires_at: now,
                version: 0,
                groups: BTreeMap::new(),
                clients: BTreeMap::new(),
            },
        };
        session.cookie = login.cookie;
        session
            .groups
            .insert(login.group.clone(), login.event.clone());
        session.used(lifetimes, now)
    }

    /// Whether a login is of the session's person.
    pub fn is_of(&self, event: &AuthenticationEvent) -> bool {
        self.person == event.subject
    }

    /// The session after an authentication request of a client was answered.
    #[must_use]
    pub fn visited(&self, client_id: &ClientId, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        let mut session = self.clone();
        let seen = session.clients.entry(client_id.clone());
        seen.and_modify(|client| client.last_seen = now)
            .or_insert(SessionClient {
                first_seen: now,
                last_seen: now,
            });
        session.used(lifetimes, now)
    }

    /// Only authentication requests count as use, and nothing moves the absolute end.
    fn used(mut self, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        self.last_request_at = now;
        self.expires_at = lifetimes.session_end(self.created_at, now);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::entropy::SeededEntropy;
    use crate::login::record::{Attributes, PersonId};
    use crate::login::{Acr, Handle, Locale};

    const NOW: i64 = 1_772_442_900;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_seconds(NOW).plus(Duration::from_mins(minutes))
    }

    struct Browser(SeededEntropy);

    impl Browser {
        fn person(&self) -> PersonId {
            PersonId::generate(&self.0).unwrap()
        }

        fn log_in(
            &self,
            present: Option<&Session>,
            person: &PersonId,
            group: &SsoGroup,
            minutes: u64,
        ) -> Session {
            let event = AuthenticationEvent {
                subject: person.clone(),
                matched: None,
                acr: Acr::IdportenSubstantial,
                amr: "TestID".to_owned(),
                provider: "testid".to_owned(),
                auth_time: at(minutes),
                locale: Locale::Nb,
                attributes: Attributes::default(),
            };
            let login = CompletedLogin {
                event: &event,
                group,
                cookie: Handle::generate(&self.0).unwrap().digest(),
                new_id: &SessionId::generate(&self.0).unwrap(),
            };
            Session::after(present, login, &Lifetimes::default(), at(minutes))
        }
    }

    #[test]
    fn a_login_changes_the_cookie_and_keeps_the_session_of_the_same_person() {
        let browser = Browser(SeededEntropy::new(1));
        let person = browser.person();
        let first = browser.log_in(None, &person, &SsoGroup::Shared, 0);
        let second = browser.log_in(Some(&first), &person, &SsoGroup::Shared, 20);
        assert_eq!(first.id, second.id, "so that sid stays");
        assert_ne!(first.cookie, second.cookie);
        assert_eq!(second.created_at, at(0), "the absolute limit goes on");
        assert_eq!(
            second.groups[&SsoGroup::Shared].auth_time,
            at(20),
            "the newer login counts"
        );
    }

    #[test]
    fn another_person_begins_another_session() {
        let browser = Browser(SeededEntropy::new(1));
        let first = browser.log_in(None, &browser.person(), &SsoGroup::Shared, 0);
        let second = browser.log_in(Some(&first), &browser.person(), &SsoGroup::Shared, 1);
        assert_ne!(first.id, second.id);
        assert_eq!(second.groups.len(), 1);
        assert!(second.clients.is_empty());
    }

    #[test]
    fn an_isolated_login_touches_its_own_group_alone() {
        let browser = Browser(SeededEntropy::new(1));
        let person = browser.person();
        let isolated = SsoGroup::Client("x".parse().unwrap());
        let first = browser.log_in(None, &person, &SsoGroup::Shared, 0);
        let second = browser.log_in(Some(&first), &person, &isolated, 5);
        assert_eq!(
            second.groups[&SsoGroup::Shared],
            first.groups[&SsoGroup::Shared]
        );
        assert_eq!(second.groups[&isolated].auth_time, at(5));
    }

    #[test]
    fn visits_are_noted_and_move_the_idle_limit_only() {
        let browser = Browser(SeededEntropy::new(1));
        let session = browser.log_in(None, &browser.person(), &SsoGroup::Shared, 0);
        let client: ClientId = "a".parse().unwrap();
        let lifetimes = Lifetimes::default();
        let visited = session.visited(&client, &lifetimes, at(10));
        let visited = visited.visited(&client, &lifetimes, at(25));
        let seen = visited.clients[&client];
        assert_eq!((seen.first_seen, seen.last_seen), (at(10), at(25)));
        assert_eq!(visited.expires_at, at(55));
        assert_eq!(
            visited.visited(&client, &lifetimes, at(100)).expires_at,
            at(120)
        );
    }
}
