//! The `krr` of a person in a registry file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portvakt_jose::{Certificate, CertificateError};

use super::super::model::{ContactEntry, ReservationEntry};
use super::{Entry, Faults, Node, Place};
use crate::clock::Timestamp;
use crate::contact::{ContactStatus, is_email, is_mobile};

const MEMBERS: [&str; 15] = [
    "epostadresse",
    "epostadresse_oppdatert",
    "epostadresse_sist_verifisert",
    "mobiltelefonnummer",
    "mobiltelefonnummer_oppdatert",
    "mobiltelefonnummer_sist_verifisert",
    "reservasjon",
    "reservasjonstidspunkt",
    "reservasjon_oppdatert",
    "status",
    "spraak",
    "spraak_oppdatert",
    "postkasseadresse",
    "postkasseleverandoeradresse",
    "sertifikat",
];

/// The longest address of a mailbox, in bytes.
const MAX_MAILBOX: usize = 255;

pub(super) fn contact(node: &Node, place: Place, faults: &mut Faults) -> Option<ContactEntry> {
    let entry = Entry::of(node, place, &MEMBERS, faults)?;
    let read = ContactEntry {
        epostadresse: checked(&entry, "epostadresse", is_email, faults),
        epostadresse_oppdatert: instant(&entry, "epostadresse_oppdatert", faults),
        epostadresse_sist_verifisert: instant(&entry, "epostadresse_sist_verifisert", faults),
        mobiltelefonnummer: checked(&entry, "mobiltelefonnummer", is_mobile, faults),
        mobiltelefonnummer_oppdatert: instant(&entry, "mobiltelefonnummer_oppdatert", faults),
        mobiltelefonnummer_sist_verifisert: instant(
            &entry,
            "mobiltelefonnummer_sist_verifisert",
            faults,
        ),
        reservasjon: entry.word::<ReservationEntry>("reservasjon", faults),
        reservasjonstidspunkt: instant(&entry, "reservasjonstidspunkt", faults),
        reservasjon_oppdatert: instant(&entry, "reservasjon_oppdatert", faults),
        status: entry.parsed("status", faults),
        spraak: entry.parsed("spraak", faults),
        spraak_oppdatert: instant(&entry, "spraak_oppdatert", faults),
        postkasseadresse: checked(&entry, "postkasseadresse", is_mailbox, faults),
        postkasseleverandoeradresse: entry.parsed("postkasseleverandoeradresse", faults),
        sertifikat: checked(&entry, "sertifikat", is_certificate, faults),
    };
    check_together(&entry, &read, faults);
    Some(read)
}

/// What only makes sense with something else.
fn check_together(entry: &Entry<'_>, read: &ContactEntry, faults: &mut Faults) {
    let mut refuse = |name: &str, why: &str| {
        if entry.member(name).is_some() {
            faults.push(entry.place.at(name).fault(why));
        }
    };
    if read.status == Some(ContactStatus::Deleted) {
        for name in [
            "epostadresse",
            "mobiltelefonnummer",
            "postkasseadresse",
            "sertifikat",
            "spraak",
        ] {
            refuse(name, "a person who was deleted has none");
        }
    }
    for (name, of) in [
        ("epostadresse_oppdatert", "epostadresse"),
        ("epostadresse_sist_verifisert", "epostadresse"),
        ("mobiltelefonnummer_oppdatert", "mobiltelefonnummer"),
        ("mobiltelefonnummer_sist_verifisert", "mobiltelefonnummer"),
        ("spraak_oppdatert", "spraak"),
        ("postkasseleverandoeradresse", "postkasseadresse"),
        ("postkasseadresse", "postkasseleverandoeradresse"),
    ] {
        if entry.member(of).is_none() {
            refuse(name, &format!("says nothing without {of}"));
        }
    }
    if read.reservasjon != Some(ReservationEntry::Reserved) {
        refuse("reservasjonstidspunkt", "is for who has reserved");
    }
}

/// A text that is kept as it is written. It is in no message.
fn checked<E: std::fmt::Display>(
    entry: &Entry<'_>,
    name: &str,
    check: impl FnOnce(&str) -> Result<(), E>,
    faults: &mut Faults,
) -> Option<String> {
    let text = entry.text(name, faults)?;
    match check(&text) {
        Ok(()) => Some(text),
        Err(error) => {
            faults.push(entry.place.at(name).fault(error.to_string()));
            None
        }
    }
}

fn is_mailbox(text: &str) -> Result<(), &'static str> {
    if !text.is_empty() && text.len() <= MAX_MAILBOX && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err("must have 1 to 255 bytes and no control characters")
    }
}

/// One that has expired is one, and so is one with a key that this server could not use itself.
fn is_certificate(text: &str) -> Result<(), &'static str> {
    let der = STANDARD.decode(text).ok();
    match der.map(|der| Certificate::parse(&der)) {
        None | Some(Err(CertificateError::Malformed)) => {
            Err("must be an X.509 certificate, DER in base64 without line breaks")
        }
        Some(_) => Ok(()),
    }
}

/// Both forms in which the registry's APIs write instants: the offset may be hours alone.
fn instant(entry: &Entry<'_>, name: &str, faults: &mut Faults) -> Option<Timestamp> {
    let text = entry.text(name, faults)?;
    let hours_only = text.len() == 22 && matches!(text.as_bytes()[19], b'+' | b'-');
    let text = if hours_only {
        format!("{text}:00")
    } else {
        text
    };
    match Timestamp::parse(&text) {
        Ok(instant) => Some(instant),
        Err(error) => {
            faults.push(entry.place.at(name).fault(error.to_string()));
            None
        }
    }
}
