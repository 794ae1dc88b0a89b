//! Whoever edits the file behind the store's back is found out, and at the right entry.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use portvakt_core::Timestamp;
use portvakt_core::audit::{
    Act, Actor, AuditCheckpoint, AuditFilter, Channel, Checkpoints, Recorded, StoredEntry, verify,
};
use portvakt_core::organization::Organization;
use portvakt_core::ports::{StorageError, Store};
use portvakt_core::scope::Scope;
use portvakt_store_sqlite::SqliteStore;
use proptest::prelude::*;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use tempfile::TempDir;

/// An administrative act; few different ones, so that some repeat and some change a record twice.
#[derive(Clone, Debug)]
struct Save {
    organization: u8,
    name: u8,
    active: bool,
    committed: bool,
}

fn saves() -> impl Strategy<Value = Vec<Save>> {
    let save = (0..4_u8, 0..3_u8, any::<bool>(), any::<bool>());
    let save = save.prop_map(|(organization, name, active, committed)| Save {
        organization,
        name,
        active,
        committed,
    });
    prop::collection::vec(save, 4..24)
}

/// What somebody with the file does to it. The numbers choose among the rows there are.
#[derive(Clone, Debug)]
enum Tampering {
    /// Changes one byte of an entry's text.
    Text(usize, usize),
    /// Changes one bit of an entry's hash.
    Hash(usize, usize),
    /// Changes a column that entries are looked up by.
    Copy(usize, &'static str),
    /// Exchanges two entries with everything that belongs to them.
    Exchange(usize, usize),
    /// Removes one entry.
    Delete(usize),
    /// Removes one entry and moves the later ones up, so that no number is missing.
    Close(usize),
    /// Removes an entry and all after it.
    Cut(usize),
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let column = prop::sample::select(vec!["object_key", "organizations", "request_id"]);
    let at = 0..1000_usize;
    prop_oneof![
        (at.clone(), at.clone()).prop_map(|(row, byte)| Tampering::Text(row, byte)),
        (at.clone(), 0..256_usize).prop_map(|(row, bit)| Tampering::Hash(row, bit)),
        (at.clone(), column).prop_map(|(row, column)| Tampering::Copy(row, column)),
        (at.clone(), at.clone()).prop_map(|(one, other)| Tampering::Exchange(one, other)),
        at.clone().prop_map(Tampering::Delete),
        at.clone().prop_map(Tampering::Close),
        at.prop_map(Tampering::Cut),
    ]
}

struct Place {
    folder: TempDir,
    store: SqliteStore,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("portvakt.db")).await;
        let store = store.unwrap();
        Self { folder, store }
    }

    /// A scope and its organization, so that there is always an entry, then the acts.
    async fn with(saves: &[Save]) -> Self {
        let place = Self::new().await;
        let first = Save {
            organization: 9,
            name: 0,
            active: true,
            committed: true,
        };
        for save in std::iter::once(&first).chain(saves) {
            place.save(save).await;
        }
        place
    }

    async fn save(&self, save: &Save) {
        let act = Act {
            actor: Actor::new(Channel::CommandLine),
            at: Timestamp::from_seconds(1_772_442_900),
            request_id: None,
        };
        let now = Timestamp::from_seconds(1);
        let orgno = format!("{:09}", save.organization).parse().unwrap();
        let mut unit = Recorded::begin(&self.store, act).await.unwrap();
        unit.save_organization(&Organization {
            orgno,
            name: format!("Name {}", save.name),
            active: save.active,
            created: now,
            last_updated: now,
        })
        .await
        .unwrap();
        let name = format!("fjord:{}", save.organization).parse().unwrap();
        unit.save_scope(&Scope::new(name, orgno, "", now))
            .await
            .unwrap();
        if save.committed {
            unit.commit().await.unwrap();
        }
    }

    async fn entries(&self) -> Result<Vec<StoredEntry>, StorageError> {
        let mut unit = self.store.read().await?;
        unit.list_audit(&AuditFilter::default(), 0, 10_000).await
    }

    async fn stranger(&self) -> SqliteConnection {
        let path = self.folder.path().join("portvakt.db");
        let options = SqliteConnectOptions::new().filename(path);
        options.connect().await.unwrap()
    }

    async fn run(&self, sql: String) {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut self.stranger().await)
            .await
            .unwrap();
    }

    /// Tampers with a log of these entries and says which one is the first at fault; none if the
    /// tampering happens to change nothing.
    async fn tamper(&self, tampering: Tampering, entries: &[StoredEntry]) -> Option<u64> {
        let count = entries.len();
        let sequence = |row: usize| u64::try_from(row % count + 1).unwrap();
        match tampering {
            Tampering::Text(row, byte) => {
                let n = sequence(row);
                self.change_text(n, &entries[row % count].text, byte).await;
                Some(n)
            }
            Tampering::Hash(row, bit) => {
                let n = sequence(row);
                let mut hash = entries[row % count].link.hash;
                hash[bit / 8] ^= 1 << (bit % 8);
                sqlx::query("UPDATE audit SET hash = $1 WHERE sequence = $2")
                    .bind(hash.as_slice())
                    .bind(i64::try_from(n).unwrap())
                    .execute(&mut self.stranger().await)
                    .await
                    .unwrap();
                Some(n)
            }
            Tampering::Copy(row, column) => {
                let n = sequence(row);
                self.run(format!(
                    "UPDATE audit SET {column} = '999999999' WHERE sequence = {n}"
                ))
                .await;
                Some(n)
            }
            Tampering::Exchange(one, other) => {
                let (one, other) = (sequence(one), sequence(other));
                self.run(format!(
                    "UPDATE audit SET sequence = -1 WHERE sequence = {one};
                     UPDATE audit SET sequence = {one} WHERE sequence = {other};
                     UPDATE audit SET sequence = {other} WHERE sequence = -1;"
                ))
                .await;
                (one != other).then(|| one.min(other))
            }
            Tampering::Delete(row) => {
                let n = sequence(row);
                self.run(format!("DELETE FROM audit WHERE sequence = {n}"))
                    .await;
                Some(n)
            }
            Tampering::Close(row) => {
                let n = sequence(row);
                let negative = "UPDATE audit SET sequence = -sequence";
                self.run(format!(
                    "DELETE FROM audit WHERE sequence = {n};
                     {negative} WHERE sequence > {n};
                     UPDATE audit SET sequence = -sequence - 1 WHERE sequence < 0;"
                ))
                .await;
                Some(n)
            }
            Tampering::Cut(row) => {
                let n = sequence(row);
                self.run(format!("DELETE FROM audit WHERE sequence >= {n}"))
                    .await;
                Some(n)
            }
        }
    }

    /// Replaces one character by another that keeps the text's length.
    async fn change_text(&self, sequence: u64, text: &str, position: usize) {
        let mut bytes = text.as_bytes().to_vec();
        let position = position % bytes.len();
        bytes[position] = if bytes[position] == b'x' { b'y' } else { b'x' };
        sqlx::query("UPDATE audit SET entry = $1 WHERE sequence = $2")
            .bind(String::from_utf8(bytes).unwrap())
            .bind(i64::try_from(sequence).unwrap())
            .execute(&mut self.stranger().await)
            .await
            .unwrap();
    }
}

