//! How people are reached.

use portvakt_core::contact::{Contact, ContactChannel, ContactDetails, ContactStatus, Mailbox};
use portvakt_core::login::Locale;
use portvakt_core::person::{Person, Pid, PidCheck};

use super::LoginFactory;
use super::races::{nodes, race};
use super::samples::after;
use crate::Outcome;
use crate::samples::orgno;

fn pid(text: &str) -> Pid {
    Pid::parse(text, PidCheck::LengthOnly).expect("samples are well formed")
}

/// A record with every attribute.
fn full() -> Contact {
    let channel = |value: &str, seconds| ContactChannel {
        value: value.to_owned(),
        updated_at: after(seconds),
        verified_at: Some(after(seconds + 1)),
    };
    Contact {
        status: ContactStatus::Active,
        language: Some((Locale::Se, after(1))),
        details: ContactDetails {
            reserved: true,
            reserved_at: Some(after(2)),
            reservation_updated_at: Some(after(3)),
            email: Some(channel("kåre@eksempel.no", 4)),
            mobile: Some(channel("+47 999 99 999", 6)),
            mailbox: Some(Mailbox {
                address: "kåre#7QXZ".to_owned(),
                supplier: orgno("987654321"),
            }),
            certificate: Some("MIIC".to_owned()),
        },
    }
}

fn person(number: &str, contact: Option<Contact>) -> Person {
    Person {
        pid: pid(number),
        name: number.to_owned(),
        contact,
    }
}

const KARI: &str = "17869010057";
const OLA: &str = "05857430060";
const DELETED: &str = "41857430008";

/// Every attribute comes back, of those who have a record, for as many people as are asked about.
pub async fn finds_the_records_of_many_people(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_person(&person(KARI, Some(full()))).await?;
    unit.save_person(&person(OLA, None)).await?;
    unit.commit().await?;
    let logins = factory.open_logins().await;
    let others = (0..998).map(|number| pid(&format!("{number:011}")));
    let asked: Vec<_> = others.chain([pid(KARI), pid(OLA)]).collect();
    assert_eq!(logins.find_contacts(&asked).await?, [(pid(KARI), full())]);
    assert_eq!(logins.find_contacts(&[]).await?, []);
    Ok(())
}

/// A person is listed with the record; saving one without leaves it as it is.
pub async fn people_come_with_their_records(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open().await;
    let mut unit = store.begin().await?;
    unit.save_person(&person(KARI, Some(full()))).await?;
    unit.commit().await?;
    let mut unit = store.begin().await?;
    unit.save_person(&person(KARI, None)).await?;
    unit.save_person(&person(OLA, None)).await?;
    unit.commit().await?;
    let listed = store.read().await?.list_people().await?;
    assert_eq!(listed, [person(OLA, None), person(KARI, Some(full()))]);
    Ok(())
}

/// Nothing else of a record changes; who has none, or was deleted, is in the registry from then on.
pub async fn a_language_is_chosen(factory: &impl LoginFactory) -> Outcome {
    let store = factory.open().await;
    let deleted = Contact {
        status: ContactStatus::Deleted,
        ..Contact::new()
    };
    let mut unit = store.begin().await?;
    unit.save_person(&person(KARI, Some(full()))).await?;
    unit.save_person(&person(DELETED, Some(deleted))).await?;
    unit.commit().await?;
    let logins = factory.open_logins().await;
    let chosen = Some((Locale::En, after(60)));
    let new = Contact {
        language: chosen,
        ..Contact::new()
    };
    let kept = Contact {
        language: chosen,
        ..full()
    };
    for (number, expected) in [(KARI, &kept), (OLA, &new), (DELETED, &new)] {
        let who = pid(number);
        logins.choose_language(&who, Locale::En, after(60)).await?;
        // Another node, or the same one after a restart.
        let elsewhere = factory.open_logins().await;
        let found = elsewhere.find_contacts(std::slice::from_ref(&who)).await?;
        assert_eq!(found, [(who, expected.clone())]);
    }
    Ok(())
}

/// Of many who choose at once, for somebody who had no record, one choice stays, whole.
pub async fn a_language_is_chosen_at_once(factory: &impl LoginFactory) -> Outcome {
    let nodes = nodes(factory).await;
    race(&nodes, 24, |node, number| async move {
        let language = Locale::ALL[number as usize % Locale::ALL.len()];
        node.choose_language(&pid(OLA), language, after(i64::from(number)))
            .await
    })
    .await?;
    let found = nodes[0].find_contacts(&[pid(OLA)]).await?;
    let [(_, contact)] = found.as_slice() else {
        panic!("one record: {found:?}")
    };
    let (language, at) = contact.language.expect("somebody chose");
    let number = (0..24)
        .find(|number| after(*number) == at)
        .expect("one of them");
    assert_eq!(
        language,
        Locale::ALL[usize::try_from(number).expect("not negative") % Locale::ALL.len()]
    );
    assert_eq!(contact.details, ContactDetails::default());
    Ok(())
}
