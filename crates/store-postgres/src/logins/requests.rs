//! Requests that were pushed, logins under way, and logouts that wait for their browser.

use async_trait::async_trait;
use portvakt_core::Timestamp;
use portvakt_core::login::port::{Begun, LoginRequests, PushedStart};
use portvakt_core::login::record::{LoginTransaction, ParkedLogout, PushedRequest, PushedState};
use portvakt_core::login::{Document, HandleDigest};
use portvakt_core::ports::StorageError;
use sqlx::PgConnection;

use crate::columns::{Row, document, instant};
use crate::fault::{answered, answered_soon};
use crate::store::PostgresStore;

#[async_trait]
impl LoginRequests for PostgresStore {
    async fn push_request(&self, request: &PushedRequest) -> Result<(), StorageError> {
        let request_uri = request.request_uri.as_bytes().as_slice();
        let client_id = request.client_id.as_str();
        let parameters = document(request.request.as_value())?;
        let browser = match &request.state {
            PushedState::New => None,
            PushedState::Started(browser) => Some(browser.as_bytes().as_slice()),
        };
        let created = request.created_at.milliseconds();
        let expires_at = request.expires_at.milliseconds();
        let push = sqlx::query!(
            "INSERT INTO pushed_requests
                 (request_uri, client_id, request, browser, created, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            request_uri,
            client_id,
            parameters,
            browser,
            created,
            expires_at
        );
        answered(push.execute(&self.logins)).await?;
        Ok(())
    }

    async fn find_pushed(
        &self,
        request_uri: &HandleDigest,
        now: Timestamp,
    ) -> Result<Option<PushedRequest>, StorageError> {
        let digest = request_uri.as_bytes().as_slice();
        let now = now.milliseconds();
        let found = sqlx::query!(
            "SELECT client_id, request, browser, created, expires_at FROM pushed_requests
             WHERE request_uri = $1 AND expires_at > $2",
            digest,
            now
        );
        let found = answered_soon(found.fetch_optional(&self.readers)).await?;
        let Some(row) = found else {
            return Ok(None);
        };
        let place = Row {
            table: "pushed_requests",
            key: &row.client_id,
        };
        let browser = place.optional_handle("browser", row.browser.as_deref())?;
        Ok(Some(PushedRequest {
            request_uri: *request_uri,
            client_id: place.parse("client_id", &row.client_id)?,
            request: Document::from_value(place.document("request", &row.request)?),
            created_at: instant(row.created),
            expires_at: instant(row.expires_at),
            state: browser.map_or(PushedState::New, PushedState::Started),
        }))
    }

    async fn start_pushed(
        &self,
        transaction: &LoginTransaction,
        now: Timestamp,
    ) -> Result<PushedStart, StorageError> {
        let mut writing = self.begin_login().await?;
        if start(&mut writing, transaction, now).await? {
            insert(&mut writing, transaction).await?;
            answered(writing.commit()).await?;
            return Ok(PushedStart::Started);
        }
        let (handle, browser) = (&transaction.handle, &transaction.browser);
        let found = find(&mut writing, handle, browser, now).await?;
        let same = |found: &LoginTransaction| {
            found.pushed == transaction.pushed && found.client_id == transaction.client_id
        };
        Ok(found
            .filter(same)
            .map_or(PushedStart::Refused, PushedStart::Resumed))
    }

    async fn consume_pushed(
        &self,
        request_uri: &HandleDigest,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let digest = request_uri.as_bytes().as_slice();
        let now = now.milliseconds();
        let consume = sqlx::query!(
            "DELETE FROM pushed_requests
             WHERE request_uri = $1 AND browser IS NULL AND expires_at > $2",
            digest,
            now
        );
        let consumed = answered(consume.execute(&self.logins)).await?;
        Ok(consumed.rows_affected() == 1)
    }

    async fn begin_transaction(&self, transaction: &LoginTransaction) -> Result<(), StorageError> {
        let mut connection = answered_soon(self.logins.acquire()).await?;
        insert(&mut connection, transaction).await
    }

    async fn find_transaction(
        &self,
        handle: &HandleDigest,
        browser: &HandleDigest,
        now: Timestamp,
    ) -> Result<Option<LoginTransaction>, StorageError> {
        let mut connection = answered_soon(self.readers.acquire()).await?;
        find(&mut connection, handle, browser, now).await
    }

    async fn advance_transaction(
        &self,
        next: &LoginTransaction,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let handle = next.handle.as_bytes().as_slice();
        let state = document(next.state.as_value())?;
        let now = now.milliseconds();
        let advance = sqlx::query!(
            "UPDATE login_transactions SET state = $1, version = version + 1
             WHERE handle = $2 AND version = $3 AND expires_at > $4",
            state,
            handle,
            i64::from(next.version),
            now
        );
        let advanced = answered(advance.execute(&self.logins)).await?;
        Ok(advanced.rows_affected() == 1)
    }

    async fn end_transaction(
        &self,
        transaction: &LoginTransaction,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut writing = self.begin_login().await?;
        let ended = end(&mut writing, transaction, now).await?;
        answered(writing.commit()).await?;
        Ok(ended)
    }

    async fn park_logout(&self, logout: &ParkedLogout) -> Result<(), StorageError> {
        let handle = logout.handle.as_bytes().as_slice();
        let request = document(logout.request.as_value())?;
        let expires_at = logout.expires_at.milliseconds();
        let park = sqlx::query!(
            "INSERT INTO parked_logouts (handle, request, expires_at) VALUES ($1, $2, $3)",
            handle,
            request,
            expires_at
        );
        answered(park.execute(&self.logins)).await?;
        Ok(())
    }

    async fn take_logout(
        &self,
        handle: &HandleDigest,
        now: Timestamp,
    ) -> Result<Option<ParkedLogout>, StorageError> {
        let digest = handle.as_bytes().as_slice();
        let now = now.milliseconds();
        let take = sqlx::query!(
            "DELETE FROM parked_logouts WHERE handle = $1 AND expires_at > $2
             RETURNING request, expires_at",
            digest,
            now
        );
        let taken = answered(take.fetch_optional(&self.logins)).await?;
        let Some(row) = taken else {
            return Ok(None);
        };
        let place = Row {
            table: "parked_logouts",
            key: "hidden",
        };
        Ok(Some(ParkedLogout {
            handle: *handle,
            request: Document::from_value(place.document("request", &row.request)?),
            expires_at: instant(row.expires_at),
        }))
    }

    async fn count_begun(&self, most: Begun, now: Timestamp) -> Result<Begun, StorageError> {
        let now = now.milliseconds();
        let count = sqlx::query!(
            r#"SELECT
                 (SELECT COUNT(*) FROM
                     (SELECT 1 FROM pushed_requests WHERE expires_at > $1 LIMIT $2) AS counted)
                     AS "pushed!",
                 (SELECT COUNT(*) FROM
                     (SELECT 1 FROM login_transactions WHERE expires_at > $1 LIMIT $3) AS counted)
                     AS "logins!",
                 (SELECT COUNT(*) FROM
                     (SELECT 1 FROM parked_logouts WHERE expires_at > $1 LIMIT $4) AS counted)
                     AS "logouts!""#,
            now,
            i64::from(most.pushed_requests),
            i64::from(most.logins),
            i64::from(most.parked_logouts)
        );
        let row = answered_soon(count.fetch_one(&self.readers)).await?;
        let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Begun {
            pushed_requests: count(row.pushed),
            logins: count(row.logins),
            parked_logouts: count(row.logouts),
        })
    }
}

