//! What of a contact record a token's scopes release.

use crate::clock::Timestamp;
use crate::contact::{Contact, ContactChannel, ContactStatus, Mailbox, hidden};
use crate::login::Locale;

/// Which groups of members are released. Number, status and reservation always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each group of members has a scope of its own"
)]
pub struct Release {
    /// Address of e-mail and mobile number, with their times.
    pub details: bool,
    /// Whether the person may be notified.
    pub notification: bool,
    /// The digital mailbox.
    pub mailbox: bool,
    /// The certificate that mail to it is encrypted for.
    pub certificate: bool,
    /// The language.
    pub language: bool,
    /// Nothing of the above of people who may not be notified, but for the language.
    pub notifiable_only: bool,
}

/// What is told of one person. `Debug` hides it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Whether the person is in the registry; none if they never were.
    pub status: Option<ContactStatus>,
    /// Whether they have reserved.
    pub reserved: bool,
    /// When they did.
    pub reserved_at: Option<Timestamp>,
    /// When that last changed.
    pub reservation_updated_at: Option<Timestamp>,
    /// Whether they may be notified; none if that is not released.
    pub notifiable: Option<bool>,
    /// The address of e-mail.
    pub email: Option<ContactChannel>,
    /// The mobile number.
    pub mobile: Option<ContactChannel>,
    /// The digital mailbox.
    pub mailbox: Option<Mailbox>,
    /// The certificate.
    pub certificate: Option<String>,
    /// The language, and when it was chosen.
    pub language: Option<(Locale, Timestamp)>,
}

hidden! { Told }

impl Release {
    /// What the scopes of one family, `global` or `user`, release. Those of former days have one
    /// group each, and that of the notification status keeps silent about whom nobody may notify.
    pub fn of_scopes(family: &str, has: impl Fn(&str) -> bool) -> Self {
        let has = |prefix: &str, name: &str| has(&format!("{prefix}{family}/{name}.read"));
        let contact = has("krr:", "kontaktinformasjon");
        let post = has("krr:", "digitalpost");
        let notification = has("", "varslingsstatus");
        Self {
            details: contact || has("", "kontaktinformasjon"),
            notification: contact || notification,
            mailbox: post || has("", "sikkerdigitalpost"),
            certificate: post || has("", "sertifikat"),
            language: contact || has("", "spraak"),
            notifiable_only: notification,
        }
    }

    /// What is told of a person with this record, if they have one.
    pub fn of(self, contact: Option<Contact>, now: Timestamp) -> Told {
        let Some(contact) = contact else {
            return Told {
                notifiable: self.notification.then_some(false),
                ..Told::default()
            };
        };
        let notifiable = contact.may_be_notified(now);
        let details = contact.details;
        let told = Told {
            status: Some(contact.status),
            reserved: details.reserved,
            reserved_at: details.reserved_at,
            reservation_updated_at: details.reservation_updated_at,
            notifiable: self.notification.then_some(notifiable),
            ..Told::default()
        };
        if contact.status == ContactStatus::Deleted {
            return told;
        }
        let shown = notifiable || !self.notifiable_only;
        Told {
            email: details.email.filter(|_| shown && self.details),
            mobile: details.mobile.filter(|_| shown && self.details),
            // A certificate is for the mailbox.
            certificate: details
                .certificate
                .filter(|_| shown && self.certificate && details.mailbox.is_some()),
            mailbox: details.mailbox.filter(|_| shown && self.mailbox),
            language: contact.language.filter(|_| self.language),
            ..told
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::ContactDetails;
    use crate::organization::OrgNumber;

    const NOW: &str = "2026-03-02T09:15:00Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn contact(updated_at: &str) -> Contact {
        let channel = |value: &str| ContactChannel {
            value: value.to_owned(),
            updated_at: at(updated_at),
            verified_at: None,
        };
        Contact {
            status: ContactStatus::Active,
            language: Some((Locale::Nn, at(updated_at))),
            details: ContactDetails {
                email: Some(channel("a@b.no")),
                mobile: Some(channel("41234567")),
                mailbox: Some(Mailbox {
                    address: "a#1".to_owned(),
                    supplier: OrgNumber::parse("987654321").unwrap(),
                }),
                certificate: Some("MIIC".to_owned()),
                ..ContactDetails::default()
            },
        }
    }

    /// The groups that are told, one letter each.
    fn groups(told: &Told) -> String {
        let groups = [
            (told.email.is_some() && told.mobile.is_some(), 'k'),
            (told.notifiable.is_some(), 'v'),
            (told.mailbox.is_some(), 'p'),
            (told.certificate.is_some(), 's'),
            (told.language.is_some(), 'l'),
        ];
        let told = groups.into_iter().filter(|(is_told, _)| *is_told);
        told.map(|(_, letter)| letter).collect()
    }

    /// Spec: companion-apis §6.2, §6.6.
    #[test]
    fn each_scope_releases_its_groups() {
        for (scopes, of_fresh, of_stale) in [
            (&["krr:global/kontaktinformasjon.read"][..], "kvl", "kvl"),
            (&["krr:global/digitalpost.read"], "ps", "ps"),
            (&["global/kontaktinformasjon.read"], "k", "k"),
            (&["global/varslingsstatus.read"], "v", "v"),
            (&["global/sikkerdigitalpost.read"], "p", "p"),
            (&["global/sertifikat.read"], "s", "s"),
            (&["global/spraak.read"], "l", "l"),
            (
                &[
                    "krr:global/kontaktinformasjon.read",
                    "krr:global/digitalpost.read",
                    "global/varslingsstatus.read",
                ],
                "kvpsl",
                "vl",
            ),
            (&["krr:user/kontaktinformasjon.read", "openid"], "", ""),
        ] {
            let release = Release::of_scopes("global", |scope| scopes.contains(&scope));
            for (updated_at, expected) in [
                ("2026-01-01T00:00:00Z", of_fresh),
                ("2020-01-01T00:00:00Z", of_stale),
            ] {
                let told = release.of(Some(contact(updated_at)), at(NOW));
                assert_eq!(groups(&told), expected, "{scopes:?} {updated_at}");
                assert_eq!(told.status, Some(ContactStatus::Active));
            }
        }
    }

    #[test]
    fn of_who_is_not_there_the_status_alone_is_told() {
        let all = Release::of_scopes("user", |_| true);
        let deleted = Contact {
            status: ContactStatus::Deleted,
            ..contact("2026-01-01T00:00:00Z")
        };
        for (contact, status) in [(None, None), (Some(deleted), Some(ContactStatus::Deleted))] {
            let told = all.of(contact, at(NOW));
            assert_eq!(told.status, status);
            assert_eq!(
                (groups(&told).as_str(), told.notifiable),
                ("v", Some(false))
            );
        }
    }
}
