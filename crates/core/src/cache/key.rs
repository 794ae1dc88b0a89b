//! What entries are called, and which of them a changed record makes old.

use crate::client::ClientId;
use crate::organization::OrgNumber;
use crate::ports::{ChangedKind, ChangedRecord};

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum EntryKind {
    Client,
    Scope,
    Access,
    OnBehalfOf,
    Organization,
    Prefixes,
}

/// The name of an entry, borrowed from whoever looks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct KeyRef<'a> {
    kind: EntryKind,
    head: &'a str,
    tail: &'a str,
}

impl<'a> KeyRef<'a> {
    fn simple(kind: EntryKind, head: &'a str) -> Self {
        Self {
            kind,
            head,
            tail: "",
        }
    }

    pub(super) fn client(client_id: &'a ClientId) -> Self {
        Self::simple(EntryKind::Client, client_id.as_str())
    }

    pub(super) fn scope(name: &'a str) -> Self {
        Self::simple(EntryKind::Scope, name)
    }

    pub(super) fn access(scope: &'a str, consumer: &'a OrgNumber) -> Self {
        Self {
            kind: EntryKind::Access,
            head: scope,
            tail: consumer.as_str(),
        }
    }

    pub(super) fn on_behalf_of(client_id: &'a ClientId, value: &'a str) -> Self {
        Self {
            kind: EntryKind::OnBehalfOf,
            head: client_id.as_str(),
            tail: value,
        }
    }

    pub(super) fn organization(orgno: &'a OrgNumber) -> Self {
        Self::simple(EntryKind::Organization, orgno.as_str())
    }

    pub(super) fn prefixes(owner: &'a OrgNumber) -> Self {
        Self::simple(EntryKind::Prefixes, owner.as_str())
    }

    pub(super) fn kind(self) -> EntryKind {
        self.kind
    }

    /// Bytes of text.
    pub(super) fn len(self) -> usize {
        self.head.len() + self.tail.len()
    }

    pub(super) fn to_key(self) -> Key {
        Key {
            kind: self.kind,
            head_len: self.head.len(),
            texts: [self.head, self.tail].concat().into(),
        }
    }
}

/// The name of an entry, its texts side by side: whoever compares them goes to one place in memory,
/// which is seldom in the processor's cache.
#[derive(Debug)]
pub(super) struct Key {
    kind: EntryKind,
    head_len: usize,
    texts: Box<str>,
}

impl Key {
    pub(super) fn as_ref(&self) -> KeyRef<'_> {
        // Where the texts were put together they come apart.
        let (head, tail) = self.texts.split_at(self.head_len);
        KeyRef {
            kind: self.kind,
            head,
            tail,
        }
    }
}

/// A name with its hash, which chooses the shard and the place in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hashed<K> {
    pub(super) hash: u64,
    pub(super) key: K,
}

impl Hashed<Key> {
    pub(super) fn as_ref(&self) -> Hashed<KeyRef<'_>> {
        Hashed {
            hash: self.hash,
            key: self.key.as_ref(),
        }
    }
}

/// What a changed record makes old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stale<'a> {
    /// One entry.
    Entry(KeyRef<'a>),
    /// Every list of prefixes: the record does not say whose the prefix was.
    Prefixes,
    /// No entry: decisions read these records from the store.
    Nothing,
    /// Whatever there is: the record's key cannot be read.
    Everything,
}

impl<'a> From<&'a ChangedRecord> for Stale<'a> {
    fn from(record: &'a ChangedRecord) -> Self {
        let key = record.key.as_str();
        let pair = |kind, parts: Option<(&'a str, &'a str)>| match parts {
            Some((head, tail)) => Self::Entry(KeyRef { kind, head, tail }),
            None => Self::Everything,
        };
        match record.kind {
            ChangedKind::Client => Self::Entry(KeyRef::simple(EntryKind::Client, key)),
            ChangedKind::Scope => Self::Entry(KeyRef::simple(EntryKind::Scope, key)),
            ChangedKind::Organization => Self::Entry(KeyRef::simple(EntryKind::Organization, key)),
            // A consumer's number holds no space, and neither does a client id.
            ChangedKind::Access => pair(EntryKind::Access, key.rsplit_once(' ')),
            ChangedKind::OnBehalfOf => pair(EntryKind::OnBehalfOf, key.split_once(' ')),
            ChangedKind::Prefix => Self::Prefixes,
            ChangedKind::DelegationSource
            | ChangedKind::Delegation
            | ChangedKind::SystemUser
            | ChangedKind::Consent
            | ChangedKind::Person
            | ChangedKind::IdentityMatch
            | ChangedKind::SigningKey => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ChangedKind, key: &str, expected: Stale<'_>) {
        let record = ChangedRecord {
            kind,
            key: key.to_owned(),
        };
        assert_eq!(Stale::from(&record), expected, "{kind:?} {key:?}");
    }

    #[test]
    fn each_kind_of_record_names_its_entry() {
        let orgno = OrgNumber::parse("312773023").unwrap();
        let client = ClientId::parse("a.~b").unwrap();
        let entry = Stale::Entry;
        check(ChangedKind::Client, "a.~b", entry(KeyRef::client(&client)));
        check(ChangedKind::Scope, "a:b", entry(KeyRef::scope("a:b")));
        let organization = entry(KeyRef::organization(&orgno));
        check(ChangedKind::Organization, "312773023", organization);
        let access = entry(KeyRef::access("a:b", &orgno));
        check(ChangedKind::Access, "a:b 312773023", access);
        for value in ["kunde", "en kunde med rom", ""] {
            let registration = entry(KeyRef::on_behalf_of(&client, value));
            let key = format!("a.~b {value}");
            check(ChangedKind::OnBehalfOf, &key, registration);
        }
        check(ChangedKind::Prefix, "fjord", Stale::Prefixes);
    }

    #[test]
    fn a_key_that_cannot_be_read_makes_everything_old() {
        for kind in [ChangedKind::Access, ChangedKind::OnBehalfOf] {
            check(kind, "nospace", Stale::Everything);
        }
    }

    #[test]
    fn names_of_different_entries_differ_also_when_their_texts_side_by_side_do_not() {
        let [one, other] =
            ["312773023", "991825827"].map(|number| OrgNumber::parse(number).unwrap());
        let client = ClientId::parse("a").unwrap();
        let names = [
            KeyRef::scope("312773023"),
            KeyRef::organization(&one),
            KeyRef::prefixes(&one),
            KeyRef::access("", &one),
            KeyRef::access("991825827", &one),
            KeyRef::access("991825827312773023", &other),
            KeyRef::on_behalf_of(&client, "bc"),
            KeyRef::client(&client),
        ];
        for (place, name) in names.iter().enumerate() {
            let key = name.to_key();
            let same = names.iter().map(|other| key.as_ref() == *other);
            assert!(
                same.enumerate()
                    .all(|(other, same)| same == (other == place)),
                "{name:?}"
            );
        }
    }
}
