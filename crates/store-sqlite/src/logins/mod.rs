//! Logins of people: pushed requests, logins under way, sessions, authorizations and tokens.
//!
//! They are no part of the registry: nothing here raises the revision or is in the change feed.
//! Whatever writes takes its turn on the one connection that does, with used grants and units of
//! work, in order of arrival; and whatever writes more than one row does so in one transaction that
//! holds the right to write from its first statement on. So the conditions of its statements are
//! true of the same state, and nobody else's.

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

pub(crate) use self::restored::forget;
use crate::fault::storage_error;
use crate::store::SqliteStore;

#[async_trait]
impl LoginStore for SqliteStore {
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
        removal::remove(&self.writer, ends, limit).await
    }
}

#[async_trait]
impl LoginGrants for SqliteStore {
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
        let mut connection = self.readers.acquire().await.map_err(storage_error)?;
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
        let mut transaction = self.begin_write().await?;
        let revoked = authorizations::revoke(&mut transaction, id, reason, now).await?;
        transaction.commit().await.map_err(storage_error)?;
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
