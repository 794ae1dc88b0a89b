//! The encryption of a backup: AES-256-GCM in chunks, as the STREAM construction has them (Hoang,
//! Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its Nonce-Reuse
//! Misuse-Resistance", 2015). A nonce is the chunk's number and whether it is the last one, so that no
//! chunk can be changed, moved, left out or added. Every file has a fresh key, which the header holds
//! wrapped under the backup key.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::BackupError;
use crate::entropy::Entropy;
use crate::signing::KeyEncryptionKey;

/// What a file begins with. It is authenticated with the header.
const MAGIC: &[u8] = b"portvakt-backup-1\n";
const ID_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Clear bytes of every chunk but the last, which may have fewer.
const CHUNK_BYTES: usize = 64 * 1024;

/// Encrypts what is written to it. Without [`SealedWriter::finish`] the result cannot be read.
pub struct SealedWriter<W> {
    to: W,
    key: LessSafeKey,
    number: u64,
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> SealedWriter<W> {
    /// Writes the header.
    pub fn new(
        mut to: W,
        backup_key: &KeyEncryptionKey,
        entropy: &dyn Entropy,
    ) -> Result<Self, BackupError> {
        let mut bytes = Zeroizing::new(vec![0; KEY_BYTES]);
        let mut nonce = [0; NONCE_BYTES];
        for random in [bytes.as_mut_slice(), &mut nonce] {
            entropy.fill(random).map_err(|_| BackupError::Encryption)?;
        }
        let key = key(&bytes)?;
        let wrapped = backup_key.seal(nonce, &associated_data(backup_key.id()), bytes);
        let wrapped = wrapped.ok_or(BackupError::Encryption)?;
        for part in [MAGIC, backup_key.id().as_bytes(), &nonce, &wrapped] {
            to.write_all(part)?;
        }
        Ok(Self {
            to,
            key,
            number: 0,
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES)),
        })
    }

    /// Writes the last chunk and hands the file back.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal_chunk(true)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn seal_chunk(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = chunk_nonce(self.number, is_last);
        self.key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut *self.chunk)
            .map_err(|_| io::Error::other("a chunk cannot be encrypted"))?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for SealedWriter<W> {
    /// A full chunk waits until more comes: it may be the last.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.seal_chunk(false)?;
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decrypts what [`SealedWriter`] made. No byte comes out that was not authenticated, in its place;
/// that nothing is missing is known at the end.
pub struct SealedReader<R> {
    from: R,
    key: LessSafeKey,
    number: u64,
    /// The byte after the present chunk, which says that another one follows.
    ahead: Option<u8>,
    chunk: Zeroizing<Vec<u8>>,
    given: usize,
    is_over: bool,
}

impl<R: Read> SealedReader<R> {
    /// Reads the header.
    pub fn new(mut from: R, backup_key: &KeyEncryptionKey) -> Result<Self, BackupError> {
        let mut magic = [0; MAGIC.len()];
        if fill(&mut from, &mut magic)? < magic.len() || magic != MAGIC {
            return Err(BackupError::Unknown);
        }
        let mut rest = [0; ID_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES];
        if fill(&mut from, &mut rest)? < rest.len() {
            return Err(BackupError::Damaged);
        }
        let (id, rest) = rest.split_at(ID_BYTES);
        let (nonce, wrapped) = rest.split_at(NONCE_BYTES);
        if id != backup_key.id().as_bytes() {
            return Err(wrong_key(id, backup_key));
        }
        let nonce = nonce.try_into().map_err(|_| BackupError::Damaged)?;
        let bytes = backup_key
            .open(nonce, &associated_data(backup_key.id()), wrapped)
            .ok_or(BackupError::Damaged)?;
        let mut first = [0];
        let is_more = fill(&mut from, &mut first)? > 0;
        Ok(Self {
            from,
            key: key(&bytes)?,
            number: 0,
            ahead: is_more.then_some(first[0]),
            chunk: Zeroizing::default(),
            given: 0,
            is_over: false,
        })
    }

    fn open_chunk(&mut self) -> io::Result<()> {
        let Some(first) = self.ahead else {
            return Err(damaged());
        };
        let mut sealed = vec![0; CHUNK_BYTES + TAG_BYTES + 1];
        sealed[0] = first;
        let read = 1 + fill(&mut self.from, &mut sealed[1..])?;
        let is_last = read < sealed.len();
        self.ahead = (!is_last).then(|| sealed[read - 1]);
        sealed.truncate(read.min(CHUNK_BYTES + TAG_BYTES));
        let nonce = chunk_nonce(self.number, is_last);
        let length = self
            .key
            .open_in_place(nonce, Aad::empty(), &mut sealed)
            .map_err(|_| damaged())?
            .len();
        sealed.truncate(length);
        self.chunk = Zeroizing::new(sealed);
        self.given = 0;
        self.number += 1;
        self.is_over = is_last;
        Ok(())
    }
}

impl<R: Read> Read for SealedReader<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() {
            if self.is_over {
                return Ok(0);
            }
            self.open_chunk()?;
        }
        let rest = &self.chunk[self.given..];
        let length = rest.len().min(room.len());
        room[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}

fn key(bytes: &[u8]) -> Result<LessSafeKey, BackupError> {
    let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| BackupError::Encryption)?;
    Ok(LessSafeKey::new(key))
}

/// Binds the wrapped key to this use and to the header.
fn associated_data(id: &str) -> Vec<u8> {
    [MAGIC, id.as_bytes()].concat()
}

/// Three bytes of zero, the number, and whether it is the last.
fn chunk_nonce(number: u64, is_last: bool) -> Nonce {
    let mut nonce = [0; NONCE_BYTES];
    nonce[3..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(nonce)
}

/// Reads until the room is full or nothing is left.
fn fill(from: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < room.len() {
        match from.read(&mut room[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, BackupError::Damaged)
}

fn wrong_key(wanted: &[u8], given: &KeyEncryptionKey) -> BackupError {
    // What is no id was damaged; nothing of it is repeated.
    let is_id = wanted.iter().all(u8::is_ascii_hexdigit);
    match std::str::from_utf8(wanted) {
        Ok(wanted) if is_id => BackupError::WrongKey {
            wanted: wanted.to_owned(),
            given: given.id().to_owned(),
        },
        _ => BackupError::Damaged,
    }
}
