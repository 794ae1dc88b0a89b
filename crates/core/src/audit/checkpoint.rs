//! Checkpoints: signed statements of how far the log had come, kept where whoever writes the
//! database cannot rewrite them.

use std::collections::HashSet;

use portvakt_jose::{Jws, KeyError, PublicJwk, Signer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::AuditLink;
use crate::clock::Timestamp;

/// The longest line that is read as a checkpoint.
pub const MAX_CHECKPOINT_BYTES: usize = 8192;

/// `typ` of the JWS: no token, grant or other statement has it.
const TYP: &str = "portvakt-audit-checkpoint";

/// A place in the log that was signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCheckpoint {
    /// The last entry at that time.
    pub link: AuditLink,
    /// When it was signed.
    pub at: Timestamp,
    /// Key id of the signing key: the RFC 7638 thumbprint.
    pub kid: String,
}

#[derive(Serialize)]
struct Header<'k> {
    alg: &'k str,
    kid: &'k str,
    typ: &'k str,
}

/// What is signed. The public key is in it, so that a checkpoint can be read after its key is gone;
/// it counts only if the server knows its thumbprint as one of its own keys.
#[derive(Serialize, Deserialize)]
struct Payload {
    sequence: u64,
    hash: String,
    at: String,
    jwk: Value,
}

impl AuditCheckpoint {
    /// Signs for everything up to this link: one line without its end, a compact JWS (RFC 7515).
    pub async fn sign(
        link: AuditLink,
        key: &Signer,
        kid: &str,
        at: Timestamp,
    ) -> Result<String, KeyError> {
        let header = Header {
            alg: key.algorithm().as_str(),
            kid,
            typ: TYP,
        };
        let payload = Payload {
            sequence: link.sequence,
            hash: link.hash_hex(),
            at: at.to_string(),
            jwk: key.public_jwk(kid).to_json(),
        };
        key.sign_compact(&header, &payload).await
    }

    /// Reads a line that one of these keys, by key id, has signed.
    pub fn parse(text: &str, kids: &HashSet<String>) -> Result<Self, CheckpointError> {
        if text.len() > MAX_CHECKPOINT_BYTES {
            return Err(CheckpointError::Malformed);
        }
        let jws = Jws::parse(text).map_err(|_| CheckpointError::Malformed)?;
        let payload: Payload =
            serde_json::from_slice(jws.payload()).map_err(|_| CheckpointError::Malformed)?;
        let key = PublicJwk::parse(&payload.jwk).map_err(|_| CheckpointError::Malformed)?;
        let kid = key.thumbprint();
        if jws.header().typ.as_deref() != Some(TYP) || jws.header().algorithm != key.algorithm() {
            return Err(CheckpointError::Malformed);
        }
        if !kids.contains(&kid) {
            return Err(CheckpointError::UnknownKey(kid));
        }
        jws.verify(key.verifying_key())
            .map_err(|_| CheckpointError::Signature)?;
        let hash = unhex(&payload.hash).ok_or(CheckpointError::Malformed)?;
        let at = Timestamp::parse(&payload.at).map_err(|_| CheckpointError::Malformed)?;
        let sequence = payload.sequence;
        let link = AuditLink { sequence, hash };
        Ok(Self { link, at, kid })
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(hash)
}

/// The checkpoints that a log is held against, in order of entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints(Vec<AuditCheckpoint>);

impl Checkpoints {
    /// None: only what the chain itself shows is found.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads lines, empty ones apart. The error has the number of the line, from 1.
    pub fn parse(text: &str, kids: &HashSet<String>) -> Result<Self, (usize, CheckpointError)> {
        let mut checkpoints = Vec::new();
        for (position, line) in text.lines().enumerate() {
            if !line.trim().is_empty() {
                let read = AuditCheckpoint::parse(line.trim(), kids);
                checkpoints.push(read.map_err(|error| (position + 1, error))?);
            }
        }
        Ok(checkpoints.into_iter().collect())
    }

    pub(super) fn in_order(&self) -> &[AuditCheckpoint] {
        &self.0
    }
}

impl FromIterator<AuditCheckpoint> for Checkpoints {
    fn from_iter<I: IntoIterator<Item = AuditCheckpoint>>(checkpoints: I) -> Self {
        let mut checkpoints: Vec<_> = checkpoints.into_iter().collect();
        checkpoints.sort_by_key(|checkpoint| checkpoint.link.sequence);
        Self(checkpoints)
    }
}

/// Why a line is not a checkpoint of this log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a checkpoint at all.
    #[error("it is not a checkpoint of an audit log")]
    Malformed,
    /// Signed with a key that the server never had.
    #[error("it is signed with the key {0}, which is not one of this server's keys")]
    UnknownKey(String),
    /// The signature is not that of the key.
    #[error("its signature is wrong")]
    Signature,
}
