//! What a registry file says of how a person is reached.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::contact::{Contact, ContactChannel, ContactDetails, ContactStatus, Mailbox, hidden};
use crate::login::Locale;
use crate::organization::OrgNumber;

/// The `krr` of a person (spec: companion-apis §6.9). It says everything: what is absent is not
/// there. Times that are absent are those of what was there already, or the present. `Debug` hides it.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct ContactEntry {
    /// The address of e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epostadresse: Option<String>,
    /// When it was entered.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::instant"
    )]
    pub epostadresse_oppdatert: Option<Timestamp>,
    /// When the person confirmed it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::instant"
    )]
    pub epostadresse_sist_verifisert: Option<Timestamp>,
    /// The mobile number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobiltelefonnummer: Option<String>,
    /// When it was entered.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::instant"
    )]
    pub mobiltelefonnummer_oppdatert: Option<Timestamp>,
    /// When the person confirmed it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::instant"
    )]
    pub mobiltelefonnummer_sist_verifisert: Option<Timestamp>,
    /// Whether the person has reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservasjon: Option<ReservationEntry>,
    /// When they did.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::instant"
    )]
    pub reservasjonstidspunkt: Option<Timestamp>,
    /// When that last changed.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::instant"
    )]
    pub reservasjon_oppdatert: Option<Timestamp>,
    /// Whether the person is in the registry; they are unless it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ContactStatus>,
    /// The language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spraak: Option<Locale>,
    /// When it was chosen.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::instant"
    )]
    pub spraak_oppdatert: Option<Timestamp>,
    /// Address of the digital mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postkasseadresse: Option<String>,
    /// The organization that runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postkasseleverandoeradresse: Option<OrgNumber>,
    /// The certificate, base64 of its DER form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sertifikat: Option<String>,
}

hidden! { ContactEntry }

/// `JA` or `NEI`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum ReservationEntry {
    /// The person has reserved.
    #[serde(rename = "JA")]
    Reserved,
    /// They have not.
    #[serde(rename = "NEI")]
    NotReserved,
}

impl ContactEntry {
    /// The record that it describes, after the one that is there.
    pub fn record(&self, present: Option<&Contact>, now: Timestamp) -> Contact {
        let before = present.map(|present| &present.details);
        let channel =
            |value: &Option<String>, updated, verified, before: Option<&ContactChannel>| {
                let value = value.clone()?;
                let same = before.filter(|before| before.value == value);
                Some(ContactChannel {
                    value,
                    updated_at: updated_or(updated, same.map(|before| before.updated_at), now),
                    verified_at: Option::or(verified, same.and_then(|before| before.verified_at)),
                })
            };
        let reserved = self.reservasjon == Some(ReservationEntry::Reserved);
        let same = before.filter(|before| before.reserved == reserved);
        // Who never reserved has no time of it.
        let changed = reserved || before.is_some_and(|before| before.reserved);
        let language = |code| {
            let same = present.and_then(|present| present.language);
            let same = same.filter(|(before, _)| *before == code);
            let chosen = updated_or(self.spraak_oppdatert, same.map(|(_, at)| at), now);
            (code, chosen)
        };
        Contact {
            status: self.status.unwrap_or(ContactStatus::Active),
            language: self.spraak.map(language),
            details: ContactDetails {
                reserved,
                reserved_at: reserved.then(|| {
                    let same = same.and_then(|before| before.reserved_at);
                    updated_or(self.reservasjonstidspunkt, same, now)
                }),
                reservation_updated_at: self
                    .reservasjon_oppdatert
                    .or(same.and_then(|before| before.reservation_updated_at))
                    .or(self.reservasjonstidspunkt)
                    .or(changed.then_some(now)),
                email: channel(
                    &self.epostadresse,
                    self.epostadresse_oppdatert,
                    self.epostadresse_sist_verifisert,
                    before.and_then(|before| before.email.as_ref()),
                ),
                mobile: channel(
                    &self.mobiltelefonnummer,
                    self.mobiltelefonnummer_oppdatert,
                    self.mobiltelefonnummer_sist_verifisert,
                    before.and_then(|before| before.mobile.as_ref()),
                ),
                mailbox: self
                    .postkasseadresse
                    .clone()
                    .zip(self.postkasseleverandoeradresse)
                    .map(|(address, supplier)| Mailbox { address, supplier }),
                certificate: self.sertifikat.clone(),
            },
        }
    }
}