/// Gives the pushed request that a login names to the browser of the login, if it is nobody's. Of two
/// that ask for it at the same time, the second waits for the first one's commit, finds a browser in
/// the row, and leaves it; the statement after this one then sees the first one's login.
async fn start(
    connection: &mut PgConnection,
    transaction: &LoginTransaction,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let Some(pushed) = &transaction.pushed else {
        return Ok(false);
    };
    let (digest, browser) = (
        pushed.as_bytes().as_slice(),
        transaction.browser.as_bytes().as_slice(),
    );
    let client_id = transaction.client_id.as_str();
    let (ends, now) = (transaction.expires_at.milliseconds(), now.milliseconds());
    let start = sqlx::query!(
        "UPDATE pushed_requests SET browser = $1, expires_at = $2
         WHERE request_uri = $3 AND client_id = $4 AND browser IS NULL AND expires_at > $5",
        browser,
        ends,
        digest,
        client_id,
        now
    );
    let started = answered(start.execute(connection)).await?;
    Ok(started.rows_affected() == 1)
}

async fn insert(
    connection: &mut PgConnection,
    transaction: &LoginTransaction,
) -> Result<(), StorageError> {
    let handle = transaction.handle.as_bytes().as_slice();
    let browser = transaction.browser.as_bytes().as_slice();
    let client_id = transaction.client_id.as_str();
    let pushed = transaction.pushed.as_ref();
    let pushed = pushed.map(|digest| digest.as_bytes().as_slice());
    let state = document(transaction.state.as_value())?;
    let created = transaction.created_at.milliseconds();
    let expires_at = transaction.expires_at.milliseconds();
    let insert = sqlx::query!(
        "INSERT INTO login_transactions
             (handle, browser, client_id, pushed, version, state, created, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        handle,
        browser,
        client_id,
        pushed,
        i64::from(transaction.version),
        state,
        created,
        expires_at
    );
    answered(insert.execute(connection)).await?;
    Ok(())
}

async fn find(
    connection: &mut PgConnection,
    handle: &HandleDigest,
    browser: &HandleDigest,
    now: Timestamp,
) -> Result<Option<LoginTransaction>, StorageError> {
    let (digest, cookie) = (handle.as_bytes().as_slice(), browser.as_bytes().as_slice());
    let now = now.milliseconds();
    let found = sqlx::query!(
        "SELECT client_id, pushed, version, state, created, expires_at FROM login_transactions
         WHERE handle = $1 AND browser = $2 AND expires_at > $3",
        digest,
        cookie,
        now
    );
    let found = answered(found.fetch_optional(connection)).await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let place = Row {
        table: "login_transactions",
        key: &row.client_id,
    };
    Ok(Some(LoginTransaction {
        handle: *handle,
        browser: *browser,
        client_id: place.parse("client_id", &row.client_id)?,
        pushed: place.optional_handle("pushed", row.pushed.as_deref())?,
        created_at: instant(row.created),
        expires_at: instant(row.expires_at),
        version: place.count("version", row.version)?,
        state: Document::from_value(place.document("state", &row.state)?),
    }))
}

/// Ends a login that is still of this version, with its pushed request. Of two that delete a row, the
/// second waits for the first one's commit and finds no row.
pub(super) async fn end(
    connection: &mut PgConnection,
    transaction: &LoginTransaction,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let handle = transaction.handle.as_bytes().as_slice();
    let now = now.milliseconds();
    let end = sqlx::query_scalar!(
        "DELETE FROM login_transactions WHERE handle = $1 AND version = $2 AND expires_at > $3
         RETURNING pushed",
        handle,
        i64::from(transaction.version),
        now
    );
    let ended = answered(end.fetch_optional(&mut *connection)).await?;
    let Some(pushed) = ended else {
        return Ok(false);
    };
    if let Some(pushed) = pushed {
        let consume = sqlx::query!("DELETE FROM pushed_requests WHERE request_uri = $1", pushed);
        answered(consume.execute(connection)).await?;
    }
    Ok(true)
}
