//! Logins of people: pushed requests, logins under way, sessions, authorizations and tokens.
//!
//! They are no part of the registry: nothing here raises the revision, is in the change feed or takes
//! the lock that units of work take turns by.
//!
//! Transactions are READ COMMITTED: a statement that would change or lock a row which another
//! transaction has changed waits for that one's end, and then looks at the row as it is and asks its
//! own condition again. Two rules follow, and every act rests on them:
//!
//! - **What is used, is used by a row's condition** (`used_at IS NULL`, `version = $3`, the row being
//!   there at all), in the statement that uses it. Of many such statements one finds the condition
//!   true, on whatever nodes they run.
//! - **What must stay true until the end is locked first.** Whoever issues, renews or ends tokens holds
//!   the row of their authorization; so these acts take turns, and what a later statement of the same
//!   act reads is what the one before left. Whoever logs in holds the row of the person, shared.
//!
//! Locks are taken in one order, so that no two acts wait for each other: the person, the login under
//! way, the pushed request, the session, the code, the authorization, its tokens.

mod authorizations;
mod codes;
mod history;
mod people;
mod refresh;
mod removal;
mod requests;
mod restored;
mod rows;
mod secrets;
mod sessions;
mod tokens;

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::client::ClientId;
use portvakt_core::login::port::{
    AccessTokenKey, Authorizing, Completion, Issue, Issuing, LoginGrants, Redemption, RefreshUse,
    Refreshing, Retention, Rotation,
};
use portvakt_core::login::record::{
    AccessToken, Authorization, AuthorizationId, PersonId, RefreshToken, RevocationReason,
    RevokedToken,
};
use portvakt_core::login::{HandleDigest, LoginStore};
use portvakt_core::ports::StorageError;
use sqlx::{Postgres, Transaction};

pub(crate) use self::restored::forget;
use crate::fault::{answered, answered_soon};
use crate::store::PostgresStore;

impl PostgresStore {
    /// Begins an act on connections that no unit of work holds.
    async fn begin_login(&self) -> Result<Transaction<'static, Postgres>, StorageError> {
        answered_soon(self.logins.begin()).await
    }
}

#[async_trait]
impl LoginStore for PostgresStore {
    async fn keep_secret(
        &self,
        name: &str,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, StorageError> {
        secrets::keep(self, name, sealed, now).await
    }

    async fn find_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        secrets::find(self, name).await
    }

    async fn reseal_secret(
        &self,
        name: &str,
        former: &[u8],
        sealed: &[u8],
    ) -> Result<bool, StorageError> {
        secrets::reseal(self, name, former, sealed).await
    }

    async fn remove_expired_logins(
        &self,
        ends: Retention,
        limit: u32,
    ) -> Result<u64, StorageError> {
        removal::remove(&self.logins, ends, limit).await
    }
}

#[async_trait]
impl LoginGrants for PostgresStore {
    async fn authorize(
        &self,
        completion: &Completion<'_>,
        now: Timestamp,
    ) -> Result<Authorizing, StorageError> {
        authorizations::authorize(self, completion, now).await
    }

    async fn redeem_code(
        &self,
        code: &HandleDigest,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<Redemption, StorageError> {
        codes::redeem(self, code, client_id, now).await
    }

    async fn issue(&self, issue: &Issue<'_>, now: Timestamp) -> Result<Issuing, StorageError> {
        tokens::issue(self, issue, now).await
    }

    async fn find_refresh(
        &self,
        token: &HandleDigest,
    ) -> Result<Option<(RefreshToken, Authorization)>, StorageError> {
        refresh::find(self, token).await
    }

    async fn rotate_refresh(
        &self,
        rotation: &Rotation<'_>,
        now: Timestamp,
    ) -> Result<Refreshing, StorageError> {
        refresh::rotate(self, rotation, now).await
    }

    async fn reuse_refresh(
        &self,
        reuse: &RefreshUse<'_>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Refreshing, StorageError> {
        refresh::reuse(self, reuse, expires_at, now).await
    }

    async fn find_authorization(
        &self,
        id: &AuthorizationId,
    ) -> Result<Option<Authorization>, StorageError> {
        let mut connection = answered_soon(self.readers.acquire()).await?;
        authorizations::find(&mut connection, id).await
    }

    async fn find_access_token(
        &self,
        key: AccessTokenKey<'_>,
        now: Timestamp,
    ) -> Result<Option<(AccessToken, Authorization)>, StorageError> {
        tokens::find(self, key, now).await
    }

    async fn revoke_authorization(
        &self,
        id: &AuthorizationId,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut transaction = self.begin_login().await?;
        let revoked = authorizations::revoke(&mut transaction, id, reason, now).await?;
        answered(transaction.commit()).await?;
        Ok(revoked)
    }

    async fn list_revoked(
        &self,
        client_id: Option<&ClientId>,
        since: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<RevokedToken>, StorageError> {
        tokens::list_revoked(self, client_id, since, now, limit).await
    }

    async fn list_authorizations(
        &self,
        person: &PersonId,
        after: Option<&Authorization>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Authorization>, StorageError> {
        authorizations::list(self, person, after, now, limit).await
    }
}