/// What is stated, or else what was, or else the present.
fn updated_or(stated: Option<Timestamp>, before: Option<Timestamp>, now: Timestamp) -> Timestamp {
    stated.or(before).unwrap_or(now)
}

impl From<&Contact> for ContactEntry {
    /// What a file says so that the same record comes of it.
    fn from(contact: &Contact) -> Self {
        let details = &contact.details;
        let value = |channel: &Option<ContactChannel>| Some(channel.as_ref()?.value.clone());
        let updated = |channel: &Option<ContactChannel>| Some(channel.as_ref()?.updated_at);
        let verified = |channel: &Option<ContactChannel>| channel.as_ref()?.verified_at;
        Self {
            epostadresse: value(&details.email),
            epostadresse_oppdatert: updated(&details.email),
            epostadresse_sist_verifisert: verified(&details.email),
            mobiltelefonnummer: value(&details.mobile),
            mobiltelefonnummer_oppdatert: updated(&details.mobile),
            mobiltelefonnummer_sist_verifisert: verified(&details.mobile),
            reservasjon: details.reserved.then_some(ReservationEntry::Reserved),
            reservasjonstidspunkt: details.reserved_at,
            reservasjon_oppdatert: details.reservation_updated_at,
            status: Some(contact.status),
            spraak: contact.language.map(|(code, _)| code),
            spraak_oppdatert: contact.language.map(|(_, at)| at),
            postkasseadresse: details
                .mailbox
                .as_ref()
                .map(|mailbox| mailbox.address.clone()),
            postkasseleverandoeradresse: details.mailbox.as_ref().map(|mailbox| mailbox.supplier),
            sertifikat: details.certificate.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn entry(email: &str) -> ContactEntry {
        ContactEntry {
            epostadresse: Some(email.to_owned()),
            ..ContactEntry::default()
        }
    }

    /// Spec: companion-apis §6.8.
    #[test]
    fn times_that_are_not_stated_are_those_of_the_change() {
        let (first, later) = (at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"));
        let made = entry("a@b.no").record(None, first);
        assert_eq!(made.details.email.as_ref().unwrap().updated_at, first);
        assert_eq!(made.details.reservation_updated_at, None, "never reserved");
        assert_eq!(
            entry("a@b.no").record(Some(&made), later),
            made,
            "nothing changed"
        );
        let changed = entry("c@d.no").record(Some(&made), later);
        assert_eq!(changed.details.email.as_ref().unwrap().updated_at, later);

        let reserving = ContactEntry {
            reservasjon: Some(ReservationEntry::Reserved),
            ..entry("a@b.no")
        };
        let reserved = reserving.record(Some(&made), later);
        assert_eq!(reserved.details.reserved_at, Some(later));
        assert_eq!(reserved.details.reservation_updated_at, Some(later));
        let withdrawn = entry("a@b.no").record(Some(&reserved), at("2026-03-01T00:00:00Z"));
        assert_eq!(withdrawn.details.reserved_at, None);
        let withdrawn_at = withdrawn.details.reservation_updated_at;
        assert_eq!(withdrawn_at, Some(at("2026-03-01T00:00:00Z")));
    }

    #[test]
    fn a_record_that_is_written_down_comes_back() {
        let full = ContactEntry {
            mobiltelefonnummer: Some("+4799999999".to_owned()),
            mobiltelefonnummer_sist_verifisert: Some(at("2026-01-01T00:00:00Z")),
            reservasjon: Some(ReservationEntry::Reserved),
            spraak: Some(Locale::Nn),
            postkasseadresse: Some("kari.eksempel#7QXZ".to_owned()),
            postkasseleverandoeradresse: Some(OrgNumber::parse("987654321").unwrap()),
            ..entry("a@b.no")
        };
        let record = full.record(None, at("2026-02-01T00:00:00Z"));
        let written = ContactEntry::from(&record);
        assert_eq!(written.record(None, at("2026-03-01T00:00:00Z")), record);
    }
}
