use std::io::{BufReader, Read, Write};

use async_trait::async_trait;

use super::*;
use crate::audit::Checkpoints;
use crate::clock::Timestamp;
use crate::entropy::SeededEntropy;
use crate::ports::StorageError;
use crate::signing::KeyEncryptionKey;
use crate::transfer::{Cell, CellKind, Column, Row, Table, TransferSource};

/// Clear bytes of a chunk, and what it takes in the file.
const CHUNK: usize = 64 * 1024;
const SEALED: usize = CHUNK + 16;
const HEADER: usize = 18 + 16 + 12 + 48;

fn key(byte: u8) -> KeyEncryptionKey {
    let bytes: Vec<u8> = (byte..).take(32).collect();
    KeyEncryptionKey::from_bytes(&bytes).unwrap()
}

fn seal(clear: &[u8]) -> Vec<u8> {
    let mut writer = SealedWriter::new(Vec::new(), &key(1), &SeededEntropy::new(7)).unwrap();
    writer.write_all(clear).unwrap();
    writer.finish().unwrap()
}

fn open(sealed: &[u8]) -> Result<Vec<u8>, String> {
    let mut reader = SealedReader::new(sealed, &key(1)).map_err(|error| error.to_string())?;
    let mut clear = Vec::new();
    reader
        .read_to_end(&mut clear)
        .map_err(|error| error.to_string())?;
    Ok(clear)
}

fn text(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

#[test]
fn what_is_sealed_opens_whatever_its_length() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
        let sealed = seal(&text(length));
        assert_eq!(open(&sealed).unwrap(), text(length), "{length}");
    }
}

#[test]
fn what_was_cut_off_anywhere_is_refused() {
    let sealed = seal(&text(2 * CHUNK + 100));
    let ends = [
        0,
        1,
        HEADER - 1,
        HEADER,
        HEADER + 10,
        HEADER + SEALED,
        HEADER + 2 * SEALED,
        sealed.len() - 1,
    ];
    for end in ends {
        assert!(open(&sealed[..end]).is_err(), "{end}");
    }
    let whole_chunks = seal(&text(2 * CHUNK));
    assert!(open(&whole_chunks[..HEADER + SEALED]).is_err());
}

#[test]
fn what_follows_the_end_is_refused() {
    let sealed = seal(&text(CHUNK));
    for more in [&[0][..], &sealed[HEADER..], &vec![0; SEALED]] {
        assert!(open(&[&sealed, more].concat()).is_err());
    }
}

#[test]
fn chunks_that_were_swapped_repeated_or_left_out_are_refused() {
    let sealed = seal(&text(3 * CHUNK));
    let (header, body) = sealed.split_at(HEADER);
    let chunks: Vec<_> = body.chunks(SEALED).collect();
    for order in [&[1, 0, 2][..], &[0, 0, 1, 2], &[0, 2], &[2], &[0, 1, 2, 2]] {
        let body: Vec<_> = order.iter().map(|place| chunks[*place]).collect();
        assert!(
            open(&[header, &body.concat()].concat()).is_err(),
            "{order:?}"
        );
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let sealed = seal(&text(CHUNK + 100));
    let places = (0..HEADER).chain([HEADER, HEADER + 1000, HEADER + SEALED - 1, sealed.len() - 1]);
    for place in places {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert!(open(&changed).is_err(), "{place}");
    }
}

#[test]
fn a_chunk_of_another_file_is_refused() {
    let mut writer = SealedWriter::new(Vec::new(), &key(1), &SeededEntropy::new(8)).unwrap();
    writer.write_all(&text(100)).unwrap();
    let other = writer.finish().unwrap();
    let sealed = seal(&text(100));
    let mixed = [&sealed[..HEADER], &other[HEADER..]].concat();
    assert!(open(&mixed).is_err());
}

#[test]
fn another_key_is_named_and_no_file_of_another_kind_is_read() {
    let sealed = seal(b"text");
    let refused = SealedReader::new(&sealed[..], &key(2)).map(|_| ());
    let Err(BackupError::WrongKey { wanted, given }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (wanted.as_str(), given.as_str()),
        (key(1).id(), key(2).id())
    );
    let refused = SealedReader::new(&b"SQLite format 3\0 and more"[..], &key(1)).map(|_| ());
    assert!(matches!(refused, Err(BackupError::Unknown)), "{refused:?}");
}

/// One table of numbers.
struct Numbers(Vec<i64>);

#[async_trait]
impl TransferSource for Numbers {
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        Ok(vec![Table {
            name: "numbers".to_owned(),
            columns: vec![Column {
                name: "number".to_owned(),
                kind: CellKind::Integer,
            }],
            key: vec![0],
        }])
    }

    async fn count(&mut self, _: &Table) -> Result<u64, StorageError> {
        Ok(self.0.len() as u64)
    }

    async fn read(
        &mut self,
        _: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        let is_later = |number: &&i64| match after.map(|row| &row[0]) {
            Some(Cell::Integer(after)) => *number > after,
            _ => true,
        };
        let later = self.0.iter().filter(is_later).take(limit as usize);
        Ok(later.map(|number| vec![Cell::Integer(*number)]).collect())
    }
}

async fn document(numbers: Vec<i64>) -> Vec<u8> {
    let mut document = Vec::new();
    let now = Timestamp::from_seconds(1_700_000_000);
    write(&mut Numbers(numbers), &mut document, now, |_| {})
        .await
        .unwrap();
    document
}

fn verify(document: &[u8]) -> Result<BackupContents, BackupError> {
    BackupReader::new(BufReader::new(document))?.verify(&Checkpoints::none(), |_| {})
}

#[tokio::test]
async fn a_document_says_what_it_holds() {
    let contents = verify(&document((0..1201).collect()).await).unwrap();
    assert_eq!(contents.report.tables[0].rows, 1201);
    assert_eq!(contents.made_at, Timestamp::from_seconds(1_700_000_000));
    assert!(verify(&document(vec![]).await).is_ok());
}

/// Whoever has the key could write another document; it must still agree with itself.
#[tokio::test]
async fn a_document_that_does_not_agree_with_itself_is_refused() {
    let whole = String::from_utf8(document(vec![1, 2, 3]).await).unwrap();
    assert!(verify(whole.as_bytes()).is_ok());
    let without_end = &whole[..=whole[..whole.len() - 1].rfind('\n').unwrap()];
    for wrong in [
        whole.replace("[[1],[2],[3]]", "[[1],[2],[4]]"),
        whole.replace("[[1],[2],[3]]", "[[1],[2]]"),
        whole.replace("[[1],[2],[3]]", "[[1,1],[2,2],[3,3]]"),
        whole.replace("\"version\":1", "\"version\":2"),
        without_end.to_owned(),
        format!("{whole}\n"),
        String::new(),
    ] {
        assert_ne!(wrong, whole);
        assert!(verify(wrong.as_bytes()).is_err(), "{wrong}");
    }
}
