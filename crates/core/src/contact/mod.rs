//! The contact and reservation registry: how a person is reached electronically, and whether they
//! may be (spec: companion-apis §6).
//!
//! A [`Contact`] is what is kept of one person. Who it is stands beside it, never in it.

mod channel;

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use self::channel::{InvalidEmail, InvalidMobile, is_email, is_mobile};
use crate::clock::Timestamp;
use crate::local_time::months_before;
use crate::login::Locale;
use crate::organization::OrgNumber;
use crate::person::Pid;
use crate::ports::StorageError;

/// After how many calendar months details that nobody has confirmed are too old to notify somebody.
const FRESH_MONTHS: u16 = 18;

/// What is kept of one person. `Debug` shows its status alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Whether the person is in the registry.
    pub status: ContactStatus,
    /// The language that they want, with the instant of the choice.
    pub language: Option<(Locale, Timestamp)>,
    /// The rest.
    pub details: ContactDetails,
}

/// Whether somebody is in the registry. Who never was has no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ContactStatus {
    /// They are.
    #[serde(rename = "AKTIV")]
    Active,
    /// They were; only the reservation is still known.
    #[serde(rename = "SLETTET")]
    Deleted,
}

/// What of a record is only carried. `Debug` hides it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactDetails {
    /// The person does not want to be reached electronically by public bodies.
    #[serde(default)]
    pub reserved: bool,
    /// When they reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_at: Option<Timestamp>,
    /// When the reservation last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation_updated_at: Option<Timestamp>,
    /// The address of e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<ContactChannel>,
    /// The mobile number, as it was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<ContactChannel>,
    /// The digital mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<Mailbox>,
    /// The certificate that mail to the mailbox is encrypted for: base64 of its DER form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// A way to reach somebody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactChannel {
    /// The address or number.
    pub value: String,
    /// When it was entered.
    pub updated_at: Timestamp,
    /// When the person last confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
}

/// A digital mailbox.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Its address at the supplier.
    pub address: String,
    /// The organization that runs it.
    pub supplier: OrgNumber,
}

impl ContactChannel {
    /// Whether it was entered or confirmed within 18 calendar months.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let last = self
            .verified_at
            .map_or(self.updated_at, |at| at.max(self.updated_at));
        last > months_before(now, FRESH_MONTHS)
    }
}

impl Contact {
    /// Somebody in the registry of whom nothing is known.
    pub fn new() -> Self {
        Self {
            status: ContactStatus::Active,
            language: None,
            details: ContactDetails::default(),
        }
    }

    /// Whether the person may be notified: is in the registry, has not reserved, and has one channel
    /// that is fresh.
    pub fn may_be_notified(&self, now: Timestamp) -> bool {
        let details = &self.details;
        let mut channels = [&details.email, &details.mobile].into_iter().flatten();
        self.status == ContactStatus::Active
            && !details.reserved
            && channels.any(|channel| channel.is_fresh(now))
    }
}

impl Default for Contact {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Contact({:?}, hidden)", self.status)
    }
}

/// Gives types a `Debug` that shows their names alone.
macro_rules! hidden {
    ($($name:ident)+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(hidden)"))
            }
        }
    )+};
}

pub(crate) use hidden;

hidden! { ContactDetails ContactChannel Mailbox }

impl ContactStatus {
    /// The word on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "AKTIV",
            Self::Deleted => "SLETTET",
        }
    }
}

impl FromStr for ContactStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Active, Self::Deleted];
        known
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(UnknownStatus)
    }
}

/// A word that is no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a status is AKTIV or SLETTET")]
pub struct UnknownStatus;

/// Where contact details are kept. Like logins they are no part of the registry that raises
/// revisions; its test people bring theirs with them
/// ([`Person`](crate::person::Person)).
#[async_trait]
pub trait ContactRegistry: Send + Sync {
    /// The records of those of these people who have one, in one query, in no order.
    async fn find_contacts(&self, pids: &[Pid]) -> Result<Vec<(Pid, Contact)>, StorageError>;

    /// Keeps the language that somebody wants, in one atomic act. Who is not in the registry, or was
    /// deleted from it, is in it from now on.
    async fn choose_language(
        &self,
        pid: &Pid,
        language: Locale,
        now: Timestamp,
    ) -> Result<(), StorageError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::companion::Told;
    use crate::registry_file::ContactEntry;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn channel(updated_at: &str, verified_at: Option<&str>) -> ContactChannel {
        ContactChannel {
            value: "a@b.no".to_owned(),
            updated_at: at(updated_at),
            verified_at: verified_at.map(at),
        }
    }

    /// Spec: companion-apis §6.6: either date suffices, for each channel.
    #[test]
    fn details_are_fresh_for_18_calendar_months() {
        let now = at("2026-03-02T09:15:00Z");
        let (old, boundary, fresh) = (
            "2020-01-01T00:00:00Z",
            "2024-09-02T08:15:00Z",
            "2024-09-02T08:15:00.001Z",
        );
        for (channel, expected) in [
            (channel(boundary, None), false),
            (channel(fresh, None), true),
            (channel(old, Some(boundary)), false),
            (channel(old, Some(fresh)), true),
            (channel(fresh, Some(old)), true),
        ] {
            assert_eq!(channel.is_fresh(now), expected);
        }
    }

    #[test]
    fn whoever_is_in_the_registry_unreserved_with_a_fresh_channel_may_be_notified() {
        let now = at("2026-03-02T09:15:00Z");
        let fresh = Some(channel("2026-01-01T00:00:00Z", None));
        let stale = Some(channel("2020-01-01T00:00:00Z", None));
        let with = |email: &Option<ContactChannel>, mobile: &Option<ContactChannel>| Contact {
            details: ContactDetails {
                email: email.clone(),
                mobile: mobile.clone(),
                ..ContactDetails::default()
            },
            ..Contact::new()
        };
        for (email, mobile, expected) in [
            (&None, &None, false),
            (&fresh, &None, true),
            (&None, &fresh, true),
            (&stale, &fresh, true),
            (&stale, &stale, false),
        ] {
            assert_eq!(with(email, mobile).may_be_notified(now), expected);
        }
        let mut reserved = with(&fresh, &None);
        reserved.details.reserved = true;
        let mut deleted = with(&fresh, &None);
        deleted.status = ContactStatus::Deleted;
        assert!(!reserved.may_be_notified(now) && !deleted.may_be_notified(now));
    }

    #[test]
    fn debug_hides_how_somebody_is_reached() {
        let mut contact = Contact::new();
        contact.details.email = Some(channel("2026-01-01T00:00:00Z", None));
        let shown = format!("{contact:?} {:?}", contact.details);
        assert_eq!(shown, "Contact(Active, hidden) ContactDetails(hidden)");
        let entry = ContactEntry::from(&contact);
        let told = Told {
            certificate: Some("MIIC".to_owned()),
            ..Told::default()
        };
        let shown = format!("{entry:?} {told:?}");
        assert_eq!(shown, "ContactEntry(hidden) Told(hidden)");
    }
}
