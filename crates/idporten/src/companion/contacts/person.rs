//! The person object (spec: companion-apis §6.5).

use portvakt_core::Timestamp;
use portvakt_core::contact::ContactChannel;
use portvakt_core::local_time::local_with_hours;
use portvakt_core::login::companion::Told;
use portvakt_core::person::Pid;

use super::Version;
use crate::companion::bodies::{ContactResponse, MailboxResponse, PersonResponse};

impl Version {
    /// An instant: Norwegian local time with the hours of its offset, or UTC with milliseconds.
    pub(super) fn instant(self, instant: Timestamp) -> String {
        match self {
            Self::V1 => local_with_hours(instant),
            Self::V2 => instant.to_string(),
        }
    }
}

/// A person as they are told. What has no value is left out.
pub(super) fn person(pid: &Pid, told: Told, version: Version) -> PersonResponse {
    let written = |instant: Option<Timestamp>| instant.map(|instant| version.instant(instant));
    let of_reservation = |instant: Option<Timestamp>| match version {
        Version::V1 => None,
        Version::V2 => written(instant),
    };
    let value = |channel: &Option<ContactChannel>| Some(channel.as_ref()?.value.clone());
    let updated = |channel: &Option<ContactChannel>| Some(channel.as_ref()?.updated_at);
    let verified = |channel: &Option<ContactChannel>| channel.as_ref()?.verified_at;
    let contact = ContactResponse {
        epostadresse: value(&told.email),
        epostadresse_oppdatert: written(updated(&told.email)),
        epostadresse_sist_verifisert: written(verified(&told.email)),
        mobiltelefonnummer: value(&told.mobile),
        mobiltelefonnummer_oppdatert: written(updated(&told.mobile)),
        mobiltelefonnummer_sist_verifisert: written(verified(&told.mobile)),
    };
    let notification = |notifiable| {
        if notifiable {
            "KAN_VARSLES"
        } else {
            "KAN_IKKE_VARSLES"
        }
    };
    PersonResponse {
        personidentifikator: pid.expose().to_owned(),
        reservasjon: if told.reserved { "JA" } else { "NEI" },
        reservasjonstidspunkt: of_reservation(told.reserved_at),
        reservasjon_oppdatert: of_reservation(told.reservation_updated_at),
        status: told
            .status
            .map_or("IKKE_REGISTRERT", |status| status.as_str()),
        varslingsstatus: told.notifiable.map(notification),
        kontaktinformasjon: (told.email.is_some() || told.mobile.is_some()).then_some(contact),
        digital_post: told.mailbox.map(|mailbox| MailboxResponse {
            postkasseadresse: mailbox.address,
            postkasseleverandoeradresse: mailbox.supplier.to_string(),
        }),
        sertifikat: told.certificate,
        spraak: told.language.map(|(language, _)| language.as_str()),
        spraak_oppdatert: written(told.language.map(|(_, at)| at)),
    }
}
