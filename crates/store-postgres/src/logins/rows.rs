//! Rows that several queries read.

use portvakt_core::login::HandleDigest;
use portvakt_core::login::record::{Authorization, RefreshToken, Revocation};
use portvakt_core::ports::StorageError;

use crate::columns::{Row, instant};

impl Row<'_> {
    /// A digest of a handle.
    pub(super) fn handle(
        self,
        column: &'static str,
        bytes: &[u8],
    ) -> Result<HandleDigest, StorageError> {
        let bytes = bytes.try_into().map_err(|_| self.corrupt(column))?;
        Ok(HandleDigest::from_bytes(bytes))
    }

    /// As [`Row::handle`], for a column that may be null.
    pub(super) fn optional_handle(
        self,
        column: &'static str,
        bytes: Option<&[u8]>,
    ) -> Result<Option<HandleDigest>, StorageError> {
        bytes.map(|bytes| self.handle(column, bytes)).transpose()
    }
}

pub(super) struct AuthorizationRow {
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) person_id: String,
    pub(super) session_id: String,
    pub(super) login_only: bool,
    pub(super) details: String,
    pub(super) authorized_at: i64,
    pub(super) ends_at: i64,
    pub(super) redeemed_at: Option<i64>,
    pub(super) revoked_at: Option<i64>,
    pub(super) revoked_reason: Option<String>,
}

impl AuthorizationRow {
    pub(super) fn read(self) -> Result<Authorization, StorageError> {
        let place = Row {
            table: "authorizations",
            key: &self.id,
        };
        let revoked = match (self.revoked_at, self.revoked_reason) {
            (None, None) => None,
            (Some(at), Some(reason)) => Some(Revocation {
                at: instant(at),
                reason: place.word("revoked_reason", reason)?,
            }),
            (Some(_), None) | (None, Some(_)) => return Err(place.corrupt("revoked_reason")),
        };
        Ok(Authorization {
            id: place.parse("id", &self.id)?,
            client_id: place.parse("client_id", &self.client_id)?,
            person: place.parse("person_id", &self.person_id)?,
            session: place.parse("session_id", &self.session_id)?,
            login_only: self.login_only,
            authorized_at: instant(self.authorized_at),
            ends_at: instant(self.ends_at),
            redeemed_at: self.redeemed_at.map(instant),
            revoked,
            details: place.document("details", &self.details)?,
        })
    }
}

pub(super) struct RefreshRow {
    pub(super) token: Vec<u8>,
    pub(super) authorization_id: String,
    pub(super) generation: i64,
    pub(super) dpop_jkt: Option<String>,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
    pub(super) replaced_at: Option<i64>,
    pub(super) successor: Option<Vec<u8>>,
}

impl RefreshRow {
    /// The token, and the one that replaced it.
    pub(super) fn read(self) -> Result<(RefreshToken, Option<HandleDigest>), StorageError> {
        let place = Row {
            table: "refresh_tokens",
            key: &self.authorization_id,
        };
        let token = RefreshToken {
            token: place.handle("token", &self.token)?,
            authorization: place.parse("authorization_id", &self.authorization_id)?,
            generation: place.count("generation", self.generation)?,
            issued_at: instant(self.issued_at),
            expires_at: instant(self.expires_at),
            dpop_jkt: self.dpop_jkt,
            replaced_at: self.replaced_at.map(instant),
        };
        let successor = place.optional_handle("successor", self.successor.as_deref())?;
        Ok((token, successor))
    }
}
