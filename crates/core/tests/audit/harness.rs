//! A store whose changes are recorded, and records to save.

use portvakt_core::Timestamp;
use portvakt_core::access::{Access, AccessState};
use portvakt_core::audit::{Act, Actor, AuditEntry, AuditFilter, Channel, Recorded, StoredEntry};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::organization::{OrgNumber, Organization};
use portvakt_core::party::Consent;
use portvakt_core::person::{EidasIdentifier, IdentityMatch, Person, Pid, PidCheck};
use portvakt_core::ports::{Store, UnitOfWork};
use portvakt_core::scope::Scope;
use portvakt_core::signing::{SigningKeyRecord, SigningKeyState, generate};
use portvakt_jose::{Algorithm, RsaBits};
use portvakt_store_sqlite::SqliteStore;
use serde_json::json;

pub(crate) const OWNER: &str = "310420107";
pub(crate) const CONSUMER: &str = "312773023";
pub(crate) const SUPPLIER: &str = "313994031";
pub(crate) const PID: &str = "17869010057";

pub(crate) struct Log {
    pub(crate) store: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Log {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("test.db")).await;
        Self {
            store: store.unwrap(),
            _folder: folder,
        }
    }

    pub(crate) async fn begin(&self) -> Box<dyn UnitOfWork> {
        Recorded::begin(&self.store, act()).await.unwrap()
    }

    pub(crate) async fn stored(&self) -> Vec<StoredEntry> {
        let mut unit = self.store.read().await.unwrap();
        unit.list_audit(&AuditFilter::default(), 0, 1000)
            .await
            .unwrap()
    }

    pub(crate) async fn entries(&self) -> Vec<AuditEntry> {
        let stored = self.stored().await;
        stored.iter().map(|entry| entry.entry().unwrap()).collect()
    }

    /// The newest entry.
    pub(crate) async fn last(&self) -> AuditEntry {
        self.entries().await.pop().unwrap()
    }

    pub(crate) async fn add_organizations(&self, names: &[&str]) {
        for (number, name) in names.iter().enumerate() {
            let mut unit = self.begin().await;
            let number = format!("{:09}", 100 + number);
            unit.save_organization(&organization(&number, name))
                .await
                .unwrap();
            unit.commit().await.unwrap();
        }
    }
}

/// Saves in a recorded transaction of its own.
macro_rules! save {
    ($log:expr, $($save:ident($($argument:expr),*)),+ $(,)?) => {{
        let mut unit = $log.begin().await;
        $(unit.$save($($argument),*).await.unwrap();)+
        unit.commit().await.unwrap();
    }};
}
pub(crate) use save;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_442_900 + seconds)
}

pub(crate) fn act() -> Act {
    Act {
        actor: Actor {
            client_id: Some("automation".parse().unwrap()),
            organization: Some(orgno(SUPPLIER)),
            ..Actor::new(Channel::Selfservice)
        },
        at: at(7),
        request_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned()),
    }
}

pub(crate) fn orgno(text: &str) -> OrgNumber {
    text.parse().unwrap()
}

pub(crate) fn organization(number: &str, name: &str) -> Organization {
    Organization {
        orgno: orgno(number),
        name: name.to_owned(),
        active: true,
        created: at(0),
        last_updated: at(0),
    }
}

pub(crate) fn scope() -> Scope {
    Scope::new("fjord:a".parse().unwrap(), orgno(OWNER), "a scope", at(0))
}

pub(crate) fn access(state: AccessState) -> Access {
    Access {
        scope: "fjord:a".parse().unwrap(),
        consumer_orgno: orgno(CONSUMER),
        state,
        created: at(0),
        last_updated: at(0),
    }
}

pub(crate) fn client() -> Client {
    let client_id = ClientId::parse("client").unwrap();
    Client {
        supplier_orgno: Some(orgno(SUPPLIER)),
        ..Client::machine(client_id, "A client", orgno(CONSUMER), Vec::new(), at(0))
    }
}

pub(crate) fn signing_key(state: SigningKeyState) -> SigningKeyRecord {
    let surface = "maskinporten";
    generate(surface, Algorithm::Es256, RsaBits::B2048, state, at(0)).unwrap()
}

pub(crate) fn consent() -> Consent {
    Consent {
        id: "c1".to_owned(),
        from: format!("urn:altinn:person:identifier-no:{PID}"),
        to_orgno: orgno(CONSUMER),
        consented: "2026-03-02T09:15:00Z".to_owned(),
        valid_to: "2027-03-02T09:15:00Z".to_owned(),
        consent_rights: json!([{ "resource": PID }]),
        active: true,
    }
}

pub(crate) fn person(name: &str) -> Person {
    Person {
        pid: Pid::parse(PID, PidCheck::LengthOnly).unwrap(),
        name: name.to_owned(),
        contact: None,
    }
}

pub(crate) fn identity_match(pid: &str) -> IdentityMatch {
    IdentityMatch {
        identifier: EidasIdentifier::parse("EE/NO/47101010033").unwrap(),
        pid: Pid::parse(pid, PidCheck::LengthOnly).unwrap(),
        active: true,
    }
}

pub(crate) fn operations(entries: &[AuditEntry]) -> Vec<&str> {
    entries.iter().map(|entry| &*entry.operation).collect()
}