/// A checkpoint of the last entry.
fn checkpoint(entries: &[StoredEntry]) -> Checkpoints {
    let checkpoint = |entry: &StoredEntry| AuditCheckpoint {
        link: entry.link,
        at: Timestamp::from_seconds(1),
        kid: "kid".to_owned(),
    };
    entries.last().map(checkpoint).into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_tampering_is_found_at_the_first_entry_that_it_touched(
        saves in saves(),
        tampering in tampering(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let place = Place::with(&saves).await;
            let entries = place.entries().await.unwrap();
            let checkpoints = checkpoint(&entries);
            let whole = verify(&entries, &checkpoints).unwrap();
            prop_assert_eq!(whole.last.sequence, entries.len() as u64);
            prop_assert_eq!(whole.checkpoints, 1);

            let expected = place.tamper(tampering, &entries).await;
            let verified = verify(&place.entries().await.unwrap(), &checkpoints);
            prop_assert_eq!(verified.err().map(|fault| fault.sequence()), expected);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn only_a_checkpoint_shows_that_the_end_was_cut_off() {
    let place = Place::with(&[]).await;
    let entries = place.entries().await.unwrap();
    assert_eq!(entries.len(), 2);
    place
        .run("DELETE FROM audit WHERE sequence = 2".to_owned())
        .await;
    let left = place.entries().await.unwrap();
    assert!(verify(&left, &Checkpoints::none()).is_ok());
    let fault = verify(&left, &checkpoint(&entries)).unwrap_err();
    assert_eq!(fault.sequence(), 2);
}

#[tokio::test]
async fn a_row_that_is_no_entry_is_corrupt_with_its_number() {
    for (damage, column) in [
        ("hash = x'00'", "hash"),
        ("hash = x''", "hash"),
        ("sequence = -2", "sequence"),
    ] {
        let place = Place::with(&[]).await;
        place
            .run(format!("UPDATE audit SET {damage} WHERE sequence = 2"))
            .await;
        let mut unit = place.store.read().await.unwrap();
        let listed = unit.list_latest_audit(&AuditFilter::default(), 10).await;
        let error = listed.unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("corrupt data in audit.{column} of ")),
            "{error}"
        );
    }
}
