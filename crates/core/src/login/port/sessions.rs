//! Sessions.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::login::HandleDigest;
use crate::login::record::{Session, SessionId};
use crate::ports::StorageError;

/// Sessions, found by the digest of their cookie.
#[async_trait]
pub trait LoginSessions: Send + Sync {
    /// The session with this cookie, unless it has ended or expired.
    async fn find_session(
        &self,
        cookie: &HandleDigest,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError>;

    /// Keeps a session that was found as version `session.version`, or a new one, whose version is
    /// 0; from then on it is the version after that. A former cookie finds nothing any more. A
    /// session that has ended is not brought back.
    async fn save_session(&self, session: &Session, now: Timestamp)
    -> Result<Saving, StorageError>;

    /// Ends a session with all its groups, and revokes every authorization that was given in it and
    /// is no more than a login. Gives what it was, for those who are to be told: of several who end
    /// it, to one. Authorizations that are given at the same moment are either revoked with it or
    /// refused.
    async fn end_session(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError>;
}

/// What came of saving a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    /// It is kept.
    Saved,
    /// Somebody saved or ended it since it was found: find it and decide again.
    Overtaken,
    /// The person may not log in.
    Blocked,
}
